#!/usr/bin/env python3
"""The bill of materials, sbom.cdx.json (CycloneDX 1.5), out of what the build already pins: packages.lock.json of each project,
package-lock.json of eng/npm and of the dashboard, eng/debian*.txt, global.json and the models' manifests. Nothing in it depends on when or where it is made.
  eng/sbom.py            writes it
  eng/sbom.py --check    ends with 1 and says so where it is not up to date
  --root DIR             another checkout than this one
"""
import argparse
import base64
import hashlib
import json
import re
import sys
import uuid
import xml.etree.ElementTree as xml
from pathlib import Path
from urllib.parse import quote

SCOPES = {"program": "required", "gpu": "optional", "tests": "excluded", "build": "excluded"}


def component(kind, name, version, purl, use, **more):
    whole = {"type": kind, "bom-ref": purl, "name": name, "version": version, "scope": SCOPES[use], "purl": purl, **more}
    whole["properties"] = [{"name": "forecast:use", "value": use}]
    return {key: value for key, value in whole.items() if value is not None}


def sha512(base64_text):
    return [{"alg": "SHA-512", "content": base64.b64decode(base64_text).hex()}]


def nuget(root):
    labels = {}
    for group in xml.parse(root / "Directory.Packages.props").getroot().findall("ItemGroup"):
        for package in group.findall("PackageVersion"):
            labels[package.get("Include")] = group.get("Label")
    found = {}
    for lock in sorted(root.glob("*/packages.lock.json")) + sorted(root.glob("eng/*/packages.lock.json")):
        tests = lock.parent.name == "Pipeline.Tests"
        for packages in json.loads(lock.read_text(encoding="utf-8"))["dependencies"].values():
            for name, package in packages.items():
                if package["type"] == "Project":
                    continue
                label = labels.get(name)
                use = "build" if label == "the build's own checks" else "tests" if tests else "program"
                purl = f"pkg:nuget/{name}@{package['resolved']}"
                if found.get(purl, {}).get("scope") != "required":
                    found[purl] = component("library", name, package["resolved"], purl, use, hashes=sha512(package["contentHash"]))
    return found.values()


# What is in the dashboard's page is part of the program; what bundles it and what tests it is not.
NPM_LOCKS = {"eng/npm": "program", "Cli/Dashboard/page": "program", "Pipeline.Tests/Dashboard/browser": "tests"}


def npm(root):
    for folder, use in NPM_LOCKS.items():
        lock = json.loads((root / folder / "package-lock.json").read_text(encoding="utf-8"))
        for place, package in lock["packages"].items():
            if not place:
                continue
            name = place.rsplit("node_modules/", 1)[1]
            licence = package.get("license")
            builds = name == "esbuild" or name.startswith("@esbuild/")
            yield component(
                "library", name, package["version"], f"pkg:npm/{name.replace('@', '%40')}@{package['version']}",
                "build" if builds else "gpu" if package.get("optional") and folder == "eng/npm" else use,
                hashes=sha512(package["integrity"].removeprefix("sha512-")),
                licenses=[{"expression": licence}] if licence else None)


def debian(root):
    seen = set()
    for file, use in (("eng/debian.txt", "program"), ("eng/debian-tests.txt", "tests")):
        for line in (root / file).read_text(encoding="utf-8").splitlines():
            name, _, reason = (part.strip() for part in line.partition("#"))
            if name and name not in seen:
                seen.add(name)
                yield component("library", name, None, f"pkg:deb/debian/{quote(name)}?distro=debian-12", use, description=reason or None)


def models(root):
    for manifest in sorted(root.glob("models/*/model.json")):
        content = manifest.read_bytes()
        model = json.loads(content)
        yield component(
            "machine-learning-model", model["name"], model["version"], f"pkg:generic/forecast-model-{model['name']}@{model['version']}", "program",
            description="model.json, which names every graph by its SHA-256",
            hashes=[{"alg": "SHA-256", "content": hashlib.sha256(content).hexdigest()}], licenses=[{"expression": model["licence"]}])


def bill(root):
    sdk = json.loads((root / "global.json").read_text(encoding="utf-8"))["sdk"]["version"]
    version = re.search(r"<Version\w*>([^<]+)<", (root / "Directory.Build.props").read_text(encoding="utf-8"))
    parts = [component("platform", "dotnet-sdk", sdk, f"pkg:generic/dotnet-sdk@{sdk}", "program"), *nuget(root), *npm(root), *debian(root), *models(root)]
    parts.sort(key=lambda part: part["purl"])
    body = {
        "metadata": {"component": {"type": "application", "bom-ref": "forecast", "name": "forecast", "version": version.group(1), "licenses": [{"expression": "Apache-2.0"}]}},
        "components": parts,
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(body, sort_keys=True))
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "serialNumber": f"urn:uuid:{serial}", "version": 1, **body}, indent=1, ensure_ascii=False) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    options = parser.parse_args()
    target, wanted = options.root / "sbom.cdx.json", bill(options.root)
    if not options.check:
        target.write_text(wanted, encoding="utf-8")
    elif not target.is_file() or target.read_text(encoding="utf-8") != wanted:
        print("sbom.cdx.json is not up to date: run eng/sbom.py and commit what it writes", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
