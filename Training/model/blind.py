"""The control without eyes: the collision hazard from the ego's own motion, its footprint and the manoeuvre alone."""

import torch
import torch.nn as nn

from . import contract as c


class Blind(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6 + 2 * c.K, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU(), nn.Linear(96, c.K))
        nn.init.constant_(self.net[-1].bias, -4.0)

    def forward(self, ego, footprint, manoeuvres):
        """ego [B, 3], footprint [B, 3], manoeuvres [B, A, K, 2] -> hazard logits [B, A, K]."""
        a = manoeuvres.shape[1]
        own = torch.cat([ego / ego.new_tensor([10.0, 0.3, 2.0]), footprint / 5], 1)[:, None].expand(-1, a, -1)
        controls = (manoeuvres * manoeuvres.new_tensor([0.2, 10.0])).flatten(2)
        return self.net(torch.cat([own, controls], 2))
