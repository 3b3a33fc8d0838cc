"""Gates of what the manoeuvre does to the forecast: shuffled actions, and the regret of the manoeuvre ranked best."""

import numpy as np

from . import calibration as cal
from . import contract as c
from . import figures as f

A = len(c.CANDIDATES)
REPEATS = 300
COMFORT = 0.02          # of a collision, for braking at 8 m/s2 or turning at 4 m/s2 all the time
FULL_BRAKE_MPS2, FULL_TURN_MPS2 = 8.0, 4.0
BRAKE_FULL = 6
AT = (1, 2, 3)          # horizons of 1, 2, 3 s


def comfort():
    """[16] cost of each candidate beside collisions: mean size of its acceleration and lateral acceleration over the horizons; the intended one: none."""
    out = np.zeros(A)
    share = np.array(c.STEP_S) / sum(c.STEP_S)
    for n, candidate in enumerate(c.CANDIDATES[1:], 1):
        along = np.abs(np.broadcast_to(candidate["acceleration_mps2"], c.K)) / FULL_BRAKE_MPS2
        across = np.abs(np.array(candidate["lateral_mps2"])) / FULL_TURN_MPS2
        out[n] = COMFORT * float((share * (along + across)).sum())
    return out


def shuffled(m, part):
    """Pooled AP over all 16 manoeuvres; and with each forecast made for another clip's manoeuvre in the place of this one's, or read off another one."""
    r = part.r
    every = np.arange(A)
    weights = np.repeat(part.weights[:REPEATS], A, axis=1)
    other = np.stack([(every + 1 + n) % A for n in np.random.default_rng(7023).integers(0, A - 1, len(r["steps"]))])
    values = {}
    for n, k in enumerate(AT):
        hit = (r["steps"] <= k).ravel()
        if not hit.any():
            continue
        for name, p in (("own", r["risk_full"][:, :, k]), ("another_clip", r["other_full"][:, :, n]), ("another_manoeuvre", np.take_along_axis(r["risk_full"][:, :, k], other, 1)),
                        ("blind", r["blind"][:, :, k]), ("blind_another", np.take_along_axis(r["blind"][:, :, k], other, 1))):
            score = p.astype(float).ravel()
            values.setdefault(name, []).append((f.average_precision(score, hit), f.average_precision(score, hit, weights)))
    if not values:
        m.missing(f"shuffled_actions_ap_share_{part.name}_another_clip", "<= 0.5", "no manoeuvre collides")
        return
    total = {name: (np.mean([v for v, _ in rows]), np.mean([d for _, d in rows], axis=0)) for name, rows in values.items()}
    m.add(f"ap_16_{part.name}", *total["own"], blind=total["blind"][0], note="all 16 manoeuvres pooled, mean of 1, 2, 3 s")
    blind = total["blind_another"][0] / total["blind"][0]
    for name, note, gated in (("another_clip", "forecasts made for another clip's manoeuvres, each in another one's place", True), ("another_manoeuvre", "forecasts of this record read off another of its manoeuvres", False)):
        value, drawn = total[name][0] / total["own"][0], total[name][1] / np.maximum(total["own"][1], 1e-9)
        gate = dict(gate="<= 0.5", passes=value <= 0.5) if gated and part.name == "natural" else {}
        m.add(f"shuffled_actions_ap_share_{part.name}_{name}", value, drawn, blind=blind, **gate, note=f"share of the pooled AP that is left: {note}")


def scaled(p, scalings):
    """Risk of the last horizon [n, 16], each manoeuvre by its own [16, 2]."""
    scale, bias = np.array(scalings).T
    return cal.sigmoid(scale * cal.logit(p[:, :, -1].astype(float)) + bias)


def regret(m, part, settings):
    """True cost of the manoeuvre ranked best minus the least that could be had: collision within 4 s 1, and the comfort of each. Paired over records."""
    r, extra, own = part.r, comfort(), settings["by_manoeuvre_4s"]
    truth = (r["steps"] < c.K) + extra
    chosen = {
        "ours": (cal.apply_all(r["risk_full"].astype(float), settings["risk"], settings["risk_candidates"])[:, :, -1] + extra).argmin(1),
        "blind": (cal.apply_all(r["blind"].astype(float), settings["blind"], settings["blind_candidates"])[:, :, -1] + extra).argmin(1),
        "ours_by_manoeuvre": (scaled(r["risk_full"], own["risk_full"]) + extra).argmin(1), "blind_by_manoeuvre": (scaled(r["blind"], own["blind"]) + extra).argmin(1),
        "velocity": ((r["first_step"] < c.K) + extra).argmin(1),
        "keep": np.full(len(truth), c.KEEP), "brake": np.full(len(truth), BRAKE_FULL),
    }
    rows = np.arange(len(truth))
    cost = {n: truth[rows, a] - truth.min(1) for n, a in chosen.items()}
    drawn = {n: f.mean(v, part.weights) for n, v in cost.items()}
    said = f"collision within 4 s costs 1, comfort at most {COMFORT:g} for braking at {FULL_BRAKE_MPS2:g} m/s2"
    m.add(f"regret_{part.name}", cost["ours"].mean(), drawn["ours"], blind=cost["blind"].mean(), note=said)
    m.add(f"regret_by_manoeuvre_{part.name}", cost["ours_by_manoeuvre"].mean(), drawn["ours_by_manoeuvre"], blind=cost["blind_by_manoeuvre"].mean(), note="were each manoeuvre's risk scaled on its own (on validation): not what is published")
    for name, text in (("velocity", "constant velocity from the TRUE boxes"), ("keep", "always keep on"), ("brake", "always brake at 8 m/s2")):
        m.add(f"regret_{name}_{part.name}", cost[name].mean(), drawn[name], note=text)
    gated = part.name == "natural"
    paired = cost["ours"] - cost["blind"]
    high = f.interval(f.mean(paired, part.weights))[1]
    m.add(f"regret_minus_blind_{part.name}", paired.mean(), f.mean(paired, part.weights), blind=0.0, **(dict(gate="upper bound < 0", passes=high < 0) if gated else {}))
    if cost["velocity"].mean() > 0:
        ratio = cost["ours"].mean() / cost["velocity"].mean()
        m.add(f"regret_over_velocity_{part.name}", ratio, drawn["ours"] / np.maximum(drawn["velocity"], 1e-9), blind=cost["blind"].mean() / cost["velocity"].mean(),
              **(dict(gate="<= 1.25", passes=ratio <= 1.25, goal="< 1") if gated else {}), note="constant velocity from the TRUE boxes chooses by its own collisions and the same comfort")
    elif gated:
        m.missing(f"regret_over_velocity_{part.name}", "<= 1.25", "constant velocity from the true boxes regrets nothing here")
