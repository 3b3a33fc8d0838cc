"""The last layer of the latents, by least squares over whole clips once the rest is learned: how much of the moved map, of the change and of what this vehicle
mostly sees each horizon keeps, standing and driving apart. No forecast that is the mean or the shrunk map can then be better on the clips it was fitted to.

Another kind of road than any in training adds about the same map to all that a vehicle observes for minutes, and with it to what it mostly sees. The fit is told so: to the
moments' squared errors it adds, in closed form, those under such shifts of variance SHIFT. On real video what is mostly seen differs from the simulated by a variance of 0.6 to 0.8;
anything from 0.1 to 0.8 does on simulated validation towns as without, to 0.02 of the skill."""

import numpy as np
import torch

from drives import clips as drive_clips

from . import contract as c
from . import labels_cache as cache
from .predictor import DRIVES_MPS
from .records import FIRST_TICK, motion_of, rig_of
from .workers import progress, shared_out

EVERY = 2               # ticks from one forecast of a clip to the next
FEWEST = 40             # moments of a horizon and a pace below which they stay as they were learned
TOWARDS_COMMON = 40.0   # a place's rest is drawn to that of both paces by so many moments
COMMON_SHARE = 5        # every fifth clip tells what is mostly observed
PARTS = ("moved", "change", "unusual", "there")
SHIFT = 0.25            # variance, in the latents' units
SURVIVES = (0.9, 0.5)   # share of a shift that is still in its place once the map is moved, standing and driving


class Sums:
    """Of a target [D, X', Y'] and the parts of its forecast, [P, D, X', Y'], over moments: what least squares needs, by pace and horizon, and the moments [2, K]."""

    def __init__(self, shape):
        n = len(PARTS)
        self.target, self.parts = np.zeros((2, c.K) + shape), np.zeros((2, c.K, n) + shape)
        self.with_target, self.among = np.zeros((2, c.K, n) + shape), np.zeros((2, c.K, n, n) + shape)
        self.count = np.zeros((2, c.K))

    def add(self, drives, k, target, parts):
        at = drives, k
        self.target[at] += target
        self.parts[at] += parts
        self.with_target[at] += parts * target
        self.among[at] += parts[:, None] * parts[None]
        self.count[at] += 1

    def join(self, other):
        for mine, theirs in zip(self.all(), other.all()):
            mine += theirs

    def all(self):
        return self.target, self.parts, self.with_target, self.among, self.count

    def of(self, k, pace=None):
        """One horizon's, of one pace or of both together."""
        return [a[pace, k] if pace is not None else a[:, k].sum(0) for a in self.all()]


class Pass:
    """One clip through the memory."""

    def __init__(self, model, path):
        self.model, self.clip = model, drive_clips.Clip(path)
        self.lift, self.valid, self.cameras = rig_of([self.clip])
        self.state = model.initial_state(1)

    def observed(self, t):
        """The observed map of tick t, which follows the one before. [D, X', Y']"""
        before = t - 1 if t else None
        features = self.model.encoder(torch.from_numpy(np.ascontiguousarray(self.clip.pictures(t))))[None]
        self.state, seen, *_ = self.model.memory(features, self.lift, self.valid, torch.ones(1, self.cameras), torch.zeros(1, self.cameras),
                                                 torch.from_numpy(motion_of(self.clip, before, t))[None], torch.tensor([[0.0 if before is None else c.TICK_S]]), self.state)
        return seen[0].numpy()


@torch.no_grad()
def means_of(paths, model):
    model.eval()
    out, tell = [], progress("what is mostly observed", len(paths))
    for number, path in enumerate(paths, 1):
        one = Pass(model, path)
        out.append(np.mean([one.observed(t) for t in range(one.clip.T)], 0))
        tell(number)
    return out


@torch.no_grad()
def sums_of(paths, model):
    model.eval()
    total, tell = Sums((model.size.observed, c.GRID_SIZE[0] // 2, c.GRID_SIZE[1] // 2)), progress("latents' last layer", len(paths))
    for number, path in enumerate(paths, 1):
        one, observed, asked = Pass(model, path), [], {}
        clip, cached = one.clip, cache.load(one.clip)
        for t in range(clip.T):
            observed.append(one.observed(t))
            if t >= FIRST_TICK and (t - FIRST_TICK) % EVERY == 0 and t + c.HORIZON_TICKS[0] < clip.T:
                ego = torch.from_numpy(clip.ego[t, 3:6].astype(np.float32))[None]
                driven = torch.from_numpy(cached["manoeuvres"][t][[cache.DRIVEN]])[None]
                asked[t] = np.stack([part[0].numpy() for part in model.predictor.latent_parts(one.state, ego, driven)])  # [P, K, D, X', Y']
        for t, parts in asked.items():
            for k, ticks in enumerate(c.HORIZON_TICKS):
                if t + ticks < clip.T:
                    total.add(int(clip.ego[t, 3] >= DRIVES_MPS), k, observed[t + ticks], parts[:, k])
        tell(number)
    return [total] * len(paths)  # one a share; `fit` takes each share's once


def solve(target, parts, with_target, among, count, survives):
    """Sums of one pace and horizon -> how much of each part [P, D], rest [D, X', Y']: least squares with a rest of each place's own, under shifts of which
    the share `survives` being moved."""
    mean, middle = target / count, parts / count
    a = (among - count * middle[:, None] * middle[None]).sum((3, 4)).transpose(2, 0, 1)          # [D, P, P]
    b = (with_target - count * middle * mean[None]).sum((2, 3)).T                                # [D, P]
    shift = np.array([survives, 0.0, 1.0, survives])                                             # of each part, where the target has 1
    weight = SHIFT * count * target[0].size
    a, b = a + weight * shift[:, None] * shift, b + weight * shift
    a = a + np.eye(len(PARTS)) * (1e-3 * np.diagonal(a, axis1=1, axis2=2).mean(1)[:, None, None] + 1e-6)
    share = np.linalg.solve(a, b[..., None])[..., 0].T                                           # [P, D]
    return share, mean - (share[:, :, None, None] * middle).sum(0)


def fit(model, paths, workers=1):
    """Sets the shares, the rest and what is common of the model's predictor. -> [2, K] moments used, 0 where they stay as they were."""
    p, used = model.predictor, np.zeros((2, c.K), int)
    p.common.copy_(torch.from_numpy(np.mean(shared_out(means_of, paths[::COMMON_SHARE], workers, model), 0)))
    shares = shared_out(sums_of, paths, workers, model)
    total = shares[0]
    for other in shares[1:min(workers, len(paths))]:  # the first entries are one of each share
        total.join(other)
    with torch.no_grad():
        for k in range(c.K):
            common = solve(*total.of(k), np.mean(SURVIVES))[1] if total.count[:, k].sum() >= FEWEST else None
            for pace in (0, 1):
                count = total.count[pace, k]
                if count < FEWEST:
                    continue
                shares, rest = solve(*total.of(k, pace), SURVIVES[pace])
                weight = count / (count + TOWARDS_COMMON)
                p.rest[pace, k] = torch.from_numpy(weight * rest + (1 - weight) * common).float()
                for parameter, share in zip((p.hold, p.gain, p.stay, p.leave), shares):
                    parameter[pace, k] = torch.from_numpy(share[:, None, None]).float()
                used[pace, k] = int(count)
    return used
