"""Writes manoeuvres.json: what Training's contract makes of some motions. Run: /usr/bin/python3 Pipeline.Tests/Fixtures/make_manoeuvres.py"""

import json
import sys
from pathlib import Path

import numpy as np

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here.parents[1] / "Training"))
from model import contract as c  # noqa: E402

MOTIONS = (  # speed, yaw rate, acceleration, plan (five pairs of acceleration and curvature, or none)
    (13.0, 0.11, -0.7, None),
    (0.4, -0.9, 0.3, None),  # turning on the spot: the present curvature is beyond the limit
    (2.0, 0.35, 1.2, None),  # slower than a lateral acceleration is reckoned with
    (31.0, 0.0, 0.0, None),
    (8.0, 0.05, 0.0, ((-1.0, 0.012), (-2.0, 0.013), (-3.0, 0.0), (-3.0, -0.05), (0.0, 0.0))),
)


def case(speed, yaw_rate, acceleration, plan):
    # As training calls it: rows of float32.
    speeds, rates, accelerations = (np.array([x], np.float32) for x in (speed, yaw_rate, acceleration))
    intended = c.keep_going(speeds, rates, accelerations) if plan is None else np.array([plan], np.float32)
    controls = c.candidates(speeds, intended)[0]  # [16, 5, 2]
    return {"speed": speed, "yaw_rate": yaw_rate, "acceleration": acceleration, "plan": plan,
            "controls": [[float(f"{x:.9g}") for x in row.ravel()] for row in controls]}


cases = ",\n".join(" " + json.dumps(case(*motion)) for motion in MOTIONS)
(here / "manoeuvres.json").write_text(f"[\n{cases}\n]\n")
