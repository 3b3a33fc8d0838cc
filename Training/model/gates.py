"""Every figure from what is committed in models/NAME/evaluation: no model, no clips."""

import json
from pathlib import Path

from . import episodes, gates_action, gates_alarm, gates_drives, gates_latent, gates_map, gates_risk, other_rig, outputs
from .measured import Measured

RUNS = ("natural", "enriched", "long", "occluder", "rigs", "natural-ticks", "enriched-ticks")


def settings_of(folder):
    path = Path(folder) / "settings.json"
    if not path.exists():
        raise FileNotFoundError(f"{path}: not there; `Training/evaluate MODEL --data DIR` or `--full` makes it")
    return json.loads(path.read_text())


def measure(folder):
    """-> Measured, {"natural", "parts", "calibrated", "unseeing", "curves", "maps", "settings"} for the plots"""
    folder = Path(folder)
    settings = settings_of(folder)
    for name in RUNS:
        if outputs.model_of(folder, name) not in (None, settings["model"]):
            raise FileNotFoundError(f"{folder / name}.npz: of another model than settings.json; `Training/evaluate MODEL --data DIR` or `--full` makes it anew")
    natural, enriched, long, scenes, rigs, *every_tick = (outputs.load(folder, n) for n in RUNS)
    parts = [gates_risk.Part(n, outputs.records_of(a), a["name"]) for n, a in (("natural", natural), ("enriched", enriched))]
    m, maps = Measured(), outputs.maps_of(natural)
    gates_map.occupancy(m, maps, settings)
    aps = gates_risk.average_precisions(m, parts)
    gates_risk.by_kind(m, parts)
    gates_risk.cameras(m, parts, aps, settings)
    gates_risk.dropped(m, [gates_risk.Part(p.name, outputs.records_of(a)) for p, a in zip(parts, every_tick)])
    gates_action.shuffled(m, parts[0])
    gates_action.shuffled(m, parts[1])
    gates_action.regret(m, parts[0], settings)
    gates_action.regret(m, parts[1], settings)
    ours, blind = gates_risk.calibrated(m, parts[0], settings)
    gates_risk.of_candidates(m, parts[0], settings)
    gates_risk.bounds(m, parts[0], settings)
    curves = gates_alarm.alarm(m, long, *(outputs.records_of(a) for a in every_tick), settings)
    gates_latent.everything(m, long, settings)
    gates_map.behind_a_lorry(m, scenes)
    other_rig.measure(m, rigs, settings)
    gates_map.behind_an_occluder(m, long, settings)
    gates_risk.without_memory(m, long)
    gates_map.uncertainty(m, outputs.records_of(natural))
    gates_risk.without_log(m, parts, aps)
    if "episodes" in settings:
        episodes.measure(m, parts[0].r, settings)
    recorded = folder if (folder / "drives.npz").exists() else folder.parent / outputs.FOLDER  # drives and videos are of no town of the last ones
    summaries = gates_drives.everything(m, recorded, settings)
    if "episodes" in settings and outputs.model_of(recorded, "real") == settings["model"]:
        episodes.of_videos(m, outputs.load(recorded, "real"), parts[0].r, settings)
    return m, {"parts": parts, "aps": aps, "calibrated": ours, "unseeing": blind, "curves": curves, "maps": maps, "scenes": scenes, "settings": settings, **summaries}
