"""The model's promises that no score shows: geometry, directions, monotone risk, mirror, agreement of the exported graphs."""

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

import test_model_toys as toys
from drives import clips, labels, rig
from model import contract as c
from model import export, figures, geometry, labels_cache, losses, records, streams, training
from model.world_model import WorldModel, probability


def nominal():
    intrinsics, poses = rig.nominal()
    return rig.model_intrinsics(intrinsics), poses


class Geometry(unittest.TestCase):
    def test_lift_box_cell_falls_where_the_box_is_drawn(self):
        intrinsics, poses = nominal()
        rng = np.random.default_rng(0)
        box = np.array([[0, 0, 15.0, 1.0, 0.0, 4.0, 4.0, 1.5]])
        with_box, without = (toys.draw(b, intrinsics[0], poses[0], np.random.default_rng(0)) for b in (box, box[:0]))
        rows, columns = np.nonzero(np.abs(with_box.astype(int) - without).max(2) > 3)
        grid, valid = geometry.lift(torch.from_numpy(streams.fx_fy_cx_cy(intrinsics[:1])).float(), torch.from_numpy(poses[:1]).float())
        (i, _), (j, _) = c.cells(0, 14, 16), c.cells(1, 0, 2)
        self.assertTrue(np.allclose(geometry.cell_centres()[i, j], (14 + c.GRID_RESOLUTION_M / 2, c.GRID_RESOLUTION_M / 2)))
        pixel = c.PICTURE_HEIGHT_PX / 64
        for z in range(2):
            u = (grid[0, z, i, j, 0].item() + 1) / 2 * c.PICTURE_WIDTH_PX - 0.5
            v = (grid[0, z, i, j, 1].item() + 1) / 2 * c.PICTURE_HEIGHT_PX - 0.5
            self.assertEqual(valid[0, z, i, j].item(), 1)
            self.assertTrue(columns.min() <= u <= columns.max() and rows.min() - pixel <= v <= rows.max() + pixel, (u, v))

    def test_lift_cell_behind_the_camera_is_not_valid(self):
        intrinsics, poses = nominal()
        _, valid = geometry.lift(torch.from_numpy(streams.fx_fy_cx_cy(intrinsics[:1])).float(), torch.from_numpy(poses[:1]).float())
        self.assertEqual(valid[0, :, :c.cells(0, -24, 0)[1]].sum().item(), 0)

    def test_warp_standing_thing_stays_in_place_in_the_world(self):
        centres = torch.from_numpy(geometry.cell_centres())
        thing = np.array([20.3, 4.7])
        for dx, dy, dyaw in ((4.0, 0.0, 0.0), (2.0, 1.0, 0.3), (0.0, 0.0, -0.5)):
            def blob(at):
                return torch.exp(-((centres - torch.tensor(at, dtype=torch.float32)) ** 2).sum(-1) / 18)[None, None]
            cos, sin = np.cos(-dyaw), np.sin(-dyaw)
            x, y = thing[0] - dx, thing[1] - dy
            expected = blob((cos * x - sin * y, sin * x + cos * y))
            warped = geometry.sample(blob(thing), geometry.warp_grid(centres, *(torch.tensor([v], dtype=torch.float32) for v in (dx, dy, dyaw))))
            self.assertLess((warped - expected).abs().max().item(), 0.12)

    def test_relative_pose_undoes_itself(self):
        before, now = np.array([3.0, -2.0, 1.2]), np.array([5.0, 1.0, 1.9])
        d = geometry.relative_pose(before, now)
        back = before[:2] + np.array([[np.cos(1.2), -np.sin(1.2)], [np.sin(1.2), np.cos(1.2)]]) @ d[:2]
        self.assertTrue(np.allclose(back, now[:2], atol=1e-5))
        self.assertAlmostEqual(float(d[2]), 0.7, places=5)

    def test_rollout_agrees_with_the_labels(self):
        ego = np.array([0, 0, 0, 8.0, 0.3, -1.0])
        m = labels.manoeuvres(ego)
        theirs = labels.roll(ego, m)[:, [4, 9, 19, 29, 39]]
        xs, ys, yaws, vs = geometry.rollout(torch.tensor([[8.0]]), torch.from_numpy(m).float()[None])
        ends = range(geometry.SUB_STEPS - 1, c.K * geometry.SUB_STEPS, geometry.SUB_STEPS)
        ours = torch.stack([torch.stack([axis[i][0] for i in ends], 1) for axis in (xs, ys, yaws, vs)], -1).numpy()
        self.assertLess(np.abs(ours - theirs).max(), 0.25)  # a stop within a sub-step is coarser here

    def test_candidates_are_those_of_the_labels(self):
        ego = (7.0, 0.1, -0.5)
        self.assertTrue(np.allclose(c.candidates(7.0, c.keep_going(*ego)), labels.manoeuvres(ego), atol=1e-5))


class Labels(unittest.TestCase):
    def test_fast_occupancy_is_that_of_the_drives(self):
        with tempfile.TemporaryDirectory() as folder:
            toys.write(Path(folder, "e-toy-000.npz"), 3, ticks=12)
            clip = clips.Clip(Path(folder, "e-toy-000.npz"))
            for t in (0, 11):
                cells, hidden = labels_cache.occupancy_and_hidden(clip, t)
                self.assertTrue((cells == labels.occupancy(clip, t)).all())
                self.assertTrue((hidden == labels.hidden(clip, t)).all())

    def test_judged_cells_are_of_one_size_whatever_the_model_s(self):
        with tempfile.TemporaryDirectory() as folder:
            toys.write(Path(folder, "e-toy-000.npz"), 3, ticks=12)
            clip = clips.Clip(Path(folder, "e-toy-000.npz"))
            cells, hidden = labels_cache.judged(clip, labels_cache.load(clip), 5)
            self.assertEqual((cells.shape, hidden.shape), ((6, 3, 48, 32), (48, 32)))
            n = round(c.JUDGED_CELL_M / c.GRID_RESOLUTION_M)
            own = labels_cache.occupancy(labels_cache.load(clip), 5)
            inside = own.reshape(6, 3, 48, n, 32, n).max((3, 5))
            self.assertTrue((inside >= cells).all())  # what fills 15 % of a judged cell fills 15 % of one of the model's within
            self.assertTrue(np.array_equal(records.judged(own.reshape(6, 3, -1)), inside.reshape(6, 3, -1)))


class Box:
    """A clip of one box that goes ahead of an ego that turns on the spot; enough for the labels."""

    def __init__(self, velocity):
        self.ego = np.zeros((60, 6))
        self.ego[:, 2] = 0.5
        self.velocity = velocity

    def boxes(self, t):
        x, y = np.array([10.0, 1.0]) + np.array(self.velocity) * 0.1 * t
        cos, sin = np.cos(0.5), np.sin(0.5)
        return np.array([[7, 0, cos * x - sin * y, sin * x + cos * y, 0.5, 4.0, 2.0, 1.5]])


class CloseLabels(unittest.TestCase):
    def test_near_map_halves_the_cells_and_moves_with_the_box(self):
        near = labels_cache.near(Box((4.0, 0.0)), 0)
        r = c.GRID_RESOLUTION_M / 2
        self.assertEqual(near.shape, (3, 24 / r, 16 / r))
        ahead, left = -4 + (np.arange(24 / r) + 0.5) * r, -8 + (np.arange(16 / r) + 0.5) * r  # cell centres
        self.assertTrue(np.allclose(ahead[near[0].any(1)], np.arange(8 + r / 2, 12, r)))
        self.assertTrue(np.allclose(left[near[0].any(0)], np.arange(r / 2, 2, r)))
        self.assertTrue(np.allclose(ahead[near[2].any(1)], np.arange(12 + r / 2, 16, r)))

    def test_velocity_is_over_ground_in_the_frame_of_now(self):
        map_ = labels_cache.velocity(Box((4.0, -1.0)), 3)
        known = map_[2] > 0
        self.assertTrue(2 <= known.sum() * (c.GRID_RESOLUTION_M / 2) ** 2 <= 8)
        self.assertTrue(np.allclose(map_[0][known], 4.0, atol=1e-4) and np.allclose(map_[1][known], -1.0, atol=1e-4))


class Network(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        torch.manual_seed(0)
        cls.model = WorldModel().eval()

    def test_risk_never_falls_with_the_horizon(self):
        p = probability(torch.randn(50, 16, c.K) * 4)
        self.assertTrue((p[..., 1:] >= p[..., :-1]).all())

    def test_masked_camera_changes_nothing(self):
        inputs = export.example_inputs("memory", self.model.size)
        inputs["camera_mask"][:, 1] = 0
        with torch.no_grad():
            before = self.model.memory(*inputs.values())[0]
            inputs["features"][:, 1] += 5
            after = self.model.memory(*inputs.values())[0]
        self.assertEqual((before - after).abs().max().item(), 0)

    def test_mirrored_lift_is_the_mirror_of_the_lift(self):
        intrinsics, poses = nominal()
        k, p = streams.fx_fy_cx_cy(intrinsics), poses.copy()
        k[:, 2] = c.PICTURE_WIDTH_PX - 1 - k[:, 2]
        p[:, :3, :3] = streams.MIRROR @ p[:, :3, :3] @ np.diag([-1.0, 1.0, 1.0])
        p[:, 1, 3] *= -1
        plain, valid = geometry.lift(torch.from_numpy(streams.fx_fy_cx_cy(intrinsics)).float(), torch.from_numpy(poses).float())
        mirrored, valid_mirrored = geometry.lift(torch.from_numpy(k).float(), torch.from_numpy(p).float())
        both = (valid.flip(-1) * valid_mirrored)[..., None]
        self.assertTrue(torch.equal(valid.flip(-1), valid_mirrored))
        self.assertLess(((mirrored - plain.flip(3) * torch.tensor([-1.0, 1.0])) * both).abs().max().item(), 1e-4)

    def test_losses_are_least_at_the_truth(self):
        target = (torch.rand(2, 6, 3, *c.GRID_SIZE) > 0.97).float()
        weight = torch.ones(2, 6, 1, *c.GRID_SIZE)
        right, wrong = (losses.occupancy((target - 0.5) * s, target, weight).mean() for s in (12, -12))
        self.assertLess(right, wrong)
        steps = torch.tensor([[0, 5, 2]])
        logits = torch.full((1, 3, c.K), -6.0)
        logits[0, 0, 0] = logits[0, 2, 2] = 6
        self.assertLess(losses.hazard(logits, steps), losses.hazard(-logits, steps))


class Figures(unittest.TestCase):
    def test_average_precision(self):
        self.assertAlmostEqual(figures.average_precision(np.array([4, 3, 2, 1.0]), np.array([1, 0, 1, 0])), (1 + 2 / 3) / 2)
        self.assertAlmostEqual(figures.average_precision(np.ones(10), np.arange(10) < 3), 0.3)


class Training(unittest.TestCase):
    def test_trains_resumes_and_refuses_another_configuration(self):
        with tempfile.TemporaryDirectory() as folder:
            toys.write_set(Path(folder, "data"), train=2, validation=0)
            run = Path(folder, "run")
            arguments = ["--data", str(Path(folder, "data")), "--out", str(run), "--minutes", "0.02"]
            self.assertEqual(training.main(arguments), 0)
            self.assertEqual(training.main(arguments), 2)
            before = training.read_checkpoint(run / "last.pt")
            self.assertEqual(training.main(arguments + ["--resume", "--minutes", str(before["seconds"] / 60 + 0.02)]), 0)
            content = training.read_checkpoint(run / "last.pt")
            self.assertGreater(content["steps"], before["steps"])
            other = Path(folder, "other")
            self.assertEqual(training.main(["--data", str(Path(folder, "data")), "--out", str(other), "--minutes", "0.02", "--begin-with", str(run / "last.pt")]), 0)
            self.assertEqual(training.read_checkpoint(other / "last.pt")["begun_with"]["windows"], content["windows"])
            content["size"]["bev"] = 7
            torch.save(content, run / "last.pt")
            self.assertEqual(training.main(arguments + ["--resume"]), 2)


    def run_with(self, data, out, *more, **limits):
        return subprocess.run([sys.executable, str(Path(__file__).resolve().parents[1] / "train"), "--data", str(data), "--out", str(out), "--minutes", "0.02", *more],
                              capture_output=True, text=True, timeout=120, **limits)

    def test_half_written_clip_is_named_by_whichever_replica_meets_it(self):
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder, "data")
            toys.write_set(data, train=1, validation=0)
            whole = next(Path(data, "train").glob("*.npz"))
            broken = whole.with_name("e-broken.npz")
            broken.write_bytes(whole.read_bytes()[:5000])
            for replicas in ("1", "2"):
                ended = self.run_with(data, Path(folder, replicas), "--replicas", replicas)
                self.assertEqual(ended.returncode, 2, ended.stdout + ended.stderr)
                self.assertIn("e-broken.npz: no whole clip", ended.stdout)
                self.assertNotIn("Traceback", ended.stdout + ended.stderr)

    def test_full_disk_keeps_the_checkpoint_before(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "last.pt")
            training.keep(path, {"steps": 1})
            soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))  # a write that falls short, as on a full disk
            try:
                with self.assertRaises(training.Refused) as refused:
                    training.keep(path, {"steps": 2, "weights": torch.zeros(1 << 20)})
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            self.assertIn("last.pt: cannot be written", str(refused.exception))
            self.assertIn("from the checkpoint before", str(refused.exception))
            self.assertEqual(torch.load(path), {"steps": 1})
            self.assertEqual([p.name for p in Path(folder).iterdir()], ["last.pt"])


class Exported(unittest.TestCase):
    """With node and onnxruntime-node (ONNXRUNTIME_NODE names the folder that holds node_modules); skipped without."""

    def test_graphs_agree_with_torch(self):
        import os
        folder = os.environ.get("ONNXRUNTIME_NODE")
        if not folder or not shutil.which("node"):
            self.skipTest("ONNXRUNTIME_NODE is not set")
        torch.manual_seed(1)
        model = WorldModel().eval()
        with tempfile.TemporaryDirectory() as scratch:
            export.export(model, scratch, "test", blind=None)
            for name in ("encoder", "memory", "predictor"):
                inputs = export.example_inputs(name, model.size, seed=4)
                with torch.no_grad():
                    out = getattr(model, name)(*inputs.values())
                out = out if isinstance(out, tuple) else (out,)
                names = [t["name"] for t in export.tensors(model.size) if t["graph"] == name and t["kind"] == "output"]
                case = {"in": {k: {"dims": list(v.shape), "type": "uint8" if v.dtype == torch.uint8 else "float32", "data": v.flatten().tolist()} for k, v in inputs.items()}}
                Path(scratch, "case.json").write_text(json.dumps(case))
                script = ("const o=require('onnxruntime-node'),f=require('fs');(async()=>{const c=JSON.parse(f.readFileSync(process.argv[2]));"
                          "const s=await o.InferenceSession.create(process.argv[1]);const i={};for(const k in c.in){const t=c.in[k];"
                          "i[k]=new o.Tensor(t.type,(t.type=='uint8'?Uint8Array:Float32Array).from(t.data),t.dims)}const r=await s.run(i);"
                          "const q={};for(const k in r)q[k]=Array.from(r[k].data);console.log(JSON.stringify(q))})()")
                got = json.loads(subprocess.run(["node", "-e", script, str(Path(scratch, f"{name}.onnx")), str(Path(scratch, "case.json"))], cwd=folder,
                                                capture_output=True, text=True, check=True).stdout)
                for n, value in zip(names, out):
                    self.assertLess(np.abs(np.array(got[n]) - value.flatten().numpy()).max(), 1e-4, f"{name} {n}")


if __name__ == "__main__":
    unittest.main()
