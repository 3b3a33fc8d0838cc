"""Motorways: their networks, their traffic, and that the towns before them stay what they were."""

import hashlib
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from drives import choose, make, motorway_traffic, motorways, towns


def digest(value):
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


class TownsStayAsTheyWere(unittest.TestCase):
    def test_network_arguments_of_two_towns_are_those_of_the_clips(self):
        arguments = lambda number: towns.network_arguments(number, np.random.default_rng([7001, number]))
        self.assertEqual(digest(arguments(2)), "cab6600ccb8730b8")
        self.assertEqual(digest(arguments(29)), "1bbc5ba59ef95edd")

    def test_plan_of_the_towns_is_that_of_the_clips(self):
        self.assertEqual(digest([tuple(map(int, job)) for job in make.plan("train", 1200, 1)]), "e6c7987d6af16322")

    def test_towns_look_as_far_as_before(self):
        self.assertEqual(towns.reach_of(29), towns.Reach(95.0, 115.0, 150.0))


class Network(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.town = towns.build(49, cls.folder.name)  # two lanes each way

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_every_stretch_has_its_lanes_and_those_beside_the_ramps_one_more(self):
        road = self.town.motorway
        lanes = {}
        for lane in self.town.lanes:
            self.assertAlmostEqual(lane.width, road.lane_width, places=2)
            lanes[lane.edge] = lanes.get(lane.edge, 0) + 1
        for side, names in zip("ab", motorways.edges_of(road)):
            self.assertEqual([lanes[n] for n in names], [road.lanes + (i in (0, 2)) for i in range(len(names))])
            self.assertEqual((lanes[f"{side}off"], lanes[f"{side}on"]), (1, 1))

    def test_lanes_of_the_network_lie_where_the_mesh_draws_them(self):
        road = self.town.motorway
        way = road.carriageways[1]
        stretch = next(lane for lane in self.town.lanes if lane.edge == "b1" and lane.index == 0)
        ends = way.nodes[1:3]
        d = road.outer - road.lane_width / 2
        expected = way.at(np.linspace(*ends, 2000), d)
        gap = [np.hypot(*(expected - p).T).min() for p in stretch.shape[5:-5]]
        self.assertLess(max(gap), 0.15)

    def test_bends_are_those_of_a_motorway(self):
        for number in (n for numbers in towns.MOTORWAYS.values() for n in numbers):
            road = motorways.of(number)
            way = road.carriageways[0]
            curvature = np.gradient(np.unwrap(way.heading(np.arange(0, way.length, 5.0))), 5.0)
            self.assertLess(np.abs(curvature).max(), 1 / motorways.LEAST_RADIUS_M, number)
            self.assertTrue(3000 < way.length < 9000 and 25 <= road.speed <= 36 and 2 <= road.lanes <= 4, number)

    def test_run_is_fast_keeps_whole_bodies_and_repeats(self):
        run = make.run_of(self.town, 1, self.folder.name)
        with tempfile.TemporaryDirectory() as another:
            again = make.run_of(self.town, 1, another)
        np.testing.assert_allclose(run.pose, again.pose, rtol=0, atol=1e-9)  # numpy adds in another order where memory lies otherwise
        step = np.hypot(*np.moveaxis(np.diff(run.pose[..., :2], axis=1), 2, 0))
        self.assertLess(np.nanmax(step), 5.0)
        turn = np.abs((np.diff(run.pose[..., 2], axis=1) + np.pi) % (2 * np.pi) - np.pi)
        self.assertLess(np.nanmax(turn), 0.2)  # nobody turns abruptly, at the ramps neither
        windows = choose.natural(run, np.random.default_rng(1), 30, 32)
        speeds = [run.axle[w.ego, w.start, 3] for w in windows]
        self.assertGreater(np.mean(np.array(speeds) > 18.0), 0.5)


class LaneChanges(unittest.TestCase):
    def test_sideways_jump_becomes_a_gentle_curve_with_the_same_ends(self):
        ticks = np.arange(120)
        track = np.column_stack([ticks, 3.0 * ticks, np.where(ticks > 60, 3.6, 0.0), np.full(120, 90.0)])
        out = motorway_traffic.with_gradual_lane_changes(track, np.tile([0.0, 1.0], (120, 1)), np.random.default_rng(1))
        np.testing.assert_allclose(out[[0, -1]], track[[0, -1]], atol=1e-9)
        self.assertLess(np.abs(np.diff(out[:, 2])).max(), 0.3)
        self.assertLess(np.abs(np.diff(out[:, 2], 2)).max(), 0.05)


if __name__ == "__main__":
    unittest.main()
