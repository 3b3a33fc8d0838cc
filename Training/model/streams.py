"""Training batches: B streams that read on through their clips a few ticks a step, so that the memory learns long histories.
The trainer carries each stream's state from step to step; `reset` says where a stream begins anew."""

import multiprocessing
import queue
import time

import numpy as np

from drives import clips as drive_clips
from drives import labels as drive_labels

from . import contract as c
from . import labels_cache as cache
from .augment import Camera
from .geometry import relative_pose
from .layers import SCALE_HIGH_PXPM, SCALE_LOW_PXPM

REMEMBERED_TICKS = 20  # whoever was in sight within 2 s is not forgotten for being hidden
MIRROR = np.diag([1.0, -1.0, 1.0])
HEIGHT_PX, WIDTH_PX = c.FEATURE_SIZE


def small_rotation(rng, degrees):
    x, y, z = np.radians(rng.normal(0, degrees, 3))
    return np.array([[1, -z, y], [z, 1, -x], [-y, x, 1]])


def tilt(pose, rng):
    """What the model is told differs a little from where the camera is."""
    out = pose.copy()
    u, _, vt = np.linalg.svd(pose[:3, :3] @ small_rotation(rng, 1.3 if rng.random() < 0.2 else 0.4))
    out[:3, :3] = u @ vt
    out[:3, 3] += rng.normal(0, 0.04, 3)
    return out


def fx_fy_cx_cy(intrinsics):
    return np.stack([intrinsics[..., 0, 0], intrinsics[..., 1, 1], intrinsics[..., 0, 2], intrinsics[..., 1, 2]], -1)


def box_corners(boxes):
    """Boxes [n, 8] -> corners [n, 8, 3] in the same frame, on the ground."""
    along = boxes[:, 5, None] / 2 * np.array([1, 1, -1, -1, 1, 1, -1, -1])
    across = boxes[:, 6, None] / 2 * np.array([1, -1, 1, -1, 1, -1, 1, -1])
    cos, sin = np.cos(boxes[:, 4])[:, None], np.sin(boxes[:, 4])[:, None]
    up = boxes[:, 7, None] * np.array([0, 0, 0, 0, 1, 1, 1, 1])
    return np.stack([boxes[:, 2, None] + cos * along - sin * across, boxes[:, 3, None] + sin * along + cos * across, up], -1)


def scale_map(boxes, intrinsics, vehicle_from_camera):
    """Free supervision of one camera: for each feature pixel the apparent scale (0..1, log) of the nearest road user it shows, -1 where none.
    boxes [n, 8] in the ego frame of the tick, the visible ones. -> float32 [h, w]"""
    out = np.full((HEIGHT_PX, WIDTH_PX), -1.0, np.float32)
    if len(boxes) == 0:
        return out
    rotation, translation = vehicle_from_camera[:3, :3], vehicle_from_camera[:3, 3]
    seen = (box_corners(boxes) - translation) @ rotation  # [n, 8, 3]
    depth = np.median(seen[..., 2], axis=1)
    nearest = seen[..., 2].min(axis=1)
    for n in np.argsort(-depth):
        if nearest[n] < 0.7 or depth[n] > 90:
            continue
        u = (intrinsics[0, 0] * seen[n, :, 0] / seen[n, :, 2] + intrinsics[0, 2] + 0.5) / c.FEATURE_STRIDE_PX
        v = (intrinsics[1, 1] * seen[n, :, 1] / seen[n, :, 2] + intrinsics[1, 2] + 0.5) / c.FEATURE_STRIDE_PX
        u0, u1, v0, v1 = u.min(), u.max(), v.min(), v.max()
        if u1 < 0 or v1 < 0 or u0 > WIDTH_PX or v0 > HEIGHT_PX:
            continue
        i0, i1 = int(np.floor(u0 + 0.35)), int(np.ceil(u1 - 0.35))
        j0, j1 = int(np.floor(v0 + 0.35)), int(np.ceil(v1 - 0.35))
        i1, j1 = max(i1, i0 + 1), max(j1, j0 + 1)
        surface = 0.5 * (nearest[n] + depth[n])
        scale = np.log(np.clip(intrinsics[1, 1] / surface, SCALE_LOW_PXPM, SCALE_HIGH_PXPM) / SCALE_LOW_PXPM) / np.log(SCALE_HIGH_PXPM / SCALE_LOW_PXPM)
        out[max(j0, 0):max(j1, 0), max(i0, 0):max(i1, 0)] = scale
    return out


KEPT_TICKS = 45_000  # of clips in memory, of all the processes that make batches


class Clips:
    """Opened clips with their labels, the newest opened kept in memory: by ticks, of which a thousand take some 22 MB, as clips have 10 to 144 of them and more."""

    def __init__(self, root, split, kept_ticks=KEPT_TICKS):
        self.root, self.split, self.kept_ticks, self.ticks, self.opened = root, split, kept_ticks, 0, {}
        self.refresh()

    def refresh(self):
        self.paths = drive_clips.list_clips(self.root, self.split)

    def __getitem__(self, path):
        if path not in self.opened:
            clip = drive_clips.Clip(path)
            self.ticks += clip.T
            while self.opened and self.ticks > self.kept_ticks:
                self.ticks -= self.opened.pop(next(iter(self.opened)))[0].T
            self.opened[path] = (clip, cache.load(clip))
        return self.opened[path]


class Stream:
    """One place in one clip, with a camera look, a told calibration and a habit of skipping ticks."""

    def __init__(self, clip, cached, rng, cameras, ticks):
        self.clip, self.cached, self.rng, self.slots = clip, cached, rng, cameras
        self.t = int(rng.integers(0, max(1, clip.T - 3 * ticks)))
        self.previous = None
        self.mirror = rng.random() < 0.5
        present = list(range(len(clip.cameras)))
        front = clip.cameras.index("front") if "front" in clip.cameras else 0
        others = [i for i in present if i != front]
        rng.shuffle(others)
        self.cameras = ([front] + others)[:cameras] if rng.random() < 0.92 or len(others) < cameras else others[:cameras]
        draw = rng.random()
        self.mask = np.zeros(cameras, np.float32)
        if draw < 0.62:
            self.mask[:len(self.cameras)] = 1
        elif draw < 0.84:
            self.mask[0] = 1  # the front camera alone
        elif draw < 0.97:
            self.mask[rng.permutation(len(self.cameras))[:2]] = 1
        self.looks = [Camera(rng) for _ in self.cameras] if rng.random() < 0.85 else None
        shared = Camera(rng)
        if self.looks and rng.random() < 0.6:
            self.looks = [shared] * len(self.cameras)
        self.told = np.stack([tilt(clip.vehicle_from_camera[i], rng) for i in self.cameras])
        self.intrinsics = clip.intrinsics[self.cameras].copy()
        self.told_intrinsics = self.intrinsics.copy()
        self.told_intrinsics[:, :2, :2] *= np.exp(rng.normal(0, 0.015, (len(self.cameras), 1, 1)))
        self.known = rng.random() > 0.4
        self.seen_at = {}  # road user: tick at which a camera last had it in sight
        self.stride = int(rng.choice([1, 2, 2, 3]))

    def strides(self, ticks):
        out = [self.stride + int(self.rng.integers(0, 2)) if self.rng.random() < 0.5 else self.stride for _ in range(ticks)]
        if self.rng.random() < 0.15:
            out[int(self.rng.integers(0, ticks))] = int(self.rng.integers(3, 7))
        return np.minimum(out, 6)

    def geometry(self):
        """-> intrinsics [C, 4], vehicleFromCamera [C, 4, 4] as told to the model, mirrored where the stream is."""
        k, pose = fx_fy_cx_cy(self.told_intrinsics), self.told.copy()
        if self.mirror:
            k[:, 2] = c.PICTURE_WIDTH_PX - 1 - k[:, 2]
            pose[:, :3, :3] = MIRROR @ pose[:, :3, :3] @ np.diag([-1.0, 1.0, 1.0])
            pose[:, 1, 3] *= -1
        return k.astype(np.float32), pose.astype(np.float32)

    def tick(self, t):
        """Everything of one tick, as arrays."""
        clip, rng, n = self.clip, self.rng, len(self.cameras)
        images = np.zeros((self.slots, c.PICTURE_HEIGHT_PX, c.PICTURE_WIDTH_PX, 3), np.uint8)
        scale = np.full((self.slots, HEIGHT_PX, WIDTH_PX), -2.0, np.float32)  # -2: no camera here, no loss
        mask = self.mask * (rng.random(self.slots) > 0.04)
        age = np.zeros(self.slots, np.float32)
        everybody, in_sight = clip.boxes(t), clip.visible(t)
        visible = drive_labels.in_frame(everybody[in_sight], clip.ego[t])
        remembered = self.remembered(everybody, in_sight, t)
        for slot in range(n):
            if not mask[slot]:
                continue
            late = t > 0 and rng.random() < 0.1
            picture = clip.pictures(t - late, [self.cameras[slot]])[0]
            age[slot] = c.TICK_S * late
            if self.looks:
                picture = self.looks[slot](picture)
            if not late:
                scale[slot] = scale_map(visible, self.intrinsics[slot], clip.vehicle_from_camera[self.cameras[slot]])
            images[slot] = picture[:, ::-1] if self.mirror else picture
            if self.mirror:
                scale[slot] = scale[slot, :, ::-1]
        motion = np.zeros(6, np.float32)
        elapsed = 0.0
        state = clip.ego[t]
        if self.previous is not None:
            elapsed = (t - self.previous) * c.TICK_S
        if self.known:
            if self.previous is not None:
                motion[:3] = relative_pose(clip.ego[self.previous, :3], state[:3])
            motion[3:] = state[3] + rng.normal(0, 0.05), state[4] + rng.normal(0, 0.003), 1
        ego = state[3:6].astype(np.float32)
        occupancy = cache.occupancy(self.cached, t)
        hidden = cache.hidden(self.cached, t)
        behind = np.zeros(c.GRID_SIZE, bool)
        if len(remembered):
            behind = drive_labels.raster(drive_labels.in_frame(remembered, clip.ego[t])).max(0).astype(bool)
            if len(in_view := everybody[in_sight]):
                behind &= ~drive_labels.raster(drive_labels.in_frame(in_view, clip.ego[t])).max(0).astype(bool)
            hidden = hidden & ~behind
        if self.mirror:
            motion[[1, 2, 4]] *= -1
            ego[1] *= -1
            occupancy, hidden, behind = occupancy[..., ::-1], hidden[..., ::-1], behind[..., ::-1]
        self.previous = t
        return dict(images=images, scale=scale, mask=mask.astype(np.float32), age=age, motion=motion, elapsed=np.float32([elapsed]), ego=ego,
                    occupancy=occupancy, hidden=hidden, remembered=behind)

    def remembered(self, everybody, in_sight, t):
        """Boxes of those who are hidden now and were in sight a moment ago: these the memory is asked for."""
        at = [self.seen_at.get(box[0]) for box in everybody]
        self.seen_at.update((box[0], t) for box in everybody[in_sight])
        lately = [last is not None and t - last <= REMEMBERED_TICKS for last in at]
        return everybody[~in_sight & np.array(lately, bool)]

    def closely(self, t):
        """What only the last tick is asked for: the near map, the velocities and the flow."""
        near, velocity, flow = cache.near(self.clip, t), cache.velocity(self.clip, t), cache.flow(self.clip, t)
        if self.mirror:
            aside = np.float32([1, -1, 1])[:, None, None]
            near, velocity, flow = near[..., ::-1], velocity[..., ::-1] * aside, flow[..., ::-1] * aside
        return near, velocity, flow

    def risk(self, t):
        manoeuvres = self.cached["manoeuvres"][t].copy()
        if self.mirror:
            manoeuvres[..., 1] *= -1
        return manoeuvres, self.cached["steps"][t].astype(np.int64)


class Batches:
    """An endless, seeded source of batches of `batch` streams of `ticks` ticks and `cameras` cameras."""

    def __init__(self, root, batch, ticks, cameras, seed, split="train", kept_ticks=KEPT_TICKS):
        self.clips = Clips(root, split, kept_ticks)
        self.batch, self.ticks, self.cameras = batch, ticks, cameras
        self.rng = np.random.default_rng(seed)
        self.streams = [None] * batch
        self.listed = time.monotonic()

    def begin(self):
        while True:
            clip, cached = self.clips[self.clips.paths[int(self.rng.integers(len(self.clips.paths)))]]
            if clip.T >= 10:
                return Stream(clip, cached, np.random.default_rng(self.rng.integers(2 ** 63)), self.cameras, self.ticks)

    def __next__(self):
        if time.monotonic() - self.listed > 60:
            self.clips.refresh()
            self.listed = time.monotonic()
        rows, names = [], []
        for b in range(self.batch):
            stream, reset = self.streams[b], False
            steps = stream.strides(self.ticks) if stream else None
            if stream is None or stream.t + steps.sum() >= stream.clip.T or self.rng.random() < 0.05:
                stream, reset = self.begin(), True
                steps = stream.strides(self.ticks)
                steps[0] = 0
                while stream.t + steps.sum() >= stream.clip.T:
                    steps = np.maximum(steps - 1, [0] + [1] * (self.ticks - 1))
                    stream.t = max(0, stream.t - 2)
                self.streams[b] = stream
            ticks = []
            for step in steps:
                stream.t += int(step)
                ticks.append(stream.tick(stream.t))
            row = {k: np.stack([t[k] for t in ticks]) for k in ticks[0] if k != "occupancy"}
            row["occupancy_now"] = np.stack([t["occupancy"][0] for t in ticks])
            row["occupancy"] = ticks[-1]["occupancy"]
            row["manoeuvres"], row["steps"] = stream.risk(stream.t)
            row["near"], row["velocity"], row["flow"] = stream.closely(stream.t)
            row["intrinsics"], row["pose"] = stream.geometry()
            row["footprint"] = np.float32(stream.clip.footprint)
            row["reset"], row["known"], row["tick"] = reset, stream.known, np.cumsum(steps) - steps.sum() + stream.t
            rows.append(row)
        return {k: np.stack([r[k] for r in rows]) for k in rows[0]}


class NoMore(Exception):
    """The source of batches has ended; why, in one line."""


def _produce(out, arguments):
    try:
        source = Batches(**arguments)
        while True:
            out.put(next(source))
    except drive_clips.Unreadable as problem:
        out.put(str(problem))
    except OSError as problem:  # such as labels that could not be kept on a full disk
        out.put(f"the batches cannot be made: {problem}")


def in_background(batch, seed, producers=1, **arguments):
    """The same batches, made in processes of their own: each makes the same streams of every batch, so that a stream reads on. -> (get, stop); `get` raises
    NoMore where a clip cannot be read."""
    producers = min(producers, batch)
    made = [_in_background(batch=len(range(n, batch, producers)), seed=seed + 100_003 * n, kept_ticks=KEPT_TICKS // producers, **arguments) for n in range(producers)]

    def get():
        parts = [one() for one, _ in made]
        return parts[0] if producers == 1 else {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}

    def stop():
        for _, end in made:
            end()
    return get, stop


def _in_background(depth=4, **arguments):
    context = multiprocessing.get_context("fork")
    ready = context.Queue(depth)
    process = context.Process(target=_produce, args=(ready, arguments), daemon=True)
    process.start()

    def get():
        while True:
            try:
                found = ready.get(timeout=20)
            except queue.Empty:
                if not process.is_alive():
                    raise NoMore("the process that makes the batches ended; its error stands above") from None
                continue
            if isinstance(found, str):
                raise NoMore(found)
            return found
    return get, process.terminate
