"""One window of a run, drawn: the road users about the ego, the rig of the clip, the pictures tick by tick."""

import cv2
import numpy as np

from . import choose, glare, render, rig, towns, traffic
from .clips import TICK_S

JPEG_QUALITY = 92


class Scene:
    """What a clip shows; `varied` False leaves the rig at its nominal mounting; `glare` is the share of clips that drive towards a low sun."""

    def __init__(self, town, run, window, seed, varied=True, glare_share=0.0):
        self.town, self.run, self.window = town, run, window
        rng = np.random.default_rng([7006, *seed])
        self.weather, self._light = render.weather_of(rng)
        self.intrinsics, self.vehicle_from_camera = rig.varied(rng) if varied else rig.nominal()
        self.rng = rng
        first, last = window.start, window.start + window.ticks + choose.FUTURE
        self.first, self.last = first, last
        self.ego = _held(run.axle[window.ego, first:last])
        apart = np.random.default_rng([7034, *seed])  # a clip without glare is what it was before there was any
        self.glare = glare.Glare(apart, self.ego[window.ticks // 2, 2]) if apart.random() < glare_share else None
        if self.glare:
            self.weather, self._light = "glare", self.glare.light(self._light)
        with np.errstate(invalid="ignore"):
            d = np.hypot(run.pose[:, first:last, 0] - self.ego[:, 0], run.pose[:, first:last, 1] - self.ego[:, 1])
        d = np.where(np.isfinite(d), d, np.inf).min(axis=1)
        d[window.ego] = np.inf
        near = np.nonzero(d < towns.reach_of(run.town).boxes_m)[0]
        self.users = near[np.argsort(d[near], kind="stable")][:render.MOST_OBJECTS]
        self.pose = run.pose[self.users, first:last]  # [n, ticks, 3]
        step = np.hypot(*np.moveaxis(np.diff(self.pose[..., :2], axis=1, prepend=self.pose[:, :1, :2]), 2, 0))
        self._walked = np.cumsum(np.nan_to_num(step), axis=1)
        speed, acceleration = np.nan_to_num(run.axle[self.users, first:last, 3]), np.nan_to_num(run.axle[self.users, first:last, 5])
        moving = np.isfinite(run.axle[self.users, first:last, 3])
        walks = np.isin(run.kind[self.users], [traffic.KINDS.index("person"), traffic.KINDS.index("bicycle")])
        self._extra = np.where(walks[:, None], self._walked * 4.2 + self.users[:, None], ((acceleration < -0.6) | (speed < 0.3)) & moving)

    def boxes(self, i):
        """Boxes of tick i of the window (clips.BOX_COLUMNS)."""
        here = np.isfinite(self.pose[:, i, 0])
        u, p, size = self.users[here], self.pose[here, i], self.run.size[self.users[here]]
        return np.column_stack([u, self.run.classes[u], p, size])

    def visible(self, i):
        """Whether any of a box's centre and corners is in a line with the ego's cameras, past buildings and tall vehicles."""
        boxes, eye = self.boxes(i), self.ego[i, :2]
        if len(boxes) == 0:
            return np.zeros(0, bool)
        c, s = np.cos(boxes[:, 4]), np.sin(boxes[:, 4])
        corner = np.array([[0, 0], [0.48, 0.48], [0.48, -0.48], [-0.48, 0.48], [-0.48, -0.48]])
        dx, dy = corner[:, 0] * boxes[:, 5:6], corner[:, 1] * boxes[:, 6:7]
        to = np.stack([boxes[:, 2:3] + c[:, None] * dx - s[:, None] * dy, boxes[:, 3:4] + s[:, None] * dx + c[:, None] * dy], axis=-1)  # [n, 5, 2]
        f = np.linspace(0.02, 0.99, 90)[:, None]
        ray = eye + (to[:, :, None] - eye) * f  # [n, 5, 90, 2]
        cell = self.town.cells(ray)
        blocked = (self.town.building_mask[cell[..., 1], cell[..., 0]] > 0).any(axis=2)  # [n, 5]
        for k in np.nonzero((boxes[:, 7] > 2.2) & (np.hypot(*(boxes[:, 2:4] - eye).T) < 45))[0]:
            d = ray - boxes[k, 2:4]
            inside = (np.abs(c[k] * d[..., 0] + s[k] * d[..., 1]) < boxes[k, 5] / 2) & (np.abs(c[k] * d[..., 1] - s[k] * d[..., 0]) < boxes[k, 6] / 2)
            hit = inside.any(axis=2)
            hit[k] = False
            blocked |= hit
        return ~blocked.all(axis=1)

    def prepare(self, renderer):
        renderer.set_town(self.town)
        seeds = [[7007, self.town.number, self.run.seed, int(u)] for u in self.users]
        renderer.set_scene(self.run.kind[self.users], self.run.size[self.users], seeds, self._light)

    def pictures(self, renderer, i, cameras):
        """Rendered pictures of tick i: uint8 [128, 256, 3] BGR a camera index."""
        x, y, yaw = self.ego[i, :3]
        world_from_vehicle = np.array([[np.cos(yaw), -np.sin(yaw), 0, x], [np.sin(yaw), np.cos(yaw), 0, y], [0, 0, 1, 0], [0, 0, 0, 1.0]])
        present = np.isfinite(self.pose[:, i, 0])
        objects = np.column_stack([np.nan_to_num(self.pose[:, i]), self._extra[:, i]])
        poses = [world_from_vehicle @ self.vehicle_from_camera[c] for c in cameras]
        pictures = renderer.draw(objects, present, poses, self.intrinsics[list(cameras)], self.first + i)
        if not self.glare:
            return pictures
        seen = self.glare.seen(self.town, self.ego[i, :2])
        return [self.glare.over(picture, pose, self.intrinsics[c], seen) for picture, pose, c in zip(pictures, poses, cameras)]


def _held(states):
    """The ego's states; rows after the last known one take its place, at rest."""
    out = states.copy()
    last = np.nonzero(np.isfinite(out[:, 0]))[0][-1]
    out[last + 1:] = out[last]
    out[last + 1:, 3:] = 0.0
    return out


def model_picture(picture):
    """The rendered picture -> the model picture: area average, as the C# side does."""
    return cv2.resize(np.ascontiguousarray(picture), (rig.MODEL_WIDTH_PX, rig.MODEL_HEIGHT_PX), interpolation=cv2.INTER_AREA)


def jpeg(picture):
    ok, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not ok:
        raise RuntimeError("OpenCV could not encode a JPEG")
    return data.reshape(-1)
