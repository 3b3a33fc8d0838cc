"""The world model in three graphs: Encoder (pictures -> features), Memory (features lifted to the bird's-eye state),
Predictor (state x manoeuvres -> latents, occupancy, collision hazard). Shapes stand at the end of every line that changes them."""

import math
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

from . import contract as c
from . import geometry as g


@dataclass(frozen=True)
class Size:
    """What a checkpoint is made of; another one is refused by name."""
    content: int = 24      # channels of picture content in `features`
    scales: int = 12       # bins of apparent scale (pixels a metre) in `features`
    blocks: int = 4        # residual blocks of the encoder
    fresh: int = 32        # channels of the lifted map of one tick
    bev: int = 48          # warped channels of the state
    view: int = 12         # channels of the forward view kept in the state, not warped
    ego: int = 4           # planes of the state that keep the last ego estimate
    observed: int = 16     # D
    descriptor: int = 64   # E
    horizon: int = 14      # channels of each horizon's map that risk is read from
    trunk: int = 48
    fine: int = 6          # channels of the encoder's half-size features that own motion is seen in, folded four to one into `features`
    near: int = 16         # channels lifted to the near map's 1 m cells
    close: int = 6         # channels of each of the near map's levels that risk is read from

    @property
    def sampled(self):
        """Channels of `features` that are lifted: the fine ones are not."""
        return self.content + self.scales

    @property
    def features(self):
        return self.sampled + 4 * self.fine

    @property
    def state(self):
        return self.bev + self.ego + self.view


SCALE_LOW_PXPM, SCALE_HIGH_PXPM = 1.0, 40.0  # apparent scale of a metre in the picture; 91 px focal length: 91 m ... 2.3 m
EGO_SCALE = (10.0, 0.3, 2.0)  # speed m/s, yaw rate rad/s, acceleration m/s2: one unit inside the networks


def conv(i, o, kernel=3, stride=1, dilation=1):
    pad = dilation * (kernel // 2)
    return nn.Sequential(nn.Conv2d(i, o, kernel, stride, pad, dilation, bias=False), nn.BatchNorm2d(o), nn.ReLU())


class Residual(nn.Module):
    def __init__(self, channels, dilation=1):
        super().__init__()
        self.first = conv(channels, channels, dilation=dilation)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        return F.relu(x + self.second(self.first(x)))


class Encoder(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.stem = nn.Sequential(conv(3, 16, 5, 2), conv(16, 32, 3, 2))
        self.body = nn.Sequential(*[Residual(32, dilation=1 + n % 2) for n in range(size.blocks)])
        self.content = nn.Conv2d(32, size.content, 1)
        self.scales = nn.Conv2d(32, size.scales, 1)
        nn.init.constant_(self.scales.bias, -4.0)
        self.fine = nn.Conv2d(16, size.fine, 3, 1, 1)

    def parts(self, images):
        """-> content [N, content, 16, 32], logits of the scales [N, scales, 16, 32], fine [N, 4*fine, 16, 32]"""
        x = images.float().permute(0, 3, 1, 2) * (1 / 255)                  # [N, 3, H, W]
        mean = x.mean((1, 2, 3), keepdim=True)
        spread = torch.sqrt(((x - mean) * (x - mean)).mean((1, 2, 3), keepdim=True))
        x = (x - mean) / (spread + 0.05)                                    # a camera's gain and exposure are taken out
        half = self.stem[0](x)                                              # [N, 16, 32, 64]
        x = self.body(self.stem[1](half))                                   # [N, 32, 16, 32]
        fine = self.fine(half)
        fine = fine - F.avg_pool2d(fine, 5, 1, 2, count_include_pad=False)  # edges and spots, not shades: these can be found again
        return F.relu(self.content(x)), self.scales(x), F.pixel_unshuffle(fine, 2)

    def forward(self, images):                                              # uint8 [N, H, W, 3] BGR
        content, scales, fine = self.parts(images)
        return torch.cat([content, torch.sigmoid(scales), fine], 1)         # [N, F, 16, 32]


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
        """The cells about the ego once more, at 1 m: what they show, folded into their 2 m cells. -> [B, fresh, X, Y], 0 elsewhere"""
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


class EgoFromView(nn.Module):
    """Speed, yaw rate and acceleration from the forward view of now and of the last committed tick. Beside what the two views look like, each of
    a row of speeds is tried: were it the speed, a point of the road ahead would have lain so much further ahead before; how well the fine
    features of the two places agree says how likely it is. The road's places in the picture come from the lift, so any camera works."""

    SPEEDS_MPS = tuple(1.75 * n for n in range(24))                         # 0 ... 40.25
    BANDS, STRIPS = 3, 3                                                    # of the road ahead: by distance, from left to right

    def __init__(self, size):
        super().__init__()
        self.look = nn.Conv2d(size.content, size.view, 1)
        self.flow = nn.Sequential(nn.Conv2d(2 * size.view, 32, 3, 1, 1), nn.ReLU(), nn.Conv2d(32, 32, 3, 2, 1), nn.ReLU(),
                                  nn.Conv2d(32, 32, 3, 2, 1), nn.ReLU())                        # [B, 32, 4, 8]
        self.head = nn.Sequential(nn.Linear(32 * 32 + 4 + 4, 64), nn.ReLU(), nn.Linear(64, 3))
        x = torch.arange(24) * 1.0 + 5.5                                    # 5.5 ... 28.5 m ahead of the rear axle
        y = torch.arange(15) * 1.0 - 7.0
        self.register_buffer("road", torch.stack(torch.meshgrid(x, y, indexing="ij"), -1))      # [24, 15, 2]
        self.register_buffer("speeds", torch.tensor(self.SPEEDS_MPS))
        parts = self.BANDS * self.STRIPS
        self.score = nn.Sequential(nn.Linear(2 * parts + 3, 32), nn.ReLU(), nn.Linear(32, 1))
        self.agree = nn.Sequential(nn.Linear(len(self.SPEEDS_MPS) + 2 + 64, 48), nn.ReLU(), nn.Linear(48, 3))  # begins without a say
        nn.init.zeros_(self.agree[-1].weight)
        nn.init.zeros_(self.agree[-1].bias)

    def views(self, features, lift, lift_valid, camera_mask, size):
        """-> the content [B, view, 16, 32] and fine features [B, 4*fine, 16, 32] of the camera that looks ahead, where it sees the road [B, X, Y, 2], and whether."""
        ahead = lift_valid[:, :, 0, 16:24, 15:17].mean((2, 3)) * camera_mask                     # [B, C]: does it see 8-24 m ahead?
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
        now, before = (F.pixel_shuffle(f, 2) for f in (fine, fine_before))  # [B, fine, 32, 64]
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
        flow = self.flow(torch.cat([view, view - view_before], 1)).flatten(1)
        everything = torch.cat([flow, last, given[:, :2], elapsed_s * 3, given[:, 2:]], 1)
        hidden = self.head[1](self.head[0](everything))
        matches = self.matches(fine, fine_before, ground, last, elapsed_s)
        b, speeds = matches.shape[:2]
        about = torch.cat([(self.speeds * 0.1)[None, :, None].expand(b, -1, -1), (last[:, None, :1] - (self.speeds * 0.1)[None, :, None]) * last[:, None, 3:4],
                           (elapsed_s * 3)[:, None].expand(-1, speeds, -1)], 2)
        logits = self.score(torch.cat([matches, about], 2))[..., 0]         # [B, speeds]
        share = torch.softmax(logits, 1)
        speed = (share * self.speeds * 0.1).sum(1, keepdim=True)
        seen = sees * (elapsed_s > 0.01).float() * last[:, 3:4]             # a tick before, and a camera ahead
        return self.head[2](hidden) + self.agree(torch.cat([share * seen, speed * seen, seen, hidden], 1))


class Memory(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.size = size
        self.register_buffer("centres", torch.from_numpy(g.cell_centres()))
        self.register_buffer("ego_scale", torch.tensor(EGO_SCALE))
        self.lift = Lift(size)
        self.ego = EgoFromView(size)
        self.motion = nn.Linear(4, size.fresh)
        self.join = nn.Sequential(nn.Conv2d(size.fresh + size.bev + 1, 48, 3, 1, 1), nn.ReLU())
        self.gates = nn.Conv2d(48, 2 * size.bev, 1)
        self.observe = nn.Conv2d(size.bev, size.observed, 1)
        self.describe = nn.Linear(size.bev * 6, size.descriptor)

    def forward(self, features, lift, lift_valid, camera_mask, camera_age_s, ego_motion, elapsed_s, state):
        s = self.size
        x_cells, y_cells = c.GRID_SIZE
        bev = state[:, :s.bev]                                              # [B, bev, X, Y]
        last = state[:, s.bev:s.bev + s.ego, 0, 0]                          # [B, 4]: last estimate, and whether there was one
        kept = state[:, s.bev + s.ego:]                                     # [B, view, 48, 32]: the content, and below it the fine features
        view_before = kept[:, :, :16]                                       # [B, view, 16, 32]
        fine_before = torch.cat([kept[:, :, 16:32], kept[:, :, 32:]], 1)    # [B, 4*fine, 16, 32]
        known = ego_motion[:, 5:6]
        given = torch.cat([ego_motion[:, 3:4] * (1 / EGO_SCALE[0]), ego_motion[:, 4:5] * (1 / EGO_SCALE[1]), known], 1)
        guess = last[:, :3] * self.ego_scale                                # m/s, rad/s, m/s2
        dyaw = known * ego_motion[:, 2:3] + (1 - known) * guess[:, 1:2] * elapsed_s
        dx = known * ego_motion[:, 0:1] + (1 - known) * guess[:, 0:1] * elapsed_s
        dy = known * ego_motion[:, 1:2] + (1 - known) * guess[:, 0:1] * elapsed_s * dyaw * 0.5
        warped = g.sample(bev, g.warp_grid(self.centres, dx[:, 0], dy[:, 0], dyaw[:, 0]))        # [B, bev, X, Y]

        fresh, count = self.lift(features, lift, lift_valid, camera_mask, camera_age_s)
        bias = self.motion(torch.cat([given, elapsed_s * 3], 1))[:, :, None, None]
        joined = self.join(torch.cat([fresh + bias, warped, count], 1))     # [B, 48, X, Y]
        gate, new = self.gates(joined).chunk(2, 1)
        gate = torch.sigmoid(gate)
        bev = (1 - gate) * warped + gate * torch.tanh(new)                  # [B, bev, X, Y]

        view, fine, ground, sees = self.ego.views(features, lift, lift_valid, camera_mask, s)
        estimate = self.ego(view, view_before, fine, fine_before, ground, sees, last, elapsed_s, given)  # [B, 3], in EGO_SCALE
        planes = torch.cat([estimate, torch.ones_like(known)], 1)[:, :, None, None].expand(-1, -1, x_cells, y_cells)
        keep = torch.cat([view, fine[:, :s.view], fine[:, s.view:]], 2)     # [B, view, 48, 32]
        next_state = torch.cat([bev, planes, keep], 1)                      # [B, S, X, Y]

        observed = self.observe(F.avg_pool2d(bev, 2))                       # [B, D, X/2, Y/2]
        regions = F.avg_pool2d(bev, 16).flatten(1)                          # [B, bev*6]
        descriptor = F.normalize(self.describe(regions), dim=1)             # [B, E]
        return next_state, observed, descriptor, estimate * self.ego_scale


class UNet(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.fine = conv(i, 48)
        self.coarse = nn.Sequential(conv(48, 80, 3, 2), Residual(80))
        self.coarser = nn.Sequential(conv(80, 128, 3, 2), Residual(128), Residual(128))
        self.up_half = conv(128, 80, 1)
        self.mix_half = conv(80, 80)
        self.up_fine = conv(80, 48, 1)
        self.mix_fine = conv(48, o)

    def forward(self, x):
        fine = self.fine(x)
        half = self.coarse(fine)
        quarter = self.coarser(half)
        half = self.mix_half(half + F.interpolate(self.up_half(quarter), scale_factor=2.0, mode="nearest"))
        return self.mix_fine(fine + F.interpolate(self.up_fine(half), scale_factor=2.0, mode="nearest"))


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
        self.trunk = UNet(size.bev, size.trunk)
        self.occupancy = nn.Conv2d(size.trunk, (1 + c.K) * 3, 1)
        nn.init.constant_(self.occupancy.bias, -3.5)
        self.horizon = nn.Conv2d(size.trunk, (1 + c.K) * size.horizon, 1)
        self.change = nn.Sequential(nn.Conv2d(size.horizon + 3 + 2 * size.observed, 32, 3, 1, 1), nn.ReLU(), nn.Conv2d(32, size.observed, 1))  # begins with none
        nn.init.zeros_(self.change[-1].weight)
        nn.init.zeros_(self.change[-1].bias)
        self.hold = nn.Parameter(torch.ones(c.K, size.observed, 1, 1))
        self.rest = nn.Parameter(torch.zeros(c.K, size.observed, c.GRID_SIZE[0] // 2, c.GRID_SIZE[1] // 2))  # what a place mostly shows
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
        latents, occupancy, hazard, _, _, _ = self.parts(state, ego, footprint, manoeuvres)
        return latents, occupancy, hazard

    def parts(self, state, ego, footprint, manoeuvres):
        """What `forward` gives, and what only training asks for: the trunk, the near map's occupancy logits and the doubts."""
        s, k = self.size, c.K
        x_cells, y_cells = c.GRID_SIZE
        b = state.shape[0]
        bev = state[:, :s.bev]
        trunk = self.trunk(bev + self.motion(ego / self.ego_scale)[:, :, None, None])           # [B, trunk, X, Y]
        occupancy = self.occupancy(trunk).reshape(b, 1 + k, 3, x_cells, y_cells)
        maps = torch.cat([self.horizon(trunk).reshape(b, 1 + k, s.horizon, x_cells, y_cells), occupancy * 0.25], 2)  # [B, 1+K, M, X, Y]
        (x0, x1), (y0, y1) = c.NEAR_CELLS
        near = F.pixel_shuffle(self.close(trunk[:, :, x0:x1, y0:y1]), 2)    # [B, levels*(1+close), 2x, 2y]
        near = near.reshape((b, 1 + NEAR_STEPS, 1 + s.close) + near.shape[2:])
        xs, ys, yaws, vs = g.rollout(ego[:, 0:1], manoeuvres)
        hazard = self.hazard(maps, near, ego, footprint, manoeuvres, xs, ys, yaws, vs)
        doubt = self.doubt(torch.cat([trunk.mean((2, 3)), ego[:, :1] * 0.1], 1))                 # [B, 2K]: log error of the latents, log loss of the risk
        return self.latents(bev, maps, xs, ys, yaws), occupancy, hazard, trunk, near[:, :, 0], doubt

    def latents(self, bev, maps, xs, ys, yaws):
        """Of manoeuvre 0, in the ego frame of then: the observed map moved there, held as far as it keeps, and a change."""
        k, n = c.K, g.SUB_STEPS
        b = bev.shape[0]
        ends = range(n - 1, k * n, n)
        pose = [torch.stack([axis[i][:, 0] for i in ends], 1).flatten() for axis in (xs, ys, yaws)]  # 3 x [B*K]
        now = self.observe(F.avg_pool2d(bev, 2))[:, None].expand(-1, k, -1, -1, -1)
        both = torch.cat([F.avg_pool2d(maps[:, 1:].flatten(0, 1), 2), now.flatten(0, 1)], 1)      # [B*K, M+D, X', Y']
        then = g.sample(both, g.warp_grid(self.coarse_centres, *pose))      # [B*K, M+D, X', Y'], in the frame of then
        moved = then[:, -self.size.observed:].reshape((b, k, self.size.observed) + then.shape[2:])
        change = self.change(torch.cat([then, now.flatten(0, 1)], 1)).reshape(moved.shape)
        return self.hold * moved + self.rest + change                       # [B, K, D, X', Y']

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


class WorldModel(nn.Module):
    """The three graphs, and the heads that only training needs."""

    def __init__(self, size=Size()):
        super().__init__()
        self.size = size
        self.encoder, self.memory = Encoder(size), Memory(size)
        self.predictor = Predictor(size, self.memory.observe)
        self.now = nn.Conv2d(size.bev, 3, 1)  # training only: occupancy of now straight from the state, at every tick
        nn.init.constant_(self.now.bias, -3.5)
        self.velocity = nn.Conv2d(size.trunk, 2, 1)  # training only: velocity over ground of what a cell holds, ego frame of now, 10 m/s

    def initial_state(self, batch):
        return torch.zeros(batch, self.size.state, *c.GRID_SIZE)


def probability(hazard_logits):
    """Discrete hazards [..., K] -> P(collision by horizon k), never falling with k."""
    return 1 - torch.cumprod(1 - torch.sigmoid(hazard_logits), -1)
