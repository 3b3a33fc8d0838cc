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
    number of CLIPS in the bin as the number of trials, since a clip's records are correlated."""
    tables = []
    for k, h in enumerate(c.HORIZONS_S):
        edges = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4]
        bounds = []
        which = np.searchsorted(edges, p[:, k], side="right")
        kept = []
        for b in range(len(edges) + 1):
            inside = which == b
            n = len(np.unique(clips[inside]))
            if n < 15 and b < len(edges):
                kept.append(None)
                continue
            rate = hit[inside, k].mean() if inside.any() else 1.0
            kept.append(1.0 if n < 15 else float(beta.ppf(1 - ALPHA, rate * n + 1, max(n - rate * n, 1e-9))))
        if kept[-1] is None:
            kept[-1] = 1.0
        for b in range(len(kept) - 1, -1, -1):  # too few clips in a bin: the next higher bin's bound
            bounds.insert(0, kept[b] if kept[b] is not None else bounds[0])
        tables.append({"horizon_s": h, "edges": edges, "bounds": [round(float(x), 5) for x in np.maximum.accumulate(bounds)]})
    return {"method": "Clopper-Pearson per bin of calibrated probability, trials = clips, natural-rate validation towns", "alpha": ALPHA,
            "n": int(len(np.unique(clips))), "per_horizon": tables}


ALARM_RULES = ((2, 3), (3, 5), (2, 5))  # m of n ticks


def alarms(p, threshold, fall, m, n):
    """p [T] at consecutive ticks -> list of the first ticks of alarm episodes: m of the last n ticks high (hysteresis: rise, fall)."""
    high, on, recent, out = False, False, [], []
    for t, value in enumerate(p):
        high = value >= (fall if high else threshold)
        recent = (recent + [high])[-n:]
        if not on and sum(recent) >= m:
            on = True
            out.append(t)
        elif on and sum(recent) == 0:
            on = False
    return out


FALSE_ALARMS = 0.02  # the share of calm validation clips (1 to 2 s looked at) that may alarm


def choose_levels(series):
    """series: list of {"p": [T, K] calibrated at every tick, "calm": bool, "event": bool}. For each horizon and rule the lowest threshold at which few calm
    clips alarm; of these the one that raises most events, the longer horizon and the stricter rule first where they are equal.
    -> levels, table of (horizon, m, n, threshold, calm alarmed, events raised)"""
    calm, events = [s["p"] for s in series if s["calm"]], [s["p"] for s in series if s["event"]]
    best, table = (-1.0, 2, 0.9, (3, 5)), []
    for horizon in (3, 2, 1):
        for m, n in sorted(ALARM_RULES, reverse=True):
            chosen = None
            for threshold in np.r_[np.arange(0.04, 0.2, 0.02), np.arange(0.2, 0.95, 0.025)]:
                false, found = (float(np.mean([bool(alarms(p[:, horizon], threshold, 0.7 * threshold, m, n)) for p in some])) if some else 0.0 for some in (calm, events))
                table.append((c.HORIZONS_S[horizon], m, n, round(float(threshold), 3), round(false, 4), round(found, 4)))
                if chosen is None and false <= FALSE_ALARMS:
                    chosen = (found, horizon, float(threshold), (m, n))
            if chosen and chosen[0] > best[0]:
                best = chosen
    _, horizon, rise, (m, n) = best
    levels = {"horizon_s": c.HORIZONS_S[horizon], "elevated": {"rise": round(0.5 * rise, 4), "fall": round(0.35 * rise, 4)},
              "high": {"rise": round(rise, 4), "fall": round(0.7 * rise, 4)}, "alarm": {"m": m, "n": n}}
    return levels, table
