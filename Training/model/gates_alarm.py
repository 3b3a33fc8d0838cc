"""Gate of the alarm: how often it comes for what it catches, against a time-to-collision alarm from the true boxes; and the curves of both."""

import numpy as np

from . import calibration as cal
from . import contract as c
from . import figures as f
from . import levels as lv

REPEATS = 300
LEAST_EVENTS = 40


def series(long, natural, enriched, settings):
    """All natural clips at 10 Hz count for both; enriched ones for detection alone. -> series of ours, of the blind model"""
    out = []
    for blind, scaling in ((False, settings["risk"]), (True, settings["blind"])):
        own = lv.series_of(long, cal.apply_risk((long["blind"] if blind else long["risk"][:, 0]).astype(float), scaling), natural=True)
        for part, is_natural in ((natural, True), (enriched, False)):
            own += lv.series_of(part, cal.apply_risk(part["blind" if blind else "risk_full"][:, 0].astype(float), scaling), natural=is_natural)
        out.append(own)
    return out


def alarm(m, long, natural, enriched, settings):
    """natural, enriched: records at every tick. -> {"ours", "blind", "ttc"}: (episodes an hour, events met, median lead) by threshold, for the plot"""
    ours, blind = series(long, natural, enriched, settings)
    events = sum(s["event"] is not None for s in ours)
    levels = settings["levels"]
    column, rule = list(c.HORIZONS_S).index(levels["horizon_s"]), (levels["alarm"]["m"], levels["alarm"]["n"])
    chosen = lv.curve(ours, lv.of_risk(column), [(levels["high"]["rise"], levels["high"]["fall"])], rule)[0]
    counts = {"ours": lv.curve(ours, lv.of_risk(column), lv.RISK_PAIRS, rule), "blind": lv.curve(blind, lv.of_risk(column), lv.RISK_PAIRS, rule), "ttc": lv.curve(ours, lv.of_ttc, lv.TTC_PAIRS, rule)}
    weights = f.clip_weights(np.arange(len(ours)), REPEATS)

    def ratios(w):
        episodes, met = lv.rates(chosen, ours, w)
        curves = {n: lv.rates(x, ours, w) for n, x in counts.items()}
        return episodes, met, lv.over_ttc(episodes, met, *curves["ours"], *curves["ttc"]), lv.over_ttc(lv.fewest(*curves["blind"], met), met, *curves["blind"], *curves["ttc"])
    value = ratios(None)
    drawn = np.array([ratios(w) for w in weights])
    hours = sum(len(s["p"]) for s in ours if s["natural"]) * c.TICK_S / 3600
    said = f"{hours:.2f} natural hours, {events} events"
    m.add("alarm_episodes_an_hour", value[0], drawn[:, 0], note=said)
    m.add("alarm_detection", value[1], drawn[:, 1], note=f"events met before contact; an event: at three ticks in succession going on as now collides within 2 s; {said}")
    leads = chosen[np.isfinite(chosen[:, 2]), 2]
    m.add("alarm_median_lead_s", float(np.median(leads)) if len(leads) else 0.0, note="from the alarm to the contact that going on would have brought")
    m.add("alarm_episodes_over_ttc", value[2], drawn[:, 2], blind=value[3], gate=f"<= 2, of {LEAST_EVENTS} events or more", passes=value[2] <= 2 and events >= LEAST_EVENTS, goal="<= 1",
          note="episodes a natural hour over those of a time-to-collision alarm from the TRUE boxes that meets as many events")
    out = {}
    for name, x in counts.items():
        episodes, met = lv.rates(x, ours)
        out[name] = (episodes, met, np.array([np.median(row[np.isfinite(row[:, 2]), 2]) if np.isfinite(row[:, 2]).any() else np.nan for row in x]))
    out["chosen"] = (value[0], value[1], float(np.median(leads)) if len(leads) else np.nan)
    return out
