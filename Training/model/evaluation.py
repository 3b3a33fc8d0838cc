"""`evaluate MODEL`: every figure with its interval, the blind column beside it. Without --data or --full the committed runs are measured, no clips needed,
and a random twentieth of the test clips is made anew and compared."""

import argparse
import json
import sys
import time
from pathlib import Path

import torch

from drives import profiles

from . import figures as f
from . import folder as model_folder
from . import gates, outputs, plots, report
from . import contract as c
from . import variants as v
from .gates_risk import GATED
from .records import BINS, choose, collect
from .workers import on_cpu

CHECKED = 2e-4  # figures are kept to four places


def quick_look(model, blind, data, clips=40):
    """The figures that the training log shows, over a few validation clips, blind controls beside them."""
    paths = choose(data, "validation", clips)
    if len(paths) < 4:
        return None
    r, maps, _ = collect(on_cpu(model), on_cpu(blind), paths, (v.FULL, v.FRONT_LOST, v.ALL_LOST), what="look")
    threshold, iou_now = f.best_threshold(maps["now_full"])
    look = {"clips": len(paths), "records": len(r["clip"]), "iou_now": iou_now, "iou_masked": f.best_threshold(maps["now_all_lost"])[1],
            "iou_front_lost": f.iou(maps["now_front_lost"], threshold)}
    for k in GATED:
        hit = r["steps"][:, c.KEEP] <= k
        name = f"{c.HORIZONS_S[k]:.0f}s"
        look[f"positives_{name}"] = int(hit.sum())
        for column, score in (("ap", r["risk_full"]), ("ap_blind", r["blind"]), ("ap_masked", r["risk_all_lost"]), ("ap_front_lost", r["risk_front_lost"])):
            look[f"{column}_{name}"] = f.average_precision(score[:, c.KEEP, k], hit) if hit.any() else None
        look[f"ap_velocity_{name}"] = f.average_precision(-r["closest"][:, k], hit) if hit.any() else None
        look[f"forecast_{name}"] = f.best_threshold(maps["forecast"][:, k + 1])[1]
        look[f"persistence_{name}"] = f.best_threshold(maps["persistence"][:, k + 1])[1]
    return {k: round(x, 4) if isinstance(x, float) else x for k, x in look.items()}


def figures_of(folder):
    """-> rows, content (what the report says beside them), arrays for the plots"""
    measured, arrays = gates.measure(folder)
    natural, enriched = arrays["parts"]
    content = {"clips": natural.clips, "enriched_clips": enriched.clips, "long_clips": len(outputs.load(folder, "long")["name"]), "occupancy_threshold": arrays["settings"]["threshold"] / BINS,
               **{k: arrays[k] for k in ("drives", "drives_rows", "drives_without_log", "real_video") if k in arrays}}
    return measured.rows, content, arrays


def run(o, folder):
    """Runs the model over clips and writes evaluation/ (or final/), model.json and the plots."""
    from . import long_clips, occluder, other_rig, regenerate, runs, settings, validation_drives
    model, blind, manifest = model_folder.load(folder)
    split, out = ("last", folder / "final") if o.final else (o.split, folder / outputs.FOLDER)
    if o.full or o.final:
        o.data = o.data or o.work / "clips"
        regenerate.all_clips(o.data, split, o.workers)
    elif not o.clips:
        for part in ("validation",) if o.draft else dict.fromkeys(("validation", split)):
            long_clips.make_all(o.data, part, workers=o.workers)
        validation_drives.make_all(o.data, o.workers)
        if not o.draft:
            occluder.make_all(o.data, split, o.workers)
            other_rig.make_all(o.data, split, o.workers)
    chosen, fitted, surprise, past = runs.validation(model, blind, o.data, o.workers, o.clips, o.records)
    out.mkdir(exist_ok=True)
    mine = chosen["model"] = outputs.model_hash(manifest)
    outputs.write_json(out, "settings.json", chosen)
    if not o.final:
        settings.into(manifest, chosen, not o.no_ego_estimated)
        write_manifest(folder, manifest)
    print(f"evaluate: validation IoU now {chosen['iou_validation']:.3f}; levels {chosen['levels']}; without a log {chosen['ego_estimated']['levels']}", flush=True)
    if o.draft:
        return
    runs.measured_split(model, blind, mine, o.data, split, fitted, surprise, past, out, o.workers, o.clips, o.records)
    if o.drives:
        runs.drives(model, mine, o.drives, out, o.workers, o.records)
    if o.video:
        runs.videos(model, mine, o.video, past, out, folder, o.records)
    write_figures(folder, out, manifest, split, o.final)
    if not o.final:
        plots.filmstrips(folder, model, chosen, o.data, split)


def write_manifest(folder, manifest):
    from .export import write_manifest as write
    write(folder / "model.json", manifest)


def write_figures(folder, out, manifest, split, final):
    rows, content, arrays = figures_of(out)
    outputs.write_json(out, "figures.json", {"rows": rows, "content": content})
    if final:
        return
    manifest["skill"] = model_folder.skill_of(manifest, rows, content, split)
    write_manifest(folder, manifest)
    if "drives_rows" in content:
        outputs.write_json(folder, "drives.json", {"summary": content["drives"], "drives": content["drives_rows"]})
    plots.everything(folder, arrays)
    if (folder / "training-log.jsonl").exists():
        plots.plot_log(folder / "training-log.jsonl", folder / "training-log.png")


def open_last_towns(o, folder, manifest):
    """Notes that the last towns are opened by this model; another one's opening needs --again, and the report says so."""
    mine = outputs.model_hash(manifest)
    runs = [r for path in folder.parent.glob("*/final/final.json") for r in json.loads(path.read_text())["runs"]]
    others = [r for r in runs if r["model"] != mine]
    if others and not o.again:
        raise SystemExit(f"evaluate: the last towns were opened on {others[-1]['date']} at commit {others[-1]['commit']} by another model ({others[-1]['model'][:12]}); --again opens them again, and the report says so")
    path = folder / "final" / "final.json"
    own = json.loads(path.read_text())["runs"] if path.exists() else []
    if not any(r["model"] == mine for r in own):
        own.append({"date": time.strftime("%Y-%m-%d %H:%M"), "commit": model_folder.commit(), "model": mine, "again": bool(others)})
    path.parent.mkdir(exist_ok=True)
    outputs.write_json(path.parent, "final.json", {"runs": own})


def gates_of(folder):
    """The gates of another model's committed runs, for the table that shows two models side by side."""
    manifest = json.loads((folder / "model.json").read_text())
    of = gates.settings_of(folder / outputs.FOLDER)["model"]
    if of != outputs.model_hash(manifest):
        raise FileNotFoundError(f"{folder / outputs.FOLDER}: runs of another model ({of[:12]}) than model.json names")
    rows, content, _ = figures_of(folder / outputs.FOLDER)
    return {"name": manifest["name"], "version": manifest["version"], "model": of, "clips": content["clips"], "rows": [r for r in rows if "gate" in r]}


def differences(folder, rows):
    """What model.json, figures.json and REPORT.md say otherwise than the committed runs give."""
    said = {r["name"]: r for r in json.loads((folder / outputs.FOLDER / "figures.json").read_text())["rows"]}
    shown = {r["name"]: r for r in json.loads((folder / "model.json").read_text())["skill"]["figures"]}
    out = [f"{name} is in figures.json alone" for name in set(said) - {r["name"] for r in rows}] + [f"{name} is in model.json alone" for name in set(shown) - {r["name"] for r in rows}]
    for row in rows:
        for where, theirs in (("figures.json", said.get(row["name"])), ("model.json", shown.get(row["name"]) or (None if row["low"] is not None and row["value"] is not None else row))):
            if theirs is None:
                out.append(f"{row['name']} is not in {where}")
                continue
            for key in ("value", "low", "high", "blind"):
                a, b = row[key], theirs.get(key)
                if (a is None) != (b is None) or (a is not None and abs(a - b) > CHECKED):
                    out.append(f"{row['name']}: {key} is {a}, {where} says {b}")
            if row.get("passes") != theirs.get("passes"):
                out.append(f"{row['name']}: passes is {row.get('passes')}, {where} says {theirs.get('passes')}")
    if (folder / "REPORT.md").read_text() != report.text_of(folder):
        out.append("REPORT.md is not what the committed figures give; `Training/evaluate MODEL --report` writes it")
    return out


def parsed(arguments):
    parser = argparse.ArgumentParser(prog="evaluate", description=__doc__)
    parser.add_argument("folder", nargs="?", help="the model folder that `export` wrote, models/nano by default")
    parser.add_argument("--model", help="the same")
    parser.add_argument("--data", type=Path, help="run the model over the clips in this folder: validation/, test/, long-validation/, long-test/")
    parser.add_argument("--full", action="store_true", help="make all clips anew in --work first (what is there is not made again), then run them")
    parser.add_argument("--final", action="store_true", help="the last towns, opened once: date, commit and model are written into MODEL/final")
    parser.add_argument("--again", action="store_true", help="with --final: although another model has opened them; the report says so")
    parser.add_argument("--check", action="store_true", help="fail where model.json or REPORT.md is not what the committed runs give")
    parser.add_argument("--report", action="store_true", help="write figures, plots and REPORT.md from the committed runs")
    parser.add_argument("--work", type=Path, default=Path("runs/evaluation"), help="where --full and --final keep clips and runs")
    parser.add_argument("--split", default="test", choices=["test", "validation"])
    parser.add_argument("--clips", type=int, help="at most this many clips of each part")
    parser.add_argument("--drives", type=Path, help="a folder of recorded drives: counts alarms and lead times")
    parser.add_argument("--video", nargs=3, action="append", metavar=("NAME", "FILE", "RIG"), help="a real forward video and its assumed rig: alarms as it is, and with an obstacle drawn in")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread")
    parser.add_argument("--records", type=Path, help="a folder to keep the runs in, so that an interrupted or second evaluation of the same weights goes on")
    parser.add_argument("--no-ego-estimated", action="store_true", help="leave the calibration and levels of streams without an ego log out of model.json")
    parser.add_argument("--draft", action="store_true", help="choose scaling and levels on validation and write model.json, measure nothing")
    parser.add_argument("--regenerate", type=float, default=0.05, help="share of the test clips to make anew and compare; 0: none")
    parser.add_argument("--beside", type=Path, metavar="MODEL", help="another model folder: its gates from its committed runs, side by side with this one's, printed and in REPORT.md")
    parser.add_argument("--seed", type=int, help="of the draw of clips to make anew; by default another one each time")
    o = parser.parse_args(arguments)
    o.folder = Path(o.folder or o.model or "models/nano")
    if (o.full or o.final) and o.records is None:
        o.records = o.work / "records"
    return o


def main(arguments=None):
    o = parsed(arguments)
    torch.set_num_threads(1)
    try:
        return evaluate(o)
    except (FileNotFoundError, profiles.Another) as refused:
        print(f"evaluate: {refused}")
        return 2


def evaluate(o):
    folder, began = o.folder, time.monotonic()
    manifest = json.loads((folder / "model.json").read_text())
    if o.beside:
        beside = gates_of(o.beside)
    if o.final:
        open_last_towns(o, folder, manifest)
    ran = bool(o.data or o.full or o.final)
    if ran:
        run(o, folder)
        if o.draft:
            return 0
    out = folder / ("final" if o.final else outputs.FOLDER)
    of = gates.settings_of(out)["model"]
    if of != outputs.model_hash(manifest):
        print(f"evaluate: {out} holds runs of another model ({of[:12]}, model.json names {outputs.model_hash(manifest)[:12]}); `--data DIR` or `--full` makes them anew")
        return 2
    if o.report and not ran:
        write_figures(folder, out, manifest, o.split, o.final)
    rows = figures_of(out)[0]
    if o.beside and not o.check:
        outputs.write_json(folder, report.BESIDE, beside)
    if ran or o.report or (o.beside and not o.check):
        (folder / "REPORT.md").write_text(report.text_of(folder))
    for row in rows:
        print(report.line(row))
    wrong = differences(folder, rows) if o.check else []
    if o.beside and o.check and json.loads(json.dumps(beside)) != report.beside_of(folder):
        wrong.append(f"{report.BESIDE} is not what {o.beside} gives")
    for text in wrong:
        print(f"evaluate: {text}")
    if outputs.size(out) > outputs.LARGEST_BYTES:
        wrong.append("size")
        print(f"evaluate: {out} has {outputs.size(out) / 1e6:.1f} MB; at most {outputs.LARGEST_BYTES / 1e6:g} are committed")
    if o.regenerate > 0 and not o.final and not o.clips:
        from . import regenerate
        model, blind, _ = model_folder.load(folder)
        again = regenerate.check(model, blind, out, o.split, o.regenerate, o.seed, o.workers)
        print(f"evaluate: {again['clips']} test clips made anew (--seed {again['seed']}): largest difference {again['difference']:g} ({again['worst']}){', missing: ' + ', '.join(again['missing']) if again['missing'] else ''}")
        if not again["same"]:
            wrong.append("regenerated")
            print("evaluate: the committed runs are not of the clips that these seeds give")
    gated = [r for r in rows if "gate" in r]
    print("\nGates:")
    for row in gated:
        print(report.line(row))
    if o.beside:
        print("\n" + "\n".join(report.side_by_side(manifest, rows, beside)))
    print(f"{sum(r['passes'] for r in gated)} of {len(gated)} gates hold; {time.monotonic() - began:.0f} s")
    return 0 if gated and all(r["passes"] for r in gated) and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
