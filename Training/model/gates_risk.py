"""Gates of the collision risk when keeping on: against the blind model and the true boxes, without cameras, without ticks, without a log; calibration."""

import numpy as np

from drives import towns

from . import calibration as cal
from . import contract as c
from . import figures as f
from .measured import LEAST_CLIPS

GATED = (1, 2, 3)  # horizons of 1, 2, 3 s
SPEED_BANDS_MPS = ((0, 5), (5, 12), (12, 20), (20, 99))
ALL_LOST_OFF = 0.02  # of the mean probability from the rate, that counts as none


class Part:
    """Records of the natural or the enriched clips, and the draws over their clips."""

    def __init__(self, name, records, names=()):
        self.name, self.r, self.names = name, records, names
        self.weights = f.clip_weights(records["clip"])
        self.clips = len(np.unique(records["clip"]))

    def hit(self, k):
        return self.r["steps"][:, c.KEEP] <= k

    def positives(self, k):
        return len(np.unique(self.r["clip"][self.hit(k)]))

    def score(self, name, k):
        if name == "velocity":
            return -self.r["closest"][:, k].astype(float)
        return self.r[name][:, c.KEEP, k].astype(float)

    def ap(self, name, k):
        """-> value, draws"""
        return f.average_precision(self.score(name, k), self.hit(k)), f.average_precision(self.score(name, k), self.hit(k), self.weights)


def average_precisions(m, parts):
    """Per horizon: ours, blind, ratio to constant velocity. -> {(part, k): {name: (value, draws)}}"""
    out = {}
    for part in parts:
        for k in range(c.K):
            if part.positives(k) < 5:
                continue
            h = f"{part.name}_{c.HORIZONS_S[k]:g}s"
            names = ["risk_full", "blind", "velocity", "risk_front_lost", "risk_all_lost", "risk_unlogged"]
            a = out[part.name, k] = {n: part.ap(n, k) for n in names}
            m.add(f"ap_{h}", *a["risk_full"], blind=a["blind"][0], note=f"{part.positives(k)} clips with a positive of {part.clips}, {int(part.hit(k).sum())} of {len(part.hit(k))} records")
            m.add(f"ap_velocity_{h}", *a["velocity"], note="constant velocity from the TRUE boxes")
    by_name = {p.name: p for p in parts}
    for k in GATED:
        where = "natural" if by_name["natural"].positives(k) >= LEAST_CLIPS else "enriched"
        h = f"{c.HORIZONS_S[k]:g}s"
        if (where, k) not in out:
            m.missing(f"ap_minus_blind_{where}_{h}", "lower bound > 0", "too few positives")
            continue
        (ours, drawn), (blind, blind_drawn) = out[where, k]["risk_full"], out[where, k]["blind"]
        m.above(f"ap_minus_blind_{where}_{h}", ours - blind, drawn - blind_drawn, blind=0.0,
                note=None if where == "natural" else f"decided on enriched clips: fewer than {LEAST_CLIPS} natural clips have a positive")
    for where, k, least, goal in (("natural", 2, 0.7, ">= 1.0"), ("natural", 3, 0.7, ">= 1.0"), ("enriched", 0, 0.4, ">= 0.7"), ("enriched", 1, 0.4, ">= 0.7")):
        name = f"ap_over_velocity_{where}_{c.HORIZONS_S[k]:g}s"
        if (where, k) not in out:
            m.missing(name, f">= {least:g}", "too few positives")
            continue
        (ours, drawn), (theirs, their_draws), (blind, _) = (out[where, k][n] for n in ("risk_full", "velocity", "blind"))
        m.ratio(name, ours / theirs, drawn / np.maximum(their_draws, 1e-9), least, blind=blind / theirs, goal=goal,
                note=f"constant velocity from the TRUE boxes; {by_name[where].positives(k)} clips with a positive" + ("" if by_name[where].positives(k) >= LEAST_CLIPS else f", fewer than the {LEAST_CLIPS} that a horizon should have"))
    return out


def by_kind(m, parts):
    """Towns and motorways apart."""
    for part in parts:
        for kind in ("town", "motorway"):
            chosen = np.isin(part.r["clip"], np.nonzero([towns.kind_of(int(str(n).split("-")[1][1:])) == kind for n in part.names])[0])
            for k in (1, 2, 3):
                hit = part.hit(k)[chosen]
                positives = len(np.unique(part.r["clip"][chosen][hit]))
                if positives < 5:
                    continue
                w = part.weights[:, chosen]
                score = {n: part.score(n, k)[chosen] for n in ("risk_full", "blind", "velocity")}
                m.add(f"ap_{part.name}_{c.HORIZONS_S[k]:g}s_{kind}", f.average_precision(score["risk_full"], hit), f.average_precision(score["risk_full"], hit, w), blind=f.average_precision(score["blind"], hit),
                      note=f"{positives} clips with a positive of {len(np.unique(part.r['clip'][chosen]))}; constant velocity from the true boxes {f.average_precision(score['velocity'], hit):.3f}")


def judged(parts, out):
    """The natural horizons of 1-3 s with enough positives; the enriched ones where there are none."""
    natural = [("natural", k) for k in GATED if ("natural", k) in out and parts[0].positives(k) >= LEAST_CLIPS]
    return natural or [("enriched", k) for k in GATED if ("enriched", k) in out]


def fall(keys, out, name):
    """Relative loss of the mean AP over `keys` -> value, draws"""
    before, after = (sum(out[key][n][0] for key in keys) for n in ("risk_full", name))
    drawn = 1 - sum(out[key][name][1] for key in keys) / np.maximum(sum(out[key]["risk_full"][1] for key in keys), 1e-9)
    return 1 - after / before, drawn


def cameras(m, parts, out, settings):
    keys = judged(parts, out)
    if not keys:
        m.missing("front_lost_fall", ">= 0.2", "too few positives")
        m.missing("all_lost_minus_blind", "lower bound <= 0", "too few positives")
        return
    which = ", ".join(f"{part} {c.HORIZONS_S[k]:g} s" for part, k in keys)
    value, drawn = fall(keys, out, "risk_front_lost")
    m.ratio("front_lost_fall", value, drawn, 0.2, blind=0.0, note=f"relative loss of the mean AP ({which}) without the front camera")
    for part, k in keys:
        a, h = out[part, k], f"{part}_{c.HORIZONS_S[k]:g}s"
        drawn = a["risk_all_lost"][1] - a["blind"][1]
        m.add(f"all_lost_minus_blind_{h}", a["risk_all_lost"][0] - a["blind"][0], drawn, blind=0.0, gate="lower bound <= 0", passes=f.interval(drawn)[0] <= 0, note="AP with all cameras lost: no better than the blind model")
    natural = parts[0]
    p = cal.apply_risk(natural.r["risk_all_lost"][:, c.KEEP].astype(float), settings["risk"])
    blind = cal.apply_risk(natural.r["blind"][:, c.KEEP].astype(float), settings["blind"])
    for k in (2, 3):
        off = p[:, k] - natural.hit(k)
        drawn = f.mean(off, natural.weights)
        low, high = f.interval(drawn)
        m.add(f"all_lost_mean_minus_rate_{c.HORIZONS_S[k]:g}s", off.mean(), drawn, blind=(blind[:, k] - natural.hit(k)).mean(), gate=f"the interval reaches +-{ALL_LOST_OFF:g}",
              passes=low <= ALL_LOST_OFF and high >= -ALL_LOST_OFF, note="mean forecast probability minus the rate with all cameras lost: below, it would be confident without eyes")
    enriched = parts[1]
    for name in [n for n in enriched.r if n.startswith("risk_") and n.endswith("_lost")]:
        pairs = {("enriched", k): {"risk_full": out["enriched", k]["risk_full"], name: enriched.ap(name, k)} for k in GATED if ("enriched", k) in out}
        if pairs:
            m.add(f"{name[5:]}_fall_enriched", *fall(list(pairs), pairs, name), note="curve by mask: relative loss of the mean AP at 1, 2, 3 s")


def dropped(m, parts):
    """30 % of the ticks never seen, at 10 Hz; at a dropped tick the last forecast stands. parts: records at every tick."""
    out = {(part.name, k): {n: part.ap(n, k) for n in ("risk_full", "risk_dropped")} for part in parts for k in GATED if part.positives(k) >= 5}
    gated = judged(parts, out)
    if not gated:
        m.missing("dropped_ticks_cost", "< 0.10", "too few positives")
        return
    for name, keys in (("", gated), ("_enriched", [key for key in out if key[0] == "enriched"])):
        if keys:
            value, drawn = fall(keys, out, "risk_dropped")
            which = ", ".join(f"{part} {c.HORIZONS_S[k]:g} s" for part, k in keys)
            m.add(f"dropped_ticks_cost{name}", value, drawn, **(dict(gate="< 0.10", passes=value < 0.1, goal="< 0.03") if not name else {}), note=f"relative loss of the mean AP ({which}), 30 % of the ticks dropped")


def calibrated(m, natural, settings):
    """-> calibrated risk of keeping on, the blind one's"""
    ours = cal.apply_risk(natural.r["risk_full"][:, c.KEEP].astype(float), settings["risk"])
    blind = cal.apply_risk(natural.r["blind"][:, c.KEEP].astype(float), settings["blind"])
    for k in range(c.K):
        hit, h = natural.hit(k).astype(float), f"{c.HORIZONS_S[k]:g}s"
        error = f.calibration_error(ours[:, k], hit)
        gate = dict(gate="<= 0.02", passes=error <= 0.02, goal="<= 0.01") if k in GATED else {}
        m.add(f"ece_{h}", error, f.calibration_error(ours[:, k], hit, natural.weights), f.calibration_error(blind[:, k], hit), **gate,
              note="after scaling, keep going, natural rate; the bootstrap raises an ECE near 0, so the point decides")
        skill = 1 - f.brier(ours[:, k], hit) / max(f.brier(blind[:, k], hit), 1e-9)
        drawn = 1 - f.brier(ours[:, k], hit, natural.weights) / np.maximum(f.brier(blind[:, k], hit, natural.weights), 1e-9)
        gate = dict(gate="> 0", passes=skill > 0, goal=">= 0.3") if k in GATED else {}
        m.add(f"brier_skill_over_blind_{h}", skill, drawn, 0.0, **gate)
    return ours, blind


def bounds(m, natural, settings):
    """The conformal bound of the intended manoeuvre: of the records, the share whose bin's rate the bound covers."""
    p = cal.apply_risk(natural.r["risk_full"][:, 0].astype(float), settings["risk"])
    alpha = settings["bounds"]["alpha"]
    for k, table in enumerate(settings["bounds"]["per_horizon"]):
        hit = (natural.r["steps"][:, 0] <= k).astype(float)
        which = np.searchsorted(table["edges"], p[:, k], side="right")
        value, drawn = coverage(which, np.array(table["bounds"]), hit), coverage(which, np.array(table["bounds"]), hit, natural.weights)
        m.add(f"bound_coverage_{c.HORIZONS_S[k]:g}s", value, drawn, gate=f"the interval reaches {1 - alpha:g}", passes=f.interval(drawn)[1] >= 1 - alpha,
              note="share of natural records in bins of the forecast whose rate stays below the bound, intended manoeuvre")
        slack = np.array(table["bounds"])[which] - hit
        m.add(f"bound_slack_{c.HORIZONS_S[k]:g}s", slack.mean(), f.mean(slack, natural.weights), note="mean bound minus the rate")


def coverage(which, bound, hit, weights=None):
    w = np.ones((1, len(hit))) if weights is None else weights
    covered = np.zeros(len(w))
    for b in np.unique(which):
        inside = which == b
        mass = w[:, inside].sum(1)
        covered += mass * ((w[:, inside] @ hit[inside]) / np.maximum(mass, 1e-9) <= bound[b])
    value = covered / w.sum(1)
    return float(value[0]) if weights is None else value


def of_candidates(m, natural, settings):
    """Calibration of the 14 manoeuvres that are imagined beside the intended and the keep-going one."""
    r = natural.r
    p = cal.apply_all(r["risk_full"].astype(float), settings["risk"], settings["risk_candidates"])[:, 2:]
    blind = cal.apply_all(r["blind"].astype(float), settings["blind"], settings["blind_candidates"])[:, 2:]
    weights = np.repeat(natural.weights[:300], p.shape[1], axis=1)
    for k in GATED:
        hit = (r["steps"][:, 2:] <= k).astype(float).ravel()
        q = p[:, :, k].ravel()
        m.add(f"ece_candidates_{c.HORIZONS_S[k]:g}s", f.calibration_error(q, hit), f.calibration_error(q, hit, weights), blind=f.calibration_error(blind[:, :, k].ravel(), hit),
              note=f"the other 14 manoeuvres pooled: {q.mean():.3f} said, {hit.mean():.3f} came")


def without_memory(m, long):
    """The intended manoeuvre's risk from the same model with its state emptied every tick, on long natural clips, paired."""
    steps, clip = long["sparse_steps"].astype(int), long["sparse_clip"]
    w = f.clip_weights(clip)
    for k in GATED:
        hit = steps <= k
        positive = len(np.unique(clip[hit]))
        if positive < 5:
            continue
        ours, theirs = (long[f"sparse_{n}"][:, k].astype(float) for n in ("memory", "fresh"))
        drawn = f.average_precision(ours, hit, w) - f.average_precision(theirs, hit, w)
        m.add(f"memory_gain_ap_{c.HORIZONS_S[k]:g}s", f.average_precision(ours, hit) - f.average_precision(theirs, hit), drawn, blind=0.0,
              note=f"AP of the intended manoeuvre's risk, {f.average_precision(ours, hit):.3f}, minus the same model's with its state emptied every tick; {positive} of {len(np.unique(clip))} long clips with a positive")


def without_log(m, parts, out):
    """No ego log: AP of keeping on by the estimate's own speed, and how far the estimate is from the truth."""
    for part in parts:
        for k in (2, 3):
            if (part.name, k) in out:
                m.add(f"ap_without_log_{part.name}_{c.HORIZONS_S[k]:g}s", *out[part.name, k]["risk_unlogged"], blind=out[part.name, k]["blind"][0], note="the blind control is given the true ego motion")
    r = {k: np.concatenate([p.r[k] for p in parts]) for k in ("estimate", "ego")}
    error = np.abs(r["estimate"][:, 0].astype(float) - r["ego"][:, 0])
    for low, high in SPEED_BANDS_MPS:
        inside = (r["ego"][:, 0] >= low) & (r["ego"][:, 0] < high)
        name = f"speed_error_without_log_{low}_{high}mps" if high < 99 else f"speed_error_without_log_{low}mps_and_more"
        if inside.any():
            m.add(name, float(np.median(error[inside])), note=f"median absolute error, m/s, of {int(inside.sum())} records of that true speed; standing still forecast as the mean would give {np.median(np.abs(r['ego'][inside, 0] - np.median(r['ego'][:, 0]))):.1f}")
