"""Figures in the order of the report: name, value, interval, the blind control's value, the gate, the goal, and whether the gate holds."""

import numpy as np

from . import figures as f

LEAST_CLIPS = 40  # with a positive, for a horizon to be judged at the natural rate
RATIO_LOW = 0.7   # a ratio gate holds when the point reaches it and the lower bound this share of it


class Measured:
    def __init__(self):
        self.rows = []

    def add(self, name, value, drawn=None, blind=None, gate=None, passes=None, goal=None, note=None):
        """drawn: the value of every bootstrap draw, or None where the figure has no interval."""
        low, high = f.interval(drawn) if drawn is not None else (None, None)
        row = {"name": name, "value": _round(value), "low": _round(low), "high": _round(high), "blind": _round(blind)}
        if row["low"] is not None and row["value"] is not None:  # the bootstrap moves figures that cannot fall below 0
            row["low"], row["high"] = min(row["low"], row["value"]), max(row["high"], row["value"])
        if gate:
            row.update(gate=gate, passes=bool(passes) and row["value"] is not None)
        if goal:
            row["goal"] = goal
        if note:
            row["note"] = note
        self.rows.append(row)
        return row

    def above(self, name, value, drawn, least=0.0, **more):
        """Gate: the lower bound lies above `least`."""
        return self.add(name, value, drawn, gate=f"lower bound > {least:g}", passes=f.interval(drawn)[0] > least, **more)

    def ratio(self, name, value, drawn, least, **more):
        return self.add(name, value, drawn, gate=f">= {least:g}, lower bound >= {RATIO_LOW * least:.3g}", passes=value >= least and f.interval(drawn)[0] >= RATIO_LOW * least, **more)

    def missing(self, name, gate, why):
        """A gate for which there is nothing to measure does not hold."""
        return self.add(name, None, gate=gate, passes=False, note=why)

    @property
    def gates(self):
        return [r for r in self.rows if "gate" in r]


def _round(value):
    return None if value is None or not np.isfinite(value) else round(float(value), 4)
