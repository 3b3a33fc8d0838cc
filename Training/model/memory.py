"""The second graph: features lifted to the bird's-eye map and joined to the remembered one. Shapes stand at the end of every line that changes them."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from . import contract as c
from . import geometry as g
from .layers import EGO_SCALE, SCALE_HIGH_PXPM, SCALE_LOW_PXPM, conv
from .own_motion import EgoFromView


class Lift(nn.Module):
    """Samples every camera's features where each cell projects; masked mean over cameras. Beside the content it reads, at the cell's own
    apparent scale, how likely the picture shows a road user of just that scale: the scale comes from the lift, so any lens works."""

    def __init__(self, size):
        super().__init__()
        self.size = size
        centres = torch.from_numpy(g.cell_centres())
        distance = centres.norm(dim=-1)
        self.register_buffer("place", torch.stack([centres[..., 0] / 40, centres[..., 1] / 30, torch.log1p(distance) / 4, 10 / (distance + 10)])[None])
        bins = torch.linspace(0, 1, size.scales)
        self.register_buffer("bins", bins[None, :, None, None])
        self.mix = conv(size.content + 3 + 4, size.fresh, 1)
        x, y = c.NEAR_CELLS
        self.register_buffer("near_place", F.interpolate(self.place, scale_factor=2.0, mode="bilinear", align_corners=False)[:, :, 2 * x[0]:2 * x[1], 2 * y[0]:2 * y[1]])
        self.near_mix = nn.Sequential(conv(size.content + 3 + 4, size.near, 1), conv(size.near, size.near))
        self.near_join = nn.Conv2d(4 * size.near, size.fresh, 1)            # begins without a say
        nn.init.zeros_(self.near_join.weight)
        nn.init.zeros_(self.near_join.bias)

    def gather(self, flat, grid, valid, age):
        """flat [B*C, sampled, h, w]; grid [B, C, Z, X, Y, 2]; valid [B, C, X, Y]; age [B, C] -> mean over the cameras that see a cell, and their number."""
        s, z = self.size, grid.shape[2]
        b, cameras = grid.shape[:2]
        grid, valid = grid.flatten(0, 1), valid.flatten(0, 1)[:, None]      # [B*C, Z, X, Y, 2], [B*C, 1, X, Y]
        seen = g.sample(flat, grid.mean(1))                                 # [B*C, sampled, X, Y]: half way up; every height cost twice, for little
        rise = (grid[:, 0, :, :, 1] - grid[:, z - 1, :, :, 1]) * (0.5 * c.PICTURE_HEIGHT_PX / (c.LIFT_HEIGHTS_M[-1] - c.LIFT_HEIGHTS_M[0]))
        scale = torch.log(rise.clamp(SCALE_LOW_PXPM, SCALE_HIGH_PXPM) / SCALE_LOW_PXPM) / math.log(SCALE_HIGH_PXPM / SCALE_LOW_PXPM)
        weight = F.relu(1 - (scale[:, None] - self.bins).abs() * (s.scales - 1))  # [B*C, scales, X, Y]: linear between two bins
        evidence = (seen[:, s.content:] * weight).sum(1, keepdim=True) * valid    # [B*C, 1, X, Y]
        content = seen[:, :s.content] * valid                               # [B*C, content, X, Y]
        gathered = torch.cat([content, evidence, valid * age.reshape(-1, 1, 1, 1) * 10, valid], 1)
        total = gathered.reshape((b, cameras) + gathered.shape[1:]).sum(1)  # [B, ., X, Y]
        count = total[:, -1:]                                               # [B, 1, X, Y]
        return total / count.clamp(min=1.0), count

    def forward(self, features, lift, lift_valid, camera_mask, camera_age_s):
        flat = features[:, :, :self.size.sampled].flatten(0, 1)             # [B*C, sampled, h, w]
        valid = lift_valid.amax(2) * camera_mask[:, :, None, None]          # [B, C, X, Y]: in sight at some height
        mean, count = self.gather(flat, lift, valid, camera_age_s)
        fresh = self.mix(torch.cat([mean, self.place.expand(lift.shape[0], -1, -1, -1)], 1))     # [B, fresh, X, Y]
        return fresh + self.near(flat, lift, valid, camera_age_s), count

    def near(self, flat, lift, valid, age):
        """The cells about the ego once more, in halves: what they show, folded into their cells. -> [B, fresh, X, Y], 0 elsewhere"""
        (x0, x1), (y0, y1) = c.NEAR_CELLS
        b, cameras, z = lift.shape[:3]
        around = lift[:, :, :, x0 - 1:x1 + 1, y0 - 1:y1 + 1]                # one cell more on every side, so that edges are between cells too
        around = around.flatten(0, 2).permute(0, 3, 1, 2)                   # [B*C*Z, 2, x+2, y+2]
        grid = F.interpolate(around, scale_factor=2.0, mode="bilinear", align_corners=False)[:, :, 2:-2, 2:-2].permute(0, 2, 3, 1)
        grid = grid.reshape((b, cameras, z) + grid.shape[1:])               # [B, C, Z, 2x, 2y, 2]
        inside = F.interpolate(valid[:, :, x0:x1, y0:y1], scale_factor=2.0, mode="nearest")
        mean, _ = self.gather(flat, grid, inside, age)
        near = self.near_mix(torch.cat([mean, self.near_place.expand(b, -1, -1, -1)], 1))        # [B, near, 2x, 2y]
        near = self.near_join(F.pixel_unshuffle(near, 2))                   # [B, fresh, x, y]
        return F.pad(near, (y0, c.GRID_SIZE[1] - y1, x0, c.GRID_SIZE[0] - x1))


REGIONS = (3, 2)  # of the map, along X and Y, that a descriptor is made of


class Memory(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.size = size
        self.register_buffer("centres", torch.from_numpy(g.cell_centres()))
        self.register_buffer("ego_scale", torch.tensor(EGO_SCALE))
        self.lift = Lift(size)
        self.ego = EgoFromView(size)
        self.motion = nn.Linear(4, size.fresh)
        self.join = nn.Sequential(nn.Conv2d(size.fresh + size.bev + 1, size.join, 3, 1, 1), nn.ReLU())
        self.gates = nn.Conv2d(size.join, 2 * size.bev, 1)
        self.observe = nn.Conv2d(size.bev, size.observed, 1)
        self.describe = nn.Linear(size.bev * REGIONS[0] * REGIONS[1], size.descriptor)

    def forward(self, *inputs):
        return self.parts(*inputs)[:5]

    def parts(self, features, lift, lift_valid, camera_mask, camera_age_s, ego_motion, elapsed_s, state):
        """What `forward` gives, and what only training asks for: the logits of the speeds tried, and whether there was a road to try them on."""
        s = self.size
        x_cells, y_cells = c.GRID_SIZE
        bev = state[:, :s.bev]                                              # [B, bev, X, Y]
        last = state[:, s.bev:s.bev + s.ego, 0, 0]                          # [B, 4]: last estimate, and whether there was one
        kept = state[:, s.bev + s.ego:]                                     # [B, view, X, Y] = [B, view, 3*h, w]: the content, and below it the fine features
        h = c.FEATURE_SIZE[0]
        view_before = kept[:, :, :h]                                        # [B, view, h, w]
        fine_before = torch.cat([kept[:, :, h:2 * h], kept[:, :, 2 * h:]], 1)                    # [B, 4*fine, h, w]
        known = ego_motion[:, 5:6]
        given = torch.cat([ego_motion[:, 3:4] * (1 / EGO_SCALE[0]), ego_motion[:, 4:5] * (1 / EGO_SCALE[1]), known], 1)
        guess = last[:, :3].detach() * self.ego_scale                       # m/s, rad/s, m/s2: learned from the truth alone, not from what warping gains
        dyaw = known * ego_motion[:, 2:3] + (1 - known) * guess[:, 1:2] * elapsed_s
        dx = known * ego_motion[:, 0:1] + (1 - known) * guess[:, 0:1] * elapsed_s
        dy = known * ego_motion[:, 1:2] + (1 - known) * guess[:, 0:1] * elapsed_s * dyaw * 0.5
        warped = g.sample(bev, g.warp_grid(self.centres, dx[:, 0], dy[:, 0], dyaw[:, 0]))        # [B, bev, X, Y]

        fresh, count = self.lift(features, lift, lift_valid, camera_mask, camera_age_s)
        bias = self.motion(torch.cat([given, elapsed_s * 3], 1))[:, :, None, None]
        joined = self.join(torch.cat([fresh + bias, warped, count], 1))     # [B, join, X, Y]
        gate, new = self.gates(joined).chunk(2, 1)
        gate = torch.sigmoid(gate)
        bev = (1 - gate) * warped + gate * torch.tanh(new)                  # [B, bev, X, Y]

        view, fine, ground, sees = self.ego.views(features, lift, lift_valid, camera_mask, s)
        estimate, tried, road = self.ego(view, view_before, fine, fine_before, ground, sees, last, elapsed_s, given)  # [B, 3], in EGO_SCALE
        planes = torch.cat([estimate, torch.ones_like(known)], 1)[:, :, None, None].expand(-1, -1, x_cells, y_cells)
        keep = torch.cat([view, fine[:, :s.view], fine[:, s.view:]], 2)     # [B, view, 3*h, w]
        next_state = torch.cat([bev, planes, keep], 1)                      # [B, S, X, Y]

        observed = self.observe(F.avg_pool2d(bev, 2))                       # [B, D, X/2, Y/2]
        regions = F.avg_pool2d(bev, x_cells // REGIONS[0]).flatten(1)       # [B, bev*6]
        descriptor = F.normalize(self.describe(regions), dim=1)             # [B, E]
        agreement = self.ego.agreement(tried, ego_motion[:, 3:4].clamp(0, self.ego.SPEEDS_MPS[-1]), road * known)             # [B, 1]
        return next_state, observed, descriptor, estimate * self.ego_scale, agreement, tried, road
