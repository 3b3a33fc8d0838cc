"""Latent forecasts against the simplest that could be said: the mean map, the map of now shrunk towards it, and the map of now carried on with part of its
change; and surprise. All in the ego frame of THEN, as the predictor's latents are. What is fitted is fitted on validation clips."""

import base64

import numpy as np
import torch
import torch.nn.functional as F

from . import contract as c
from . import geometry as g
from .figures import area_under_curve
from .long_runs import FIRST_TICK, OWN_TICKS, SURPRISE_FIRST, SURPRISE_TICKS, WINDOW

BEFORE = 5                # ticks over which the change of the map is taken
STANDING_MPS = 0.5
LEAST_SPREAD = 1e-6
EDITS = ("teleport", "vanish", "frozen")
WORST_CELLS = 3
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
    """A moment's score: how abruptly the error of the forecasts changed, in the worst cells against what is usual there, or how little the pictures agree
    with the logged speed, whichever is the more unusual: 0 is the usual, 1 what one ordinary tick of thirty reaches."""

    def __init__(self, clips):
        """clips: validation results."""
        ordinary = np.concatenate([clip["abrupt"][SURPRISE_FIRST:] for clip in clips]).astype(np.float64)
        self.mean, self.spread = ordinary.mean(0), ordinary.std(0) + LEAST_SPREAD
        self.scene = usual(self._worst(ordinary))
        self.own = usual(-np.concatenate([clip["own"][SURPRISE_FIRST:] for clip in clips]).astype(np.float64))
        self.validation = self.told_apart(clips)
        self.hours = len(ordinary) * c.TICK_S / 3600
        self.threshold = float(max(self.score(clip["abrupt"][SURPRISE_FIRST:], clip["own"][SURPRISE_FIRST:]).max() for clip in clips)) * 1.001

    def _worst(self, abrupt):
        """[n, X', Y'] -> [n]"""
        z = ((abrupt.astype(np.float64) - self.mean) / self.spread).reshape(len(abrupt), -1)
        return np.sort(z, axis=1)[:, -WORST_CELLS:].mean(1)

    def parts(self, abrupt, own):
        """[n, X', Y'] and [n] -> [n, 2]: of the scene and of own motion"""
        return np.stack([(self._worst(abrupt) - self.scene[0]) / self.scene[1], (-own.astype(np.float64) - self.own[0]) / self.own[1]], 1)

    def score(self, abrupt, own):
        return self.parts(abrupt, own).max(1)

    def told_apart(self, clips):
        """The area under the curve of each kind of edit."""
        windows = self.windows(clips)
        plain = windows["kind"] == "ordinary"
        kinds = {kind: windows["kind"] == kind for kind in EDITS}
        return {kind: round(float(area_under_curve(windows["score"][plain | odd], odd[plain | odd])), 4) for kind, odd in kinds.items() if odd.any()}

    def windows(self, clips):
        """The highest score within half a second, for edited moments and for ordinary ones that do not overlap. -> clip, kind, score"""
        rows = []
        for number, clip in enumerate(clips):
            plain = self.score(clip["abrupt"][SURPRISE_FIRST:], clip["own"][SURPRISE_FIRST:])
            rows += [(number, "ordinary", plain[i:i + WINDOW].max()) for i in range(0, len(plain) - WINDOW + 1, WINDOW)]
            rows += [(number, kind, self.score(abrupt, own).max()) for kind, (_, abrupt, own) in clip["edited"].items()]
        return {"clip": np.array([r[0] for r in rows], np.int32), "kind": np.array([r[1] for r in rows]), "score": np.array([r[2] for r in rows], np.float32)}

    def into(self):
        """-> calibration["surprise"] of model.json"""
        text = lambda a: base64.b64encode(np.ascontiguousarray(a, "<f4").tobytes()).decode()
        horizon = {"horizon_s": round(SURPRISE_TICKS * c.TICK_S, 3), "cells_mean": text(self.mean), "cells_spread": text(self.spread), "mean": round(self.scene[0], 6), "sd": round(self.scene[1], 6)}
        return {"statistic": "abrupt", "worst_cells": WORST_CELLS, "per_horizon": [horizon],
                "own_motion": {"ticks": OWN_TICKS, "centre": round(self.own[0], 6), "width": round(self.own[1], 6)},
                "threshold": round(self.threshold, 4), "m": 1, "n": WINDOW, "false_alarms_per_hour": round(3.0 / self.hours, 2), "validation_hours": round(self.hours, 4)}


def usual(values):
    """-> the median, and how far above it the 97th of a hundred lies"""
    middle, high = np.quantile(values, [0.5, 0.97])
    return float(middle), float(max(high - middle, 1e-6))
