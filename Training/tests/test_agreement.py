"""What is published is what was measured: a sample drive through `./forecast replay` and through this code."""

import json
import sys
import tempfile
import unittest
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from model import agreement  # noqa: E402
from model import folder as model_folder  # noqa: E402

SAMPLE, NANO = agreement.ROOT / "data-samples" / "near-miss", agreement.ROOT / "models" / "nano"
BUILT = list((agreement.ROOT / "Cli" / "bin").glob("Release/*/*.dll")) if (agreement.ROOT / "Cli" / "bin").exists() else []


@unittest.skipUnless(BUILT, "./forecast is not built here")
class Agreement(unittest.TestCase):
    def test_replay_publishes_what_python_computes_and_another_scaling_is_noticed(self):
        torch.set_num_threads(1)
        model, _, manifest = model_folder.load(NANO)
        risk = manifest["calibration"]["risk"]
        with tempfile.TemporaryDirectory() as scratch:
            off, _, ticks = agreement.compare(model, risk, SAMPLE, NANO, scratch)
            self.assertEqual(ticks, json.loads((SAMPLE / "drive.json").read_text())["cameras"][0]["frames"])
            self.assertLess(off, agreement.MOST)
            moved = [dict(r, bias=r["bias"] + 0.05) for r in risk]
            self.assertGreater(agreement.compare(model, moved, SAMPLE, NANO, scratch)[0], agreement.MOST)


if __name__ == "__main__":
    unittest.main()
