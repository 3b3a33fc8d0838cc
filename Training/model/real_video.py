"""A bare forward video with an assumed rig and no ego log, as it is and with an obstacle pasted into the lane that grows: silence must not be blindness."""

from pathlib import Path

import cv2
import numpy as np
import yaml

from . import calibration as cal
from . import contract as c
from .drive_evaluation import Runner, model_picture, read_video, rotation

FAR_M, NEAR_M, CLOSING_MPS, STANDS_S = 45.0, 3.0, 9.0, 1.0  # it grows, and at last stands close before the bonnet


def read_assumed_rig(path):
    rig = yaml.safe_load(Path(path).read_text())
    camera, v = rig["cameras"][0], rig["vehicle"]
    k, s = camera["intrinsics"], c.PICTURE_WIDTH_PX / camera["width_px"]
    rows = c.PICTURE_HEIGHT_PX / s
    top = min(max(0.0, k["cy_px"] + 0.5 - rows / 2), max(0.0, camera["height_px"] - rows))
    intrinsics = np.array([[k["fx_px"] * s, k["fy_px"] * s, (k["cx_px"] + 0.5) * s - 0.5, (k["cy_px"] - top + 0.5) * s - 0.5]], np.float32)
    pose = np.eye(4, dtype=np.float32)[None].copy()
    pose[0, :3, :3] = rotation(*camera["extrinsics"]["rotation_wxyz"])
    pose[0, :3, 3] = camera["extrinsics"]["translation_m"]
    return camera, intrinsics, pose, (v["length_m"], v["width_m"], v["rear_overhang_m"])


def paste(picture, camera, pose, distance):
    """The rear of a car, 1.8 m wide, `distance` ahead of the camera in the lane, drawn into the source picture."""
    k = camera["intrinsics"]
    h, w = picture.shape[:2]
    scale = w / camera["width_px"]

    def to_px(y, z):
        p = pose[0, :3, :3].T @ (np.array([pose[0, 0, 3] + distance, y, z]) - pose[0, :3, 3])
        return (k["fx_px"] * p[0] / p[2] + k["cx_px"]) * scale, (k["fy_px"] * p[1] / p[2] + k["cy_px"]) * scale
    out = picture.copy()

    def box(y0, y1, z0, z1, colour):
        (u0, v0), (u1, v1) = to_px(y0, z1), to_px(y1, z0)
        cv2.rectangle(out, (int(round(u0 * 16)), int(round(v0 * 16))), (int(round(u1 * 16)), int(round(v1 * 16))), colour, -1, shift=4)
    box(0.95, -0.95, 0.0, 0.12, (25, 25, 25))    # shadow
    box(0.9, -0.9, 0.18, 0.95, (110, 60, 40))    # body
    box(0.72, -0.72, 0.95, 1.45, (45, 40, 38))   # rear window
    box(0.72, -0.72, 1.38, 1.48, (105, 58, 40))  # roof
    box(0.88, 0.62, 0.7, 0.88, (40, 40, 190)), box(-0.62, -0.88, 0.7, 0.88, (40, 40, 190))
    box(0.3, -0.3, 0.5, 0.65, (200, 200, 200))
    return out


def run(model, manifest, video, rig, obstacle_from_s=None):
    """-> seconds [T], calibrated risk of the intended manoeuvre [T, K], own speed estimate [T], alarms [s]"""
    camera, intrinsics, pose, footprint = read_assumed_rig(rig)
    frames = read_video(video)
    capture = cv2.VideoCapture(str(video))
    rate = capture.get(cv2.CAP_PROP_FPS) or 10.0
    step = max(1, round(rate * c.TICK_S))
    period = step / rate
    runner = Runner(model, intrinsics, pose, footprint)
    risks, speeds, strips = [], [], []
    for n, frame in enumerate(frames[::step]):
        seconds = n * period
        if obstacle_from_s is not None and seconds >= obstacle_from_s:
            distance = max(NEAR_M, FAR_M - CLOSING_MPS * (seconds - obstacle_from_s))
            if seconds < obstacle_from_s + (FAR_M - NEAR_M) / CLOSING_MPS + STANDS_S:
                frame = paste(frame, camera, pose, distance)
        if frame.shape[1] % c.PICTURE_WIDTH_PX:
            frame = cv2.resize(frame, (camera["width_px"], camera["height_px"]))
        picture = picture_of(frame, camera)
        out = runner.step(picture[None], np.ones(1), period if n else 0)
        risks.append(out["risk"][0]), speeds.append(float(out["ego"][0]))
        strips.append((picture, out["occupancy"][0]))
    p = cal.apply_risk(np.stack(risks), manifest["calibration"]["risk"])
    levels = manifest["levels"]
    column = list(c.HORIZONS_S).index(levels["horizon_s"])
    raised = [t * period for t in cal.alarms(p[:, column], levels["high"]["rise"], levels["high"]["fall"], levels["alarm"]["m"], levels["alarm"]["n"])]
    return np.arange(len(p)) * period, p[:, column], np.array(speeds), raised, strips, runner


def picture_of(frame, camera):
    if camera["width_px"] % c.PICTURE_WIDTH_PX == 0:
        return model_picture(frame, camera["width_px"])
    s = c.PICTURE_WIDTH_PX / camera["width_px"]
    rows = c.PICTURE_HEIGHT_PX / s
    top = int(round(min(max(0.0, camera["intrinsics"]["cy_px"] + 0.5 - rows / 2), max(0.0, camera["height_px"] - rows))))
    return cv2.resize(frame[top:top + int(round(rows))], (c.PICTURE_WIDTH_PX, c.PICTURE_HEIGHT_PX), interpolation=cv2.INTER_AREA)


def evaluate(model, manifest, videos, folder):
    """videos: list of (name, video, rig). Writes real-NAME.png strips. -> summary"""
    from .report import overlay
    summary = {}
    for name, video, rig in videos:
        times, plain, speeds, raised, strips, runner = run(model, manifest, video, rig)
        start = max(3.0, 0.4 * times[-1])
        _, pasted, _, raised_pasted, strips_pasted, _ = run(model, manifest, video, rig, obstacle_from_s=start)
        contact = start + FAR_M / CLOSING_MPS
        caught = [t for t in raised_pasted if start <= t <= contact + 0.5]
        summary[name] = {"seconds": round(float(times[-1]), 1), "alarms_as_it_is_s": [round(t, 1) for t in raised], "peak_as_it_is": round(float(plain.max()), 4),
                         "median_own_speed_mps": round(float(np.median(speeds)), 1), "obstacle_from_s": round(start, 1), "obstacle_contact_s": round(contact, 1),
                         "alarms_with_obstacle_s": [round(t, 1) for t in raised_pasted], "peak_with_obstacle": round(float(pasted[times >= start].max()), 4),
                         "raised_by_obstacle": bool(caught)}
        lift, valid = runner.lift[0, 0].numpy(), runner.valid[0, 0].numpy()
        chosen = np.linspace(5, len(strips) - 1, 4).astype(int)
        late = [min(len(strips) - 1, int(np.searchsorted(times, start + s))) for s in (1.0, 2.5, 3.5, 4.3)]
        rows = [np.hstack([overlay(*source[n], lift, valid, 2) for n in picks]) for source, picks in ((strips, chosen), (strips_pasted, late))]
        cv2.imwrite(str(Path(folder) / f"real-{name}.png"), np.vstack(rows))
        print(f"evaluate: {name}: {summary[name]}", flush=True)
    return summary
