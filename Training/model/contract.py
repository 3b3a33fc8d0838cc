"""What the model promises to C#: grid, horizons, candidate manoeuvres, tensor names and shapes (ARCHITECTURE.md, `model.json`)."""

import numpy as np

from drives import labels, profiles

PROFILE = profiles.chosen()
PICTURE_WIDTH_PX, PICTURE_HEIGHT_PX = PROFILE.picture_px
FEATURE_STRIDE_PX = 4
TICK_S = 0.1
HORIZONS_S = (0.5, 1.0, 2.0, 3.0, 4.0)
HORIZON_TICKS = tuple(round(h / TICK_S) for h in HORIZONS_S)
STEP_S = tuple(b - a for a, b in zip((0.0,) + HORIZONS_S[:-1], HORIZONS_S))
K = len(HORIZONS_S)

GRID_ORIGIN_M = labels.GRID_ORIGIN_M  # the corner of cell (0, 0): x forward, y left
GRID_RESOLUTION_M = labels.GRID_RESOLUTION_M
GRID_SIZE = labels.GRID_SIZE  # X forward, Y left
FEATURE_SIZE = (PICTURE_HEIGHT_PX // FEATURE_STRIDE_PX, PICTURE_WIDTH_PX // FEATURE_STRIDE_PX)  # h, w


def cells(axis, low_m, high_m):
    """First and last+1 of the cells between two places along X (0) or Y (1)."""
    return tuple(round((m - GRID_ORIGIN_M[axis]) / GRID_RESOLUTION_M) for m in (low_m, high_m))


NEAR_CELLS = (cells(0, -4, 20), cells(1, -8, 8))  # the cells that are looked at in halves: -4 to 20 m ahead, 8 m to either side
JUDGED_CELL_M = 2.0  # occupancy is scored on cells of this size whatever the model's own, so that figures of all sizes compare
LIFT_HEIGHTS_M = (0.2, 1.6)
LEAST_DEPTH_M = 0.5

CLASSES = ("vehicle", "cycle", "person")
LARGEST_GAP_S = 0.7
HISTORY_S = 1.0
LARGEST_CURVATURE_1PM = 0.2

_SIDE, _HARD_SIDE = [1.5, 1.5, -1.5, -1.5, 0.0], [4.0, 4.0, -4.0, -4.0, 0.0]
CANDIDATES = (
    {"name": "intended"},
    {"name": "keep", "acceleration_mps2": 0.0, "lateral_mps2": [0.0] * K},
    {"name": "coast", "acceleration_mps2": -1.0, "lateral_mps2": [0.0] * K},
    {"name": "brake_soft", "acceleration_mps2": -2.0, "lateral_mps2": [0.0] * K},
    {"name": "brake", "acceleration_mps2": -4.0, "lateral_mps2": [0.0] * K},
    {"name": "brake_hard", "acceleration_mps2": -6.0, "lateral_mps2": [0.0] * K},
    {"name": "brake_full", "acceleration_mps2": -8.0, "lateral_mps2": [0.0] * K},
    {"name": "accelerate", "acceleration_mps2": 1.5, "lateral_mps2": [0.0] * K},
    {"name": "accelerate_hard", "acceleration_mps2": 3.0, "lateral_mps2": [0.0] * K},
    {"name": "left", "acceleration_mps2": 0.0, "lateral_mps2": _SIDE},
    {"name": "right", "acceleration_mps2": 0.0, "lateral_mps2": [-a for a in _SIDE]},
    {"name": "left_brake", "acceleration_mps2": -4.0, "lateral_mps2": _SIDE},
    {"name": "right_brake", "acceleration_mps2": -4.0, "lateral_mps2": [-a for a in _SIDE]},
    {"name": "left_hard", "acceleration_mps2": 0.0, "lateral_mps2": _HARD_SIDE},
    {"name": "right_hard", "acceleration_mps2": 0.0, "lateral_mps2": [-a for a in _HARD_SIDE]},
    {"name": "brake_then_accelerate", "acceleration_mps2": [-4.0, -4.0, 0.0, 1.5, 1.5], "lateral_mps2": [0.0] * K},
)
RUNG8 = [0, 2, 3, 4, 5, 6, 9, 10]
KEEP = 1
COLLISION_DEFINITION = ("footprint-overlap-v1: overlap of the ego rectangle with another road user's box, "
                        "others as recorded, not reacting")


def keep_going(speed_mps, yaw_rate_radps, acceleration_mps2):
    """The intended manoeuvre where there is no plan: present acceleration and curvature held. -> [..., K, 2]"""
    curvature = np.clip(yaw_rate_radps / np.maximum(speed_mps, 1.0), -LARGEST_CURVATURE_1PM, LARGEST_CURVATURE_1PM)
    one = np.stack(np.broadcast_arrays(np.asarray(acceleration_mps2, np.float32), np.asarray(curvature, np.float32)), -1)
    return np.repeat(one[..., None, :], K, axis=-2)


def candidates(speed_mps, intended):
    """All 16 manoeuvres as [..., 16, K, 2] from the present speed [...] and the intended one [..., K, 2]."""
    speed_mps, intended = np.asarray(speed_mps, np.float32), np.asarray(intended, np.float32)
    out = np.empty(speed_mps.shape + (len(CANDIDATES), K, 2), np.float32)
    out[..., 0, :, :] = intended
    scale = 1.0 / np.maximum(speed_mps, 3.0) ** 2
    for n, candidate in enumerate(CANDIDATES[1:], 1):
        out[..., n, :, 0] = candidate["acceleration_mps2"]
        lateral = np.asarray(candidate["lateral_mps2"], np.float32)
        out[..., n, :, 1] = np.clip(intended[..., 0, 1][..., None] + lateral * scale[..., None],
                                    -LARGEST_CURVATURE_1PM, LARGEST_CURVATURE_1PM)
    return out
