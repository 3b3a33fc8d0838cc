"""Labels of every tick of a clip, made once and kept beside the clips, so that the trainer never waits for them."""

import os
from pathlib import Path

import numpy as np

from drives import labels

from . import contract as c

VERSION = 1
ADDED = 2  # manoeuvres after the 16: the one really driven, and a random one
MANOEUVRES = len(c.CANDIDATES) + ADDED
DRIVEN = len(c.CANDIDATES)


def driven(clip, t):
    """The controls that the ego of the recording used over the horizons -> [K, 2]. After its pictures it may have crashed: as recorded."""
    out = np.zeros((c.K, 2))
    first = t
    for k, ticks in enumerate(c.HORIZON_TICKS):
        last = min(t + ticks, clip.T_all - 1)
        seconds = max(last - first, 1) * c.TICK_S
        speed = clip.ego[first:last + 1, 3]
        turn = np.unwrap(clip.ego[first:last + 1, 2])
        distance = speed.mean() * seconds
        out[k, 0] = np.clip((speed[-1] - speed[0]) / seconds, -9, 5)
        out[k, 1] = np.clip((turn[-1] - turn[0]) / distance, -c.LARGEST_CURVATURE_1PM, c.LARGEST_CURVATURE_1PM) if distance > 0.3 else 0.0
        first = last
    return out


def at_random(ego, rng):
    """A manoeuvre that is none of the 16, so that risk is learnt as a function of the controls."""
    speed = max(ego[3], 3.0)
    out = np.empty((c.K, 2))
    out[:, 0] = np.clip(ego[5] + rng.normal(0, 2) + rng.normal(0, 1, c.K), -8, 3)
    lateral = rng.normal(0, 1.5) + rng.normal(0, 1.0, c.K)
    out[:, 1] = np.clip(ego[4] / max(ego[3], 1.0) + lateral / speed ** 2, -c.LARGEST_CURVATURE_1PM, c.LARGEST_CURVATURE_1PM)
    return out


SIZES = ((2.6, 3), (7.0, 5), (14.5, 9))  # boxes up to this length, metres: cells a side looked at; small windows make it three times faster


def raster(boxes, layer, layers):
    """As drives.labels.occupancy draws it (a test compares them): boxes [n, 8] in the ego frame, layer [n] -> uint8 [layers, 3, X, Y]."""
    r, sub, pad = c.GRID_RESOLUTION_M, 5, 14
    grid = np.zeros((layers, 3, c.GRID_SIZE[0] + 2 * pad, c.GRID_SIZE[1] + 2 * pad), np.uint8)
    place = (boxes[:, 2:4] - np.array(c.GRID_ORIGIN_M)) / r
    inside = (place > -8).all(1) & (place < np.array(c.GRID_SIZE) + 8).all(1)
    shortest = 0.0
    for longest, window in SIZES:
        chosen = inside & (boxes[:, 5] > shortest) & (boxes[:, 5] <= longest)
        shortest = longest
        if not chosen.any():
            continue
        b, where, at = boxes[chosen].astype(np.float32), place[chosen], layer[chosen]
        cell = np.floor(where).astype(int)
        offset = (((np.arange(window * sub) + 0.5) / sub - window // 2)[None] * r).astype(np.float32)
        px = (offset - ((where - cell)[:, :1] * r)).astype(np.float32)[:, :, None]
        py = (offset - ((where - cell)[:, 1:] * r)).astype(np.float32)[:, None, :]
        cos, sin = np.cos(b[:, 4])[:, None, None], np.sin(b[:, 4])[:, None, None]
        hit = (np.abs(cos * px + sin * py) <= b[:, 5, None, None] / 2) & (np.abs(cos * py - sin * px) <= b[:, 6, None, None] / 2)
        hit = hit.reshape(len(b), window, sub, window, sub).sum((2, 4)) >= labels.COVERED * sub * sub
        hit[:, window // 2, window // 2] = True
        n, i, j = np.nonzero(hit)
        grid[at[n], boxes[chosen][n, 1].astype(int), cell[n, 0] + i - window // 2 + pad, cell[n, 1] + j - window // 2 + pad] = 1
    return grid[:, :, pad:-pad, pad:-pad]


def occupancy_and_hidden(clip, t):
    ticks = (t,) + tuple(t + h for h in c.HORIZON_TICKS)
    per_tick = [clip.boxes(i) for i in ticks]
    boxes = labels.in_frame(np.concatenate(per_tick), clip.ego[t])
    seen = clip.visible(t)
    now = len(seen)
    layer = np.repeat(np.arange(len(ticks)), [len(b) for b in per_tick])
    layers = raster(np.concatenate([boxes, boxes[:now]]), np.concatenate([layer, np.where(seen, len(ticks), len(ticks) + 1)]), len(ticks) + 2)
    return layers[:len(ticks)], layers[-1].max(0) & ~layers[-2].max(0) & 1


def build(clip):
    rng = np.random.default_rng(abs(hash((clip.seed, clip.T))) % 2 ** 32)
    occupancy, hidden, manoeuvres, steps, closest = [], [], [], [], []
    for t in range(clip.T):
        cells, unseen = occupancy_and_hidden(clip, t)
        occupancy.append(np.packbits(cells))
        hidden.append(np.packbits(unseen))
        m = np.concatenate([labels.manoeuvres(clip.ego[t]), driven(clip, t)[None], at_random(clip.ego[t], rng)[None]])
        gaps = labels.clearance(clip, t, m)
        manoeuvres.append(m.astype(np.float32))
        steps.append(labels.first_step(gaps).astype(np.int8))
        closest.append(labels.closest_approach(gaps[:2])[1].astype(np.float32))
    return {"occupancy": np.stack(occupancy), "hidden": np.stack(hidden), "manoeuvres": np.stack(manoeuvres), "steps": np.stack(steps),
            "closest": np.stack(closest)}


def load(clip):
    """-> dict of arrays, first axis the tick; made and kept beside the clip on first use."""
    folder = clip.path.parent / f"labels-{VERSION}"
    path = folder / (clip.path.stem + ".npz")
    if not path.exists() or path.stat().st_mtime < clip.path.stat().st_mtime:
        folder.mkdir(exist_ok=True)
        content = build(clip)
        part = folder / f"{clip.path.stem}.{os.getpid()}.part"
        with open(part, "wb") as f:
            np.savez(f, **content)
        part.rename(path)
        return content
    with np.load(path) as data:
        return {k: data[k] for k in data.files}


def occupancy(cached, t):
    """uint8 [1+K, 3, X, Y]"""
    x, y = c.GRID_SIZE
    return np.unpackbits(cached["occupancy"][t]).reshape(1 + c.K, 3, x, y)


def hidden(cached, t):
    return np.unpackbits(cached["hidden"][t]).reshape(c.GRID_SIZE)
