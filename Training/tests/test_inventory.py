"""Events counted from boxes: each kind made by hand, and what is not one; red lights that are run in a lively town's traffic."""

import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from drives import inventory, towns, traffic  # noqa: E402

T, TICK = 60, 0.1


def ego(speed=10.0, yaw=0.7):
    along = speed * TICK * np.arange(T)
    return np.column_stack([along * np.cos(yaw), along * np.sin(yaw), np.full(T, yaw), np.full(T, speed), np.zeros((T, 2))])


def boxes(of, kind, x, y, who=1, heading=0.0):
    """x, y [T] in the ego's frame of each tick."""
    cos, sin = np.cos(of[:, 2]), np.sin(of[:, 2])
    return [np.array([[who, kind, of[t, 0] + cos[t] * x[t] - sin[t] * y[t], of[t, 1] + sin[t] * x[t] + cos[t] * y[t], of[t, 2] + heading, 4.5, 1.8, 1.5]]) for t in range(T)]


class Events(unittest.TestCase):
    def count(self, of, kind, x, y, **more):
        return {name: n for name, n in inventory.events(of, boxes(of, kind, x, y, **more), T).items() if n}

    def test_lead_that_brakes_hard_counts_once(self):
        gap = 30 + np.where(np.arange(T) < 30, 0.0, -0.5 * 6.0 * (TICK * (np.arange(T) - 30)) ** 2)
        self.assertEqual(self.count(ego(), 0, np.maximum(gap, 3), np.zeros(T)), {"hard braking ahead": 1})

    def test_lead_that_brakes_gently_beside_or_toward_us_does_not(self):
        gap = lambda a: np.maximum(30 + np.where(np.arange(T) < 30, 0.0, -0.5 * a * (TICK * (np.arange(T) - 30)) ** 2), 3)
        self.assertEqual(self.count(ego(), 0, gap(2.0), np.zeros(T)), {})
        self.assertEqual(self.count(ego(), 0, gap(6.0), np.full(T, 3.5)), {})
        self.assertEqual(self.count(ego(), 0, gap(6.0), np.zeros(T), heading=np.pi), {})

    def test_vehicle_from_the_next_lane_is_a_cut_in(self):
        y = np.interp(np.arange(T), [20, 32], [3.5, 0.0])
        self.assertEqual(self.count(ego(), 0, np.full(T, 15.0), y), {"cut-in": 1})
        self.assertEqual(self.count(ego(), 0, np.full(T, 15.0), np.full(T, 3.5)), {})
        self.assertEqual(self.count(ego(), 0, np.full(T, -15.0), y), {})

    def test_person_and_cycle_that_come_into_the_way_are_told_apart_and_nobody_comes_before_a_standing_ego(self):
        y = np.interp(np.arange(T), [20, 34], [4.0, 0.0])
        self.assertEqual(self.count(ego(), 2, np.full(T, 20.0), y), {"person comes into the way": 1})
        self.assertEqual(self.count(ego(), 1, np.full(T, 20.0), y), {"cycle comes into the way": 1})
        self.assertEqual(self.count(ego(speed=0.5), 2, np.full(T, 20.0), y), {})


class RedLights(unittest.TestCase):
    def test_lively_town_has_vehicles_that_drive_on_when_it_is_red(self):
        ran, last = set(), {}

        def watch(sumo):
            for who in sumo.vehicle.getIDList():
                ahead = sumo.vehicle.getNextTLS(who)
                light = ahead[0] if ahead else None
                before = last.get(who)
                if before and before[3] in "rR" and before[2] < 3.0 and (light is None or light[:2] != before[:2]) and sumo.vehicle.getSpeed(who) > 2.0:
                    ran.add(who)
                last[who] = light

        with tempfile.TemporaryDirectory() as folder:
            town = towns.build(towns.NUMBERS["lively"]["train"][0], folder)
            run = traffic.simulate(town, 3, folder, watch=watch)
        self.assertGreater(len(ran), 15)  # 44; towns without such drivers show five, who cross as it turns
        self.assertLess(len(ran), len(run.kind) // 4)


if __name__ == "__main__":
    unittest.main()
