import sys
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from model import contract as c  # noqa: E402
from model import episodes  # noqa: E402
from model.measured import Measured  # noqa: E402

PLAIN = [{"horizon_s": h, "scale": 1.0, "bias": 0.0} for h in c.HORIZONS_S]


def unit(angle):
    return np.column_stack([np.cos(angle), np.sin(angle)]).astype(np.float32)


def scenes(count, seed, informative=True):
    """Those to the right collide in step 1, those to the left never; the risk knows nothing of it."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, np.pi, count)
    hit = (angle < np.pi / 2) if informative else rng.random(count) < 0.5
    steps = np.where(hit, 1, c.K)[:, None].repeat(16, 1)
    risk = np.full((count, 16, c.K), 0.3) + rng.normal(0, 0.01, (count, 16, c.K))
    return {"descriptor": unit(angle), "steps": steps, "risk_full": risk, "clip": np.arange(count) // 4}, [{"town": f"t{n % 5}"} for n in range(count // 4)]


class Episodes(unittest.TestCase):
    def test_scenes_of_its_own_town_are_left_out(self):
        records, clips = scenes(200, 1)
        past = episodes.Past([(records, clips)])
        town = np.array([clip["town"] for clip in clips])[records["clip"]]
        itself, _ = past.look_up(records["descriptor"])
        others, _ = past.look_up(records["descriptor"], town)
        self.assertTrue(np.allclose(itself, 1, atol=1e-5))
        self.assertTrue((others <= itself + 1e-6).all() and others.min() < 1 - 1e-7)

    def test_what_followed_helps_where_it_tells_and_is_left_where_it_does_not(self):
        for informative in (True, False):
            records, clips = scenes(600, 2, informative)
            past = episodes.Past([(records, clips)])
            chosen = episodes.choose(past, records, clips, PLAIN)
            natural, _ = scenes(400, 3, informative)
            natural["episode_similarity"], natural["episode_followed"] = past.look_up(natural["descriptor"])
            m = Measured()
            episodes.measure(m, natural, {"episodes": chosen, "risk": PLAIN})
            gain = next(r for r in m.rows if r["name"] == "episodes_gain_ap_2s")
            if informative:
                self.assertGreater(gain["low"], 0.2)
            else:
                self.assertLess(gain["low"], 0.05)

    def test_a_scene_unlike_all_is_new(self):
        records, clips = scenes(400, 4)
        past = episodes.Past([(records, clips)])
        below = episodes.choose(past, records, clips, PLAIN)["new_below"]
        similarity, _ = past.look_up(unit(np.array([0.5, -2.0])))
        self.assertGreater(similarity[0], below)
        self.assertLess(similarity[1], below)


if __name__ == "__main__":
    unittest.main()
