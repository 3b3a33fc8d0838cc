"""What an episodic memory would add: scenes of validation towns as the past, each with what followed it, looked up by their descriptors as C# looks its own up
(exact search, cosine). Does what followed the most alike scenes say more than the risk alone, and is the risk less right where nothing alike is known?"""

import numpy as np

from . import calibration as cal
from . import contract as c
from . import figures as f

ALIKE = 16                 # scenes that are asked
SHARPNESS = 20.0           # of the weight exp(SHARPNESS * similarity)
HORIZONS = (1, 2, 3)       # 1, 2, 3 s
NEW_SHARE = 0.02           # of ordinary validation moments that no other town's scene is like
AT_ONCE = 512


class Past:
    """Scenes with their descriptors [n, E], towns [n], and at which step going on as intended collided [n] (K: never)."""

    def __init__(self, parts):
        """parts: (records, clips) of runs over validation clips."""
        self.descriptors = np.concatenate([r["descriptor"] for r, _ in parts]).astype(np.float32)
        self.town = np.concatenate([np.array([clip["town"] for clip in clips])[r["clip"]] for r, clips in parts])
        self.step = np.concatenate([r["steps"][:, 0] for r, _ in parts]).astype(int)

    def look_up(self, descriptors, town=None):
        """-> similarity [n] of the most alike scene, followed [n, K]: the share of the ALIKE most alike in which a collision came by each horizon.
        town [n]: scenes of a moment's own town are left out."""
        similarity, followed = [], []
        for start in range(0, len(descriptors), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            cosine = descriptors[rows].astype(np.float32) @ self.descriptors.T
            if town is not None:
                cosine[town[rows][:, None] == self.town[None]] = -2.0
            best = np.argpartition(-cosine, ALIKE - 1, axis=1)[:, :ALIKE]
            near = np.take_along_axis(cosine, best, 1)
            weight = np.exp(SHARPNESS * (near - near.max(1, keepdims=True)))
            came = (self.step[best][..., None] <= np.arange(c.K)).astype(float)
            similarity.append(near.max(1))
            followed.append((weight[..., None] * came).sum(1) / weight.sum(1, keepdims=True))
        return np.concatenate(similarity), np.concatenate(followed)


def features(p, followed):
    """Calibrated risk [n] and what followed [n] at one horizon -> logits of both."""
    return cal.logit(p), cal.logit(0.02 + 0.96 * followed)


def choose(past, records, clips, scaling):
    """On natural validation clips, each town's scenes looked up among the other towns' alone. -> settings: weights of a blend at each horizon, the similarity below which a scene is new"""
    town = np.array([clip["town"] for clip in clips])[records["clip"]]
    similarity, followed = past.look_up(records["descriptor"], town)
    p = cal.apply_risk(records["risk_full"][:, 0], scaling)
    weights = []
    for k in range(c.K):
        x, y = features(p[:, k], followed[:, k])
        hit = (records["steps"][:, 0] <= k).astype(float)
        weights.append([round(w, 4) for w in _blend(x, y, hit)])
    return {"alike": ALIKE, "sharpness": SHARPNESS, "scenes": len(past.step), "weights": weights, "new_below": round(float(np.quantile(similarity, NEW_SHARE)), 4)}


def _blend(x, y, hit):
    """Weights of the two logits and a bias, by likelihood with a weak pull to the risk alone."""
    from scipy.optimize import minimize

    def cost(w):
        z = w[0] * x + w[1] * y + w[2]
        return (np.logaddexp(0, z) - hit * z).mean() + 1e-4 * ((w[0] - 1) ** 2 + w[1] ** 2)
    return minimize(cost, [1.0, 0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-8}).x


def measure(m, natural, settings):
    """natural: gates_risk.Part's records with `episode_similarity` [n] and `episode_followed` [n, K]."""
    chosen = settings["episodes"]
    w = f.clip_weights(natural["clip"])
    p = cal.apply_risk(natural["risk_full"][:, 0].astype(float), settings["risk"])
    similarity, followed = natural["episode_similarity"].astype(float), natural["episode_followed"].astype(float)
    for k in HORIZONS:
        hit = natural["steps"][:, 0].astype(int) <= k
        x, y = features(p[:, k], followed[:, k])
        a, b, bias = chosen["weights"][k]
        blended = cal.sigmoid(a * x + b * y + bias)
        name = f"{c.HORIZONS_S[k]:g}s"
        said = f"{ALIKE} most alike of {chosen['scenes']} scenes of validation towns"
        m.add(f"episodes_gain_ap_{name}", f.average_precision(blended, hit) - f.average_precision(p[:, k], hit), f.average_precision(blended, hit, w) - f.average_precision(p[:, k], hit, w), blind=0.0,
              note=f"AP of the risk joined with what followed the {said}, minus the risk's alone; what followed alone has {f.average_precision(followed[:, k], hit):.3f}")
        m.add(f"episodes_gain_brier_{name}", f.brier(p[:, k], hit) - f.brier(blended, hit), f.brier(p[:, k], hit, w) - f.brier(blended, hit, w), blind=0.0, note="squared error that the join saves")
    wrong = (p[:, 3] - (natural["steps"][:, 0].astype(int) <= 3)) ** 2
    new = similarity < chosen["new_below"]
    m.add("episodes_new", new.mean(), f.mean(new.astype(float), w), note=f"share of test moments that nothing known is like (similarity below {chosen['new_below']}; {NEW_SHARE:.0%} of validation moments are)")
    m.add("novelty_follows_error", f.correlation(f.ranks(-similarity), f.ranks(wrong)), f.correlation(f.ranks(-similarity), f.ranks(wrong), w), blind=0.0,
          note="rank correlation, over moments, of how unlike the most alike scene is with the squared error of the risk within 3 s"
               + (f"; mean squared error {wrong[new].mean():.4f} where new, {wrong[~new].mean():.4f} elsewhere" if new.any() else ""))


def of_videos(m, arrays, natural, settings):
    """Is real video new? arrays: real_video's, with NAME_descriptor_similarity."""
    similarity = natural["episode_similarity"].astype(float)
    for name in arrays["names"]:
        if f"{name}_similarity" not in arrays:
            continue
        theirs = arrays[f"{name}_similarity"].astype(float)
        both, odd = np.r_[-similarity, -theirs], np.r_[np.zeros(len(similarity), bool), np.ones(len(theirs), bool)]
        m.add(f"novelty_auc_{name}", f.area_under_curve(both, odd), blind=0.5, note=f"real video told from test clips by how unlike the most alike scene is; {(theirs < settings['episodes']['new_below']).mean():.0%} of its moments are new")
