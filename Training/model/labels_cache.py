"""Labels of every tick of a clip, made once and kept beside the clips, so that the trainer never waits for them."""

import math
import os
from pathlib import Path

import numpy as np

from drives import labels

from . import contract as c

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


LONGEST_M = (2.6, 7.0, 14.5)  # boxes up to each length look at a window of their own: small windows make it three times faster


def raster(boxes, layer, layers, r=c.GRID_RESOLUTION_M):
    """As drives.labels.occupancy draws it (a test compares them): boxes [n, 8] in the ego frame, layer [n] -> uint8 [layers, 3, X, Y], in cells of r metres."""
    sub, pad = 5, 8 + math.ceil(LONGEST_M[-1] / 2 / r)
    size = tuple(round(n * c.GRID_RESOLUTION_M / r) for n in c.GRID_SIZE)
    grid = np.zeros((layers, 3, size[0] + 2 * pad, size[1] + 2 * pad), np.uint8)
    place = (boxes[:, 2:4] - np.array(c.GRID_ORIGIN_M)) / r
    inside = (place > -8).all(1) & (place < np.array(size) + 8).all(1)
    shortest = 0.0
    for longest in LONGEST_M:
        window = 2 * math.ceil(longest / 2 / r) + 1
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


def occupancy_and_hidden(clip, t, r=c.GRID_RESOLUTION_M):
    ticks = (t,) + tuple(t + h for h in c.HORIZON_TICKS)
    per_tick = [clip.boxes(i) for i in ticks]
    boxes = labels.in_frame(np.concatenate(per_tick), clip.ego[t])
    seen = clip.visible(t)
    now = len(seen)
    layer = np.repeat(np.arange(len(ticks)), [len(b) for b in per_tick])
    layers = raster(np.concatenate([boxes, boxes[:now]]), np.concatenate([layer, np.where(seen, len(ticks), len(ticks) + 1)]), len(ticks) + 2, r)
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
    folder = clip.path.parent / c.PROFILE.labels
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


def judged(clip, cached, t):
    """-> uint8 [1+K, 3, X, Y] and hidden [X, Y] in cells of contract.JUDGED_CELL_M."""
    if c.GRID_RESOLUTION_M == c.JUDGED_CELL_M:
        return occupancy(cached, t), hidden(cached, t)
    return occupancy_and_hidden(clip, t, c.JUDGED_CELL_M)


NEAR_POINTS = 4  # a near cell's side is looked at in so many points
NEAR_TICKS = (0,) + c.HORIZON_TICKS[:2]


def near(clip, t):
    """uint8 [3, x, y]: the near map (contract.NEAR_CELLS in halves) now, at 0.5 and at 1 s, all classes united, in the ego frame of t."""
    (x0, x1), (y0, y1) = c.NEAR_CELLS
    r, n = c.GRID_RESOLUTION_M, NEAR_POINTS
    cells = (2 * (x1 - x0), 2 * (y1 - y0))
    low = np.array([c.GRID_ORIGIN_M[0] + x0 * r, c.GRID_ORIGIN_M[1] + y0 * r])
    step = r / 2 / n
    x = low[0] + (np.arange(cells[0] * n) + 0.5) * step
    y = low[1] + (np.arange(cells[1] * n) + 0.5) * step
    out = np.zeros((len(NEAR_TICKS),) + cells, np.uint8)
    for level, ticks in enumerate(NEAR_TICKS):
        boxes = labels.in_frame(clip.boxes(t + ticks), clip.ego[t])
        reach = np.hypot(boxes[:, 5], boxes[:, 6]) / 2
        for box in boxes[(boxes[:, 2] > x[0] - reach) & (boxes[:, 2] < x[-1] + reach) & (boxes[:, 3] > y[0] - reach) & (boxes[:, 3] < y[-1] + reach)]:
            cos, sin = np.cos(box[4]), np.sin(box[4])
            dx, dy = (x - box[2])[:, None], (y - box[3])[None]
            inside = (np.abs(cos * dx + sin * dy) <= box[5] / 2) & (np.abs(cos * dy - sin * dx) <= box[6] / 2)
            out[level] |= inside.reshape(cells[0], n, cells[1], n).mean((1, 3)) >= labels.COVERED
    return out


POINTS = max(1, round(2.0 / c.GRID_RESOLUTION_M))  # a metre of a box is looked at in, so that no cell between is left out


def velocity(clip, t, over=5):
    """float32 [3, X, Y]: velocity over ground of what a cell holds now (x, y m/s in the ego frame of t, mean over half a second), and 1 where it is known."""
    out = np.zeros((3,) + c.GRID_SIZE, np.float32)
    now, then = clip.boxes(t), {b[0]: b for b in clip.boxes(t + over)}
    boxes = labels.in_frame(now, clip.ego[t])
    cos, sin = np.cos(clip.ego[t, 2]), np.sin(clip.ego[t, 2])
    for box, was in zip(boxes, now):
        later = then.get(was[0])
        if later is None:
            continue
        vx, vy = (later[2:4] - was[2:4]) / (over * c.TICK_S)
        along = np.linspace(-0.45, 0.45, max(3, int(box[5] * POINTS) + 1)) * box[5]
        across = np.linspace(-0.4, 0.4, 2 * POINTS + 1) * box[6]
        px = box[2] + np.cos(box[4]) * along[:, None] - np.sin(box[4]) * across[None]
        py = box[3] + np.sin(box[4]) * along[:, None] + np.cos(box[4]) * across[None]
        i = np.floor((px - c.GRID_ORIGIN_M[0]) / c.GRID_RESOLUTION_M).astype(int).ravel()
        j = np.floor((py - c.GRID_ORIGIN_M[1]) / c.GRID_RESOLUTION_M).astype(int).ravel()
        ok = (i >= 0) & (i < c.GRID_SIZE[0]) & (j >= 0) & (j < c.GRID_SIZE[1])
        out[:, i[ok], j[ok]] = np.array([cos * vx + sin * vy, -sin * vx + cos * vy, 1.0], np.float32)[:, None]
    return out


def flow(clip, t):
    """float32 [K, 3, X, Y]: where what a cell holds at each horizon is now, from the cell, in metres of the ego frame of t (x, y), and 1 where it is known."""
    out = np.zeros((c.K, 3) + c.GRID_SIZE, np.float32)
    now = {b[0]: b for b in labels.in_frame(clip.boxes(t), clip.ego[t])}
    for k, ticks in enumerate(c.HORIZON_TICKS):
        for box in labels.in_frame(clip.boxes(t + ticks), clip.ego[t]):
            was = now.get(box[0])
            if was is None or abs(box[2] - 24) > 50 or abs(box[3]) > 36:
                continue
            along = np.linspace(-0.48, 0.48, max(3, int(box[5] * POINTS) + 1))[:, None] * box[5]
            across = np.linspace(-0.45, 0.45, 2 * POINTS + 1)[None] * box[6]
            px = box[2] + np.cos(box[4]) * along - np.sin(box[4]) * across
            py = box[3] + np.sin(box[4]) * along + np.cos(box[4]) * across
            qx = was[2] + np.cos(was[4]) * along - np.sin(was[4]) * across
            qy = was[3] + np.sin(was[4]) * along + np.cos(was[4]) * across
            i = np.floor((px - c.GRID_ORIGIN_M[0]) / c.GRID_RESOLUTION_M).astype(int)
            j = np.floor((py - c.GRID_ORIGIN_M[1]) / c.GRID_RESOLUTION_M).astype(int)
            ok = (i >= 0) & (i < c.GRID_SIZE[0]) & (j >= 0) & (j < c.GRID_SIZE[1])
            out[k, 0, i[ok], j[ok]], out[k, 1, i[ok], j[ok]], out[k, 2, i[ok], j[ok]] = (qx - px)[ok], (qy - py)[ok], 1.0
    return out
