"""The pictures and, where there are any, the labels behind a run: a video, a drive's folder, or a folder with one of pictures for each camera."""

import json
from pathlib import Path

import cv2
import numpy as np

from . import Unusable, video

PICTURES = (".jpg", ".jpeg", ".png")


class Source:
    def __init__(self, path, cameras):
        self.path, self.names = Path(path), [c.name for c in cameras]
        drive = self.path / "drive.json"
        self.drive = json.loads(drive.read_text()) if drive.exists() else None
        self.labels = {}
        if self.drive and (self.path / self.drive["labels"]).exists():
            self.labels = {t["time_ns"]: t["boxes"] for t in json.loads((self.path / self.drive["labels"]).read_text())["ticks"]}

    def closest_s(self):
        return self.drive["expected"].get("closest_moment_s") if self.drive else None

    def boxes(self, time_ns):
        """[n, 5] x, y, yaw, length, width in the ego frame of that tick; empty without labels."""
        return np.array([b[2:7] for b in self.labels.get(time_ns, [])], dtype=float).reshape(-1, 5)

    def pictures(self, camera, frames):
        """{frame: picture} of a camera."""
        if self.path.is_file():
            return video.Video(self.path).some(frames)
        if self.drive:
            return video.Video(self.path / next(c["video"] for c in self.drive["cameras"] if c["name"] == camera)).some(frames)
        folder = next((p for p in sorted(self.path.rglob(camera)) if p.is_dir() and any(f.suffix.lower() in PICTURES for f in p.iterdir())), None)
        if folder is None:
            raise Unusable(f"{self.path}: no pictures of camera {camera}")
        files = sorted(f for f in folder.iterdir() if f.suffix.lower() in PICTURES)
        return {i: cv2.imread(str(files[i])) for i in frames if i < len(files)}
