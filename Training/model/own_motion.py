"""The ego's speed, yaw rate and acceleration from what its cameras see."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from . import contract as c
from . import geometry as g
from .layers import EGO_SCALE


class EgoFromView(nn.Module):
    """Speed, yaw rate and acceleration from the forward view of now and of the last committed tick. Beside what the two views look like, each of
    a row of speeds is tried: were it the speed, a point of the road ahead would have lain so much further ahead before; how well the fine
    features of the two places agree says how likely it is. The road's places in the picture come from the lift, so any camera works."""

    SPEEDS_MPS = tuple(1.75 * n for n in range(24))                         # 0 ... 40.25
    WITHIN_MPS = 3.5                                                        # speeds so close count as one, the less the farther
    BANDS, STRIPS = 3, 3                                                    # of the road ahead: by distance, from left to right

    def __init__(self, size):
        super().__init__()
        self.look = nn.Conv2d(size.content, size.view, 1)
        self.flow = nn.Sequential(nn.Conv2d(2 * size.view, 32, 3, 1, 1), nn.ReLU(), nn.Conv2d(32, 32, 3, 2, 1), nn.ReLU(),
                                  nn.Conv2d(32, 32, 3, 2, 1), nn.ReLU())                        # [B, 32, h/4, w/4]
        self.head = nn.Sequential(nn.Linear(32 * (c.FEATURE_SIZE[0] // 4) * (c.FEATURE_SIZE[1] // 4) + 4 + 4, 64), nn.ReLU(), nn.Linear(64, 3))
        x = torch.arange(24) * 1.0 + 5.5                                    # 5.5 ... 28.5 m ahead of the rear axle
        y = torch.arange(15) * 1.0 - 7.0
        self.register_buffer("road", torch.stack(torch.meshgrid(x, y, indexing="ij"), -1))      # [24, 15, 2]
        self.register_buffer("speeds", torch.tensor(self.SPEEDS_MPS))
        self.register_buffer("close_by", F.relu(1 - (self.speeds[:, None] - self.speeds).abs() / self.WITHIN_MPS))  # [speeds, speeds]
        parts = self.BANDS * self.STRIPS
        self.score = nn.Sequential(nn.Linear(2 * parts + 2, 32), nn.ReLU(), nn.Linear(32, 1))
        self.agree = nn.Sequential(nn.Linear(len(self.SPEEDS_MPS) + 2 + 64, 48), nn.ReLU(), nn.Linear(48, 3))  # begins without a say
        nn.init.zeros_(self.agree[-1].weight)
        nn.init.zeros_(self.agree[-1].bias)

    def views(self, features, lift, lift_valid, camera_mask, size):
        """-> the content [B, view, h, w] and fine features [B, 4*fine, h, w] of the camera that looks ahead, where it sees the road [B, X, Y, 2], and whether."""
        (x0, x1), (y0, y1) = c.cells(0, 8, 24), c.cells(1, -2, 2)
        ahead = lift_valid[:, :, 0, x0:x1, y0:y1].mean((2, 3)) * camera_mask                     # [B, C]: does it see 8-24 m ahead?
        weight = ahead / ahead.sum(1, keepdim=True).clamp(min=1e-3)
        view = self.look((features[:, :, :size.content] * weight[:, :, None, None, None]).sum(1))
        first = (ahead >= ahead.amax(1, keepdim=True)).float()
        first = first / first.sum(1, keepdim=True)                          # one camera, unless two stand alike
        fine = (features[:, :, size.sampled:] * first[:, :, None, None, None]).sum(1)
        ground = lift[:, :, 0] - (lift[:, :, -1] - lift[:, :, 0]) * (c.LIFT_HEIGHTS_M[0] / (c.LIFT_HEIGHTS_M[-1] - c.LIFT_HEIGHTS_M[0]))
        ground = (ground * first[:, :, None, None, None]).sum(1)            # [B, X, Y, 2] picture coordinates of the road itself
        return view, fine, ground, (ahead.amax(1, keepdim=True) > 0.3).float()

    def matches(self, fine, fine_before, ground, last, elapsed_s):
        """-> [B, speeds, 2*parts]: how well the road's parts agree with each speed, and how much there is to see in them."""
        b, speeds = fine.shape[0], len(self.SPEEDS_MPS)
        now, before = (F.pixel_shuffle(f, 2) for f in (fine, fine_before))  # [B, fine, 2h, 2w]
        ground = ground.permute(0, 3, 1, 2)                                 # [B, 2, X, Y]
        road = self.road[None].expand(b, -1, -1, -1)
        where = g.sample(ground, g.map_coordinates(road[..., 0], road[..., 1])).permute(0, 2, 3, 1)
        here = g.sample(now, where)                                         # [B, fine, 24, 15]
        turned = (last[:, 1:2] * EGO_SCALE[1] * elapsed_s).clamp(-0.3, 0.3)[:, :, None]          # [B, 1, 1] rad since then
        forward = (self.speeds[None, :] * elapsed_s)[:, :, None, None]      # [B, speeds, 1, 1]
        cos, sin = torch.cos(turned)[..., None], torch.sin(turned)[..., None]
        x = cos * road[:, None, ..., 0] - sin * road[:, None, ..., 1] + forward                  # [B, speeds, 24, 15] in the frame of then
        y = sin * road[:, None, ..., 0] + cos * road[:, None, ..., 1] + forward * sin * 0.5
        old = g.sample(ground, g.map_coordinates(x, y).flatten(1, 2)).permute(0, 2, 3, 1)        # [B, speeds*24, 15, 2]
        there = g.sample(before, old).reshape(b, before.shape[1], speeds, 24, 15)
        here = here[:, :, None]
        energy = (here * here).sum(1) + (there * there).sum(1) + 1e-3       # [B, speeds, 24, 15]
        agreement = 2 * (here * there).sum(1)
        pool = lambda m: F.avg_pool2d(m, (24 // self.BANDS, 15 // self.STRIPS)).flatten(2)       # [B, speeds, parts]
        energy = pool(energy)
        return torch.cat([pool(agreement) / energy, torch.log1p(energy)], 2)

    def forward(self, view, view_before, fine, fine_before, ground, sees, last, elapsed_s, given):
        """-> the estimate [B, 3] in EGO_SCALE, the logits of the speeds tried [B, speeds], and whether there was something to try them on [B, 1]"""
        flow = self.flow(torch.cat([view, view - view_before], 1)).flatten(1)
        everything = torch.cat([flow, last, given[:, :2], elapsed_s * 3, given[:, 2:]], 1)
        hidden = self.head[1](self.head[0](everything))
        matches = self.matches(fine, fine_before, ground, last, elapsed_s)
        b, speeds = matches.shape[:2]
        about = torch.cat([(self.speeds * 0.1)[None, :, None].expand(b, -1, -1), (elapsed_s * 3)[:, None].expand(-1, speeds, -1)], 2)
        logits = self.score(torch.cat([matches, about], 2))[..., 0]         # [B, speeds]
        share = torch.softmax(logits, 1)
        speed = (share * self.speeds * 0.1).sum(1, keepdim=True)
        seen = sees * (elapsed_s > 0.01).float() * last[:, 3:4]             # a tick before, and a camera ahead
        return self.head[2](hidden) + self.agree(torch.cat([share * seen, speed * seen, seen, hidden], 1)), logits, seen

    def agreement(self, logits, speed, seen):
        """ln of how likely the pictures find the given speed [B, 1] m/s, over the speed they find likeliest: 0 or less; 0 where there is nothing to compare."""
        share = torch.softmax(logits, 1)
        given = F.relu(1 - (speed - self.speeds).abs() / self.WITHIN_MPS)   # [B, speeds]
        likely = (share * given).sum(1, keepdim=True)
        likeliest = (share @ self.close_by).amax(1, keepdim=True)
        return (torch.log(likely + 1e-4) - torch.log(torch.maximum(likeliest, likely) + 1e-4)) * seen
