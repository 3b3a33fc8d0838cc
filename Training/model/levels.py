"""Alarms: episodes of them, what they catch and how often they come; the levels, chosen on validation clips alone."""

import numpy as np

from . import calibration as cal
from . import contract as c

RULES = ((2, 3), (3, 5), (2, 5))  # m of n ticks
FALL = 0.7                        # of the rising threshold
THRESHOLDS = tuple(np.round(np.r_[np.arange(0.04, 0.2, 0.02), np.arange(0.2, 0.95, 0.025)], 3))
TTC_THRESHOLDS_S = tuple(np.round(np.arange(0.3, 4.01, 0.1), 1))
DRIVE_S = 12.0                    # a calm drive, as the samples are
FALSE_ALARMS = 0.042              # of such drives: with it at most 2 of 20 alarm, nineteen times in twenty
FALSE_ALARMS_NO_LOG = 0.15        # without an ego log, where every forecast says that it is degraded
MOVING_MPS, MARGIN_TICKS = 1.0, 10  # what counts as calm driving: it moves, and no threat is a second away
HORIZONS = (2, 3)                 # of alarms: 2 and 3 s; one on the risk within 1 s leaves too little time
EPISODES_OVER_TTC = 1.6           # on validation; the gate on test towns is 2
MOST_OVER_TTC = 99.0              # said where the true boxes' alarm is silent and ours is not
SOON_S, SLOWEST_MPS, IN_SUCCESSION = 2.0, 3.0, 3


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


def event_of(ttc, speed):
    """The first of three ticks in succession at which going on as now collides within 2 s, at 3 m/s or faster; and the moment of that contact,
    in ticks. None where there is none."""
    threat = (ttc <= SOON_S) & (speed >= SLOWEST_MPS)
    run = np.convolve(threat, np.ones(IN_SUCCESSION), "valid") >= IN_SUCCESSION
    if not run.any():
        return None
    first = int(np.argmax(run))
    return first, first + ttc[first] / c.TICK_S


def series_of(records, risk, natural, calm_drives=()):
    """Records at every tick -> one dict a clip: p [T, K] calibrated risk of the intended manoeuvre, ttc_velocity [T], event, calm [T], natural, and whether it is
    one of `calm_drives` (numbers of clips)."""
    out = []
    for clip in np.unique(records["clip"]):
        rows = records["clip"] == clip
        out.append({"p": risk[rows], "ttc": records["ttc_velocity"][rows].astype(float), "calm": calm_of(records["steps"][rows], records["ego"][rows, 0]),
                    "event": event_of(records["ttc"][rows].astype(float), records["ego"][rows, 0].astype(float)), "natural": natural, "calm_drive": clip in calm_drives})
    return out


def calm_of(steps, speed):
    """[T]: it drives, and neither the intended manoeuvre nor keeping on collides within 4 s, at this tick or any within a second of it."""
    threat = (steps[:, :2] < c.K).any(1)
    near = np.convolve(threat, np.ones(2 * MARGIN_TICKS + 1), "full")[MARGIN_TICKS:MARGIN_TICKS + len(threat)] > 0
    return ~near & (speed >= MOVING_MPS)


def false_share(series, score, pairs, rule):
    """[len(pairs)] share of calm drives of 12 s in which an alarm would be raised: from all calm natural driving, (alarms + 1/2) / drives, as few of a few
    hundred tell little, or from drives chosen as the calm test drives are, (alarmed + 1/2) / (drives + 1), whichever is the higher; and how many drives of both."""
    some = [s for s in series if s["natural"] and s["calm"].any()]
    count = np.array([sum(int(s["calm"][raised_at]) for s in some for raised_at in alarms(score(s), rise, fall, *rule)) for rise, fall in pairs])
    looked_at = sum(int(s["calm"].sum()) for s in some) * c.TICK_S / DRIVE_S
    share = 1 - np.exp(-(count + 0.5) / max(looked_at, 1e-9))
    chosen = [s for s in series if s["calm_drive"]]
    if chosen:
        share = np.maximum(share, (curve(chosen, score, pairs, rule)[..., 3].sum(1) + 0.5) / (len(chosen) + 1))
    return share, looked_at + len(chosen)


def counted(series, score, rise, fall, rule):
    """-> per clip: episodes, 1 where its event was met by an alarm before contact, the lead in s (NaN: none), 1 where it alarmed at all."""
    out = np.zeros((len(series), 4))
    for i, s in enumerate(series):
        raised = alarms(score(s), rise, fall, *rule)
        out[i, 0], out[i, 3], out[i, 2] = len(raised), bool(raised), np.nan
        if s["event"]:
            in_time = [t for t in raised if t < s["event"][1]]
            out[i, 1] = bool(in_time)
            if in_time:
                out[i, 2] = (s["event"][1] - in_time[0]) * c.TICK_S
    return out


def curve(series, score, pairs, rule):
    """[len(pairs), clips, 4] of `counted` for (rise, fall) pairs."""
    return np.stack([counted(series, score, rise, fall, rule) for rise, fall in pairs])


def of_risk(column):
    return lambda s: s["p"][:, column]


def of_ttc(s):
    return -s["ttc"]


RISK_PAIRS = tuple((t, FALL * t) for t in THRESHOLDS)
TTC_PAIRS = tuple((-t, -t / FALL) for t in TTC_THRESHOLDS_S)


def rates(counts, series, weights=None):
    """counts [..., clips, 4] -> episodes an hour of natural driving, share of events met; weights [clips] of a draw."""
    w = np.ones(len(series)) if weights is None else weights
    natural = np.array([s["natural"] for s in series]) * w
    event = np.array([s["event"] is not None for s in series]) * w
    hours = (natural * [len(s["p"]) for s in series]).sum() * c.TICK_S / 3600
    return counts[..., 0] @ natural / max(hours, 1e-9), counts[..., 1] @ event / max(event.sum(), 1e-9)


def fewest(episodes, met, at_least):
    """Episodes an hour at the cheapest threshold that meets at least that share of the events; inf where none does."""
    fits = met >= at_least - 1e-9
    return float(episodes[fits].min()) if fits.any() else float("inf")


def over_ttc(ours, met, curve_episodes, curve_met, ttc_episodes, ttc_met):
    """Ratio of episodes at equal detection; where the true boxes never meet as many events, both at the most that they meet."""
    level = met
    if ttc_met.max() < met:
        level, ours = ttc_met.max(), fewest(curve_episodes, curve_met, ttc_met.max())
    theirs = fewest(ttc_episodes, ttc_met, level)
    return min(ours / theirs, MOST_OVER_TTC) if theirs > 0 else MOST_OVER_TTC if ours > 0 else 1.0


def choose(series, against_ttc=True, most_false=FALSE_ALARMS):
    """series of validation clips. For every horizon, rule and threshold: of those at which few calm drives alarm and that come at most 1.6 times as often as
    a time-to-collision alarm from the true boxes that meets as many events, the one that meets most events in time; of equals the longer lead.
    against_ttc False leaves that ratio out: without an ego log the alarm is not held against one that knows the speeds.
    -> levels, table of (horizon, m, n, threshold, share of calm drives alarmed, events met, median lead, episodes an hour, over the time-to-collision alarm)"""
    best, table = None, []
    for m, n in RULES:
        ttc_episodes, ttc_met = rates(curve(series, of_ttc, TTC_PAIRS, (m, n)), series)
        for horizon in HORIZONS:
            counts = curve(series, of_risk(horizon), RISK_PAIRS, (m, n))
            episodes, met = rates(counts, series)
            false_alarms, _ = false_share(series, of_risk(horizon), RISK_PAIRS, (m, n))
            for i, threshold in enumerate(THRESHOLDS):
                false = float(false_alarms[i])
                leads = counts[i, :, 2][np.isfinite(counts[i, :, 2])]
                lead = float(np.median(leads)) if len(leads) else 0.0
                ratio = over_ttc(episodes[i], met[i], episodes, met, ttc_episodes, ttc_met)
                table.append((c.HORIZONS_S[horizon], m, n, float(threshold), round(false, 4), round(float(met[i]), 4), round(lead, 2), round(float(episodes[i]), 1), round(ratio, 3)))
                silent = false <= most_false  # where none is silent and seldom enough, the silent one that meets most
                worth = (silent and (ratio <= EPISODES_OVER_TTC or not against_ttc), silent, met[i] if silent else -false, lead)
                if best is None or worth > best[0]:
                    best = worth, horizon, float(threshold), (m, n)
    _, horizon, rise, (m, n) = best
    return {"horizon_s": c.HORIZONS_S[horizon], "elevated": {"rise": round(0.5 * rise, 4), "fall": round(0.35 * rise, 4)},
            "high": {"rise": round(rise, 4), "fall": round(FALL * rise, 4)}, "alarm": {"m": m, "n": n}}, table


def raised(risk, levels, scaling):
    """Raw risk [T, K] of the intended manoeuvre -> calibrated risk at the levels' horizon [T], first ticks of alarm episodes."""
    p = cal.apply_risk(risk, scaling)[:, list(c.HORIZONS_S).index(levels["horizon_s"])]
    return p, alarms(p, levels["high"]["rise"], levels["high"]["fall"], levels["alarm"]["m"], levels["alarm"]["n"])
