"""Recorded drives (ARCHITECTURE.md, drive folders) through the model tick by tick, as the pipeline runs them: alarms, lead times, failures."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import torch

from . import calibration as cal
from . import contract as c
from . import geometry as g
from .geometry import relative_pose
from .world_model import probability

LEAD_AT_MOST_S = 4.0  # an alarm earlier than the longest horizon before the closest moment was raised by something else


class Runner:
    """The model on one vehicle: keeps the state from tick to tick."""

    def __init__(self, model, intrinsics, vehicle_from_camera, footprint):
        self.model = model.eval()
        k = torch.as_tensor(np.asarray(intrinsics), dtype=torch.float32)[None]
        pose = torch.as_tensor(np.asarray(vehicle_from_camera), dtype=torch.float32)[None]
        self.lift, self.valid = g.lift(k, pose)
        self.footprint = torch.tensor([footprint], dtype=torch.float32)
        self.state = model.initial_state(1)

    @torch.no_grad()
    def step(self, pictures, mask, elapsed_s, motion=None, ego=None):
        """pictures uint8 [C, 64, 128, 3]; motion [6] or None (unknown); ego [3] or None -> dict of numpy arrays."""
        m = self.model
        features = m.encoder(torch.from_numpy(pictures))[None]
        moved = torch.zeros(1, 6) if motion is None else torch.as_tensor(motion, dtype=torch.float32)[None]
        self.state, _, _, estimate = m.memory(features, self.lift, self.valid, torch.as_tensor(mask, dtype=torch.float32)[None],
                                              torch.zeros(1, len(mask)), moved, torch.full((1, 1), float(elapsed_s)), self.state)
        used = estimate[0].numpy().copy() if ego is None else np.asarray(ego, np.float32)
        used[0] = max(used[0], 0.0)
        manoeuvres = torch.from_numpy(c.candidates(used[0], c.keep_going(*used))[None])
        _, occupancy, hazard = m.predictor(self.state, torch.from_numpy(used)[None], self.footprint, manoeuvres)
        return {"risk": probability(hazard)[0].numpy(), "occupancy": torch.sigmoid(occupancy)[0].numpy(), "ego": used}


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
    """-> times [T] s from the start, raw risk [T, A, K], the drive's manifest."""
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
    runner = Runner(model, intrinsics, poses, footprint)
    count = min(len(v) for v in videos.values())
    out, stamps, before = [], [], None
    for n in range(count):
        now = max(frames[name][n] for name in names)
        pictures = np.stack([model_picture(videos[name][n], w) for name, w in zip(names, widths)])
        ego = at(times, motion, now)
        moved = np.zeros(6, np.float32)
        if before is not None:
            moved[:3] = relative_pose(at(times, path, before), at(times, path, now))
        moved[3:] = ego[0], ego[1], 1
        out.append(runner.step(pictures, np.ones(len(names)), 0 if before is None else now - before, moved, ego)["risk"])
        before = now
        stamps.append(now)
    return np.array(stamps) - stamps[0], np.stack(out), drive


def evaluate(model, manifest, root, keep=lambda name, make: make()):
    levels, scaling = manifest["levels"], manifest["calibration"]["risk"]
    column = list(c.HORIZONS_S).index(levels["horizon_s"])
    rows = []
    for folder in sorted(p.parent for p in Path(root).glob("**/drive.json")):
        times, raw, drive = keep(f"drive-{folder.name}", lambda folder=folder: run_drive(model, folder))
        p = cal.apply_risk(raw[:, 0], scaling)[:, column]
        raised = [float(times[t]) for t in cal.alarms(p, levels["high"]["rise"], levels["high"]["fall"], levels["alarm"]["m"], levels["alarm"]["n"])]
        closest = drive["expected"].get("closest_moment_s")
        in_time = [t for t in raised if closest is not None and closest - LEAD_AT_MOST_S <= t < closest]
        rows.append({"drive": folder.name, "kind": drive["kind"], "town": drive["source"].get("town"), "seed": drive["source"].get("seed"), "closest_moment_s": closest,
                     "alarms_s": [round(t, 2) for t in raised], "lead_s": round(closest - in_time[0], 2) if in_time else None, "peak": round(float(p.max()), 4),
                     "peak_at_s": round(float(times[p.argmax()]), 2), "risk": [round(float(x), 4) for x in p]})
        print(f"evaluate: {folder.name}: {drive['kind']}, alarms at {rows[-1]['alarms_s']}, closest {closest}, peak {rows[-1]['peak']}", flush=True)
    summary = {}
    for kind in ("near_miss", "collision_course", "calm"):
        some = [r for r in rows if r["kind"] == kind]
        if not some:
            continue
        if kind == "calm":
            alarmed = [r["drive"] for r in some if r["alarms_s"]]
            summary[kind] = {"drives": len(some), "alarmed": len(alarmed), "failures": alarmed}
        else:
            leads = [r["lead_s"] for r in some if r["lead_s"] is not None]
            summary[kind] = {"drives": len(some), "raised_in_time": len(leads), "median_lead_s": round(float(np.median(leads)), 2) if leads else None,
                             "failures": [r["drive"] for r in some if r["lead_s"] is None]}
    return {"summary": summary, "drives": rows}
