"""What needs no model, made once and kept beside the clips: true boxes extrapolated at constant velocity, and the true time to collision."""

import os

import numpy as np

from drives import labels

from . import contract as c
from . import labels_cache as cache

VERSION = 1
NEVER_S = 9.9  # a time to collision beyond the 4 s looked at


def build(clip):
    """-> first_step int8 [T, 16] at constant velocity; closest float32 [T, K], m, of keeping on; ttc and ttc_velocity float32 [T], s, of the intended
    manoeuvre: with the others as recorded, and at constant velocity."""
    cached = cache.load(clip)
    out = {"first_step": [], "closest": [], "ttc": [], "ttc_velocity": []}
    for t in range(clip.T):
        manoeuvres = cached["manoeuvres"][t][:len(c.CANDIDATES)].astype(float)
        gaps = labels.clearance(clip, t, manoeuvres, labels.constant_velocity_boxes(clip, t))
        recorded = labels.clearance(clip, t, manoeuvres[:1])
        out["first_step"].append(labels.first_step(gaps).astype(np.int8))
        out["closest"].append(labels.closest_approach(gaps[c.KEEP:c.KEEP + 1])[0].astype(np.float32))
        out["ttc"].append(np.float32(min(labels.time_to_collision(recorded)[0], NEVER_S)))
        out["ttc_velocity"].append(np.float32(min(labels.time_to_collision(gaps[:1])[0], NEVER_S)))
    return {k: np.stack(v) for k, v in out.items()}


def load(clip):
    """-> dict of arrays, first axis the tick; made and kept beside the clip on first use."""
    folder = clip.path.parent / f"baselines-{VERSION}"
    path = folder / f"{clip.path.stem}.npz"
    if path.exists() and path.stat().st_mtime >= clip.path.stat().st_mtime:
        with np.load(path) as data:
            return {k: data[k] for k in data.files}
    folder.mkdir(exist_ok=True)
    content = build(clip)
    part = folder / f"{clip.path.stem}.{os.getpid()}.part"
    with open(part, "wb") as f:
        np.savez(f, **content)
    part.rename(path)
    return content
