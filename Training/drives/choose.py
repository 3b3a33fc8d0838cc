"""Which windows of a run become clips: at random (the natural rate), or where keeping on would collide or nearly so (enriched)."""

from dataclasses import dataclass

import numpy as np

from . import labels, towns
from .clips import TICK_S
from .traffic import KINDS, REAR_OVERHANG

FAST_MPS, CLOSING_MPS = 14.0, 3.5  # of the ego, and mean until the contact
FUTURE = 40  # ticks of motion after the last picture
EGO_KINDS = tuple(KINDS.index(k) for k in ("hatch", "saloon", "suv", "van"))


@dataclass(frozen=True)
class Window:
    ego: int  # road user of the run
    start: int
    ticks: int  # with pictures
    enriched: bool


def egos(run, shortest=80):
    moving = np.isfinite(run.axle[:, :, 0]).sum(axis=1)
    return [v for v in range(len(run.kind)) if run.kind[v] in EGO_KINDS and moving[v] >= shortest]


def footprint(run, v):
    return (float(run.size[v, 0]), float(run.size[v, 1]), float(run.size[v, 0] * REAR_OVERHANG))


def contact_gaps(run, v, first, last):
    """[last - first] least separation of the recorded ego to anybody at each tick; 100 where nobody is near or the ego is absent."""
    me = run.pose[v, first:last]
    out = np.full(last - first, 100.0)
    if not np.isfinite(me[:, 0]).any():
        return out
    pose = run.pose[:, first:last]
    with np.errstate(invalid="ignore"):
        every = slice(None, None, 8)  # nobody covers 40 m in 0.8 s
        passing = (np.abs(pose[:, every, :2] - me[every, :2]).max(axis=2) < 56).any(axis=1)
        passing |= np.isfinite(pose[:, 0, 0]) != np.isfinite(pose[:, -1, 0])
        passing[v] = False
        passing = np.nonzero(passing)[0]
        near = np.abs(pose[passing, :, :2] - me[:, :2]).max(axis=2) < 16
    o, n = np.nonzero(near)
    o = passing[o]
    if len(o):
        gap = labels.separation(me[n, 0], me[n, 1], me[n, 2], run.size[v, 0], run.size[v, 1], *run.pose[o, first + n].T, run.size[o, 0], run.size[o, 1])
        np.minimum.at(out, n, gap)
    return out


def rolled_gaps(run, v, t, numbers=(1,)):
    """labels.clearance for candidates `numbers` of ego v at tick t, straight from the run: [len(numbers), 40]."""
    state = run.axle[v, t]
    path = labels.roll(state, labels.manoeuvres(state)[list(numbers)])
    c, s = np.cos(state[2]), np.sin(state[2])
    x, y = state[0] + c * path[..., 0] - s * path[..., 1], state[1] + s * path[..., 0] + c * path[..., 1]
    yaw = state[2] + path[..., 2]
    ahead = run.size[v, 0] * (0.5 - REAR_OVERHANG)
    x, y = x + ahead * np.cos(yaw), y + ahead * np.sin(yaw)
    steps, reach = path.shape[1], towns.reach_of(run.town).collision_m
    with np.errstate(invalid="ignore"):
        near = np.nonzero((np.abs(run.pose[:, t:t + steps + 1:8, :2] - state[:2]) < reach).all(axis=2).any(axis=1))[0]
    near = near[near != v]
    pose = run.pose[near, t + 1:t + steps + 1]
    with np.errstate(invalid="ignore"):
        margin = 12.0
        close = ((pose[..., 0] > x.min() - margin) & (pose[..., 0] < x.max() + margin) & (pose[..., 1] > y.min() - margin) & (pose[..., 1] < y.max() + margin)).any(axis=1)
    near, pose = near[close], pose[close]
    if len(near) == 0:
        return np.full(x.shape, 100.0)
    pose = np.where(np.isfinite(pose), pose, 1e4)
    size = run.size[near]
    gap = labels.separation(x[None], y[None], yaw[None], run.size[v, 0], run.size[v, 1], pose[:, None, :, 0], pose[:, None, :, 1], pose[:, None, :, 2], size[:, None, None, 0], size[:, None, None, 1])
    return np.minimum(gap.min(axis=0), 100.0)


def _window(run, v, start, ticks, least, enriched):
    """The window cut before the ego's own contact, or None where it does not fit."""
    n = run.pose.shape[1]
    start = max(start, 0)
    if start + ticks + FUTURE > n:
        start = n - ticks - FUTURE
    if not np.isfinite(run.axle[v, start:start + ticks, 0]).all():
        present = np.isfinite(run.axle[v, start:start + ticks, 0])
        if not present[0]:
            return None
        ticks = int(np.argmin(present))
    if ticks < least:
        return None
    hit = contact_gaps(run, v, start, start + ticks) < 0
    if hit.any():
        ticks = int(np.argmax(hit))
    return Window(v, start, ticks, enriched) if ticks >= least else None


def natural(run, rng, count, ticks, least=10):
    """Egos by the time they drive, starts at random; nothing else is looked at. The last ticks before the ego vanishes make short clips."""
    pool = egos(run)
    if not pool:
        return []
    moving = np.isfinite(run.axle[pool, :, 0])
    moving[:, run.pose.shape[1] - ticks - FUTURE + 1:] = False
    flat = np.nonzero(moving.reshape(-1))[0]
    out, tries = [], 0
    while len(out) < count and tries < 40 * count:
        tries += 1
        k = flat[rng.integers(len(flat))]
        window = _window(run, pool[k // moving.shape[1]], int(k % moving.shape[1]), ticks, least, False)
        if window:
            out.append(window)
    return out


def enriched(run, rng, count, ticks, least=15, looked_at=45):
    """The same number, as far as there are any, of each: keeping on collides in step 1, 2, ... 5; it nearly does. On a motorway
    the fast ones come first: else nearly all lie in its queues, where much collides and nothing is fast."""
    pool, motorway = egos(run), towns.kind_of(run.town) == "motorway"
    if motorway:
        looked_at *= 3
    pool = [pool[i] for i in rng.permutation(len(pool))[:looked_at]]
    classes, fast = {c: [] for c in range(6)}, set()
    for v in pool:
        present = np.nonzero(np.isfinite(run.axle[v, :, 0]))[0]
        for t in range(present[0] + 12, min(present[-1], run.pose.shape[1] - FUTURE - ticks // 2), 8):
            if run.axle[v, t, 3] < 1.5:
                continue
            gaps = rolled_gaps(run, v, t)
            step = int(labels.first_step(gaps)[0])
            if step < 5 or gaps.min() < 0.8:
                classes[step].append((v, t))
                if motorway and (run.axle[v, t, 3] > FAST_MPS and (step == 5 or gaps[0, 0] / labels.time_to_collision(gaps)[0] > CLOSING_MPS) or rng.random() < 0.05):
                    fast.add((v, t))
    out, used = [], {}
    order = {c: sorted((classes[c][i] for i in rng.permutation(len(classes[c]))), key=fast.__contains__) for c in classes}  # taken from the end
    while len(out) < count and any(order.values()):
        for c in (0, 1, 2, 3, 4, 5):
            while order[c]:
                v, t = order[c].pop()
                if any(abs(t - u) < ticks * 3 // 4 for u in used.get(v, [])):
                    continue
                before = rng.integers(int(ticks * 0.5), int(ticks * 0.9))
                window = _window(run, v, t - int(before), ticks, least, True)
                if window and window.start + window.ticks > t - 4:
                    used.setdefault(v, []).append(t)
                    out.append(window)
                    break
            if len(out) >= count:
                break
    return out
