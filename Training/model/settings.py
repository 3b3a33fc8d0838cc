"""Everything that is chosen is chosen here, from validation clips alone: scaling, bounds, thresholds, alarm levels, with and without an ego log."""

import numpy as np

from . import calibration as cal
from . import contract as c
from . import episodes
from . import figures as f
from . import levels as lv
from . import validation_drives
from .latents import Surprise, fit


def choose(natural, enriched, long, drives, past):
    """natural, enriched: (records, maps, clips) at every tick of the short clips; long: long_runs' results; drives: as natural, of validation_drives;
    past: episodes.Past of the natural and enriched ones. -> settings (plain values), latent baselines, Surprise"""
    records, maps, _ = natural
    settings = {"risk": cal.risk(records["risk_full"], records["steps"]), "blind": cal.risk(records["blind"], records["steps"]),
                "risk_candidates": cal.risk_of_candidates(records["risk_full"], records["steps"]), "blind_candidates": cal.risk_of_candidates(records["blind"], records["steps"]), "occupancy": cal.occupancy(maps["logits"]),
                "threshold": f.best_threshold(maps["now_full"])[0], "iou_validation": f.best_threshold(maps["now_full"])[1],
                "class_thresholds": [f.best_threshold(maps["classes"][:, n])[0] for n in range(len(c.CLASSES))],
                "later": [f.best_threshold(maps["forecast"][:, level])[0] for level in range(1 + c.K)],
                "persisting": [f.best_threshold(maps["persistence"][:, level])[0] for level in range(1 + c.K)]}
    settings["by_manoeuvre_4s"] = {name: by_manoeuvre(records[name], records["steps"]) for name in ("risk_full", "blind")}
    settings["bounds"] = bound(records, "risk_full", settings["risk"])
    settings["levels"], settings["alarm_table"] = lv.choose(series(natural, enriched, long, drives, "risk_full", settings["risk"]))
    without = {"risk": cal.risk(records["risk_unlogged"], records["steps"]), "risk_candidates": cal.risk_of_candidates(records["risk_unlogged"], records["steps"])}
    without["upper_bound"] = bound(records, "risk_unlogged", without["risk"])
    without["levels"], without["alarm_table"] = lv.choose(series(natural, enriched, long, drives, "risk_unlogged", without["risk"]), against_ttc=False, most_false=lv.FALSE_ALARMS_NO_LOG)
    settings["ego_estimated"] = without
    surprise = Surprise(long)
    settings["surprise"] = {"auc_on_validation": surprise.validation, "manifest": surprise.into()}
    if past:
        settings["episodes"] = episodes.choose(past, records, natural[2], settings["risk"])
    return settings, fit(long), surprise


def by_manoeuvre(p, steps, column=c.K - 1):
    """[16, 2] scale, bias of each manoeuvre's risk at the last horizon: one scaling for all is fitted to what is published first, keeping on."""
    x, hit = cal.logit(p[::3, :, column]), (steps[::3] <= column).astype(float)
    return [[round(value, 4) for value in cal.fit(x[:, a], hit[:, a], np.ones(len(x)))] for a in range(x.shape[1])]


def bound(records, name, scaling):
    hit = records["steps"][:, :1] <= np.arange(c.K)[None]
    return cal.upper_bound(cal.apply_risk(records[name][:, 0], scaling), hit, records["clip"])


def series(natural, enriched, long, drives, name, scaling):
    """For the alarm levels: calm drives and natural clips, short and long, tell how often calm driving alarms, natural ones episodes an hour, all of them what is met."""
    out = []
    for part in (natural, enriched):
        if part:
            out += lv.series_of(part[0], cal.apply_risk(part[0][name][:, 0], scaling), natural=part is natural)
    if drives:
        calm = {n for n, clip in enumerate(drives[2]) if clip["name"].startswith(validation_drives.KINDS["calm"])}
        out += lv.series_of(drives[0], cal.apply_risk(drives[0][name][:, 0], scaling), natural=False, calm_drives=calm)
    for clip in long:
        rows = dict(clip["rows"], clip=np.zeros(len(clip["rows"]["tick"]), int))
        risk = rows["risk" if name == "risk_full" else name][:, 0]
        out += lv.series_of(rows, cal.apply_risk(risk, scaling), natural=True)
    return out


def into(manifest, settings, without_log):
    """Writes what C# reads. without_log: the second set too, which it applies wherever the ego motion is the model's own estimate."""
    estimated = settings["ego_estimated"]
    manifest["calibration"] = {"risk": settings["risk"], "risk_candidates": settings["risk_candidates"], "occupancy": settings["occupancy"], "upper_bound": settings["bounds"], "surprise": settings["surprise"]["manifest"]}
    manifest["levels"] = settings["levels"]
    manifest.pop("levels_ego_estimated", None)
    if without_log:
        manifest["calibration"].update(risk_ego_estimated=estimated["risk"], risk_candidates_ego_estimated=estimated["risk_candidates"], upper_bound_ego_estimated=estimated["upper_bound"])
        manifest["levels_ego_estimated"] = estimated["levels"]
