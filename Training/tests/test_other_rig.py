import sys
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from drives import rig  # noqa: E402
from model import other_rig  # noqa: E402
from model.measured import Measured  # noqa: E402
from model.records import BINS  # noqa: E402


class OtherRig(unittest.TestCase):
    def test_the_van_looks_down_from_higher_up_and_wider(self):
        intrinsics, poses = rig.van()
        self.assertEqual(len(intrinsics), len(rig.VAN_NAMES))
        self.assertTrue((poses[:, 2, 3] == rig.VAN_HEIGHT_M).all())
        self.assertTrue((poses[:, 2, 2] < -0.1).all())  # every camera's axis points below the horizon
        self.assertTrue((intrinsics[:, 0, 0] < rig.FOCAL_PX).all())
        np.testing.assert_allclose(poses[:, :3, :3] @ poses[:, :3, :3].transpose(0, 2, 1), np.eye(3)[None].repeat(5, 0), atol=1e-12)

    def judged(self, seen):
        """20 moments in which the known rig finds 8 cells of 10, and the van `seen`, both with 2 false ones."""
        def counts(found):
            out = np.zeros((20, 2, BINS), int)
            out[:, 0, 2], out[:, 0, 50], out[:, 1, 50], out[:, 1, 2] = 100, 2, found, 10 - found
            return out
        hit = np.arange(60) % 3 == 0
        m = Measured()
        other_rig.measure(m, {"name": np.arange(20), "clip": np.arange(60) // 3, "hit": hit, "own_now": counts(8), "van_now": counts(seen), "own_risk": hit * 0.8, "van_risk": hit * 0.6}, {"threshold": 32})
        return {r["name"]: r for r in m.rows}

    def test_gate_is_the_share_that_is_left(self):
        self.assertAlmostEqual(self.judged(7)["other_rig_iou_share"]["value"], (7 / 12) / (8 / 12), places=3)
        self.assertTrue(self.judged(7)["other_rig_iou_share"]["passes"])
        self.assertFalse(self.judged(4)["other_rig_iou_share"]["passes"])


if __name__ == "__main__":
    unittest.main()
