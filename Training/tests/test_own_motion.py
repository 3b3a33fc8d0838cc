"""Own speed by trying speeds on the road: a drawn road that moves at a known speed agrees best with that speed."""

import unittest

import numpy as np
import torch
import torch.nn.functional as F

from drives import rig
from model import contract as c
from model import geometry, streams
from model.layers import chosen_size
from model.own_motion import EgoFromView


def road_seen(intrinsics, pose, travelled, channels):
    """[1, channels, 2h, 2w] smooth spots painted on the road, seen after so many metres."""
    fx, fy, cx, cy = intrinsics
    columns, rows = np.meshgrid(np.arange(2 * c.FEATURE_SIZE[1]) * 2 + 0.5, np.arange(2 * c.FEATURE_SIZE[0]) * 2 + 0.5)
    rays = np.stack([(columns - cx) / fx, (rows - cy) / fy, np.ones_like(rows)], -1) @ pose[:3, :3].T
    down = rays[..., 2] < -0.01
    reach = np.where(down, -pose[2, 3] / np.where(down, rays[..., 2], -1.0), 0.0)
    x, y = pose[0, 3] + rays[..., 0] * reach + travelled, pose[1, 3] + rays[..., 1] * reach
    rng = np.random.default_rng(3)
    out = np.zeros((channels,) + rows.shape, np.float32)
    for n in range(channels):
        for _ in range(8):
            kx, ky, phase = rng.uniform(-2.2, 2.2), rng.uniform(-2.2, 2.2), rng.uniform(0, 6.3)
            out[n] += np.cos(kx * x + ky * y + phase) * down
    return torch.from_numpy(out)[None]


class OwnMotion(unittest.TestCase):
    def setUp(self):
        intrinsics, poses = rig.nominal()
        intrinsics, poses = rig.model_intrinsics(intrinsics)[:1], poses[:1]
        self.k, self.pose = streams.fx_fy_cx_cy(intrinsics), poses
        grid, valid = geometry.lift(torch.from_numpy(self.k).float(), torch.from_numpy(poses).float())
        self.size, self.net = chosen_size(), EgoFromView(chosen_size())
        mask = torch.ones(1, 1)
        features = torch.zeros(1, 1, self.size.features, *c.FEATURE_SIZE)
        _, _, self.ground, self.sees = self.net.views(features, grid[None], valid[None], mask, self.size)

    def test_road_agrees_best_with_the_true_speed(self):
        for speed, elapsed in ((0.0, 0.1), (7.0, 0.2), (14.0, 0.1), (28.0, 0.1)):
            before, now = (F.pixel_unshuffle(road_seen(self.k[0], self.pose[0], at, self.size.fine), 2) for at in (0.0, speed * elapsed))
            matches = self.net.matches(now, before, self.ground, torch.zeros(1, 4), torch.tensor([[elapsed]]))
            near = matches[0, :, [0, 1, 2]].mean(1)  # the nearest band of the road
            best = self.net.speeds[near.argmax()].item()
            self.assertLess(abs(best - speed), 1.8, (speed, best))

    def test_camera_that_looks_back_sees_no_road_ahead(self):
        intrinsics, poses = rig.nominal()
        back = rig.NAMES.index("rear")
        k = streams.fx_fy_cx_cy(rig.model_intrinsics(intrinsics)[back:back + 1])
        grid, valid = geometry.lift(torch.from_numpy(k).float(), torch.from_numpy(poses[back:back + 1]).float())
        sees = self.net.views(torch.zeros(1, 1, self.size.features, *c.FEATURE_SIZE), grid[None], valid[None], torch.ones(1, 1), self.size)[3]
        self.assertEqual(self.sees.item(), 1.0)
        self.assertEqual(sees.item(), 0.0)


if __name__ == "__main__":
    unittest.main()
