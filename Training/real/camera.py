"""One camera of a rig: picture points of places in the vehicle frame (ISO 8855: x forward, y left, z up; metres) and back."""

from dataclasses import dataclass

import numpy as np
import yaml


@dataclass(frozen=True)
class Camera:
    name: str
    size: tuple  # width, height, px
    intrinsics: np.ndarray  # [3, 3]
    vehicle_from_camera: np.ndarray  # [4, 4]

    def project(self, points):
        """[n, 3] in the vehicle frame -> ([n, 2] px, [n] depth m); lens distortion is left out."""
        seen = (np.linalg.inv(self.vehicle_from_camera) @ np.column_stack([points, np.ones(len(points))]).T)[:3].T
        depth = seen[:, 2]
        pixels = seen @ self.intrinsics.T
        return pixels[:, :2] / np.where(np.abs(depth) > 1e-6, depth, 1e-6)[:, None], depth

    def horizon_row(self):
        """The row, px, in which a flat road's far end straight ahead lies."""
        return float(self.project(np.array([[1e5, 0.0, 0.0]]))[0][0, 1])


@dataclass(frozen=True)
class Vehicle:
    length_m: float
    width_m: float
    rear_overhang_m: float

    @property
    def front_m(self):
        """From the origin, below the rear axle, to the front bumper."""
        return self.length_m - self.rear_overhang_m


def read_rig(path):
    """A rig file, YAML or JSON -> (Vehicle, [Camera])."""
    with open(path, encoding="utf-8") as f:
        rig = yaml.safe_load(f)
    return Vehicle(**rig["vehicle"]), [_camera(c, c["intrinsics"], c["extrinsics"]) for c in rig["cameras"]]


def rig_of_message(message):
    """The run file's rig message -> (Vehicle, [Camera])."""
    vehicle = Vehicle(*(float(message[f"vehicle_{k}"]) for k in ("length_m", "width_m", "rear_overhang_m")))
    return vehicle, [_camera(c, c, c) for c in message["cameras"]]


def _camera(c, intrinsics, extrinsics):
    k = np.array([[intrinsics["fx_px"], 0, intrinsics["cx_px"]], [0, intrinsics["fy_px"], intrinsics["cy_px"]], [0, 0, 1]], dtype=float)
    pose = np.eye(4)
    pose[:3, :3] = _rotation(np.array(extrinsics["rotation_wxyz"], dtype=float))
    pose[:3, 3] = extrinsics["translation_m"]
    return Camera(c["name"], (int(c["width_px"]), int(c["height_px"])), k, pose)


def _rotation(wxyz):
    w, x, y, z = wxyz / np.linalg.norm(wxyz)
    return np.array([[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                     [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                     [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]])
