"""A low sun ahead: its light scattered in the lens lies over the picture, most about the sun, and the camera exposes the rest darker."""

import numpy as np

from . import rig

SHARE = 0.1                     # of the long clips
ELEVATION_RAD = (0.05, 0.3)
BESIDE_RAD = 0.3                # spread of the sun's azimuth about the ego's heading
CORE_RAD, VEIL_RAD = (0.05, 0.1), (0.15, 0.4)
ROOF_M, FARTHEST_M = 9.0, 120.0  # a house of this height along the sun's azimuth hides it
BEHIND_A_HOUSE = 0.12           # what is left of the scattered light then


class Glare:
    """Drawn from `rng`; heading: the ego's, rad in the town's frame."""

    def __init__(self, rng, heading):
        self.elevation, self.azimuth = rng.uniform(*ELEVATION_RAD), heading + rng.normal(0, BESIDE_RAD)
        self.sun = np.array([np.cos(self.elevation) * np.cos(self.azimuth), np.cos(self.elevation) * np.sin(self.azimuth), np.sin(self.elevation)])
        self.core, self.veil = rng.uniform(*CORE_RAD), rng.uniform(*VEIL_RAD)
        self.strength, self.darker, self.warm = rng.uniform(0.35, 0.8), rng.uniform(0.55, 0.85), rng.uniform(0.75, 1.0)
        self.colour = np.array([0.62, 0.8, 1.0]) ** (1 - self.warm + 0.25)  # BGR

    def light(self, weather):
        """The shader's values of a clear sky under this sun."""
        return dict(weather, sun=self.sun, sky_up=np.array([0.34, 0.48, 0.75]), horizon=np.array([0.86, 0.8, 0.72]), sun_colour=np.array([1.0, 0.86, 0.62]) * 1.5, wet=0.0, dusk=0.0,
                    clouds=0.25, haze=max(weather["haze"], 0.003), exposure=weather["exposure"] * self.darker)

    def seen(self, town, eye):
        """How much of the scattered light reaches a camera at eye [2]: all, or little behind a house."""
        reach = min(ROOF_M / np.tan(self.elevation), FARTHEST_M)
        line = np.asarray(eye) + np.linspace(0.02, 1, 60)[:, None] * reach * np.array([np.cos(self.azimuth), np.sin(self.azimuth)])
        cell = town.cells(line)
        return BEHIND_A_HOUSE if (town.building_mask[cell[:, 1], cell[:, 0]] > 0).any() else 1.0

    def over(self, picture, world_from_camera, intrinsics, seen):
        """picture uint8 [H, W, 3] BGR; intrinsics [3, 3] of the 256 x 128 picture -> the picture under the scattered light."""
        h, w = picture.shape[:2]
        x = ((np.arange(w) + 0.5) * rig.WIDTH_PX / w - intrinsics[0, 2]) / intrinsics[0, 0]
        y = ((np.arange(h) + 0.5) * rig.HEIGHT_PX / h - intrinsics[1, 2]) / intrinsics[1, 1]
        sun = world_from_camera[:3, :3].T @ self.sun
        cosine = (sun[0] * x[None] + sun[1] * y[:, None] + sun[2]) / np.sqrt(1 + x[None] ** 2 + y[:, None] ** 2)  # [H, W]
        angle = np.arccos(np.clip(cosine, -1, 1))
        light = seen * self.strength * (1.6 * np.exp(-(angle / self.core) ** 2) + 1 / (1 + (angle / self.veil) ** 2))
        veil = np.clip(light[..., None] * self.colour, 0, 1)
        return np.round(255 - (255 - picture.astype(np.float32)) * (1 - veil)).astype(np.uint8)
