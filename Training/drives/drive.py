"""A drive folder (forecast.drive/1): six videos, rig, ego motion, labels. And the rule by which sample drives are chosen."""

import csv
import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import choose, clips, labels, rig, scene, towns
from .clips import TICK_S

TICKS = 120
FIRST_NS, TICK_NS, EGO_NS = 1_000_000_000, 100_000_000, 20_000_000
LARGEST_BYTES = 4_700_000  # of all files together
STRAIGHT_1PM = 0.02
FROM_DEAD_END_M = 40.0
CLOSE_M, HARD_MPS2 = 1.2, 4.0
DANGER_S = 1.5  # a near miss: going on as now would have collided within this
LEAD_TICKS = 30
RULE = {
    "calm": "the first 12 s of a driven car in which no tick has a collision within 4 s, neither at the present acceleration and curvature nor at constant speed; "
            "at half of the ticks or more two other moving vehicles are visible within 45 m; the car moves 40 m or more; 40 m or more from a dead end",
    "near_miss": "the first 12 s of a driven car without contact in which, from 3 s to 9.5 s after the start, holding the present acceleration and curvature would have collided "
                 "within 1.5 s at three ticks in succession, at 3 m/s or faster, all but straight on (curvature 0.02 or less) and with somebody visible all the second before; "
                 "within the next 4 s the gap to that one falls below 1.2 m, or the car brakes at 4 m/s2 or harder; nothing within 1.5 s in the first 3 s; 40 m or more from a dead end",
    "collision_course": "the first 12 s of a driven car that end one tick after its recorded contact with somebody at 3 m/s or more relative speed, who was visible all the second before, "
                        "and have no contact before; 40 m or more from a dead end",
}


@dataclass(frozen=True)
class Choice:
    kind: str
    town: int
    seed: int
    ego: int
    start: int
    closest_tick: int  # -1: none


def select(run, kind, town):
    """The drives of that kind in a run, by road user and time; at most one a road user."""
    for ego in choose.egos(run, TICKS):
        found = {"calm": _calm, "near_miss": _near_miss, "collision_course": _collision_course}[kind](run, ego, town)
        if found:
            yield Choice(kind, run.town, run.seed, ego, *found)


def _spans(run, ego):
    present = np.nonzero(np.isfinite(run.axle[ego, :, 0]))[0]
    return int(present[0]) + 5, min(int(present[-1]) - TICKS + 1, run.pose.shape[1] - TICKS - choose.FUTURE)


def _calm(run, ego, town):
    first, last = _spans(run, ego)
    safe = {}
    start = first
    while start <= last:
        travelled = np.hypot(*np.diff(run.axle[ego, start:start + TICKS, :2], axis=0).T).sum()
        trouble = None
        if travelled < 40:
            trouble = start + 9
        else:
            for t in range(start + TICKS - 1, start - 1, -1):
                if t not in safe:
                    safe[t] = choose.rolled_gaps(run, ego, t, (0, 1)).min() >= 0
                if not safe[t]:
                    trouble = t
                    break
        if trouble is None and _away_from_dead_ends(run, ego, start, town) and _lively(run, ego, start, town):
            return start, -1
        start = start + 10 if trouble is None else trouble + 1
    return None


def _away_from_dead_ends(run, ego, start, town):
    at = run.axle[ego, start:start + TICKS, :2]
    return all(np.nanmin(np.hypot(*(at - end).T)) >= FROM_DEAD_END_M for end in town.dead_ends)


def _lively(run, ego, start, town):
    s = scene.Scene(town, run, choose.Window(ego, start, TICKS, False), (0,), varied=False)
    ticks = range(0, TICKS, 6)
    count = 0
    for i in ticks:
        boxes = s.boxes(i)
        speed = np.nan_to_num(run.axle[boxes[:, 0].astype(int), start + i, 3])
        count += (s.visible(i) & (speed > 0.5) & (np.hypot(*(boxes[:, 2:4] - s.ego[i, :2]).T) < 45)).sum() >= 2
    return count >= len(ticks) / 2


def _threat(run, ego, t):
    """Seconds to the collision that holding the present acceleration and curvature would bring, or inf."""
    gaps = choose.rolled_gaps(run, ego, t, (0,))
    return float(labels.time_to_collision(gaps)[0])


def _near_miss(run, ego, town):
    first, last = _spans(run, ego)
    if last < first:
        return None
    contact = choose.contact_gaps(run, ego, 0, run.pose.shape[1]) < 0
    seconds = {}

    def soon(t):
        if t not in seconds:
            seconds[t] = _threat(run, ego, t)
        return seconds[t] <= DANGER_S

    t = first + LEAD_TICKS
    while t < last + 95:
        speed, rate = run.axle[ego, t, 3:5]
        if speed >= 3 and abs(rate) <= STRAIGHT_1PM * speed and soon(t) and soon(t + 1) and soon(t + 2):
            start = min(max(t - 60, first), last)
            fits = LEAD_TICKS <= t - start <= 95 and not contact[start:start + TICKS].any() and not any(soon(i) for i in range(start, start + LEAD_TICKS)) and _away_from_dead_ends(run, ego, start, town)
            who = _whom(run, ego, t) if fits else None
            if fits and who is not None and _seen(run, ego, start, t, who, town):
                after = range(t, min(t + 40, start + TICKS))
                gap = [_gap_to(run, ego, who, i) for i in after]
                if min(gap) < CLOSE_M or np.nanmin(run.axle[ego, list(after), 5]) <= -HARD_MPS2:
                    return start, after[int(np.argmin(gap))] - start
            t += 10
        t += 1
    return None


def _gap_to(run, ego, who, t):
    a, b = run.pose[ego, t], run.pose[who, t]
    gap = labels.separation(*a, *run.size[ego, :2], *b, *run.size[who, :2])
    return float(gap) if np.isfinite(gap) else 100.0


def _whom(run, ego, t):
    """The road user that going on as now would hit first."""
    state = run.axle[ego, t]
    path = labels.roll(state, labels.manoeuvres(state)[:1])[0]
    c, s = np.cos(state[2]), np.sin(state[2])
    ahead = run.size[ego, 0] * (0.5 - choose.REAR_OVERHANG)
    for n, (x, y, yaw, _) in enumerate(path, 1):
        wx, wy, wyaw = state[0] + c * x - s * y, state[1] + s * x + c * y, state[2] + yaw
        pose = run.pose[:, t + n]
        gap = labels.separation(wx + ahead * np.cos(wyaw), wy + ahead * np.sin(wyaw), wyaw, *run.size[ego, :2], pose[:, 0], pose[:, 1], pose[:, 2], run.size[:, 0], run.size[:, 1])
        gap[ego] = np.inf
        gap = np.where(np.isfinite(gap), gap, np.inf)
        if gap.min() < 0:
            return int(np.argmin(gap))
    return None


def _seen(run, ego, start, t, who, town):
    s = scene.Scene(town, run, choose.Window(ego, start, TICKS, False), (0,), varied=False)
    for i in range(t - start - 10, t - start + 1):
        boxes = s.boxes(i)
        if not s.visible(i)[boxes[:, 0] == who].any():
            return False
    return True


def _collision_course(run, ego, town):
    contact = np.nonzero(choose.contact_gaps(run, ego, 0, run.pose.shape[1]) < 0)[0]
    if len(contact) == 0:
        return None
    t = int(contact[0])
    start = t - TICKS + 2
    if start < 5 or t + 2 > run.pose.shape[1] or not np.isfinite(run.axle[ego, start:t + 1, 0]).all() or not _away_from_dead_ends(run, ego, start, town):
        return None
    gaps = [_gap_to(run, ego, who, t) for who in range(len(run.kind))]
    gaps[ego] = 100.0
    who = int(np.argmin(gaps))
    velocity = lambda v: (run.pose[v, t - 1, :2] - run.pose[v, t - 2, :2]) / TICK_S
    if not np.hypot(*(velocity(ego) - velocity(who))) >= 3.0 or run.axle[ego, t - 2, 3] < 3.0 or not _seen(run, ego, start, t - 1, who, town):
        return None
    return start, t - start


def export(choice, town, run, folder, name, renderer):
    """Writes the folder; returns its size in bytes. A folder that holds this very drive already is kept."""
    folder = Path(folder)
    source = {"generator": "Training/drives", "seed": choice.seed, "town": town.name, "split": towns.split_of(choice.town), "road_user": choice.ego, "start_tick": choice.start,
              "rule": RULE[choice.kind]}
    if (folder / "drive.json").exists() and source.items() <= json.loads((folder / "drive.json").read_text())["source"].items():
        return sum(f.stat().st_size for f in folder.iterdir())
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    window = choose.Window(choice.ego, choice.start, TICKS, False)
    s = scene.Scene(town, run, window, (choice.town, choice.seed, choice.ego, choice.start), varied=False)
    s.prepare(renderer)
    frames = [[np.ascontiguousarray(p) for p in s.pictures(renderer, i, range(6))] for i in range(TICKS)]
    room = LARGEST_BYTES - 400_000
    for crf in (16, 18, 20, 22, 24, 26):
        _encode(folder / "front.mp4", [f[0] for f in frames], crf)
        if (folder / "front.mp4").stat().st_size * 6.2 > room:  # the front camera sees the most change: the others come out smaller
            continue
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda c: _encode(folder / f"{rig.NAMES[c]}.mp4", [f[c] for f in frames], crf), range(1, 6)))
        if sum(f.stat().st_size for f in folder.glob("*.mp4")) < room:
            break
    _write_json(folder / "rig.json", rig_file(choose.footprint(run, choice.ego), s.intrinsics, s.vehicle_from_camera))
    _write_frames(folder / "frames.csv", np.random.default_rng([7009, choice.town, choice.seed, choice.ego]))
    _write_ego(folder / "ego.csv", s.ego)
    _write_json(folder / "labels.json", label_file(s, choose.footprint(run, choice.ego), run))
    _write_json(folder / "drive.json", {
        "schema": "forecast.drive/1", "name": name, "kind": choice.kind, "rig": "rig.json", "tick_period_s": TICK_S, "duration_s": TICKS * TICK_S, "domain": "forecast-sim/1",
        "cameras": [{"name": n, "video": f"{n}.mp4", "frames": TICKS} for n in rig.NAMES], "frames": "frames.csv", "ego": "ego.csv", "plan": None, "labels": "labels.json",
        "source": {**source, "weather": s.weather, "crf": crf},
        "licence": "Apache-2.0",
        "expected": {"risk_event": choice.kind != "calm", "closest_moment_s": None if choice.closest_tick < 0 else round(choice.closest_tick * TICK_S, 3)}})
    return sum(f.stat().st_size for f in folder.iterdir())


def _encode(path, pictures, crf):
    command = ["ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{rig.WIDTH_PX}x{rig.HEIGHT_PX}", "-r", "10", "-i", "-", "-an", "-c:v", "libx264",
               "-preset", "veryfast", "-crf", str(crf), "-bf", "0", "-g", "30", "-pix_fmt", "yuv420p", "-threads", "1", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact",
               "-movflags", "+faststart", str(path)]
    subprocess.run(command, input=b"".join(p.tobytes() for p in pictures), check=True)


def rig_file(footprint, intrinsics, vehicle_from_camera):
    cameras = []
    for name, k, pose in zip(rig.NAMES, intrinsics, vehicle_from_camera):
        cameras.append({"name": name, "width_px": rig.WIDTH_PX, "height_px": rig.HEIGHT_PX, "rate_hz": 10,
                        "intrinsics": {"fx_px": round(k[0, 0], 4), "fy_px": round(k[1, 1], 4), "cx_px": round(k[0, 2], 4), "cy_px": round(k[1, 2], 4)},
                        "distortion": {"model": "none", "coefficients": []},
                        "extrinsics": {"translation_m": [round(v, 4) for v in pose[:3, 3]], "rotation_wxyz": [round(v, 8) for v in quaternion(pose[:3, :3])]},
                        "stamp": {"how": "driver", "latency_s": 0.0, "uncertainty_s": 0.005}})
    return {"schema": "forecast.rig/1", "name": "sim-six", "calibration": "measured", "estimated_how": "rendered with it",
            "vehicle": dict(zip(("length_m", "width_m", "rear_overhang_m"), [round(v, 3) for v in footprint])), "skew_tolerance_s": 0.05, "cameras": cameras}


def quaternion(r):
    """Rotation matrix -> (w, x, y, z), w >= 0."""
    from scipy.spatial.transform import Rotation
    x, y, z, w = Rotation.from_matrix(r).as_quat()
    return [v if w >= 0 else -v for v in (w, x, y, z)]


def _write_json(path, value):
    text = json.dumps(value, indent=None if path.name == "labels.json" else 1, separators=(",", ":") if path.name == "labels.json" else None)
    path.write_text(text + "\n")


def _write_frames(path, rng):
    rows = [(n, i, FIRST_NS + i * TICK_NS, FIRST_NS + i * TICK_NS + int(rng.uniform(8e6, 14e6))) for i in range(TICKS) for n in rig.NAMES]
    with open(path, "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(("camera", "frame", "capture_time_ns", "arrival_time_ns"))
        out.writerows(sorted(rows, key=lambda r: r[3]))


def _write_ego(path, ego):
    last = (TICKS - 1) * TICK_NS
    at = np.arange(0, last + 1, EGO_NS)
    ticks = np.arange(len(ego)) * TICK_NS
    columns = [np.interp(at, ticks, ego[:, k]) for k in (3, 4, 5)]
    with open(path, "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(("capture_time_ns", "arrival_time_ns", "speed_mps", "yaw_rate_radps", "acceleration_mps2"))
        out.writerows((FIRST_NS + int(t), FIRST_NS + int(t) + 2_000_000, f"{v:.4f}", f"{w:.5f}", f"{a:.4f}") for t, v, w, a in zip(at, *columns))


def label_file(s, footprint, run):
    window, ticks = s.window, []
    gaps = choose.contact_gaps(run, window.ego, s.first, s.first + TICKS)
    for i in range(TICKS):
        boxes = labels.in_frame(s.boxes(i), s.ego[i])
        near = (np.abs(boxes[:, 2]) < 90) & (np.abs(boxes[:, 3]) < 60)
        known = s.first + i + 41 <= run.pose.shape[1] and np.isfinite(run.axle[window.ego, s.first + i, 0])
        seconds = _threat(run, window.ego, s.first + i) if known else np.inf
        ticks.append({"time_ns": FIRST_NS + i * TICK_NS, "boxes": [[int(b[0]), clips.CLASSES[int(b[1])], *[round(float(v), 2) for v in b[2:4]], round(float(b[4]), 3), *[round(float(v), 2) for v in b[5:7]]] for b in boxes[near]],
                      "min_gap_m": round(float(gaps[i]), 2) if gaps[i] < 100 else None, "ttc_s": round(seconds, 1) if np.isfinite(seconds) else None})
    return {"ticks": ticks, "ego_poses": [[FIRST_NS + i * TICK_NS, *[round(float(v), 4) for v in s.ego[i, :3] - np.array([*s.ego[0, :2], 0])]] for i in range(TICKS)]}
