"""Runs over toy clips: what a variant takes away, what stands where nothing was seen, and that an edit that changes nothing changes nothing."""

import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

import test_model_toys as toys
from drives import clips
from model import baselines, labels_cache, long_runs, records, regenerate, variants
from model import contract as c
from model.blind import Blind
from model.world_model import WorldModel


class Variants(unittest.TestCase):
    def test_dropped_share_and_first_tick(self):
        seen = variants.DROPPED.seen("a", 5000)
        self.assertTrue(seen[0])
        self.assertAlmostEqual(1 - seen.mean(), 0.3, delta=0.03)
        self.assertTrue((seen == variants.DROPPED.seen("a", 5000)).all())
        self.assertFalse((seen == variants.DROPPED.seen("b", 5000)).all())
        self.assertTrue(variants.FULL.seen("a", 50).all())

    def test_masks(self):
        cameras = ["rear", "front"]
        self.assertEqual(variants.FRONT_LOST.mask(cameras).tolist(), [1, 0])
        self.assertEqual(variants.ALL_LOST.mask(cameras).tolist(), [0, 0])
        self.assertEqual(len(variants.EACH_LOST), 5)


class Runs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        torch.manual_seed(0)
        cls.model, cls.blind = WorldModel().eval(), Blind().eval()
        cls.scratch = tempfile.TemporaryDirectory()
        cls.root = Path(cls.scratch.name)
        for n in range(2):
            toys.write(cls.root / "test" / f"n-toy-{n:03d}.npz", 900 + n, ticks=13 + n, cameras=("front",), enriched=False, split="test")
        cls.paths = records.choose(cls.root, "test")

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def test_what_each_variant_takes_away(self):
        every = variants.Variant("half", dropped=0.5)
        r, maps, found = records.collect(self.model, self.blind, self.paths, (variants.FULL, variants.FRONT_LOST, variants.ALL_LOST, variants.UNLOGGED, every), stride=1, every=1)
        self.assertEqual([clip["name"] for clip in found], ["n-toy-000", "n-toy-001"])
        self.assertEqual(np.bincount(r["clip"]).tolist(), [3, 4])  # ticks 10 to 12, 10 to 13
        self.assertTrue(np.array_equal(r["risk_front_lost"], r["risk_all_lost"]))  # the only camera is the front one
        self.assertGreater(np.abs(r["risk_full"] - r["risk_all_lost"]).max(), 0)
        self.assertGreaterEqual(r["estimate"][:, 0].min(), 0)
        seen = every.seen("n-toy-001", 14)
        for i in np.nonzero((r["clip"] == 1) & (r["tick"] > 10))[0]:
            same = np.array_equal(r["risk_half"][i], r["risk_half"][i - 1])
            self.assertEqual(same, not seen[r["tick"][i]])
        self.assertEqual(maps["now_full"].sum(), maps["now_all_lost"].sum())
        self.assertEqual(maps["forecast"][0, 0].sum(), 3 * 48 * 32)

    def test_two_workers_give_what_one_gives(self):
        one, two = (records.collect(self.model, self.blind, self.paths, workers=n, occupancy=False) for n in (1, 2))
        self.assertEqual([clip["name"] for clip in one[2]], [clip["name"] for clip in two[2]])
        self.assertTrue(np.allclose(one[0]["risk_full"], two[0]["risk_full"], atol=1e-5))

    def test_constant_velocity_is_right_about_those_who_keep_theirs(self):
        clip = clips.Clip(self.paths[0])
        simple, cached = baselines.load(clip), labels_cache.load(clip)
        self.assertTrue((simple["first_step"][1:] == cached["steps"][1:, :16]).all())  # at tick 0 there is no velocity yet
        self.assertTrue(np.allclose(simple["ttc"][1:], simple["ttc_velocity"][1:]))
        self.assertTrue(np.array_equal(baselines.load(clip)["closest"], simple["closest"]))

    def test_edit_that_changes_nothing_is_no_surprise(self):
        base = self.root / "long-test" / "n-toy-000.npz"
        toys.write(base, 703, ticks=37, cameras=("front",), enriched=False, split="test")
        clip, t0 = clips.Clip(base), 31
        ticks = range(t0, t0 + long_runs.WINDOW)
        (base.parent / "edits").mkdir()
        clips.write(base.parent / "edits" / "n-toy-000-vanish.npz", dict(clip.meta, ticks=long_runs.WINDOW, edit="vanish", tick=t0), [clip.jpeg(t, 0) for t in ticks], clip.ego[t0:t0 + 5],
                    [clip.boxes(t) for t in ticks], [clip.visible(t) for t in ticks], clip.intrinsics, clip.vehicle_from_camera)
        got = long_runs.collect(self.model, self.blind, [base])[0]
        at, abrupt, own = got["edited"]["vanish"]
        self.assertEqual(at, t0)
        self.assertTrue(np.allclose(abrupt, got["abrupt"][t0:t0 + 5], atol=1e-6))
        self.assertTrue(np.allclose(own, got["own"][t0:t0 + 5], atol=1e-5))
        self.assertFalse(np.isnan(abrupt).any())
        self.assertTrue((own <= 0).all())
        self.assertEqual(got["rows"]["risk"].shape, (27, 2, c.K))
        self.assertTrue(np.isfinite(got["driven"][10][:, :3]).all())      # 2 s after tick 10 is there
        self.assertTrue(np.isnan(got["driven"][10][:, 3:]).all())         # 3 s is not
        asked = got["occluded"]["memory"]
        self.assertEqual(asked[:, :].sum(), got["occluded"]["fresh"].sum())


class Regenerated(unittest.TestCase):
    def test_job_of_a_clip_is_that_of_its_run(self):
        self.assertEqual(regenerate.run_of("n-t29-1003-017"), (29, 1003))
        for split, town, seed in (("test", 29, 1003), ("test", 49, 1001), ("validation", 26, 1002)):
            self.assertEqual(regenerate.job_of(split, town, seed)[:2], (town, seed))


if __name__ == "__main__":
    unittest.main()
