"""`evaluate`: every figure with its interval, the blind column beside it; thresholds and scaling from validation clips alone."""

import numpy as np

from . import contract as c
from . import figures as f
from .records import choose, collect


def quick_look(model, blind, data, clips=40):
    """The figures that the training log shows, over a few validation clips, blind controls beside them."""
    paths = choose(data, "validation", clips)
    if len(paths) < 4:
        return None
    r = collect(model, blind, data, paths, stride=2, boxes=True)
    threshold, iou_now = f.best_threshold(r["now_full"])
    look = {"clips": len(paths), "records": len(r["clip"]), "iou_now": iou_now, "iou_masked": f.best_threshold(r["now_all_lost"])[1],
            "iou_front_lost": f.iou(r["now_front_lost"], threshold)}
    for k in (1, 2, 3):
        hit = r["steps"][:, c.KEEP] <= k
        name = f"{c.HORIZONS_S[k]:.0f}s"
        look[f"positives_{name}"] = int(hit.sum())
        for column, score in (("ap", r["risk_full"]), ("ap_blind", r["blind"]), ("ap_masked", r["risk_all_lost"]), ("ap_front_lost", r["risk_front_lost"])):
            look[f"{column}_{name}"] = f.average_precision(score[:, c.KEEP, k], hit) if hit.any() else None
        look[f"ap_velocity_{name}"] = f.average_precision(r["velocity"][:, k], hit) if hit.any() else None
        look[f"forecast_{name}"] = f.best_threshold(r["forecast"][:, k + 1])[1]
        look[f"persistence_{name}"] = f.best_threshold(r["persistence"][:, k + 1])[1]
    return {k: round(x, 4) if isinstance(x, float) else x for k, x in look.items()}
