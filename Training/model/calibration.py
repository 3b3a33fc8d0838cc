"""Scaling and thresholds, from validation clips alone."""

import numpy as np
from scipy.optimize import minimize
from scipy.stats import beta

from . import contract as c
from .figures import calibration_error
from .records import LOGIT_BINS, LOGIT_HIGH, LOGIT_LOW

ALPHA = 0.1


def logit(p):
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return np.log(p / (1 - p))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def fit(x, hit, weight):
    """scale, bias of sigmoid(scale * x + bias), by weighted likelihood with a weak pull towards scale 1."""
    def cost(theta):
        z = theta[0] * x + theta[1]
        return (weight * (np.logaddexp(0, z) - hit * z)).sum() / weight.sum() + 1e-4 * (theta[0] - 1) ** 2
    best = minimize(cost, [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-7})
    return float(best.x[0]), float(best.x[1])


def risk(p, steps):
    """p [n, A, K] raw probabilities, steps [n, A] -> list of K {horizon_s, scale, bias}: least likelihood loss plus calibration error. The intended and the
    keep-going manoeuvre, whose risk is published and alarmed on, weigh eight times as much as the other fourteen together in the first and alone make the
    second. (By likelihood alone two numbers a horizon left an error of 0.016 and 0.037 at 3 and 4 s on the validation clips themselves.)"""
    weight = np.ones(p.shape[:2])
    weight[:, :2] = 56.0
    out = []
    for k, h in enumerate(c.HORIZONS_S):
        x, hit = logit(p[:, :, k]), (steps <= k).astype(float)

        def cost(theta):
            z = theta[0] * x + theta[1]
            likelihood = (weight * (np.logaddexp(0, z) - hit * z)).sum() / weight.sum()
            return likelihood + np.mean([calibration_error(sigmoid(z[:, a]), hit[:, a]) for a in (0, 1)]) + 100 * max(0.0, 0.1 - theta[0])
        best = min((minimize(cost, start, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-6}) for start in ([1, -2], [0.7, -1.5], [1.3, -1.0])), key=lambda r: r.fun)
        out.append({"horizon_s": h, "scale": round(float(best.x[0]), 4), "bias": round(float(best.x[1]), 4)})
    return out


def risk_of_candidates(p, steps):
    """p [n, A, K], steps [n, A] -> the same list for the manoeuvres after the intended and the keep-going one, all alike, by likelihood: by the scaling of those
    two, which collide seldom, a collision of the others was said half as likely as it came."""
    return [{"horizon_s": h, "scale": round(scale, 4), "bias": round(bias, 4)} for h, (scale, bias) in zip(c.HORIZONS_S, (
        fit(logit(p[:, 2:, k]).ravel(), (steps[:, 2:] <= k).astype(float).ravel(), np.ones(p[:, 2:, k].size)) for k in range(c.K)))]


def apply_all(p, scaling, of_candidates):
    """p [n, A, K] of all manoeuvres -> calibrated, as C# does it: the first two by `scaling`, the others by `of_candidates`."""
    return np.concatenate([apply_risk(p[:, :2], scaling), apply_risk(p[:, 2:], of_candidates)], 1)


def apply_risk(p, scaling):
    """As C# does it: scaled logits, then the running maximum over horizons."""
    out = np.stack([sigmoid(s["scale"] * logit(p[..., k]) + s["bias"]) for k, s in enumerate(scaling)], -1)
    return np.maximum.accumulate(out, -1)


def occupancy(histograms):
    """Logit histograms [n, 1+K, 2, bins] -> list of 1+K {horizon_s, scale, bias}."""
    centres = LOGIT_LOW + (np.arange(LOGIT_BINS) + 0.5) * (LOGIT_HIGH - LOGIT_LOW) / LOGIT_BINS
    out = []
    for level, h in enumerate((0.0,) + c.HORIZONS_S):
        counts = histograms[:, level].sum(0).astype(float)
        scale, bias = fit(np.r_[centres, centres], np.r_[np.zeros(LOGIT_BINS), np.ones(LOGIT_BINS)], np.r_[counts[0], counts[1]])
        out.append({"horizon_s": h, "scale": round(scale, 4), "bias": round(bias, 4)})
    return out


def upper_bound(p, hit, clips):
    """p, hit [n, K] of the intended manoeuvre at the natural rate. In bins of calibrated p: the Clopper-Pearson upper limit of the rate, with the
    number of CLIPS in the bin as the number of trials, since a clip's records are correlated, and each clip's own rate there as its share of a hit, so that
    a long calm clip does not hide short bad ones."""
    tables = []
    for k, h in enumerate(c.HORIZONS_S):
        edges = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4]
        bounds = []
        which = np.searchsorted(edges, p[:, k], side="right")
        kept = []
        for b in range(len(edges) + 1):
            inside = which == b
            names, number = np.unique(clips[inside], return_inverse=True)
            n = len(names)
            if n < 15 and b < len(edges):
                kept.append(None)
                continue
            rate = (np.bincount(number, hit[inside, k]) / np.bincount(number)).mean() if n else 1.0
            kept.append(1.0 if n < 15 else float(beta.ppf(1 - ALPHA, rate * n + 1, max(n - rate * n, 1e-9))))
        if kept[-1] is None:
            kept[-1] = 1.0
        for b in range(len(kept) - 1, -1, -1):  # too few clips in a bin: the next higher bin's bound
            bounds.insert(0, kept[b] if kept[b] is not None else bounds[0])
        tables.append({"horizon_s": h, "edges": edges, "bounds": [round(float(x), 5) for x in np.maximum.accumulate(bounds)]})
    return {"method": "Clopper-Pearson per bin of calibrated probability, trials = clips, each with its own rate, natural-rate validation towns", "alpha": ALPHA,
            "n": int(len(np.unique(clips))), "per_horizon": tables}
