"""Figures with 95 % intervals by bootstrap over clips: records of one clip are correlated, so whole clips are drawn."""

import numpy as np

REPEATS = 1000
AT_ONCE = 4_000_000  # weights in memory at a time


def clip_weights(clips, repeats=REPEATS, seed=0):
    """-> [repeats, records]: how often each record's clip was drawn."""
    names, index = np.unique(clips, return_inverse=True)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=repeats)
    return drawn[:, index]


def average_precision(score, hit, weights=None):
    """score, hit [n]; weights [r, n] -> AP, or [r] of them. Equal scores share one step of the curve."""
    if weights is not None and weights.size > AT_ONCE:
        rows = max(1, AT_ONCE // weights.shape[1])
        return np.concatenate([np.atleast_1d(average_precision(score, hit, weights[r:r + rows])) for r in range(0, len(weights), rows)])
    weights = np.ones((1, len(score))) if weights is None else weights
    order = np.argsort(-score, kind="stable")
    s, h = score[order], hit[order].astype(float)
    last = np.r_[s[1:] != s[:-1], True]
    w = weights[:, order].astype(float)
    positives = np.cumsum(w * h, 1)[:, last]
    all_ = np.cumsum(w, 1)[:, last]
    total = positives[:, -1:]
    gained = np.diff(np.concatenate([np.zeros((len(w), 1)), positives], 1), axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ap = (gained * positives / np.maximum(all_, 1e-9)).sum(1) / total[:, 0]
    return ap if len(ap) > 1 else float(ap[0])


def interval(values):
    values = np.asarray(values)[np.isfinite(values)]
    return (float(np.percentile(values, 2.5)), float(np.percentile(values, 97.5))) if len(values) else (float("nan"),) * 2


def mean(values, weights=None):
    """Of values [n]; with weights [r, n] one a draw."""
    return float(np.mean(values)) if weights is None else (weights @ values) / weights.sum(1)


def area_under_curve(score, odd, weights=None):
    """How often an odd one scores above an ordinary one, equal scores half. weights [r, n] -> [r]."""
    _, rank = np.unique(score, return_inverse=True)
    weights = np.ones((1, len(score))) if weights is None else weights
    out = []
    for w in weights:
        odds, plain = (np.bincount(rank, w * chosen, minlength=rank.max() + 1) for chosen in (odd, ~odd))
        below = np.cumsum(plain) - plain
        out.append((odds * (below + plain / 2)).sum() / max(odds.sum() * plain.sum(), 1e-9))
    return np.array(out) if len(out) > 1 else float(out[0])


def iou(histograms, threshold_bin, weights=None):
    """histograms [n, 2, bins]; IoU over all records together of `probability >= threshold`."""
    counts = histograms.astype(float)
    above = counts[:, :, threshold_bin:].sum(2)          # [n, 2]
    occupied = counts[:, 1].sum(1)
    columns = np.stack([above[:, 1], above[:, 0] + occupied], 1)  # both, either
    total = columns.sum(0)[None] if weights is None else weights @ columns
    value = total[:, 0] / np.maximum(total[:, 1], 1e-9)
    return value if weights is not None else float(value[0])


def best_threshold(histograms):
    """-> bin, IoU"""
    values = [iou(histograms, b) for b in range(1, histograms.shape[2])]
    return int(np.argmax(values)) + 1, float(max(values))


def recall(histograms, threshold_bin, weights=None):
    """Of the occupied cells in histograms [n, 2, bins]."""
    found, occupied = histograms[:, 1, threshold_bin:].sum(1).astype(float), histograms[:, 1].sum(1).astype(float)
    return float(found.sum() / max(occupied.sum(), 1)) if weights is None else (weights @ found) / np.maximum(weights @ occupied, 1)


def threshold_of_false_share(histograms, share):
    """The lowest bin at which at most `share` of the empty cells are called occupied."""
    empty = histograms[:, 0].sum(0).astype(float)
    above = np.cumsum(empty[::-1])[::-1] / max(empty.sum(), 1)
    fits = np.nonzero(above <= share)[0]
    return int(fits[0]) if len(fits) else histograms.shape[2]


def calibration_error(p, hit, weights=None, bins=15):
    """ECE of probabilities in bins of equal width."""
    which = np.minimum((p * bins).astype(int), bins - 1)
    weights = np.ones((1, len(p))) if weights is None else weights
    total = np.zeros(len(weights))
    for b in range(bins):
        inside = which == b
        if inside.any():
            total += np.abs(weights[:, inside] @ (p[inside] - hit[inside]))
    value = total / weights.sum(1)
    return value if len(value) > 1 else float(value[0])


def brier(p, hit, weights=None):
    error = (p - hit) ** 2
    return float(error.mean()) if weights is None else (weights @ error) / weights.sum(1)


def ranks(values):
    """0 to 1, equal values in the order they stand."""
    out = np.empty(len(values))
    out[np.argsort(values, kind="stable")] = np.linspace(0, 1, len(values))
    return out


def correlation(a, b, weights=None):
    """a, b [n]; weights [r, n] -> Pearson's correlation, or [r] of them."""
    w = np.ones((1, len(a))) if weights is None else weights.astype(float)
    total = np.maximum(w.sum(1), 1e-9)
    mean_a, mean_b = (w @ a) / total, (w @ b) / total
    both = (w @ (a * b)) / total - mean_a * mean_b
    spread = np.sqrt(np.maximum((w @ (a * a)) / total - mean_a ** 2, 1e-12) * np.maximum((w @ (b * b)) / total - mean_b ** 2, 1e-12))
    out = both / spread
    return float(out[0]) if weights is None else out
