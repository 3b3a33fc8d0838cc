"""A run file of `forecast replay --out`: one {"topic", "message"} a line, read into moments."""

import base64
import json
import zlib
from dataclasses import dataclass, field

import numpy as np

from . import Unusable, camera

LEVELS = ("UNKNOWN", "LOW", "ELEVATED", "HIGH")


@dataclass
class Moment:
    """One frame set's forecast; times are seconds since the run's first picture."""
    time_s: float
    frames: dict  # camera -> its frame's number
    speed_mps: float
    level: str
    probabilities: np.ndarray  # [K] of a collision by each horizon, manoeuvre 0; NaN where withheld
    alarm: bool
    occupancy: list = field(default_factory=list)  # still packed: now, then each horizon
    shape: tuple = ()

    def cells(self, k):
        """[classes, X, Y], probability; k 0 is now."""
        return np.frombuffer(zlib.decompress(base64.b64decode(self.occupancy[k])), dtype=np.uint8).reshape(self.shape).astype(np.float32) / 255


@dataclass
class Run:
    model: dict
    vehicle: camera.Vehicle
    cameras: list
    horizons_s: list
    moments: list
    first_ns: int
    origin_m: tuple = (0.0, 0.0)
    resolution_m: float = 1.0

    def alarms(self):
        """[(risen s, fallen s)]; an alarm that stands at the end falls there."""
        spans, since = [], None
        for m in self.moments:
            if m.alarm and since is None:
                since = m.time_s
            if not m.alarm and since is not None:
                spans.append((since, m.time_s))
                since = None
        return spans + ([(since, self.moments[-1].time_s)] if since is not None else [])

    def horizon(self, seconds):
        """Index of a horizon in `horizons_s`."""
        return int(np.argmin(np.abs(np.array(self.horizons_s) - seconds)))


def read(path):
    model = rig = None
    scenes, risks = {}, {}
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            try:
                row = json.loads(line)
                topic, message = row["topic"], row["message"]
            except (ValueError, KeyError, TypeError):
                raise Unusable(f"{path}, line {number}: not a line of a run file") from None
            if topic == "model":
                model = message
            elif topic == "rig":
                if rig is not None:
                    raise Unusable(f"{path}: more than one drive in it; replay one drive a run file")
                rig = message
            elif topic in ("scene", "risk"):
                (scenes if topic == "scene" else risks)[int(message["envelope"]["frame_set"]["reference_time_ns"])] = message
    if model is None or rig is None or not scenes:
        raise Unusable(f"{path}: holds no model, rig and scene messages")
    vehicle, cameras = camera.rig_of_message(rig)
    first = min(int(c["capture_time_ns"]) for c in scenes[min(scenes)]["envelope"]["frame_set"]["cameras_used"])
    moments = [_moment(scenes[t], risks[t], (t - first) * 1e-9) for t in sorted(scenes) if t in risks]
    grid = next(iter(scenes.values()))["grid"]
    return Run(model, vehicle, cameras, list(model["horizons_s"]), moments, first, (grid["origin_x_m"], grid["origin_y_m"]), grid["resolution_m"])


def _moment(scene, risk, time_s):
    grid = scene["grid"]
    return Moment(time_s, {c["name"]: int(c["frame"]) for c in scene["envelope"]["frame_set"]["cameras_used"]}, scene.get("speed_mps", float("nan")),
                  risk["level"].removeprefix("RISK_LEVEL_"), np.array([h.get("probability", np.nan) for h in risk["horizons"]], dtype=float), "alarm" in risk,
                  [scene["occupancy_now"]["zlib"], *(h["occupancy"]["zlib"] for h in scene["horizons"])],
                  (len(scene["occupancy_classes"]), grid["size_x"], grid["size_y"]))
