"""One contract, several sizes: nano is what it was before there was another, base keeps the same promises, and neither takes the other's files."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

import test_model_toys as toys
from drives import clips, profiles
from model import contract as c
from model import export, layers, streams, training
from model.world_model import WorldModel

TESTS = Path(__file__).resolve().parent


def under(profile, *arguments, **more):
    """Python with `profile` chosen, in this folder."""
    paths = os.pathsep.join([str(TESTS.parent), str(TESTS)])
    return subprocess.run([sys.executable, "-B", *arguments], cwd=TESTS, capture_output=True, text=True, env={**os.environ, profiles.VARIABLE: profile, "PYTHONPATH": paths}, **more)


class Nano(unittest.TestCase):
    """Figures of the code before profiles (commit 11c97ea), from the same seeds."""

    def test_contract_is_as_it_was(self):
        self.assertEqual((c.PICTURE_WIDTH_PX, c.PICTURE_HEIGHT_PX, c.GRID_ORIGIN_M, c.GRID_RESOLUTION_M, c.GRID_SIZE, c.NEAR_CELLS), (128, 64, (-24.0, -32.0), 2.0, (48, 32), ((10, 22), (12, 20))))
        self.assertEqual((layers.SCALE_LOW_PXPM, layers.SCALE_HIGH_PXPM, training.BATCH, c.PROFILE.labels), (1.0, 40.0, 4, "labels-1"))
        self.assertEqual(layers.chosen_size(), layers.Size())
        self.assertEqual((layers.Size().features, layers.Size().state), (60, 64))

    def test_same_seed_gives_the_same_outputs(self):
        torch.manual_seed(3)
        model = WorldModel().eval()
        self.assertEqual(sum(p.numel() for p in model.parameters()), 1316061)
        expected = {"encoder": (0.081030321,), "memory": (0.251029599, 0.132747166, 0.099112243, 0.10108686, 0.144527353), "predictor": (0.185234319, 3.48259986, 4.021961355)}
        for name, means in expected.items():
            with torch.no_grad():
                out = getattr(model, name)(*export.example_inputs(name, model.size, seed=4).values())
            out = out if isinstance(out, tuple) else (out,)
            for value, mean in zip(out, means):
                self.assertAlmostEqual(value.double().abs().mean().item() / mean, 1.0, places=5, msg=name)

    def test_same_seed_gives_the_same_first_step(self):
        with tempfile.TemporaryDirectory() as folder:
            toys.write_set(Path(folder), train=3, validation=0)
            batches, trainer = streams.Batches(Path(folder), 4, 3, 3, 5), training.Trainer(7)
            self.assertAlmostEqual(trainer.step(next(batches))["total"] / 35.440777, 1.0, places=4)
            self.assertAlmostEqual(trainer.step(next(batches))["total"] / 28.81299, 1.0, places=3)


class Base(unittest.TestCase):
    def test_contract(self):
        told = under("base", "-c", "from model import contract as c, export; from model.layers import chosen_size; print((c.PICTURE_WIDTH_PX, c.PICTURE_HEIGHT_PX), c.GRID_ORIGIN_M, c.GRID_RESOLUTION_M, c.GRID_SIZE, c.NEAR_CELLS,"
                     " c.FEATURE_SIZE); print([(t['graph'], t['name'], t['kind'], t['type']) for t in export.tensors(chosen_size())])")
        self.assertEqual(told.returncode, 0, told.stderr)
        numbers, tensors = told.stdout.strip().split("\n")
        self.assertEqual(numbers, "(256, 128) (-24.0, -32.0) 1.0 (96, 64) ((20, 44), (24, 40)) (32, 64)")
        self.assertEqual(tensors, str([(t["graph"], t["name"], t["kind"], t["type"]) for t in export.tensors(layers.chosen_size())]))

    def test_the_same_promises_hold(self):
        """Geometry, labels, directions, masks, runs of every variant and of long clips, a training step (without values), and the graphs' agreement, all under `base`."""
        told = under("base", "-m", "unittest", "test_model.Geometry", "test_model.Labels", "test_model.CloseLabels", "test_model.Network", "test_model.Exported", "test_runs.Runs", "test_own_motion", "test_profiles.Device.test_a_step_stays_on_its_device")
        self.assertEqual(told.returncode, 0, told.stderr[-3000:])


class Choice(unittest.TestCase):
    def test_take_removes_the_option_and_chooses(self):
        before = os.environ.get(profiles.VARIABLE)
        try:
            for arguments in (["--out", "x", "--profile", "base", "--resume"], ["--out", "x", "--profile=base", "--resume"]):
                profiles.take(arguments)
                self.assertEqual((arguments, profiles.chosen().name), (["--out", "x", "--resume"], "base"))
            with self.assertRaisesRegex(SystemExit, "known are nano, base"):
                profiles.take(["--profile", "huge"])
        finally:
            os.environ.pop(profiles.VARIABLE)
            if before:
                os.environ[profiles.VARIABLE] = before

    def test_clips_and_checkpoints_of_another_profile_are_refused_by_name(self):
        with tempfile.TemporaryDirectory() as folder:
            toys.write_set(Path(folder, "data"), train=2, validation=0)
            run = Path(folder, "run")
            arguments = ["--data", str(Path(folder, "data")), "--out", str(run), "--minutes", "0.01"]
            self.assertEqual(training.main(arguments), 0)
            commands = {"-c": ["from drives import clips; clips.refuse_folder_of_another(r'%s', 'train')" % Path(folder, "data")],
                        str(TESTS.parent / "train"): [*arguments, "--resume"],
                        str(TESTS.parent / "generate"): ["--out", str(Path(folder, "data")), "--split", "train", "--clips", "1"],
                        str(TESTS.parent / "export"): ["--run", str(run), "--out", str(Path(folder, "model"))]}
            self.assertIn("of profile nano, and this is base", under("base", str(TESTS.parent / "train"), *arguments[:3], str(Path(folder, "other"))).stdout)
            for command, rest in commands.items():
                told = under("base", command, *rest)
                self.assertNotEqual(told.returncode, 0, command)
                self.assertIn("of profile nano, and this is base", told.stdout + told.stderr, command)

    def test_clips_older_than_the_choice_are_nano(self):
        profiles.refuse_another("clip", None)
        with self.assertRaises(profiles.Another):
            profiles.refuse_another("clip", "base")

    def test_clip_says_its_profile(self):
        with tempfile.TemporaryDirectory() as folder:
            toys.write(Path(folder, "n-toy.npz"), 1, ticks=2, cameras=("front",))
            self.assertEqual(clips.Clip(Path(folder, "n-toy.npz")).meta["profile"], "nano")


class Device(unittest.TestCase):
    def test_a_step_stays_on_its_device(self):
        """On PyTorch's `meta` device, which computes no values: whatever was left on the CPU meets it there as it would meet a GPU, and fails."""
        with tempfile.TemporaryDirectory() as folder:
            toys.write_set(Path(folder), train=2, validation=0)
            batches, trainer = streams.Batches(Path(folder), 4, 3, 3, 5), training.Trainer(7, batch=4, device="meta")
            with_old = 0
            for _ in range(6):
                batch = next(batches)
                loss, log, row, observed, t, windows = trainer.forward(batch)
                self.assertEqual({v.device.type for v in [*loss.values(), *log.values(), trainer.state, *t.values()]}, {"meta"})
                blind = trainer.blind(t["ego"][:, -1], t["footprint"], t["manoeuvres"])
                self.assertEqual(blind.device.type, "meta")
                trainer.keep(batch, row, observed)
                with_old += windows > 4
            self.assertGreater(with_old, 0)  # states of a while ago were predicted from too

    def test_producers_share_out_the_streams(self):
        with tempfile.TemporaryDirectory() as folder:
            toys.write_set(Path(folder), train=2, validation=0)
            get, stop = streams.in_background(root=Path(folder), batch=3, ticks=3, cameras=2, seed=9, producers=2)
            try:
                first, second = get(), get()
            finally:
                stop()
            self.assertEqual(first["images"].shape[:3], (3, 3, 2))
            alone = streams.Batches(Path(folder), 2, 3, 2, 9)
            self.assertTrue(np.array_equal(first["tick"][:2], next(alone)["tick"]) and np.array_equal(second["tick"][:2], next(alone)["tick"]))


if __name__ == "__main__":
    unittest.main()
