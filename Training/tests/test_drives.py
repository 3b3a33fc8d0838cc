"""Clip files, the rig file, and the choice of windows on a run made by hand."""

import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from drives import choose, clips, drive, labels, make, rig, towns, traffic


def hand_made_run(gap=60.0, speed=10.0, ticks=200):
    """Road user 0 drives along x; road user 1, a car, stands in its way."""
    size = np.array([[4.6, 1.8, 1.5], [4.6, 1.8, 1.5]])
    x = speed * np.arange(ticks) * 0.1
    zero = np.zeros(ticks)
    front = np.column_stack([x + 4.6 * 0.8, zero])
    pose, axle = traffic._tractrix(front, 0.0, 4.6)
    stands = np.broadcast_to([gap, 0.0, np.pi / 2], (ticks, 3))
    return traffic.Run(30, 1, np.array([1, 1]), size, np.stack([pose, stands]), np.stack([axle, np.full((ticks, 6), np.nan)]), np.zeros(2, bool))


class Tractrix(unittest.TestCase):
    def test_tractrix_straight_track_keeps_speed_and_heading(self):
        run = hand_made_run()
        np.testing.assert_allclose(run.axle[0, :, 3], 10.0, atol=1e-6)
        np.testing.assert_allclose(run.axle[0, :, 2], 0.0, atol=1e-9)
        np.testing.assert_allclose(run.pose[0, :, 0] - run.axle[0, :, 0], 4.6 * 0.3, atol=1e-9)

    def test_tractrix_in_a_circle_the_rear_axle_cuts_the_corner(self):
        a = np.arange(0, 4, 0.02)
        pose, axle = traffic._tractrix(12 * np.column_stack([np.cos(a), np.sin(a)]), np.pi / 2, 4.5)
        self.assertAlmostEqual(np.hypot(*axle[-5, :2]), np.sqrt(12 ** 2 - 3.6 ** 2), delta=0.05)


class Windows(unittest.TestCase):
    def test_natural_window_is_cut_before_the_contact(self):
        run = hand_made_run()
        contact = int(np.argmax(choose.contact_gaps(run, 0, 0, 200) < 0))
        self.assertGreater(contact, 40)
        window = choose._window(run, 0, contact - 20, 32, 10, False)
        self.assertEqual(window.start + window.ticks, contact)
        self.assertIsNone(choose._window(run, 0, contact - 5, 32, 10, False))

    def test_rolled_gaps_agree_with_the_labels_of_the_clip(self):
        run = hand_made_run()

        class AsClip:
            footprint = choose.footprint(run, 0)
            ego = run.axle[0]

            def boxes(self, t):
                return np.array([[1, 0, *run.pose[1, t], *run.size[1]]])

        m = labels.manoeuvres(run.axle[0, 20])
        np.testing.assert_allclose(choose.rolled_gaps(run, 0, 20, range(16)), labels.clearance(AsClip(), 20, m), atol=1e-9)

    def test_enriched_windows_hold_the_danger(self):
        run = hand_made_run(gap=70.0)
        windows = choose.enriched(run, np.random.default_rng(1), 3, 32)
        self.assertTrue(windows)
        for w in windows:
            least = min(choose.rolled_gaps(run, 0, t).min() for t in range(w.start, w.start + w.ticks))
            self.assertLess(least, 0.8)


class Files(unittest.TestCase):
    def test_write_then_read_gives_the_same_clip(self):
        rng = np.random.default_rng(3)
        picture = rng.integers(0, 255, (64, 128, 3), dtype=np.uint8)
        from drives import scene
        jpegs = [scene.jpeg(picture) for _ in range(4)]
        boxes = [np.full((n, 8), float(n)) for n in (2, 0, 1)]
        meta = {"cameras": ["front", "rear"], "ticks": 2, "footprint": [4.6, 1.8, 0.9], "town": "t01", "seed": 1, "split": "train", "enriched": True, "weather": "clear"}
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "train").mkdir()
            path = Path(folder, "train", "e-1.npz")
            clips.write(path, meta, jpegs, np.zeros((3, 6)), boxes, [np.ones(len(b)) for b in boxes], np.zeros((2, 3, 3)), np.zeros((2, 4, 4)))
            self.assertEqual(clips.list_clips(folder, "train", enriched=True), [path])
            self.assertEqual(clips.list_clips(folder, "train", enriched=False), [])
            clip = clips.Clip(path)
            self.assertEqual(clip.pictures(1).shape, (2, 64, 128, 3))
            self.assertEqual([len(clip.boxes(t)) for t in range(3)], [2, 0, 1])
            with self.assertRaises(IndexError):
                clip.pictures(2)

    def test_quaternion_of_the_front_camera_is_the_contract_s(self):
        _, poses = rig.nominal()
        np.testing.assert_allclose(drive.quaternion(poses[0, :3, :3]), [0.5, -0.5, 0.5, -0.5], atol=1e-9)


class Plan(unittest.TestCase):
    def test_plan_splits_share_no_town(self):
        seen = [n for splits in towns.NUMBERS.values() for numbers in splits.values() for n in numbers]
        self.assertEqual(len(seen), len(set(seen)))
        for kind, splits in towns.NUMBERS.items():
            for split in (split for split, numbers in splits.items() if numbers):
                self.assertTrue(all(towns.split_of(n) == split and towns.kind_of(n) == kind for n, *_ in make.plan(split, 400, 1, kind)))


if __name__ == "__main__":
    unittest.main()
