"""The model folder: the weights kept beside the graphs, the proof that the graphs are of these weights, and the manifest's figures."""

import hashlib
import json
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import torch

from drives import profiles


def commit():
    try:
        return subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True, cwd=Path(__file__).parent).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def load(folder):
    """-> model, blind, manifest. A folder of another profile is refused by name. The weights are exported again and compared with the graphs by hash."""
    from .blind import Blind
    from .export import write_graph
    from .world_model import Size, WorldModel
    folder = Path(folder)
    content = torch.load(folder / "weights.pt", map_location="cpu")
    profiles.refuse_another(folder / "weights.pt", content.get("profile"))
    model, blind = WorldModel(Size(**content["size"])), Blind()
    model.load_state_dict(content["smooth"])
    blind.load_state_dict(content["blind"])
    model.eval(), blind.eval()
    manifest = json.loads((folder / "model.json").read_text())
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's remarks on shapes that the contract declares anyway
        for name, entry in manifest["files"].items():
            have = hashlib.sha256((folder / entry["path"]).read_bytes()).hexdigest()
            again = Path(scratch, entry["path"])
            write_graph(getattr(model, name), name, model.size, again)
            if have != entry["sha256"] or hashlib.sha256(again.read_bytes()).hexdigest() != have:
                raise SystemExit(f"evaluate: {folder / entry['path']} is not the graph that model.json names or that weights.pt exports to; run export again")
    return model, blind, manifest


def skill_of(manifest, rows, content, split):
    """The manifest's `skill`: figures with value and interval alone, since its reader asks for numbers."""
    old = manifest.get("skill", {})
    whole = [{k: v for k, v in r.items() if v is not None} for r in rows if r["value"] is not None and r["low"] is not None]
    return {"notes": old.get("notes", []), "date": time.strftime("%Y-%m-%d"), "commit": commit(), "split": split, "clips": content["clips"], "enriched_clips": content["enriched_clips"],
            "occupancy_threshold": content["occupancy_threshold"], "figures": whole, **{k: content[k] for k in ("drives", "real_video") if k in content}}
