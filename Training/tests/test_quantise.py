"""int8 versions of graphs: weights and ranges by hand, and a small network whose outputs hardly change."""

import os
import shutil
import tempfile
import unittest
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from model import quantise
from model.layers import Residual, conv


class Ranges(unittest.TestCase):
    def test_zero_is_a_whole_number_and_ends_are_reached(self):
        scale, zero = quantise.scale_and_zero(-1.0, 4.1)
        self.assertAlmostEqual(float(scale), 5.1 / 255, places=6)
        self.assertEqual(zero, 50)
        self.assertEqual(quantise.scale_and_zero(0.5, 2.55)[1], 0)

    def test_lost_is_a_share_and_errors_count_the_other_way(self):
        draws = np.array([0.5, 0.5])
        self.assertAlmostEqual(quantise.lost((0.5, draws), (0.4, draws * 0.8), "ap")[0], 0.2)
        self.assertAlmostEqual(quantise.lost((0.5, draws), (0.4, draws * 0.8), "brier_natural")[2], -0.2)

    def test_nodes_stand_after_what_they_read(self):
        node = lambda i, o: onnx.helper.make_node("Identity", [i], [o])
        self.assertEqual([n.output[0] for n in quantise.in_order([node("b", "c"), node("x", "a"), node("a", "b")], {"x"})], ["a", "b", "c"])


class Graph(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        torch.manual_seed(0)
        net = torch.nn.Sequential(conv(3, 8), Residual(8), torch.nn.Conv2d(8, 2, 1)).eval()
        self.calls = [{"x": torch.rand(1, 3, 12, 16).numpy()} for _ in range(3)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(net, torch.from_numpy(self.calls[0]["x"]), str(self.folder / "a.onnx"), input_names=["x"], output_names=["y"], opset_version=17)
        self.plan = quantise.Plan(onnx.load(str(self.folder / "a.onnx")).graph)

    def test_plan_takes_what_a_relu_or_a_sum_follows(self):
        self.assertEqual((len(self.plan.convolutions), len(self.plan.sums)), (3, 1))  # the head stays

    def test_weights_are_of_a_channel_and_come_back(self):
        found = {name: (0.0, 1.0) for name in self.plan.tensors}
        quantise.quantise(self.folder / "a.onnx", self.folder / "b.onnx", self.plan, found)
        graph = onnx.load(str(self.folder / "b.onnx")).graph
        made = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
        first = self.plan.convolutions[0]
        back = made[f"{first.name}/weight"] * made[f"{first.name}/weight/scale"].reshape(-1, 1, 1, 1)
        self.assertLessEqual(np.abs(back - self.plan.weights[first.input[1]]).max(), made[f"{first.name}/weight/scale"].max() / 2 + 1e-7)
        self.assertNotIn(first.input[1], made)  # the exact weights are gone

    def test_outputs_hardly_change(self):
        if not os.environ.get("ONNXRUNTIME_NODE") or not shutil.which("node"):
            self.skipTest("ONNXRUNTIME_NODE is not set")
        found = quantise.ranges(self.folder / "a.onnx", self.plan, self.calls, self.folder / "r.onnx")
        quantise.quantise(self.folder / "a.onnx", self.folder / "b.onnx", self.plan, found)
        difference = quantise.differences(self.folder / "a.onnx", self.folder / "b.onnx", self.calls, ["y"])["y"]
        self.assertTrue(0 < difference < 0.05, difference)
        timed = quantise.times(self.folder / "a.onnx", self.folder / "b.onnx", self.calls, 3)
        self.assertTrue(all(t > 0 for t in timed["wall_ms"]))


if __name__ == "__main__":
    unittest.main()
