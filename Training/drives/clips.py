"""Clips on disk: one .npz a clip, JPEG pictures with offsets, everybody's boxes and the ego's states in the world frame."""

import json
import zipfile
from pathlib import Path

import cv2
import numpy as np

from . import profiles

TICK_S = 0.1
EGO_COLUMNS = ("x", "y", "yaw", "speed", "yaw_rate", "acceleration")  # rear axle, world frame, SI
BOX_COLUMNS = ("id", "class", "x", "y", "yaw", "length", "width", "height")  # box centre, world frame, SI
CLASSES = ("vehicle", "cycle", "person")


class Unreadable(Exception):
    """A clip's file is not there or not whole; said in one line."""


class Clip:
    """One clip. Opening it reads the file once; pictures are decoded when asked for.

    T ticks have pictures; `ego` and `boxes` go on for 4 s more, so that every tick's horizons are labelled.
    The last picture is always before the ego's own contact with anybody, so T of a natural-rate clip can be short.
    """

    def __init__(self, path):
        """Raises Unreadable, with the file's name."""
        self.path = Path(path)
        try:
            self._read()
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as problem:
            raise Unreadable(f"{self.path}: no whole clip ({problem}); delete it and run the same Training/generate again, which makes what is missing") from None

    def _read(self):
        with np.load(self.path) as data:
            meta = json.loads(bytes(data["meta"]).decode())
            self._jpeg = data["jpeg"]
            self._picture_offsets = data["picture_offsets"]  # [T*C+1], tick-major
            self._boxes = data["boxes"]  # [sum n, 8] float64
            self._box_offsets = data["box_offsets"]  # [T_all+1]
            self._visible = data["visible"]  # [sum n] uint8
            self.ego = data["ego"]  # [T_all, 6] float64
            self.intrinsics = data["intrinsics"]  # [C, 3, 3] of the MODEL picture (profiles.picture_px)
            self.vehicle_from_camera = data["vehicle_from_camera"]  # [C, 4, 4]
        profiles.refuse_another(self.path, meta.get("profile"))
        self.name = self.path.stem
        self.cameras = meta["cameras"]  # names, in the order of intrinsics and vehicle_from_camera
        self.T = meta["ticks"]
        self.T_all = len(self.ego)
        self.footprint = tuple(meta["footprint"])  # length_m, width_m, rear_overhang_m
        self.town, self.seed, self.split = meta["town"], meta["seed"], meta["split"]
        self.enriched, self.weather = meta["enriched"], meta["weather"]
        self.meta = meta

    def jpeg(self, t, camera):
        """The JPEG bytes of tick t of camera index `camera`."""
        k = t * len(self.cameras) + camera
        return self._jpeg[self._picture_offsets[k]:self._picture_offsets[k + 1]]

    def pictures(self, t, cameras=None):
        """uint8 [n, height, width, 3] BGR at tick t < T, of the camera indices given (all by default)."""
        if not 0 <= t < self.T:
            raise IndexError(f"{self.name}: tick {t} has no pictures, 0..{self.T - 1} have")
        chosen = range(len(self.cameras)) if cameras is None else cameras
        return np.stack([cv2.imdecode(self.jpeg(t, c), cv2.IMREAD_COLOR) for c in chosen])

    def boxes(self, t):
        """float64 [n, 8] at tick t < T_all: id, class, x, y, yaw, length, width, height; box centres, the ego not among them."""
        return self._boxes[self._box_offsets[t]:self._box_offsets[t + 1]]

    def visible(self, t):
        """bool [n], same order as boxes(t): seen by the ego from its place, not wholly behind buildings or larger vehicles.
        Ticks past the pictures say True."""
        return self._visible[self._box_offsets[t]:self._box_offsets[t + 1]].astype(bool)


def write(path, meta, jpegs, ego, boxes, visible, intrinsics, vehicle_from_camera):
    """jpegs: one uint8 array a picture, tick-major. boxes, visible: one array a tick. Appears under its name only when whole."""
    path, meta = Path(path), dict(meta, profile=profiles.chosen().name)
    sizes = np.array([len(j) for j in jpegs], dtype=np.int64)
    counts = np.array([len(b) for b in boxes], dtype=np.int64)
    part = path.with_suffix(".part")
    with open(part, "wb") as f:
        np.savez(f, meta=np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8), jpeg=np.concatenate([j.reshape(-1) for j in jpegs]),
                 picture_offsets=np.concatenate([[0], np.cumsum(sizes)]), ego=np.asarray(ego, dtype=np.float64),
                 boxes=np.concatenate(boxes).astype(np.float64), box_offsets=np.concatenate([[0], np.cumsum(counts)]),
                 visible=np.concatenate(visible).astype(np.uint8), intrinsics=np.asarray(intrinsics, dtype=np.float64),
                 vehicle_from_camera=np.asarray(vehicle_from_camera, dtype=np.float64))
    part.rename(path)


def list_clips(root, split, enriched=None):
    """Paths of a split's whole clips, in order of name. enriched True/False: only that part (natural names begin with n, enriched with e,
    after the l- of long ones)."""
    paths = sorted(Path(root, split).glob("*.npz"))
    if enriched is not None:
        paths = [p for p in paths if p.name.removeprefix("l-").startswith("e" if enriched else "n")]
    return paths


def refuse_folder_of_another(root, split):
    """Clips of two profiles in one folder could not be told apart by their names."""
    for path in list_clips(root, split)[:1]:
        Clip(path)
