"""The latents' last layer: least squares finds what the target was made of, and leaves alone what it has too little of; and what a vehicle mostly sees is kept."""

import unittest
import unittest.mock

import numpy as np
import torch

from model import contract as c
from model import latent_fit
from model.world_model import WorldModel

SMALL = (c.GRID_SIZE[0] // 2, c.GRID_SIZE[1] // 2)


def sums(rng, moments, shares, rest, noise=0.1):
    total = latent_fit.Sums(rest.shape)
    for k in range(c.K - 1):  # nothing of the last horizon
        for pace in (0, 1):
            for _ in range(moments):
                parts = rng.normal(size=(len(latent_fit.PARTS),) + rest.shape)
                total.add(pace, k, (shares[pace][:, :, None, None] * parts).sum(0) + rest + rng.normal(0, noise, rest.shape), parts)
    return total


def shifts(variance):
    return unittest.mock.patch.object(latent_fit, "SHIFT", variance)


class LastLayer(unittest.TestCase):
    def setUp(self):
        self.rng = np.random.default_rng(3)
        d = WorldModel().size.observed
        self.shares = self.rng.uniform(-1, 1, (2, len(latent_fit.PARTS), d))
        self.rest = self.rng.normal(size=(d,) + SMALL)

    def test_solve_finds_what_the_target_was_made_of(self):
        total = sums(self.rng, 80, self.shares, self.rest)
        with shifts(0.0):
            shares, rest = latent_fit.solve(*total.of(0, 1), 0.5)
        np.testing.assert_allclose(shares, self.shares[1], atol=0.01)
        self.assertLess(np.abs(rest - self.rest).mean(), 0.02)

    def test_solve_under_shifts_is_better_on_a_road_that_adds_the_same_map_to_all_and_hardly_worse_without(self):
        """What comes is half the moved map; on another road everything is 1.5 higher."""
        moments, d = 200, len(self.rest)
        total = latent_fit.Sums(self.rest.shape)
        for _ in range(moments):
            parts = self.rng.normal(size=(4,) + self.rest.shape)
            parts[2] *= 0.1
            total.add(1, 0, 0.5 * parts[0] + self.rng.normal(0, 0.1, self.rest.shape), parts)
        parts = self.rng.normal(size=(4, 1000, d))
        parts[2] *= 0.1
        error = {}
        for variance in (0.0, latent_fit.SHIFT):
            with shifts(variance):
                shares, rest = latent_fit.solve(*total.of(0, 1), 1.0)
            for shift in (0.0, 1.5):
                shifted = parts + shift * np.array([1, 0, 1, 1])[:, None, None]
                error[variance, shift] = np.square(0.5 * parts[0] + shift - (shares[:, None] * shifted).sum(0) - rest.mean((1, 2))).mean()
        self.assertGreater(error[0.0, 1.5], 0.4)
        self.assertLess(error[latent_fit.SHIFT, 1.5], 0.1 * error[0.0, 1.5])
        self.assertLess(error[latent_fit.SHIFT, 0.0], error[0.0, 0.0] + 0.02)

    def test_fit_sets_what_it_has_moments_of_and_leaves_the_rest(self):
        model = WorldModel().eval()
        total = sums(self.rng, latent_fit.FEWEST, self.shares, self.rest)
        made = latent_fit.sums_of, latent_fit.means_of
        latent_fit.sums_of, latent_fit.means_of = lambda paths, model: [total] * len(paths), lambda paths, model: [self.rest] * len(paths)
        try:
            with shifts(0.0):
                used = latent_fit.fit(model, ["one"])
        finally:
            latent_fit.sums_of, latent_fit.means_of = made
        np.testing.assert_array_equal(used[:, -1], 0)
        np.testing.assert_array_equal(used[:, 0], latent_fit.FEWEST)
        p = model.predictor
        for part, name in enumerate(("hold", "gain", "stay", "leave")):
            np.testing.assert_allclose(getattr(p, name)[0, 0, :, 0, 0].detach(), self.shares[0, part], atol=0.02)
        np.testing.assert_allclose(p.common, self.rest, atol=1e-5)
        self.assertTrue(torch.equal(p.hold[:, -1], torch.ones_like(p.hold[:, -1])))
        self.assertTrue(torch.equal(p.stay[:, -1], torch.zeros_like(p.stay[:, -1])))


class Usual(unittest.TestCase):
    def test_it_is_the_mean_of_what_was_observed_and_fades(self):
        torch.manual_seed(0)
        model = WorldModel().eval()
        p, s = model.predictor, model.size
        with torch.no_grad():
            state, observed = model.initial_state(1), []
            self.assertTrue(torch.equal(p.unusual(state), torch.zeros(1, s.observed, *SMALL)))
            lift = torch.zeros(1, 1, len(c.LIFT_HEIGHTS_M), *c.GRID_SIZE, 2)
            for t in range(4):
                state, seen, *_ = model.memory(torch.randn(1, 1, s.features, *c.FEATURE_SIZE), lift, torch.ones(1, 1, len(c.LIFT_HEIGHTS_M), *c.GRID_SIZE), torch.ones(1, 1),
                                               torch.zeros(1, 1), torch.zeros(1, 6), torch.tensor([[0.1 if t else 0.0]]), state)
                observed.append(seen)
            fading = np.exp(-0.1 / 8.0)
            weights = (1 - fading) * fading ** np.arange(4)[::-1]
            wanted = sum(w * o for w, o in zip(weights, observed)) / (weights.sum() + 0.15)
            np.testing.assert_allclose(p.unusual(state), wanted, atol=1e-5)


if __name__ == "__main__":
    unittest.main()
