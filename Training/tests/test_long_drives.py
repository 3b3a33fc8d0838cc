"""Long train clips: their names and seeds, the lighter drawing, the lively towns; and that what was there before stays what it was."""

import hashlib
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from drives import choose, clips, labels, make, meshes, motorways, render, rig, scene, towns, traffic
from model import streams
from test_drives import hand_made_run


def digest(value):
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


def street():
    """A pavement along y = -5, the road to its left."""
    town = towns.Town(53, None)
    town.lanes = [towns.Lane(np.array([[-20.0, -5.0], [900.0, -5.0]]), 4.0, "walk", "a", 0, False, 920.0)]
    return town


class OldTowns(unittest.TestCase):
    def test_numbers_splits_and_network_arguments_are_those_of_the_clips(self):
        self.assertEqual(digest([towns.network_arguments(n, np.random.default_rng([7001, n])) for n in range(1, 41)]), "3085418a957ecf77")
        self.assertEqual(digest([(n, towns.split_of(n), towns.kind_of(n)) for n in range(1, 53)]), "fe1f5c6e9a06aa7e")
        self.assertEqual(digest([np.round(motorways.of(n).carriageways[0].at(np.arange(0, 3000, 50.0), 0.0), 3).tolist() for n in range(41, 53)]), "a0afc5b4903acf20")

    def test_furniture_and_mesh_of_a_town_are_those_of_the_clips(self):
        with tempfile.TemporaryDirectory() as folder:
            town = towns.build(2, folder)
        rows = [np.round(np.array([[float(v) for v in row if not isinstance(v, str)] for row in part]), 3).tolist() for part in (town.buildings, town.trees, town.posts)]
        self.assertEqual(digest(rows), "663b82214be9a2fe")
        mesh = meshes.town_mesh(town).reshape(-1, 3, meshes.FLOATS)
        self.assertEqual(hashlib.sha256(np.round(mesh, 2).tobytes()).hexdigest()[:16], "05b8419b420a1ea3")
        with meshes.coarse_blobs():
            coarse = meshes.town_mesh(town).reshape(-1, 3, meshes.FLOATS)
        leaves = lambda m: m[:, 0, 11] == meshes.FOLIAGE
        np.testing.assert_array_equal(mesh[~leaves(mesh)], coarse[~leaves(coarse)])
        self.assertLess(leaves(coarse).sum(), 0.7 * leaves(mesh).sum())


class Plan(unittest.TestCase):
    def test_train_has_at_least_34_towns_and_all_splits_more_than_40(self):
        numbers = {split: [n for splits in towns.NUMBERS.values() for n in splits[split]] for split in towns.SPLITS}
        self.assertGreaterEqual(len(numbers["train"]), 34)
        self.assertGreater(sum(map(len, numbers.values())), 40)

    def test_long_runs_span_all_train_towns_and_share_no_run_with_other_clips(self):
        long = make.plan("train", 3000, 1, "every", 144)
        every = {n for splits in towns.NUMBERS.values() for n in splits["train"]}
        self.assertEqual({number for number, *_ in long[:len(every)]}, every)
        short = {job[:2] for kind in towns.NUMBERS for seed in range(1, 10) for job in make.plan("train", 3000, seed, kind)}
        self.assertFalse({job[:2] for job in long} & short)

    def test_other_splits_refuse_what_would_change_them(self):
        for arguments in (["--ticks", "144"], ["--drawing", "light"], ["--kind", "every"]):
            with tempfile.TemporaryDirectory() as folder:
                done = subprocess.run([str(Path(__file__).resolve().parents[1] / "generate"), "--out", folder, "--split", "test", "--clips", "1", *arguments], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2)
            self.assertIn("train clips", done.stderr)


class Windows(unittest.TestCase):
    def test_long_window_ends_before_the_contact_and_leaves_4_s_of_future(self):
        run = hand_made_run(gap=300.0, ticks=500)
        contact = int(np.argmax(choose.contact_gaps(run, 0, 0, 500) < 0))
        window = choose._window(run, 0, contact - 100, 144, 48, False)
        self.assertEqual(window.start + window.ticks, contact)
        late = choose._window(hand_made_run(gap=2000.0, ticks=500), 0, 490, 144, 48, False)
        self.assertEqual((late.ticks, late.start), (144, 500 - 144 - choose.FUTURE))


class LivelyStreets(unittest.TestCase):
    def test_people_step_out_before_cars_and_nobody_is_hit(self):
        run = hand_made_run(gap=5000.0, ticks=800)
        kinds, sizes, poses = traffic._before_cars(street(), run, np.random.default_rng(1), 12)
        self.assertGreaterEqual(len(kinds), 8)
        least = []
        for size, pose in zip(sizes, poses):
            here = np.isfinite(pose[:, 0])
            car = run.pose[0, here]
            least.append(labels.separation(*pose[here].T, size[0], size[1], *car.T, run.size[0, 0], run.size[0, 1]).min())
        self.assertGreater(min(least), 0.25)
        self.assertGreater(np.mean(np.array(least) < 3.0), 0.5)

    def test_people_wait_on_the_pavement_apart_from_one_another(self):
        kinds, sizes, poses = traffic._waiting(street(), hand_made_run(), np.random.default_rng(1), 10)
        self.assertGreater(len(kinds), 10)
        self.assertTrue((np.abs(poses[:, 0, 1] + 5.0) < 4.5).all())
        apart = np.hypot(*(poses[:, None, 0, :2] - poses[None, :, 0, :2]).transpose(2, 0, 1)) + 10 * np.eye(len(poses))
        self.assertGreater(apart.min(), 0.6)


class Drawing(unittest.TestCase):
    def test_light_pictures_look_like_the_averaged_ones(self):
        with tempfile.TemporaryDirectory() as folder:
            town = towns.build(2, folder)
        way, heading = towns.along(next(l for l in town.lanes if l.kind == "drive" and l.length > 60).shape, 1.0)
        pose = np.tile([*way[8], heading[8]], (200, 1))
        other = np.tile([*way[25], heading[25]], (200, 1))
        axle = np.column_stack([pose, np.zeros((200, 3))])
        run = traffic.Run(2, 1, np.array([1, 0]), np.array([[4.6, 1.8, 1.5], [4.0, 1.75, 1.47]]), np.stack([pose, other]), np.stack([axle, axle]), np.zeros(2, bool))
        pictures = []
        for name in ("averaged", "light"):
            s = scene.Scene(town, run, choose.Window(0, 0, 20, False), (2, 1, 0))
            s.prepare(make.renderer(name))
            pictures.append(np.stack([scene.model_picture(p) for p in s.pictures(make.renderer(name), 3, range(6))]).astype(int))
        self.assertEqual(pictures[0].shape, pictures[1].shape)
        self.assertEqual(pictures[1].shape, (6, rig.MODEL_HEIGHT_PX, rig.MODEL_WIDTH_PX, 3))
        self.assertGreater(pictures[0].std(), 20)
        self.assertLess(np.abs(pictures[0] - pictures[1]).mean(), 6)

    def test_every_drawing_has_the_shape_of_the_model_picture(self):
        for drawing in render.DRAWINGS.values():
            self.assertEqual(drawing.width_px * rig.MODEL_HEIGHT_PX, drawing.height_px * rig.MODEL_WIDTH_PX)


class Reading(unittest.TestCase):
    def test_long_names_are_listed_with_their_kind(self):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "train").mkdir()
            for name in ("l-n-t53-11001-000", "l-e-t53-11001-010", "n-t01-1001-000"):
                Path(folder, "train", f"{name}.npz").touch()
            self.assertEqual([p.stem for p in clips.list_clips(folder, "train", enriched=False)], ["l-n-t53-11001-000", "n-t01-1001-000"])
            self.assertEqual(len(clips.list_clips(folder, "train")), 3)

    def test_opened_clips_are_kept_by_their_ticks(self):
        class Opened:
            def __init__(self, path):
                self.T = 144 if path.startswith("l") else 32

        with tempfile.TemporaryDirectory() as folder, mock.patch.object(streams.drive_clips, "Clip", Opened), mock.patch.object(streams.cache, "load", lambda clip: {}):
            kept = streams.Clips(folder, "train", kept_ticks=320)
            for path in ("l1", "l2", "n1", "n2", "l3", "n2"):
                kept[path]
        self.assertEqual(list(kept.opened), ["n1", "n2", "l3"])  # l1 went for n2, l2 for l3
        self.assertEqual(kept.ticks, 32 + 32 + 144)


if __name__ == "__main__":
    unittest.main()
