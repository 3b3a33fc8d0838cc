"""The latents' last layer: least squares finds what the target was made of, and leaves alone what it has too little of."""

import unittest

import numpy as np
import torch

from model import contract as c
from model import latent_fit
from model.world_model import WorldModel


def sums(rng, moments, hold, gain, rest, noise=0.1):
    total = latent_fit.Sums(rest.shape)
    for k in range(c.K - 1):  # nothing of the last horizon
        for pace in (0, 1):
            for _ in range(moments):
                m, g = rng.normal(size=(2,) + rest.shape)
                y = hold[pace][:, None, None] * m + gain[pace][:, None, None] * g + rest + rng.normal(0, noise, rest.shape)
                total.add(pace, k, y, m, g)
    return total


class LastLayer(unittest.TestCase):
    def setUp(self):
        self.rng = np.random.default_rng(3)
        d = WorldModel().size.observed
        self.hold, self.gain = self.rng.uniform(0, 1, (2, d)), self.rng.uniform(-1, 1, (2, d))
        self.rest = self.rng.normal(size=(d, c.GRID_SIZE[0] // 2, c.GRID_SIZE[1] // 2))

    def test_solve_finds_what_the_target_was_made_of(self):
        total = sums(self.rng, 80, self.hold, self.gain, self.rest)
        hold, gain, rest = latent_fit.solve({n: v[1, 0] for n, v in total.of.items()}, total.count[1, 0])
        np.testing.assert_allclose(hold, self.hold[1], atol=0.01)
        np.testing.assert_allclose(gain, self.gain[1], atol=0.01)
        self.assertLess(np.abs(rest - self.rest).mean(), 0.02)

    def test_fit_sets_what_it_has_moments_of_and_leaves_the_rest(self):
        model = WorldModel().eval()
        total = sums(self.rng, latent_fit.FEWEST, self.hold, self.gain, self.rest)
        made, latent_fit.sums_of = latent_fit.sums_of, lambda paths, model: [total] * len(paths)
        try:
            used = latent_fit.fit(model, ["one"])
        finally:
            latent_fit.sums_of = made
        np.testing.assert_array_equal(used[:, -1], 0)
        np.testing.assert_array_equal(used[:, 0], latent_fit.FEWEST)
        np.testing.assert_allclose(model.predictor.hold[0, 0, :, 0, 0].detach(), self.hold[0], atol=0.01)
        self.assertTrue(torch.equal(model.predictor.hold[:, -1], torch.ones_like(model.predictor.hold[:, -1])))


if __name__ == "__main__":
    unittest.main()
