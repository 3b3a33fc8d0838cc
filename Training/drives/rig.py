"""The simulated six-camera rig: ISO 8855 vehicle frame, origin on the ground below the rear axle; OpenCV camera axes."""

import numpy as np

from . import profiles

NAMES = ("front", "front_left", "front_right", "rear", "rear_left", "rear_right")
YAW_DEG = (0.0, 60.0, -60.0, 180.0, 120.0, -120.0)
MOUNT_M = ((1.6, 0.0), (1.5, 0.55), (1.5, -0.55), (-0.6, 0.0), (0.9, 0.75), (0.9, -0.75))  # x, y on the vehicle
HEIGHT_M = 1.5
WIDTH_PX, HEIGHT_PX = 256, 128  # rendered
MODEL_WIDTH_PX, MODEL_HEIGHT_PX = profiles.chosen().picture_px
MODEL_SCALE = MODEL_WIDTH_PX / WIDTH_PX
FOCAL_PX = 182.0  # of the rendered picture: 70 degrees across

# columns: the camera's x (right), y (down), z (forward) axes for a camera that looks along the vehicle's x axis
_LEVEL = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])


def _rotation(yaw, pitch, roll):
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    rz = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1.0]])
    ry = np.array([[cp, 0, sp], [0, 1.0, 0], [-sp, 0, cp]])
    rx = np.array([[1.0, 0, 0], [0, cr, -sr], [0, sr, cr]])
    return rz @ ry @ rx


def nominal():
    """(intrinsics of the rendered picture [6,3,3], vehicle_from_camera [6,4,4])."""
    return varied(None)


def varied(rng):
    """The rig with one clip's mounting and lens differences; the labels know the true values. rng None: nominal."""
    draw = (lambda low, high, size=None: rng.uniform(low, high, size)) if rng is not None else (
        lambda low, high, size=None: np.zeros(size) if size else 0.0)
    height = HEIGHT_M + draw(-0.25, 0.35)
    pitch = np.radians(draw(-2.0, 3.0))
    scale = 1.0 + draw(-0.12, 0.12)
    intrinsics, poses = [], []
    for (x, y), yaw_deg in zip(MOUNT_M, YAW_DEG):
        focal = FOCAL_PX * scale * (1.0 + draw(-0.02, 0.02))
        intrinsics.append([[focal, 0, WIDTH_PX / 2 + draw(-4, 4)], [0, focal, HEIGHT_PX / 2 + draw(-4, 4)], [0, 0, 1]])
        pose = np.eye(4)
        pose[:3, :3] = _rotation(np.radians(yaw_deg + draw(-4, 4)), pitch + np.radians(draw(-1, 1)), np.radians(draw(-1, 1))) @ _LEVEL
        pose[:3, 3] = [x + draw(-0.1, 0.1), y + draw(-0.1, 0.1), height + draw(-0.05, 0.05)]
        poses.append(pose)
    return np.array(intrinsics), np.array(poses)


def model_intrinsics(intrinsics):
    """Rendered-picture intrinsics -> those of the model picture, pixel centres kept: u' = (u + 0.5) * scale - 0.5."""
    scaled = np.array(intrinsics, dtype=float).copy()
    scaled[..., 0, 0] *= MODEL_SCALE
    scaled[..., 1, 1] *= MODEL_SCALE
    scaled[..., :2, 2] = (scaled[..., :2, 2] + 0.5) * MODEL_SCALE - 0.5
    return scaled


VAN_NAMES = ("front", "front_left", "front_right", "rear_left", "rear_right")
VAN = ((2.0, 0.0, 0.0, 165.0), (1.7, 0.9, 75.0, 140.0), (1.7, -0.9, -75.0, 140.0), (-1.0, 0.9, 145.0, 140.0), (-1.0, -0.9, -145.0, 140.0))  # x, y, yaw, focal length
VAN_HEIGHT_M, VAN_PITCH_DEG = 2.1, 7.0


def van():
    """Another rig than any in training: five wider cameras, 2.1 m high, tilted 7 degrees down. -> as `nominal`, of VAN_NAMES"""
    intrinsics, poses = [], []
    for x, y, yaw_deg, focal in VAN:
        intrinsics.append([[focal, 0, WIDTH_PX / 2], [0, focal, HEIGHT_PX / 2], [0, 0, 1]])
        pose = np.eye(4)
        pose[:3, :3] = _rotation(np.radians(yaw_deg), np.radians(VAN_PITCH_DEG), 0.0) @ _LEVEL
        pose[:3, 3] = [x, y, VAN_HEIGHT_M]
        poses.append(pose)
    return np.array(intrinsics), np.array(poses)
