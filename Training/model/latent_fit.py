"""The last layer of the latents, by least squares over whole train clips once the rest is learned: how much of the moved map and of the change each
horizon keeps, standing and driving apart. No forecast that is the mean or the shrunk map can then be better on the clips it was fitted to."""

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


class Sums:
    """Of target y, moved map m and change g, over moments: what least squares needs, [2 paces, K, D, X', Y'] each, and the moments [2, K]."""

    PRODUCTS = ("y", "m", "g", "mm", "mg", "gg", "my", "gy")

    def __init__(self, shape):
        self.of = {name: np.zeros((2, c.K) + shape) for name in self.PRODUCTS}
        self.count = np.zeros((2, c.K))

    def add(self, drives, k, y, m, g):
        for name, value in zip(self.PRODUCTS, (y, m, g, m * m, m * g, g * g, m * y, g * y)):
            self.of[name][drives, k] += value
        self.count[drives, k] += 1

    def join(self, other):
        for name in self.PRODUCTS:
            self.of[name] += other.of[name]
        self.count += other.count


@torch.no_grad()
def sums_of(paths, model):
    model.eval()
    total, tell = Sums((model.size.observed, c.GRID_SIZE[0] // 2, c.GRID_SIZE[1] // 2)), progress("latents' last layer", len(paths))
    for number, path in enumerate(paths, 1):
        clip = drive_clips.Clip(path)
        cached = cache.load(clip)
        lift, valid, cameras = rig_of([clip])
        state, observed, asked = model.initial_state(1), [], {}
        for t in range(clip.T):
            before = t - 1 if t else None
            features = model.encoder(torch.from_numpy(np.ascontiguousarray(clip.pictures(t))))[None]
            state, seen, _, _, _ = model.memory(features, lift, valid, torch.ones(1, cameras), torch.zeros(1, cameras), torch.from_numpy(motion_of(clip, before, t))[None],
                                             torch.tensor([[0.0 if before is None else c.TICK_S]]), state)
            observed.append(seen[0].numpy())
            if t >= FIRST_TICK and (t - FIRST_TICK) % EVERY == 0 and t + c.HORIZON_TICKS[0] < clip.T:
                ego = torch.from_numpy(clip.ego[t, 3:6].astype(np.float32))[None]
                driven = torch.from_numpy(cached["manoeuvres"][t][[cache.DRIVEN]])[None]
                asked[t] = [part[0].numpy() for part in model.predictor.latent_parts(state, ego, driven)]
        for t, (moved, change) in asked.items():
            for k, ticks in enumerate(c.HORIZON_TICKS):
                if t + ticks < clip.T:
                    total.add(int(clip.ego[t, 3] >= DRIVES_MPS), k, observed[t + ticks], moved[k], change[k])
        tell(number)
    return [total] * len(paths)  # one a share; `fitted` takes each share's once


def solve(s, count):
    """Sums of one pace and horizon -> hold [D], gain [D], rest [D, X', Y']: least squares with a rest of each place's own."""
    mean = {name: s[name] / count for name in ("y", "m", "g")}
    over = lambda a, b, product: (s[product] - count * mean[a] * mean[b]).sum((1, 2))
    mm, mg, gg = over("m", "m", "mm"), over("m", "g", "mg"), over("g", "g", "gg")
    my, gy = over("m", "y", "my"), over("g", "y", "gy")
    mm, gg = mm * 1.001 + 1e-6, gg * 1.001 + 1e-6
    determinant = mm * gg - mg * mg
    hold, gain = (my * gg - gy * mg) / determinant, (gy * mm - my * mg) / determinant
    return hold, gain, mean["y"] - hold[:, None, None] * mean["m"] - gain[:, None, None] * mean["g"]


def fit(model, paths, workers=1):
    """Sets hold, gain and rest of the model's predictor. -> [2, K] moments used, 0 where they stay as they were."""
    shares = shared_out(sums_of, paths, workers, model)
    total = shares[0]
    for other in shares[1:workers]:  # the first entries are one of each share
        total.join(other)
    p, used = model.predictor, np.zeros((2, c.K), int)
    with torch.no_grad():
        for k in range(c.K):
            common = solve({n: v[:, k].sum(0) for n, v in total.of.items()}, total.count[:, k].sum())[2] if total.count[:, k].sum() >= FEWEST else None
            for pace in (0, 1):
                count = total.count[pace, k]
                if count < FEWEST:
                    continue
                hold, gain, rest = solve({n: v[pace, k] for n, v in total.of.items()}, count)
                share = count / (count + TOWARDS_COMMON)
                for parameter, value in ((p.hold, hold[:, None, None]), (p.gain, gain[:, None, None]), (p.rest, share * rest + (1 - share) * common)):
                    parameter[pace, k] = torch.from_numpy(np.ascontiguousarray(value)).float()
                used[pace, k] = int(count)
    return used
