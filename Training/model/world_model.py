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

    @property
    def features(self):
        return self.content + self.scales

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

    def parts(self, images):                                               # uint8 [N, H, W, 3] BGR
        x = images.float().permute(0, 3, 1, 2) * (1 / 255)                  # [N, 3, H, W]
        mean = x.mean((1, 2, 3), keepdim=True)
        spread = torch.sqrt(((x - mean) * (x - mean)).mean((1, 2, 3), keepdim=True))
        x = (x - mean) / (spread + 0.05)                                    # a camera's gain and exposure are taken out
        x = self.body(self.stem(x))                                         # [N, 32, 16, 32]
        return F.relu(self.content(x)), self.scales(x)                      # [N, content, 16, 32], logits [N, scales, 16, 32]

    def forward(self, images):
        content, scales = self.parts(images)
        return torch.cat([content, torch.sigmoid(scales)], 1)               # [N, F, 16, 32]


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

    def forward(self, features, lift, lift_valid, camera_mask, camera_age_s):
        s, z = self.size, len(c.LIFT_HEIGHTS_M)
        x_cells, y_cells = c.GRID_SIZE
        flat = features.flatten(0, 1)                                       # [B*C, F, h, w]
        grid = lift.flatten(0, 1)                                           # [B*C, Z, X, Y, 2]
        valid = (lift_valid.amax(2) * camera_mask[:, :, None, None]).flatten(0, 1)[:, None]      # [B*C, 1, X, Y]: in sight at some height
        seen = g.sample(flat, grid.mean(1))                                 # [B*C, F, X, Y]: half way up; every height cost twice, for little
        rise = (grid[:, 0, :, :, 1] - grid[:, z - 1, :, :, 1]) * (0.5 * c.PICTURE_HEIGHT_PX / (c.LIFT_HEIGHTS_M[-1] - c.LIFT_HEIGHTS_M[0]))
        scale = torch.log(rise.clamp(SCALE_LOW_PXPM, SCALE_HIGH_PXPM) / SCALE_LOW_PXPM) / math.log(SCALE_HIGH_PXPM / SCALE_LOW_PXPM)
        weight = F.relu(1 - (scale[:, None] - self.bins).abs() * (s.scales - 1))  # [B*C, scales, X, Y]: linear between two bins
        evidence = (seen[:, s.content:] * weight).sum(1, keepdim=True) * valid    # [B*C, 1, X, Y]
        content = seen[:, :s.content] * valid                               # [B*C, content, X, Y]
        age = valid * camera_age_s.reshape(-1, 1, 1, 1) * 10                # [B*C, 1, X, Y]
        gathered = torch.cat([content, evidence, age, valid], 1)     # [B*C, ., X, Y]
        gathered = gathered.reshape((lift.shape[0], -1) + gathered.shape[1:])  # [B, C, ., X, Y]
        total = gathered.sum(1)
        count = total[:, -1:]                                               # [B, 1, X, Y]
        mean = total / count.clamp(min=1.0)
        return self.mix(torch.cat([mean, self.place.expand(lift.shape[0], -1, -1, -1)], 1)), count  # [B, fresh, X, Y]


class EgoFromView(nn.Module):
    """Speed, yaw rate and acceleration from the forward view of now and of the last committed tick."""

    def __init__(self, size):
        super().__init__()
        self.look = nn.Conv2d(size.content, size.view, 1)
        self.flow = nn.Sequential(nn.Conv2d(2 * size.view, 32, 3, 1, 1), nn.ReLU(), nn.Conv2d(32, 32, 3, 2, 1), nn.ReLU(),
                                  nn.Conv2d(32, 32, 3, 2, 1), nn.ReLU())                        # [B, 32, 4, 8]
        self.head = nn.Sequential(nn.Linear(32 * 32 + 4 + 4, 64), nn.ReLU(), nn.Linear(64, 3))

    def view(self, features, lift_valid, camera_mask, content):
        ahead = lift_valid[:, :, 0, 16:24, 15:17].mean((2, 3)) * camera_mask                     # [B, C]: does it see 8-24 m ahead?
        weight = ahead / ahead.sum(1, keepdim=True).clamp(min=1e-3)
        return self.look((features[:, :, :content] * weight[:, :, None, None, None]).sum(1))     # [B, view, 16, 32]

    def forward(self, now, before, last, elapsed_s, given):
        flow = self.flow(torch.cat([now, now - before], 1)).flatten(1)
        return self.head(torch.cat([flow, last, given[:, :2], elapsed_s * 3, given[:, 2:]], 1))


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
        view_before = state[:, s.bev + s.ego:, :16, :]                      # [B, view, 16, 32]
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

        view = self.ego.view(features, lift_valid, camera_mask, s.content)
        estimate = self.ego(view, view_before, last, elapsed_s, given)      # [B, 3], in EGO_SCALE
        planes = torch.cat([estimate, torch.ones_like(known)], 1)[:, :, None, None].expand(-1, -1, x_cells, y_cells)
        next_state = torch.cat([bev, planes, F.pad(view, (0, 0, 0, x_cells - 16))], 1)           # [B, S, X, Y]

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


FOOTPRINT = ((1.0, -0.5), (1.0, 0.0), (1.0, 0.5), (0.5, -0.5), (0.5, 0.5), (0.5, 0.0), (0.0, -0.5), (0.0, 0.5))  # along (0 tail), across


class Predictor(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.size = size
        self.register_buffer("coarse_centres", F.avg_pool2d(torch.from_numpy(g.cell_centres()).permute(2, 0, 1), 2).permute(1, 2, 0))
        self.register_buffer("ego_scale", torch.tensor(EGO_SCALE))
        self.motion = nn.Linear(3, size.bev)
        self.trunk = UNet(size.bev, size.trunk)
        self.occupancy = nn.Conv2d(size.trunk, (1 + c.K) * 3, 1)
        nn.init.constant_(self.occupancy.bias, -3.5)
        self.horizon = nn.Conv2d(size.trunk, (1 + c.K) * size.horizon, 1)
        self.latent = nn.Sequential(nn.Conv2d(size.horizon + 3 + size.observed, 32, 3, 1, 1), nn.ReLU(), nn.Conv2d(32, size.observed, 1))
        self.now = nn.Conv2d(size.trunk, size.observed, 1)
        self.register_buffer("along", torch.tensor([p[0] for p in FOOTPRINT]))
        self.register_buffer("across", torch.tensor([p[1] for p in FOOTPRINT]))
        self.register_buffer("share", (torch.arange(g.SUB_STEPS).float() + 1) / g.SUB_STEPS)
        maps = 2 * (size.horizon + 3)
        self.point = nn.Sequential(nn.Conv2d(maps + 4, 40, 1), nn.ReLU(), nn.Conv2d(40, 32, 1), nn.ReLU())
        self.step = nn.Sequential(nn.Linear(2 * 64 + 8, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))
        nn.init.constant_(self.step[-1].bias, -4.0)
        self.register_buffer("which", torch.eye(c.K))

    def forward(self, state, ego, footprint, manoeuvres):
        s, k = self.size, c.K
        x_cells, y_cells = c.GRID_SIZE
        b = state.shape[0]
        trunk = self.trunk(state[:, :s.bev] + self.motion(ego / self.ego_scale)[:, :, None, None])  # [B, trunk, X, Y]
        occupancy = self.occupancy(trunk).reshape(b, 1 + k, 3, x_cells, y_cells)
        maps = torch.cat([self.horizon(trunk).reshape(b, 1 + k, s.horizon, x_cells, y_cells), occupancy * 0.25], 2)  # [B, 1+K, M, X, Y]
        xs, ys, yaws, vs = g.rollout(ego[:, 0:1], manoeuvres)
        return self.latents(trunk, maps, xs, ys, yaws), occupancy, self.hazard(maps, ego, footprint, manoeuvres, xs, ys, yaws, vs)

    def latents(self, trunk, maps, xs, ys, yaws):
        """Of manoeuvre 0, in the ego frame of then."""
        k, n = c.K, g.SUB_STEPS
        b = trunk.shape[0]
        ends = range(n - 1, k * n, n)
        pose = [torch.stack([axis[i][:, 0] for i in ends], 1).flatten() for axis in (xs, ys, yaws)]  # 3 x [B*K]
        now = F.avg_pool2d(self.now(trunk), 2)[:, None].expand(-1, k, -1, -1, -1)
        both = torch.cat([F.avg_pool2d(maps[:, 1:].flatten(0, 1), 2), now.flatten(0, 1)], 1)      # [B*K, M+D, X', Y']
        then = g.sample(both, g.warp_grid(self.coarse_centres, *pose))      # [B*K, M+D, X', Y'], in the frame of then
        out = self.latent(then)                                             # [B*K, D, X', Y']
        return out.reshape(b, k, self.size.observed, c.GRID_SIZE[0] // 2, c.GRID_SIZE[1] // 2)

    def hazard(self, maps, ego, footprint, manoeuvres, xs, ys, yaws, vs):
        k, n, p = c.K, g.SUB_STEPS, len(FOOTPRINT)
        b, a = manoeuvres.shape[0], manoeuvres.shape[1]
        x, y, yaw, v = (torch.stack(axis, 2).reshape(b, a, k, n, 1) for axis in (xs, ys, yaws, vs))  # [B, A, K, n, 1]
        length, width, rear = (footprint[:, i].reshape(b, 1, 1, 1, 1) for i in range(3))
        px, py = self.along * length - rear, self.across * width            # [B, 1, 1, 1, P]
        cos, sin = torch.cos(yaw), torch.sin(yaw)
        grid = g.map_coordinates(x + cos * px - sin * py, y + sin * px + cos * py)               # [B, A, K, n, P, 2]
        grid = grid.permute(0, 2, 1, 3, 4, 5).reshape(b * k, a * n, p, 2)
        pair = torch.cat([maps[:, :-1], maps[:, 1:]], 2).flatten(0, 1)      # [B*K, 2M, X, Y]: the horizon before and after the step
        under = g.sample(pair, grid)                                        # [B*K, 2M, A*n, P]
        share = self.share.reshape(1, 1, 1, n, 1).expand(b, k, a, n, p).reshape(b * k, 1, a * n, p)
        along = self.along.reshape(1, 1, 1, p).expand(b * k, 1, a * n, p)
        across = self.across.reshape(1, 1, 1, p).expand(b * k, 1, a * n, p)
        quick = (v * 0.1).permute(0, 2, 1, 3, 4).expand(-1, -1, -1, -1, p).reshape(b * k, 1, a * n, p)
        points = self.point(torch.cat([under, share, along, across * across * 4, quick], 1))      # [B*K, 32, A*n, P]
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
        self.encoder, self.memory, self.predictor = Encoder(size), Memory(size), Predictor(size)
        self.now = nn.Conv2d(size.bev, 3, 1)  # training only: occupancy of now straight from the state, at every tick
        nn.init.constant_(self.now.bias, -3.5)

    def initial_state(self, batch):
        return torch.zeros(batch, self.size.state, *c.GRID_SIZE)


def probability(hazard_logits):
    """Discrete hazards [..., K] -> P(collision by horizon k), never falling with k."""
    return 1 - torch.cumprod(1 - torch.sigmoid(hazard_logits), -1)
