"""A bare forward video with an assumed rig and no ego log, as it is and with an obstacle of Training/real drawn into the lane that comes nearer; and the
latents of what was forecast against what came, the video's own mean, and other times of the video."""

from pathlib import Path

import cv2
import numpy as np
import yaml

from real import camera as real_camera
from real import obstacle as real_obstacle
from real.paste import BLUR_PX

from . import contract as c
from .drive_evaluation import Runner, model_picture, read_video, rotation
from .latents import warped

# The starts are where the ego keeps to a straight lane for as long as the approach takes (Training/real/check has the same).
APPROACHES = {"commavq": real_obstacle.Approach("suv", start_s=28.0, from_m=50.0, paint=2), "udacity_p1": real_obstacle.Approach("saloon", start_s=1.0)}


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


def picture_of(frame, camera):
    if camera["width_px"] % c.PICTURE_WIDTH_PX == 0:
        return model_picture(frame, camera["width_px"])
    s = c.PICTURE_WIDTH_PX / camera["width_px"]
    rows = c.PICTURE_HEIGHT_PX / s
    top = int(round(min(max(0.0, camera["intrinsics"]["cy_px"] + 0.5 - rows / 2), max(0.0, camera["height_px"] - rows))))
    return cv2.resize(frame[top:top + int(round(rows))], (c.PICTURE_WIDTH_PX, c.PICTURE_HEIGHT_PX), interpolation=cv2.INTER_AREA)


class Film:
    """Every tick of one video through the model."""

    def __init__(self, model, video, rig):
        self.model, self.rig = model, rig
        self.camera, self.intrinsics, self.pose, self.footprint = read_assumed_rig(rig)
        rate = cv2.VideoCapture(str(video)).get(cv2.CAP_PROP_FPS) or 10.0
        frames = read_video(video)
        if not frames:
            raise FileNotFoundError(f"{video}: no picture in it, or not there")
        step = max(1, round(rate * c.TICK_S))
        self.period, self.numbers = step / rate, range(0, len(frames), step)
        self.frames = [frames[n] for n in self.numbers]

    def run(self, approach=None):
        """-> {"times", "risk" [T, K] raw of the intended manoeuvre, "speed", "latents", "observed", "ego"}, strips of (picture, occupancy), the runner"""
        runner, rows, strips, pasted = Runner(self.model, self.intrinsics, self.pose, self.footprint), [], [], None
        for n, frame in enumerate(self.frames):
            if (frame.shape[1], frame.shape[0]) != (self.camera["width_px"], self.camera["height_px"]):
                frame = cv2.resize(frame, (self.camera["width_px"], self.camera["height_px"]))
            if approach and approach.distance_m(n * self.period) is not None:
                if pasted is None:
                    vehicle, cameras = real_camera.read_rig(self.rig)
                    pasted = real_obstacle.Paste(approach, vehicle, cameras[0], frame, BLUR_PX)
                frame = pasted.into(frame, n * self.period, self.numbers[n])
            picture = picture_of(frame, self.camera)
            out = runner.step(picture[None], np.ones(1), self.period if n else 0)
            rows.append(out)
            strips.append((picture, out["occupancy"][0]))
        risk = np.stack([r["risk"][0] for r in rows])
        return {"times": np.arange(len(rows)) * self.period, "risk": risk, **{k: np.stack([r[k] for r in rows]) for k in ("latents", "observed", "ego", "descriptor")}}, strips, runner


def path_of(ego, period):
    """Poses [T, 3] from estimated speed and yaw rate: there is nothing truer."""
    yaw = np.cumsum(ego[:, 1] * period)
    return np.stack([np.cumsum(ego[:, 0] * period * np.cos(yaw)), np.cumsum(ego[:, 0] * period * np.sin(yaw)), yaw], 1)


def latent_rows(ran, period):
    """-> rows of (tick, horizon, model, the video's mean, shrinkage fitted on the video itself, against the map of another time): mean squared errors."""
    observed = ran["observed"].astype(np.float32)
    mean, path, rows = observed.mean(0), path_of(ran["ego"].astype(float), period), []
    from .geometry import relative_pose
    for k, h in enumerate(c.HORIZONS_S):
        ticks = round(h / period)
        now = np.arange(round(1.0 / period), len(observed) - ticks)
        if len(now) < 2 * ticks:
            continue
        came = observed[now + ticks] - mean
        carried = warped(observed[now] - mean, relative_pose(path[now], path[now + ticks]))
        share = (came * carried).sum((0, 2, 3)) / np.maximum((carried ** 2).sum((0, 2, 3)), 1e-9)
        other = observed[now[(np.arange(len(now)) + len(now) // 2) % len(now)] + ticks]
        said = ran["latents"][now, k]
        errors = [((a - b) ** 2).mean((1, 2, 3)) for a, b in ((said, came + mean), (came, 0.0), (came, share[:, None, None] * carried), (said, other))]
        rows.append(np.stack([now, np.full(len(now), k), *errors], 1))
    return np.concatenate(rows).astype(np.float32) if rows else np.zeros((0, 6), np.float32)


def collect(model, videos, pictures):
    """videos: (name, file, rig) each. Writes real-NAME.png into the folder `pictures`. -> arrays to commit"""
    from .plots import overlay
    out = {"names": np.array([v[0] for v in videos])}
    for name, video, rig in videos:
        film = Film(model, video, rig)
        plain, strips, runner = film.run()
        approach = APPROACHES.get(name) or real_obstacle.Approach("saloon", start_s=max(1.0, 0.4 * plain["times"][-1]))
        pasted, strips_pasted, _ = film.run(approach)
        said = f"a {approach.kind} from {approach.from_m:g} m at {approach.closing_mps:g} m/s"
        content = {"times": plain["times"].astype(np.float32), "risk": plain["risk"].astype(np.float16), "risk_pasted": pasted["risk"].astype(np.float16), "speed": plain["ego"][:, 0].astype(np.float16),
                   "start_s": np.float32(approach.start_s), "contact_s": np.float32(approach.contact_s), "obstacle": np.array(said), "latent_rows": latent_rows(plain, film.period), "descriptor": plain["descriptor"].astype(np.float16)}
        out.update({f"{name}_{k}": v for k, v in content.items()})
        lift, valid = runner.lift[0, 0].numpy(), runner.valid[0, 0].numpy()
        chosen = np.linspace(5, len(strips) - 1, 4).astype(int)
        late = np.clip(np.searchsorted(plain["times"], [approach.start_s + s * (approach.closest_s - approach.start_s) for s in (0.4, 0.7, 0.85, 1.0)]), 0, len(strips) - 1)
        rows = [np.hstack([overlay(*source[n], lift, valid, 2) for n in picks]) for source, picks in ((strips, chosen), (strips_pasted, late))]
        cv2.imwrite(str(Path(pictures) / f"real-{name}.png"), np.vstack(rows))
        print(f"evaluate: {name}: {len(strips)} pictures, with {said}", flush=True)
    return out
