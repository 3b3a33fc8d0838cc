"""The third graph: state x manoeuvres -> latents, occupancy, collision hazard. Shapes stand at the end of every line that changes them."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from . import contract as c
from . import geometry as g
from .layers import EGO_SCALE, Residual, conv


def twice(x):
    """Twice as large by nearest neighbours; PyTorch before 2.1 cannot in bfloat16 on a GPU."""
    return F.interpolate(x.float() if x.is_cuda else x, scale_factor=2.0, mode="nearest")


class UNet(nn.Module):
    def __init__(self, i, o, channels):
        super().__init__()
        whole, half, quarter = channels
        self.fine = conv(i, whole)
        self.coarse = nn.Sequential(conv(whole, half, 3, 2), Residual(half))
        self.coarser = nn.Sequential(conv(half, quarter, 3, 2), Residual(quarter), Residual(quarter))
        self.up_half = conv(quarter, half, 1)
        self.mix_half = conv(half, half)
        self.up_fine = conv(half, whole, 1)
        self.mix_fine = conv(whole, o)

    def forward(self, x):
        fine = self.fine(x)
        half = self.coarse(fine)
        quarter = self.coarser(half)
        half = self.mix_half(half + twice(self.up_half(quarter)))
        return self.mix_fine(fine + twice(self.up_fine(half)))


DRIVES_MPS = 0.5  # slower than that the ego stands: what it sees hardly changes, and other figures hold
NEAR_STEPS = 2  # horizon steps whose risk is read from the near map too: the first second
FOOTPRINT = ((1.0, -0.5), (1.0, 0.0), (1.0, 0.5), (0.5, -0.5), (0.5, 0.5), (0.5, 0.0), (0.0, -0.5), (0.0, 0.5))  # along (0 tail), across


class Predictor(nn.Module):
    def __init__(self, size, observe):
        super().__init__()
        self.size = size
        self.observe = observe                                              # the memory's own: latents are forecast from the observed ones
        self.register_buffer("coarse_centres", F.avg_pool2d(torch.from_numpy(g.cell_centres()).permute(2, 0, 1), 2).permute(1, 2, 0))
        self.register_buffer("ego_scale", torch.tensor(EGO_SCALE))
        self.motion = nn.Linear(3, size.bev)
        self.trunk = UNet(size.bev, size.trunk, size.unet)
        self.occupancy = nn.Conv2d(size.trunk, (1 + c.K) * 3, 1)
        nn.init.constant_(self.occupancy.bias, -3.5)
        self.horizon = nn.Conv2d(size.trunk, (1 + c.K) * size.horizon, 1)
        self.flow = nn.Conv2d(size.trunk, 2 * c.K, 1)                       # where what a cell holds then is now: 10 m, from the cell; begins at the cell itself
        self.carry = nn.Conv2d(size.trunk, size.carried, 1)
        self.bring = nn.Conv2d(3 + size.carried, 3 + size.horizon, 1)       # begins without a say
        for layer in (self.flow, self.bring):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.register_buffer("centres", torch.from_numpy(g.cell_centres()))
        self.change = nn.Sequential(nn.Conv2d(size.horizon + 3 + 2 * size.observed, 32, 3, 1, 1), nn.ReLU(), nn.Conv2d(32, size.observed, 1))  # begins with none
        nn.init.zeros_(self.change[-1].weight)
        nn.init.zeros_(self.change[-1].bias)
        pace = (2, c.K, size.observed)                                      # standing, driving
        self.hold = nn.Parameter(torch.ones(*pace, 1, 1))
        self.gain = nn.Parameter(torch.ones(*pace, 1, 1))
        self.rest = nn.Parameter(torch.zeros(*pace, c.GRID_SIZE[0] // 2, c.GRID_SIZE[1] // 2))  # what a place mostly shows
        self.close = nn.Sequential(conv(size.trunk, 48), nn.Conv2d(48, 4 * (1 + NEAR_STEPS) * (1 + size.close), 1))
        self.doubt = nn.Sequential(nn.Linear(size.trunk + 1, 32), nn.ReLU(), nn.Linear(32, 2 * c.K))
        self.register_buffer("along", torch.tensor([p[0] for p in FOOTPRINT]))
        self.register_buffer("across", torch.tensor([p[1] for p in FOOTPRINT]))
        self.register_buffer("share", (torch.arange(g.SUB_STEPS).float() + 1) / g.SUB_STEPS)
        maps = 2 * (size.horizon + 3)
        self.point = nn.Sequential(nn.Conv2d(maps + 4 + 2 * (1 + size.close), 40, 1), nn.ReLU(), nn.Conv2d(40, 32, 1), nn.ReLU())
        self.step = nn.Sequential(nn.Linear(2 * 64 + 8, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))
        nn.init.constant_(self.step[-1].bias, -4.0)
        self.register_buffer("which", torch.eye(c.K))

    def forward(self, state, ego, footprint, manoeuvres):
        latents, occupancy, hazard = self.parts(state, ego, footprint, manoeuvres)[:3]
        return latents, occupancy, hazard

    def parts(self, state, ego, footprint, manoeuvres):
        """What `forward` gives, and what only training asks for: the trunk, the near map's occupancy logits, the doubts and the flow."""
        s, k = self.size, c.K
        x_cells, y_cells = c.GRID_SIZE
        b = state.shape[0]
        bev = state[:, :s.bev]
        trunk, occupancy, maps, flow = self.maps_of(bev, ego)
        (x0, x1), (y0, y1) = c.NEAR_CELLS
        near = F.pixel_shuffle(self.close(trunk[:, :, x0:x1, y0:y1]), 2)    # [B, levels*(1+close), 2x, 2y]
        near = near.reshape((b, 1 + NEAR_STEPS, 1 + s.close) + near.shape[2:])
        xs, ys, yaws, vs = g.rollout(ego[:, 0:1], manoeuvres)
        hazard = self.hazard(maps, near, ego, footprint, manoeuvres, xs, ys, yaws, vs)
        doubt = self.doubt(torch.cat([trunk.mean((2, 3)), ego[:, :1] * 0.1], 1))                 # [B, 2K]: log error of the latents, log loss of the risk
        latents = self.latents(ego[:, 0], *self.moved_and_change(bev, maps, xs, ys, yaws))
        return latents, occupancy, hazard, trunk, near[:, :, 0], doubt, flow

    def maps_of(self, bev, ego):
        """-> the trunk, occupancy logits [B, 1+K, 3, X, Y], the maps that risk and latents are read from [B, 1+K, M, X, Y], and the flow [B, K, 2, X, Y]"""
        s, k, b = self.size, c.K, bev.shape[0]
        x_cells, y_cells = c.GRID_SIZE
        trunk = self.trunk(bev + self.motion(ego / self.ego_scale)[:, :, None, None])           # [B, trunk, X, Y]
        occupancy = self.occupancy(trunk).reshape(b, 1 + k, 3, x_cells, y_cells)
        flow = self.flow(trunk).reshape(b, k, 2, x_cells, y_cells)          # [B, K, 2, X, Y]
        came_occupancy, came_horizon = self.brought(trunk, occupancy[:, 0], flow)
        occupancy = torch.cat([occupancy[:, :1], occupancy[:, 1:] + came_occupancy], 1)
        horizon = self.horizon(trunk).reshape(b, 1 + k, s.horizon, x_cells, y_cells)
        horizon = torch.cat([horizon[:, :1], horizon[:, 1:] + came_horizon], 1)
        maps = torch.cat([horizon, occupancy * 0.25], 2)                    # [B, 1+K, M, X, Y]
        return trunk, occupancy, maps, flow

    def brought(self, trunk, now, flow):
        """Occupancy of now [B, 3, X, Y] and some of the trunk, taken along the flow to each horizon: what drives is moved there as a whole. -> [B, K, 3, X, Y], [B, K, horizon, X, Y]"""
        b, k = flow.shape[:2]
        carried = torch.cat([now * 0.25 + 1.0, self.carry(trunk)], 1)       # nothing is about 0, as outside of the map
        at = self.centres[None, None] + 10.0 * flow.permute(0, 1, 3, 4, 2)  # [B, K, X, Y, 2] metres
        grid = g.map_coordinates(at[..., 0], at[..., 1])
        there = g.sample(carried[:, None].expand(-1, k, -1, -1, -1).flatten(0, 1), grid.flatten(0, 1))
        came = self.bring(there)
        came = came.reshape((b, k) + came.shape[1:])
        return came[:, :, :3], came[:, :, 3:]

    def latent_parts(self, state, ego, manoeuvres):
        """What `latents` is made of, moved map and change, without the rest of the forecast: for fitting its last layer."""
        bev = state[:, :self.size.bev]
        maps = self.maps_of(bev, ego)[2]
        xs, ys, yaws, _ = g.rollout(ego[:, 0:1], manoeuvres)
        return self.moved_and_change(bev, maps, xs, ys, yaws)

    def latents(self, speed, moved, change):
        """Of manoeuvre 0, in the ego frame of then: the observed map moved there, held as far as it keeps, and a change. -> [B, K, D, X', Y']"""
        drives = torch.sigmoid((speed - DRIVES_MPS) * 8.0)[:, None, None, None, None]
        hold, gain, rest = ((1 - drives) * part[0] + drives * part[1] for part in (self.hold, self.gain, self.rest))
        return hold * moved + rest + gain * change

    def moved_and_change(self, bev, maps, xs, ys, yaws):
        """-> the observed map of now moved to the ego frame of then, and what is added to it, both [B, K, D, X', Y']"""
        k, n = c.K, g.SUB_STEPS
        b = bev.shape[0]
        ends = range(n - 1, k * n, n)
        pose = [torch.stack([axis[i][:, 0] for i in ends], 1).flatten() for axis in (xs, ys, yaws)]  # 3 x [B*K]
        now = self.observe(F.avg_pool2d(bev, 2))[:, None].expand(-1, k, -1, -1, -1)
        both = torch.cat([F.avg_pool2d(maps[:, 1:].flatten(0, 1), 2), now.flatten(0, 1)], 1)      # [B*K, M+D, X', Y']
        then = g.sample(both, g.warp_grid(self.coarse_centres, *pose))      # [B*K, M+D, X', Y'], in the frame of then
        moved = then[:, -self.size.observed:].reshape((b, k, self.size.observed) + then.shape[2:])
        return moved, self.change(torch.cat([then, now.flatten(0, 1)], 1)).reshape(moved.shape)

    def hazard(self, maps, near, ego, footprint, manoeuvres, xs, ys, yaws, vs):
        k, n, p = c.K, g.SUB_STEPS, len(FOOTPRINT)
        b, a = manoeuvres.shape[0], manoeuvres.shape[1]
        x, y, yaw, v = (torch.stack(axis, 2).reshape(b, a, k, n, 1) for axis in (xs, ys, yaws, vs))  # [B, A, K, n, 1]
        length, width, rear = (footprint[:, i].reshape(b, 1, 1, 1, 1) for i in range(3))
        px, py = self.along * length - rear, self.across * width            # [B, 1, 1, 1, P]
        cos, sin = torch.cos(yaw), torch.sin(yaw)
        at_x, at_y = x + cos * px - sin * py, y + sin * px + cos * py        # [B, A, K, n, P]
        grid = g.map_coordinates(at_x, at_y).permute(0, 2, 1, 3, 4, 5).reshape(b * k, a * n, p, 2)
        pair = torch.cat([maps[:, :-1], maps[:, 1:]], 2).flatten(0, 1)      # [B*K, 2M, X, Y]: the horizon before and after the step
        under = g.sample(pair, grid)                                        # [B*K, 2M, A*n, P]
        first = NEAR_STEPS
        grid = g.near_coordinates(at_x[:, :, :first], at_y[:, :, :first]).permute(0, 2, 1, 3, 4, 5).reshape(b * first, a * n, p, 2)
        fine = g.sample(torch.cat([near[:, :-1], near[:, 1:]], 2).flatten(0, 1), grid)           # [B*first, 2*(1+close), A*n, P]
        fine = F.pad(fine.reshape(b, first, -1), (0, 0, 0, k - first)).reshape(b * k, fine.shape[1], a * n, p)
        share = self.share.reshape(1, 1, 1, n, 1).expand(b, k, a, n, p).reshape(b * k, 1, a * n, p)
        along = self.along.reshape(1, 1, 1, p).expand(b * k, 1, a * n, p)
        across = self.across.reshape(1, 1, 1, p).expand(b * k, 1, a * n, p)
        quick = (v * 0.1).permute(0, 2, 1, 3, 4).expand(-1, -1, -1, -1, p).reshape(b * k, 1, a * n, p)
        points = self.point(torch.cat([under, share, along, across * across * 4, quick, fine], 1))      # [B*K, 32, A*n, P]
        points = torch.cat([points.max(3)[0], points.mean(3)], 1).reshape(b, k, 64, a, n)
        points = torch.cat([points.max(4)[0], points.mean(4)], 2).permute(0, 3, 1, 2)             # [B, A, K, 128]
        acceleration, curvature = manoeuvres[..., 0:1], manoeuvres[..., 1:2]  # [B, A, K, 1]
        end = v[:, :, :, n - 1]                                             # [B, A, K, 1]
        around = torch.cat([points, self.which.expand(b, a, -1, -1), end * 0.1, acceleration * 0.2, curvature.abs() * end * end * 0.2], 3)
        return self.step(around)[..., 0]                                    # [B, A, K]
