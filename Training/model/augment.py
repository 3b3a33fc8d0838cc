"""What real cameras do to a picture that the renderer does not: consistent over a stream, with a little noise a frame."""

import math

import cv2
import numpy as np

from . import contract as c

cv2.setNumThreads(1)
DETAIL = c.PICTURE_WIDTH_PX // 128  # a blur as wide on the road whatever the picture's size


class Camera:
    """One camera's look for one stream, drawn once."""

    _noise = None

    def __init__(self, rng):
        gain, gamma = math.exp(rng.normal(0, 0.3)), math.exp(rng.normal(0, 0.25))
        tint = np.exp(rng.normal(0, 0.08, 3)) * gain
        lift = rng.uniform(-0.05, 0.12) if rng.random() < 0.4 else 0.0  # haze, flare, black level
        ramp = (np.arange(256) / 255.0)[:, None] ** gamma * tint * (1 - max(lift, 0)) + lift
        if rng.random() < 0.3:  # a harsh tone curve
            ramp = 0.5 + 0.5 * np.tanh((ramp - 0.5) * rng.uniform(1.5, 4)) / np.tanh(0.5 * 2)
        self.table = (np.clip(ramp, 0, 1) * 255).astype(np.uint8)[None]  # [1, 256, 3]
        self.saturation = 0.0 if rng.random() < 0.08 else (rng.uniform(0.2, 1.6) if rng.random() < 0.5 else 1.0)
        self.blur = rng.uniform(0.4, 1.1) if rng.random() < 0.25 else 0.0
        self.noise = rng.uniform(2, 14) if rng.random() < 0.35 else 0.0
        self.jpeg = int(rng.uniform(25, 70)) if rng.random() < 0.12 else 0
        self.hood = rng.uniform(0.75, 1.0) if rng.random() < 0.1 else 1.0  # the car's own bonnet or a dashboard at the foot of the picture
        self.hood_shade = rng.integers(0, 120, 3)
        self.rng = rng

    def __call__(self, picture):
        p = cv2.LUT(picture, self.table)
        if self.saturation != 1.0:
            grey = cv2.cvtColor(cv2.cvtColor(p, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
            p = cv2.addWeighted(p, self.saturation, grey, 1 - self.saturation, 0)
        if self.blur:
            p = cv2.GaussianBlur(p, (4 * DETAIL + 1,) * 2, self.blur * DETAIL)
        if self.noise:
            p = cv2.add(p, (self._random() * self.noise).astype(np.int8), dtype=cv2.CV_8U)
        if self.hood < 1:
            p = p.copy()
            p[int(self.hood * p.shape[0]):] = self.hood_shade
        if self.jpeg:
            p = cv2.imdecode(cv2.imencode(".jpg", p, [cv2.IMWRITE_JPEG_QUALITY, self.jpeg])[1], cv2.IMREAD_COLOR)
        return p

    def _random(self):
        h, w = c.PICTURE_HEIGHT_PX, c.PICTURE_WIDTH_PX
        if Camera._noise is None:
            Camera._noise = np.random.default_rng(0).normal(0, 1, (4 * h, 2 * w, 3)).clip(-4, 4).astype(np.float32)
        i, j = self.rng.integers(0, 3 * h), self.rng.integers(0, w)
        return Camera._noise[i:i + h, j:j + w]
