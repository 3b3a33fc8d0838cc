"""Latent forecasts against the simplest that could be said: the mean map, the map of now shrunk towards it, and the map of now carried on with part of its
change; and surprise. All in the ego frame of THEN, as the predictor's latents are. What is fitted is fitted on validation clips."""

import numpy as np
import torch
import torch.nn.functional as F

from . import contract as c
from . import geometry as g
from .figures import area_under_curve
from .long_runs import FIRST_TICK, SURPRISE_FIRST, WINDOW

BEFORE = 5                # ticks over which the change of the map is taken
STANDING_MPS = 0.5
LEAST_ERROR = 1e-6
EDITS = ("teleport", "vanish", "frozen")
STATISTICS = {f"{name}, {text}": (worst, horizons) for name, worst in (("worst cell", 1), ("five worst cells", 5), ("map", None)) for text, horizons in (("0.5 s", 1), ("0.5, 1 and 2 s", 3))}
BASELINES = ("mean", "shrinkage", "damped_velocity")


def coarse_centres():
    return F.avg_pool2d(torch.from_numpy(g.cell_centres()).permute(2, 0, 1), 2).permute(1, 2, 0)


def warped(maps, poses):
    """maps [n, D, X', Y'] about their mean, poses [n, 3] of then in the frame of the maps -> as seen then; outside: the mean, 0."""
    grid = g.warp_grid(coarse_centres(), *(torch.from_numpy(np.ascontiguousarray(poses[:, i])).float() for i in range(3)))
    return g.sample(torch.from_numpy(maps).float(), grid).numpy()


def pairs(clip, ticks):
    """Moments of one clip's result from which a forecast over `ticks` can be compared."""
    return [t for t in sorted(clip["driven"]) if t + ticks < len(clip["observed"])]


def parts(clip, ticks, mean):
    """-> what came, the map of now as seen then, its change carried on (each [n, D, X', Y'], about the mean), moving bool [n]."""
    at = pairs(clip, ticks)
    maps = clip["observed"].astype(np.float32) - mean
    then = np.array([t + ticks for t in at], int)
    now = np.array(at, int)
    ego = clip["ego"]
    carried = warped(maps[now], g.relative_pose(ego[now, :3], ego[then, :3]))
    older = warped(maps[now - BEFORE], g.relative_pose(ego[now - BEFORE, :3], ego[then, :3]))
    return maps[then], carried, carried - older, ego[now, 3] >= STANDING_MPS


def fit(clips):
    """clips: validation results. -> {"mean": [D, X', Y'], "shrinkage" and "damped_velocity": [K, 2 (standing, moving), D]}"""
    mean = np.mean([clip["observed"][FIRST_TICK:].astype(np.float32).mean(0) for clip in clips], 0)
    d = mean.shape[0]
    sums = np.zeros((2, 2, c.K, 2, d))  # numerator, denominator; shrinkage, damped velocity
    for clip in clips:
        for k, ticks in enumerate(c.HORIZON_TICKS):
            if not pairs(clip, ticks):
                continue
            came, now, change, moving = parts(clip, ticks, mean)
            for group in (0, 1):
                chosen = moving == bool(group)
                y, w, v = came[chosen], now[chosen], change[chosen]
                sums[0, 0, k, group] += (y * w).sum((0, 2, 3))
                sums[1, 0, k, group] += (w * w).sum((0, 2, 3))
                sums[0, 1, k, group] += ((y - w) * v).sum((0, 2, 3))
                sums[1, 1, k, group] += (v * v).sum((0, 2, 3))
    shrinkage, velocity = sums[0] / np.maximum(sums[1], 1e-9)
    return {"mean": mean, "shrinkage": shrinkage.astype(np.float32), "damped_velocity": velocity.astype(np.float32)}


def errors(clip, fitted):
    """-> rows of (tick, horizon number, moving, model, another clip's action, mean, shrinkage, damped velocity, persistence): mean squared errors."""
    out = []
    for k, ticks in enumerate(c.HORIZON_TICKS):
        at = pairs(clip, ticks)
        if not at:
            continue
        came, now, change, moving = parts(clip, ticks, fitted["mean"])
        a, b = (fitted[name][k][moving.astype(int)][:, :, None, None] for name in ("shrinkage", "damped_velocity"))
        simple = [((came - guess) ** 2).mean((1, 2, 3)) for guess in (0.0, a * now, now + b * change, now)]
        for n, t in enumerate(at):
            out.append([t, k, moving[n], *clip["driven"][t][:, k], *(s[n] for s in simple)])
    return np.array(out, np.float32).reshape(-1, 9)


def effective_rank(clips):
    """exp(entropy of the spectrum) of the observed channels' covariance over all moments and cells, as a share of D."""
    sums, count = 0.0, 0
    for clip in clips:
        flat = clip["observed"][FIRST_TICK::4].astype(np.float64).transpose(0, 2, 3, 1)
        flat = flat.reshape(-1, flat.shape[-1])
        sums = sums + np.concatenate([flat.T @ flat, flat.sum(0)[None]])
        count += len(flat)
    mean = sums[-1] / count
    share = np.maximum(np.linalg.eigvalsh(sums[:-1] / count - np.outer(mean, mean)), 1e-12)
    share /= share.sum()
    return float(np.exp(-(share * np.log(share)).sum()) / len(share))


class Surprise:
    """A moment's score: the logs of its errors against those of ordinary validation traffic, cell by cell; the worst cell, the five worst or the whole map,
    normalised again by validation; of what was forecast half a second ago, or the mean over 0.5, 1 and 2 s."""

    def __init__(self, clips):
        """clips: validation results; which of the statistics is used is decided by their own edits."""
        ordinary = np.concatenate([clip["errors"][SURPRISE_FIRST:] for clip in clips])
        logs = np.log(ordinary.astype(np.float64) + LEAST_ERROR)
        self.mean, self.spread = logs.mean(0), logs.std(0) + 1e-6
        self.centre, self.width, values = {}, {}, {}
        for self.name in STATISTICS:
            s = self._raw(ordinary)
            self.centre[self.name], self.width[self.name] = s.mean(0), s.std(0) + 1e-9
            values[self.name] = self._told_apart(clips)
        self.name = max(values, key=values.get)
        self.validation = {k: round(float(v), 4) for k, v in values.items()}

    def _told_apart(self, clips):
        """Mean area under the curve over the kinds of edits that there are."""
        windows = self.windows(clips)
        plain = windows["kind"] == "ordinary"
        odd = [windows["kind"] == kind for kind in EDITS if (windows["kind"] == kind).any()]
        return np.mean([area_under_curve(windows["score"][plain | kind], kind[plain | kind]) for kind in odd]) if odd else 0.0

    def _raw(self, errors):
        """errors [n, horizons, X', Y'] -> [n, horizons]"""
        worst, _ = STATISTICS[self.name]
        z = ((np.log(errors.astype(np.float64) + LEAST_ERROR) - self.mean) / self.spread).reshape(errors.shape[:2] + (-1,))
        return z.mean(2) if worst is None else np.sort(z, axis=2)[:, :, -worst:].mean(2)

    def score(self, errors):
        """[n, horizons, X', Y'] -> [n]"""
        horizons = STATISTICS[self.name][1]
        return ((self._raw(errors) - self.centre[self.name]) / self.width[self.name])[:, :horizons].mean(1)

    def windows(self, clips):
        """The highest score within half a second, for edited moments and for ordinary ones that do not overlap. -> clip, kind, score"""
        rows = []
        for number, clip in enumerate(clips):
            plain = self.score(clip["errors"][SURPRISE_FIRST:])
            rows += [(number, "ordinary", plain[i:i + WINDOW].max()) for i in range(0, len(plain) - WINDOW + 1, WINDOW)]
            rows += [(number, kind, self.score(errors).max()) for kind, (_, errors) in clip["edited"].items()]
        return {"clip": np.array([r[0] for r in rows], np.int32), "kind": np.array([r[1] for r in rows]), "score": np.array([r[2] for r in rows], np.float32)}
