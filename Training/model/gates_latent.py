"""Gates of the latents and of surprise, over long natural clips of test towns."""

import numpy as np

from . import contract as c
from . import figures as f
from .latents import BASELINES

HORIZONS = (0, 1, 2, 3)  # 0.5, 1, 2, 3 s
GOALS = {1: ">= 0.10", 3: ">= 0.05"}
COLUMNS = ("tick", "horizon", "moving", "model", "another_action", *BASELINES, "persistence")


def skill(m, clips, rows):
    """rows [n, 9] of latents.errors, clips [n]."""
    column = dict(zip(COLUMNS, rows.T))
    for k in HORIZONS:
        for moving, name in ((0, "standing"), (1, "moving")):
            chosen = (column["horizon"] == k) & (column["moving"] == moving)
            figure = f"latent_skill_{c.HORIZONS_S[k]:g}s_{name}"
            if chosen.sum() < 20:
                m.missing(figure, "lower bound > 0", f"{int(chosen.sum())} moments only")
                continue
            w = f.clip_weights(clips[chosen])
            means = {b: column[b][chosen].mean() for b in BASELINES}
            best = min(means, key=means.get)
            ours, theirs = column["model"][chosen], column[best][chosen]
            value, drawn = 1 - ours.mean() / theirs.mean(), 1 - (w @ ours) / np.maximum(w @ theirs, 1e-9)
            still = 1 - ours.mean() / column["persistence"][chosen].mean()
            m.above(figure, value, drawn, blind=1 - means["mean"] / theirs.mean(), goal=GOALS.get(k), note=f"1 - error over that of the best of mean, shrinkage, damped velocity ({best}); over persistence {still:.3f}; {int(chosen.sum())} moments; blind: the mean")


def another_action(m, clips, rows):
    chosen = rows[:, COLUMNS.index("horizon")] == 1
    if not chosen.any():
        return m.missing("latent_error_another_action_1s", ">= 0.05", "no moments")
    w = f.clip_weights(clips[chosen])
    own, other = rows[chosen, COLUMNS.index("model")], rows[chosen, COLUMNS.index("another_action")]
    value, drawn = other.mean() / own.mean() - 1, (w @ other) / np.maximum(w @ own, 1e-9) - 1
    return m.add("latent_error_another_action_1s", value, drawn, blind=0.0, gate=">= 0.05", passes=value >= 0.05, note="how much worse the latents of 1 s are with another clip's driven action")


def surprise(m, windows, threshold):
    """windows: clip, kind, score."""
    w_all = f.clip_weights(windows["clip"], 300)
    plain = windows["kind"] == "ordinary"
    for kind in ("teleport", "vanish", "frozen"):
        odd = windows["kind"] == kind
        if odd.sum() < 10:
            m.missing(f"surprise_auc_{kind}", ">= 0.9", f"{int(odd.sum())} moments only")
            continue
        both = plain | odd
        value = f.area_under_curve(windows["score"][both], odd[both])
        m.add(f"surprise_auc_{kind}", value, f.area_under_curve(windows["score"][both], odd[both], w_all[:, both]), blind=0.5, gate=">= 0.9", passes=value >= 0.9, goal="0.98",
              note=f"{int(odd.sum())} edited moments against {int(plain.sum())} ordinary half-seconds; {(windows['score'][odd] >= threshold).mean():.0%} and {(windows['score'][plain] >= threshold).mean():.1%} of them reach the threshold; "
                   + ("the front camera's picture repeated, ego at 3 m/s or faster" if kind == "frozen" else "drawn again with the car moved 6-14 m or gone; it stood or drove in sight within 22 m"))


def everything(m, long, settings):
    skill(m, long["latent_clip"], long["latent_rows"].astype(float))
    rank = float(long["latent_rank"])
    m.add("latent_effective_rank", rank, gate=">= 0.5", passes=rank >= 0.5, note="share of D, of the observed maps in the same run")
    another_action(m, long["latent_clip"], long["latent_rows"].astype(float))
    surprise(m, {k: long[f"window_{k}"] for k in ("clip", "kind", "score")}, settings["surprise"]["manifest"]["threshold"])
