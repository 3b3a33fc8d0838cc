"""Recorded drives (ARCHITECTURE.md, drive folders) through the model tick by tick, as the pipeline runs them, with the drive's ego log and without."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import torch

from . import contract as c
from . import geometry as g
from .geometry import relative_pose
from .records import estimated
from .workers import kept, progress, shared_out
from .world_model import probability


class Runner:
    """The model on one vehicle: keeps the state from tick to tick; as `streams` streams side by side, of which each may know its own motion or not."""

    def __init__(self, model, intrinsics, vehicle_from_camera, footprint, streams=1):
        self.model = model.eval()
        k = torch.as_tensor(np.asarray(intrinsics), dtype=torch.float32)[None]
        pose = torch.as_tensor(np.asarray(vehicle_from_camera), dtype=torch.float32)[None]
        self.lift, self.valid = (x.expand(streams, *x.shape[1:]) for x in g.lift(k, pose))
        self.footprint = torch.tensor([footprint], dtype=torch.float32).expand(streams, -1)
        self.state, self.streams = model.initial_state(streams), streams

    @torch.no_grad()
    def steps(self, pictures, mask, elapsed_s, motions, egos):
        """pictures uint8 [C, 64, 128, 3]; a stream each: motion [6] or None (unknown), ego [3] or None: the model's estimate -> dict of arrays [streams, ...]"""
        m, n = self.model, self.streams
        features = m.encoder(torch.from_numpy(pictures))[None]
        features = features.expand(n, *features.shape[1:])
        moved = torch.from_numpy(np.stack([np.zeros(6, np.float32) if motion is None else np.asarray(motion, np.float32) for motion in motions]))
        self.state, observed, descriptor, estimate, _ = m.memory(features, self.lift, self.valid, torch.as_tensor(mask, dtype=torch.float32)[None].expand(n, -1),
                                                     torch.zeros(n, len(mask)), moved, torch.full((n, 1), float(elapsed_s)), self.state)
        used, manoeuvres = estimated(np.stack([e if ego is None else np.asarray(ego, np.float32) for e, ego in zip(estimate.numpy(), egos)]))
        latents, occupancy, hazard = m.predictor(self.state, torch.from_numpy(used), self.footprint, torch.from_numpy(manoeuvres))
        return {"risk": probability(hazard).numpy(), "occupancy": torch.sigmoid(occupancy).numpy(), "ego": used, "latents": latents.numpy(), "observed": observed.numpy(), "descriptor": descriptor.numpy()}

    def step(self, pictures, mask, elapsed_s, motion=None, ego=None):
        """Of a single stream."""
        return {k: v[0] for k, v in self.steps(pictures, mask, elapsed_s, [motion], [ego]).items()}


def model_picture(picture, width_px):
    """256 x 128 of the rig -> 128 x 64: area average by a whole factor; rows cropped about the middle where the source is taller."""
    factor = width_px // c.PICTURE_WIDTH_PX
    rows = c.PICTURE_HEIGHT_PX * factor
    top = max(0, (picture.shape[0] - rows) // 2)
    return cv2.resize(picture[top:top + rows], (c.PICTURE_WIDTH_PX, c.PICTURE_HEIGHT_PX), interpolation=cv2.INTER_AREA)


def rotation(w, x, y, z):
    return np.array([[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)], [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                     [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]])


def read_rig(path):
    """-> names, model intrinsics [C, 4], vehicleFromCamera [C, 4, 4], footprint, widths."""
    rig = json.loads(Path(path).read_text())
    names, intrinsics, poses, widths = [], [], [], []
    for camera in rig["cameras"]:
        k, s = camera["intrinsics"], c.PICTURE_WIDTH_PX / camera["width_px"]
        top = max(0, (camera["height_px"] - c.PICTURE_HEIGHT_PX / s) / 2)
        intrinsics.append([k["fx_px"] * s, k["fy_px"] * s, (k["cx_px"] + 0.5) * s - 0.5, (k["cy_px"] - top + 0.5) * s - 0.5])
        pose = np.eye(4)
        pose[:3, :3] = rotation(*camera["extrinsics"]["rotation_wxyz"])
        pose[:3, 3] = camera["extrinsics"]["translation_m"]
        poses.append(pose), names.append(camera["name"]), widths.append(camera["width_px"])
    v = rig["vehicle"]
    return names, np.array(intrinsics, np.float32), np.array(poses, np.float32), (v["length_m"], v["width_m"], v["rear_overhang_m"]), widths


def read_video(path):
    capture, out = cv2.VideoCapture(str(path)), []
    while True:
        ok, picture = capture.read()
        if not ok:
            return out
        out.append(picture)


def odometry(rows):
    """ego.csv rows -> times [n] s, pose [n, 3] integrated from speed and yaw rate, motion [n, 3]."""
    times = np.array([int(r["capture_time_ns"]) for r in rows]) * 1e-9
    motion = np.array([[float(r["speed_mps"]), float(r["yaw_rate_radps"]), float(r["acceleration_mps2"])] for r in rows])
    dt = np.diff(times)
    yaw = np.r_[0, np.cumsum(0.5 * (motion[1:, 1] + motion[:-1, 1]) * dt)]
    ds, middle = 0.5 * (motion[1:, 0] + motion[:-1, 0]) * dt, 0.5 * (yaw[1:] + yaw[:-1])
    return times, np.stack([np.r_[0, np.cumsum(ds * np.cos(middle))], np.r_[0, np.cumsum(ds * np.sin(middle))], yaw], 1), motion


def at(times, values, t):
    return np.array([np.interp(t, times, values[:, n]) for n in range(values.shape[1])])


def run_drive(model, folder):
    """-> {"name", "kind", "town", "closest_s" (NaN: none), "times" [T] s from the start, "risk" and "risk_unlogged" [T, K] raw, of the intended
    manoeuvre, "speed", "speed_estimated" [T]}"""
    folder = Path(folder)
    drive = json.loads((folder / "drive.json").read_text())
    names, intrinsics, poses, footprint, widths = read_rig(folder / drive["rig"])
    videos = {e["name"]: read_video(folder / e["video"]) for e in drive["cameras"]}
    frames = {}
    with open(folder / drive["frames"]) as f:
        for r in csv.DictReader(f):
            frames.setdefault(r["camera"], {})[int(r["frame"])] = int(r["capture_time_ns"]) * 1e-9
    with open(folder / drive["ego"]) as f:
        times, path, motion = odometry(list(csv.DictReader(f)))
    runner = Runner(model, intrinsics, poses, footprint, streams=2)
    rows, stamps, before = [], [], None
    for n in range(min(len(v) for v in videos.values())):
        now = max(frames[name][n] for name in names)
        pictures = np.stack([model_picture(videos[name][n], w) for name, w in zip(names, widths)])
        ego = at(times, motion, now)
        moved = np.zeros(6, np.float32)
        if before is not None:
            moved[:3] = relative_pose(at(times, path, before), at(times, path, now))
        moved[3:] = ego[0], ego[1], 1
        out = runner.steps(pictures, np.ones(len(names)), 0 if before is None else now - before, [moved, None], [ego, None])
        rows.append((out["risk"][0, 0], out["risk"][1, 0], ego[0], out["ego"][1, 0]))
        before = now
        stamps.append(now)
    closest = drive["expected"].get("closest_moment_s")
    risk, risk_unlogged, speed, estimate = (np.array(x) for x in zip(*rows))
    return {"name": folder.name, "kind": drive["kind"], "town": drive["source"].get("town", ""), "closest_s": np.nan if closest is None else closest,
            "times": np.array(stamps) - stamps[0], "risk": risk, "risk_unlogged": risk_unlogged, "speed": speed, "speed_estimated": estimate}


def _run(folders, model, records, what):
    tell, out = progress(what, len(folders)), []
    for folder in folders:
        out.append(kept(records, model, f"drive2-{folder.name}", lambda folder=folder: run_drive(model, folder)))
        tell(len(out))
    return out


def collect(model, root, records=None, workers=1):
    """All drives below `root` -> arrays to commit; drives' ticks one after another."""
    folders = sorted(p.parent for p in Path(root).glob("**/drive.json"))
    if not folders:
        raise FileNotFoundError(f"{root}: no drive.json below it")
    drives = shared_out(_run, folders, workers, model, records, "drives")
    out = {k: np.array([d[k] for d in drives]) for k in ("name", "kind", "town", "closest_s")}
    out["drive"] = np.concatenate([np.full(len(d["times"]), n) for n, d in enumerate(drives)]).astype(np.uint8)
    for key in ("times", "risk", "risk_unlogged", "speed", "speed_estimated"):
        out[key] = np.concatenate([d[key] for d in drives]).astype(np.float16 if key != "times" else np.float32)
    return out
