"""Toy clips of the drives' own format: plain boxes on a plain road, drawn by projecting their corners. For tests of the model alone."""

import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from drives import clips, labels, rig  # noqa: E402
from model.streams import box_corners  # noqa: E402

FACES = ((0, 1, 5, 4), (1, 3, 7, 5), (3, 2, 6, 7), (2, 0, 4, 6), (4, 5, 7, 6))


def draw(boxes, intrinsics, vehicle_from_camera, rng, size=(rig.MODEL_WIDTH_PX, rig.MODEL_HEIGHT_PX)):
    """boxes [n, 8] in the ego frame -> picture [height, width, 3]."""
    w, h = size
    picture = np.empty((h, w, 3), np.uint8)
    rotation, translation = vehicle_from_camera[:3, :3], vehicle_from_camera[:3, 3]
    horizon = intrinsics[1, 2]
    rows = np.arange(h)
    picture[:] = np.where(rows[:, None, None] < horizon, (200, 170, 140), (90, 90, 90)).astype(np.uint8)
    corners = (box_corners(boxes) - translation) @ rotation
    for n in np.argsort(-corners[..., 2].mean(1)):
        if corners[n, :, 2].min() < 0.3:
            continue
        uv = corners[n] @ intrinsics.T
        uv = uv[:, :2] / uv[:, 2:]
        colour = np.random.default_rng(int(boxes[n, 0])).integers(0, 255, 3)
        for i, face in enumerate(FACES):
            cv2.fillConvexPoly(picture, np.round((uv[list(face)] + 0.5) * 16 - 8).astype(np.int32), (colour * (0.6 + 0.1 * i)).tolist(), shift=4)
    return np.clip(picture + rng.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)


def write(path, seed, ticks=40, cameras=("front", "front_left", "front_right", "rear"), enriched=True, split="train", others=10):
    rng = np.random.default_rng(seed)
    intrinsics, poses = rig.varied(rng)
    chosen = [rig.NAMES.index(n) for n in cameras]
    intrinsics, poses = rig.model_intrinsics(intrinsics[chosen]), poses[chosen]
    total = ticks + 40
    speed, rate = rng.uniform(0, 15), rng.normal(0, 0.05)
    ego = np.zeros((total, 6))
    ego[:, 3], ego[:, 4] = speed, rate
    for t in range(1, total):
        ego[t, 2] = ego[t - 1, 2] + rate * 0.1
        ego[t, 0] = ego[t - 1, 0] + speed * 0.1 * np.cos(ego[t, 2])
        ego[t, 1] = ego[t - 1, 1] + speed * 0.1 * np.sin(ego[t, 2])
    start = np.stack([np.arange(others), np.zeros(others), rng.uniform(8, 60, others), rng.normal(0, 8, others), rng.uniform(-3, 3, others),
                      np.full(others, 4.5), np.full(others, 1.9), np.full(others, 1.6)], 1)
    pace = rng.uniform(-2, 10, others)
    boxes = []
    for t in range(total):
        now = start.copy()
        now[:, 2] += np.cos(start[:, 4]) * pace * t * 0.1
        now[:, 3] += np.sin(start[:, 4]) * pace * t * 0.1
        boxes.append(now)
    jpegs = []
    for t in range(ticks):
        near = labels.in_frame(boxes[t], ego[t])
        for k, pose in zip(intrinsics, poses):
            jpegs.append(cv2.imencode(".jpg", draw(near, k, pose, rng))[1])
    meta = dict(cameras=list(cameras), ticks=ticks, footprint=[4.6, 1.85, 0.95], town="toy", seed=seed, split=split, enriched=enriched, weather="clear")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    clips.write(path, meta, jpegs, ego, boxes, [np.ones(len(b)) for b in boxes], intrinsics, poses)


def write_set(root, train=6, validation=4):
    for split, count, cameras in (("train", train, rig.NAMES[:4]), ("validation", validation, rig.NAMES), ("test", validation, rig.NAMES)):
        for n in range(count):
            write(Path(root, split, f"{'en'[n % 2]}-toy-{n:03d}.npz"), seed=hash(split) % 1000 * 0 + n + {"train": 0, "validation": 500, "test": 900}[split],
                  cameras=cameras, enriched=n % 2 == 0, split=split)
