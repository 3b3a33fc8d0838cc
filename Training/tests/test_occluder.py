import sys
import unittest
from pathlib import Path
from types import SimpleNamespace

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from drives import labels, towns, traffic  # noqa: E402
from model import gates_map, occluder  # noqa: E402
from model.measured import Measured  # noqa: E402


class Open:
    """A town of one square without houses."""

    number, name = 99, "t99"
    road_mask, building_mask = np.ones((400, 400), np.uint8), np.zeros((400, 400), np.uint8)

    @staticmethod
    def cells(xy):
        return np.clip((np.asarray(xy) + 200).astype(int), 0, 399)


def run():
    axle = np.full((1, 200, 6), np.nan)
    axle[0, :, :] = 0.0
    axle[0, :, 0] = np.linspace(0, 50, 200)
    return traffic.Run(99, 1, np.array([traffic.KINDS.index("saloon")]), np.array([traffic.DIMENSIONS["saloon"]]), axle[..., :3], axle, np.zeros(1, bool))


class Scenes(unittest.TestCase):
    def test_a_lorry_crosses_between_the_ego_and_somebody(self):
        rng, found = np.random.default_rng(1), 0
        for _ in range(40):
            three = occluder.staged(Open, run(), rng)
            if three is None:
                continue
            found += 1
            ego, somebody, lorry = three.pose[:, :occluder.TICKS, :2]
            self.assertTrue((somebody == somebody[0]).all())
            ahead = somebody[0, 0] - ego[0, 0]
            self.assertTrue(occluder.AHEAD_M[0] - 3 <= ahead <= occluder.AHEAD_M[1])
            self.assertTrue((lorry[:, 0] < somebody[0, 0]).all() and (lorry[:, 0] > ego[:, 0]).all())
            self.assertLess(lorry[0, 1] * lorry[-1, 1], 0)  # from one side to the other
        self.assertGreater(found, 10)

    def test_a_house_in_the_way_makes_no_scene(self):
        town = SimpleNamespace(number=99, name="t99", cells=Open.cells, road_mask=Open.road_mask, building_mask=np.ones((400, 400), np.uint8))
        self.assertTrue(all(occluder.staged(town, run(), np.random.default_rng(n)) is None for n in range(10)))

    def test_place_is_the_somebodys_alone(self):
        boxes = np.array([[1, 0, 10.0, 0, 0, 4, 2, 1.5], [2, 0, 10.0, 2.5, 0, 4, 2, 1.5]])
        clip = SimpleNamespace(boxes=lambda t: boxes, ego=np.zeros((1, 6)))
        place = occluder.hidden_place(clip, 0)
        everything = labels.raster(labels.in_frame(boxes, clip.ego[0])).max(0).reshape(-1).astype(bool)
        other = labels.raster(labels.in_frame(boxes[1:], clip.ego[0])).max(0).reshape(-1).astype(bool)
        self.assertTrue(place.any())
        self.assertFalse((place & other).any())
        self.assertTrue((place <= everything).all())

    def test_split_has_towns(self):
        self.assertTrue(all(towns.kind_of(n) == "town" for n in towns.SPLITS["test"]))


class Gate(unittest.TestCase):
    def judged(self, memory):
        fresh = np.full((20, 2, 25), 0.3)
        m = Measured()
        gates_map.behind_a_lorry(m, {"name": np.arange(20), "memory": memory, "fresh": fresh})
        return {r["name"]: r for r in m.rows}

    def test_holds_for_a_memory_and_fails_without_one(self):
        noise = np.random.default_rng(0).normal(0, 0.01, (20, 2, 25))
        remembers = 0.2 + noise
        remembers[:, 0] += 0.2
        self.assertTrue(self.judged(remembers)["memory_behind_lorry_1s"]["passes"])
        self.assertFalse(self.judged(0.2 + noise * 0)["memory_behind_lorry_1s"]["passes"])

    def test_scenes_over_before_are_left_out(self):
        said = np.full((20, 2, 25), 0.2)
        said[:, 0, :12] = 0.5
        said[:5, :, 8:] = np.nan
        self.assertIn("15 pairs", self.judged(said)["memory_behind_lorry_1s"]["note"])


if __name__ == "__main__":
    unittest.main()
