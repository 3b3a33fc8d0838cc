"""Labels from the very boxes that are drawn: occupancy, candidate manoeuvres, collisions, closest approach.

Others go on as recorded and do not react to the ego; the ego is rolled as a kinematic bicycle about its rear axle.
"""

import math

import numpy as np

from . import profiles
from .clips import TICK_S

HORIZONS_S = (0.5, 1.0, 2.0, 3.0, 4.0)
GRID_ORIGIN_M, GRID_RESOLUTION_M = (-24.0, -32.0), profiles.chosen().cell_m
GRID_SIZE = (round(96 / GRID_RESOLUTION_M), round(64 / GRID_RESOLUTION_M))
LARGEST_CURVATURE_1PM = 0.2
COVERED = 0.15  # a cell is occupied from this share of its area on, or when the box's centre lies in it
CANDIDATES = (  # name, acceleration (None: the present one) per horizon step, lateral acceleration per horizon step
    ("intended", None, 0), ("keep", 0, 0), ("coast", -1, 0), ("brake_soft", -2, 0), ("brake", -4, 0), ("brake_hard", -6, 0),
    ("brake_full", -8, 0), ("accelerate", 1.5, 0), ("accelerate_hard", 3, 0),
    ("left", 0, (1.5, 1.5, -1.5, -1.5, 0)), ("right", 0, (-1.5, -1.5, 1.5, 1.5, 0)),
    ("left_brake", -4, (1.5, 1.5, -1.5, -1.5, 0)), ("right_brake", -4, (-1.5, -1.5, 1.5, 1.5, 0)),
    ("left_hard", 0, (4, 4, -4, -4, 0)), ("right_hard", 0, (-4, -4, 4, 4, 0)),
    ("brake_then_accelerate", (-4, -4, 0, 1.5, 1.5), 0))

_CANDIDATES = np.array([[np.broadcast_to(a or 0.0, 5), np.broadcast_to(lateral, 5)] for _, a, lateral in CANDIDATES], dtype=float).transpose(0, 2, 1)  # [16, K, 2]
_STEPS = tuple(int(round(h / TICK_S)) for h in HORIZONS_S)  # 5, 10, 20, 30, 40
_STEP_OF_TICK = np.searchsorted(_STEPS, np.arange(1, _STEPS[-1] + 1))  # [40] the horizon step that tick n (1-based) belongs to
_SUB = 5  # points a cell side, for the share a box covers
_WINDOW = 2 * math.ceil(14.5 / 2 / GRID_RESOLUTION_M) + 1  # cells a side looked at about a box's centre: boxes up to 14.5 m long fit


def in_frame(boxes, pose):
    """Boxes [n, 8] of the world frame -> the frame of pose (x, y, yaw, ...)."""
    out = np.array(boxes, dtype=np.float64)
    dx, dy = out[:, 2] - pose[0], out[:, 3] - pose[1]
    c, s = np.cos(pose[2]), np.sin(pose[2])
    out[:, 2], out[:, 3] = c * dx + s * dy, c * dy - s * dx
    out[:, 4] = (out[:, 4] - pose[2] + np.pi) % (2 * np.pi) - np.pi
    return out


def raster(boxes):
    """Boxes [n, 8] in the ego frame -> uint8 [3, X, Y]."""
    return _raster_layers(boxes, np.zeros(len(boxes), dtype=int), 1)[0]


def _raster_layers(boxes, layer, layers):
    x_cells, y_cells = GRID_SIZE
    r, pad = GRID_RESOLUTION_M, _WINDOW
    grid = np.zeros((layers, 3, x_cells + 2 * pad, y_cells + 2 * pad), dtype=np.uint8)
    reach = _WINDOW * r
    near = ((boxes[:, 2] > GRID_ORIGIN_M[0] - reach) & (boxes[:, 2] < GRID_ORIGIN_M[0] + x_cells * r + reach)
            & (boxes[:, 3] > GRID_ORIGIN_M[1] - reach) & (boxes[:, 3] < GRID_ORIGIN_M[1] + y_cells * r + reach))
    boxes, layer = boxes[near], layer[near]
    if len(boxes) == 0:
        return grid[:, :, pad:-pad, pad:-pad]
    ci = np.floor((boxes[:, 2] - GRID_ORIGIN_M[0]) / r).astype(int)
    cj = np.floor((boxes[:, 3] - GRID_ORIGIN_M[1]) / r).astype(int)
    side = np.arange(_WINDOW * _SUB)
    offset = ((side + 0.5) / _SUB - _WINDOW // 2) * r  # from the lower edge of the box's own cell
    px = (GRID_ORIGIN_M[0] + ci * r - boxes[:, 2])[:, None] + offset  # [n, P] relative to the box's centre
    py = (GRID_ORIGIN_M[1] + cj * r - boxes[:, 3])[:, None] + offset
    c, s = np.cos(boxes[:, 4])[:, None, None], np.sin(boxes[:, 4])[:, None, None]
    along = c * px[:, :, None] + s * py[:, None, :]
    across = c * py[:, None, :] - s * px[:, :, None]
    inside = (np.abs(along) <= boxes[:, 5, None, None] / 2) & (np.abs(across) <= boxes[:, 6, None, None] / 2)
    share = inside.reshape(len(boxes), _WINDOW, _SUB, _WINDOW, _SUB).mean(axis=(2, 4))
    hit = share >= COVERED
    hit[:, _WINDOW // 2, _WINDOW // 2] = True
    n, wi, wj = np.nonzero(hit)
    gi, gj = ci[n] + wi - _WINDOW // 2 + pad, cj[n] + wj - _WINDOW // 2 + pad
    ok = (gi >= 0) & (gi < grid.shape[2]) & (gj >= 0) & (gj < grid.shape[3])
    grid[layer[n][ok], boxes[n, 1].astype(int)[ok], gi[ok], gj[ok]] = 1
    return grid[:, :, pad:-pad, pad:-pad]


def occupancy(clip, t, horizons=HORIZONS_S):
    """uint8 [1 + K, 3, X, Y]: now and at each horizon (s), all in the ego frame of tick t. A cell is occupied when a box
    covers at least 15 % of it, or has its centre there."""
    ticks = [t] + [t + int(round(h / TICK_S)) for h in horizons]
    boxes = [clip.boxes(i) for i in ticks]
    layer = np.repeat(np.arange(len(ticks)), [len(b) for b in boxes])
    return _raster_layers(in_frame(np.concatenate(boxes), clip.ego[t]), layer, len(ticks))


def hidden(clip, t):
    """uint8 [X, Y]: 1 where tick t's occupancy comes only from boxes that no camera could see (leave these cells out of a loss or score of now)."""
    boxes, seen = in_frame(clip.boxes(t), clip.ego[t]), clip.visible(t)
    return (raster(boxes[~seen]).max(axis=0) & ~raster(boxes[seen]).max(axis=0) & 1).astype(np.uint8)


def manoeuvres(ego_state):
    """(speed, yaw_rate, acceleration), or a row of clip.ego -> float [16, K, 2] (acceleration, curvature) per horizon step.
    Number 0 is the intended one: present acceleration and curvature held."""
    speed, yaw_rate, acceleration = np.asarray(ego_state, dtype=float)[-3:]
    curvature = yaw_rate / max(speed, 1.0)
    out = _CANDIDATES.copy()
    out[0, :, 0] = acceleration
    out[:, :, 1] = np.minimum(np.maximum(curvature + out[:, :, 1] / max(speed, 3.0) ** 2, -LARGEST_CURVATURE_1PM), LARGEST_CURVATURE_1PM)
    return out


def roll(ego_state, manoeuvres_):
    """Kinematic bicycle about the rear axle from (0, 0, 0): [A, 40, 4] x, y, yaw, speed at 0.1 s steps, in the ego frame of now."""
    a = manoeuvres_[:, _STEP_OF_TICK, 0]  # [A, 40]
    k = manoeuvres_[:, _STEP_OF_TICK, 1]
    speed_now = float(np.asarray(ego_state)[-3])
    free = speed_now + np.cumsum(a * TICK_S, axis=1)
    after = free - np.minimum(np.minimum.accumulate(free, axis=1), 0.0)  # never below 0: max(v + a dt, 0) at every step
    before = np.concatenate([np.full((len(a), 1), speed_now), after[:, :-1]], axis=1)
    to_rest = before + a * TICK_S < 0.0
    distance = np.where(to_rest, before * before / np.maximum(-2 * a, 1e-6), (before + after) / 2 * TICK_S)
    turn = k * distance
    yaw = np.cumsum(turn, axis=1)
    middle = yaw - turn / 2
    x, y = np.cumsum(distance * np.cos(middle), axis=1), np.cumsum(distance * np.sin(middle), axis=1)
    return np.stack([x, y, yaw, after], axis=-1)


def separation(x, y, yaw, length, width, bx, by, byaw, blength, bwidth):
    """Signed gap of two rectangles (centres), broadcast: below 0 they overlap (depth); above, never more than their true
    distance (the widest gap along either's axes), and equal to it when sides face each other."""
    dx, dy = bx - x, by - y
    c, s, bc, bs = np.cos(yaw), np.sin(yaw), np.cos(byaw), np.sin(byaw)
    cos, sin = np.abs(c * bc + s * bs), np.abs(c * bs - s * bc)
    hl, hw, bl, bw = length / 2, width / 2, blength / 2, bwidth / 2
    gap = np.maximum(np.abs(c * dx + s * dy) - (hl + bl * cos + bw * sin), np.abs(c * dy - s * dx) - (hw + bl * sin + bw * cos))
    gap = np.maximum(gap, np.abs(bc * dx + bs * dy) - (bl + hl * cos + hw * sin))
    return np.maximum(gap, np.abs(bc * dy - bs * dx) - (bw + hl * sin + hw * cos))


def _recorded(clip, t, steps):
    """(boxes [n, steps, 5] x, y, yaw, length, width in the ego frame of t at ticks t+1 ... ; inf where absent)."""
    per_tick = [in_frame(clip.boxes(t + i), clip.ego[t]) for i in range(1, steps + 1)]
    row = {}
    for boxes in per_tick:
        for b in boxes[:, 0]:
            row.setdefault(b, len(row))
    out = np.full((len(row), steps, 5), np.inf)
    out[:, :, 2:] = 0.0
    for i, boxes in enumerate(per_tick):
        out[[row[b] for b in boxes[:, 0]], i] = boxes[:, 2:7]
    return out


def constant_velocity_boxes(clip, t, steps=_STEPS[-1]):
    """The same shape as recorded, but each true box goes on with the velocity and yaw rate of its last two ticks."""
    now = in_frame(clip.boxes(t), clip.ego[t])
    before = {b[0]: b for b in in_frame(clip.boxes(t - 1), clip.ego[t])} if t > 0 else {}
    out = np.empty((len(now), steps, 5))
    seconds = np.arange(1, steps + 1) * TICK_S
    for n, b in enumerate(now):
        p = before.get(b[0], b)
        vx, vy = (b[2] - p[2]) / TICK_S, (b[3] - p[3]) / TICK_S
        rate = ((b[4] - p[4] + np.pi) % (2 * np.pi) - np.pi) / TICK_S
        rate = rate if abs(rate) < 1.0 else 0.0
        heading = np.arctan2(vy, vx) + rate * (seconds - TICK_S / 2)
        speed = np.hypot(vx, vy)
        out[n, :, 0] = b[2] + np.cumsum(speed * np.cos(heading)) * TICK_S
        out[n, :, 1] = b[3] + np.cumsum(speed * np.sin(heading)) * TICK_S
        out[n, :, 2] = b[4] + rate * seconds
        out[n, :, 3:] = b[5:7]
    return out


def clearance(clip, t, manoeuvres_, others=None):
    """[A, 40] least separation to anybody at each 0.1 s step (signed, see separation); 100 m where nobody is near.
    others: as recorded by default, or constant_velocity_boxes(clip, t)."""
    steps = _STEPS[-1]
    path = roll(clip.ego[t], manoeuvres_)
    boxes = _recorded(clip, t, steps) if others is None else others
    length, width, rear = clip.footprint
    ahead = length / 2 - rear  # from the rear axle to the rectangle's centre
    cx, cy = path[..., 0] + ahead * np.cos(path[..., 2]), path[..., 1] + ahead * np.sin(path[..., 2])
    low, high = np.array([cx.min(), cy.min()]) - 25.0, np.array([cx.max(), cy.max()]) + 25.0
    near = ((boxes[..., 0] > low[0]) & (boxes[..., 0] < high[0]) & (boxes[..., 1] > low[1]) & (boxes[..., 1] < high[1])).any(axis=1)
    boxes = boxes[near]
    if len(boxes) == 0:
        return np.full(cx.shape, 100.0)
    bx = np.where(np.isfinite(boxes[..., 0]), boxes[..., 0], 1e4)[:, None]
    by = np.where(np.isfinite(boxes[..., 1]), boxes[..., 1], 1e4)[:, None]
    gap = separation(cx[None], cy[None], path[None, ..., 2], length, width, bx, by, boxes[:, None, :, 2], boxes[:, None, :, 3], boxes[:, None, :, 4])
    return np.minimum(gap.min(axis=0), 100.0)


def first_step(gaps):
    """clearance [A, 40] -> int [A]: the horizon step (0..K-1) of the first overlap, K where there is none."""
    hit = gaps < 0.0
    return np.where(hit.any(axis=1), _STEP_OF_TICK[hit.argmax(axis=1)], len(HORIZONS_S))


def collision(clip, t, manoeuvres_):
    """int [A]: the horizon step of the first overlap of the ego's footprint with anybody's box, others as recorded; K = none.
    P(collision by horizon k) has the target (result <= k)."""
    return first_step(clearance(clip, t, manoeuvres_))


def closest_approach(gaps):
    """clearance [A, 40] -> [A, K]: the least separation up to each horizon. Minus this is a score to rank by."""
    return np.minimum.accumulate(gaps, axis=1)[:, np.array(_STEPS) - 1]


def time_to_collision(gaps):
    """clearance [A, 40] -> [A] seconds to the first overlap, inf where there is none."""
    hit = gaps < 0.0
    return np.where(hit.any(axis=1), (hit.argmax(axis=1) + 1) * TICK_S, np.inf)


def constant_velocity_risk(clip, t, manoeuvres_):
    """The baseline with true boxes: others extrapolated. -> (first step [A], closest approach [A, K])."""
    gaps = clearance(clip, t, manoeuvres_, constant_velocity_boxes(clip, t))
    return first_step(gaps), closest_approach(gaps)
