"""The world model in three graphs: Encoder (pictures -> features), Memory (features lifted to the bird's-eye state),
Predictor (state x manoeuvres -> latents, occupancy, collision hazard)."""

import torch
import torch.nn as nn

from . import contract as c
from .encoder import Encoder
from .layers import Size, chosen_size
from .memory import Memory
from .predictor import Predictor


class WorldModel(nn.Module):
    """The three graphs, and the heads that only training needs."""

    def __init__(self, size=None):
        super().__init__()
        size = size or chosen_size()
        self.size = size
        self.encoder, self.memory = Encoder(size), Memory(size)
        self.predictor = Predictor(size, self.memory.observe)
        self.now = nn.Conv2d(size.bev, 3, 1)  # training only: occupancy of now straight from the state, at every tick
        nn.init.constant_(self.now.bias, -3.5)
        self.velocity = nn.Conv2d(size.trunk, 2, 1)  # training only: velocity over ground of what a cell holds, ego frame of now, 10 m/s

    def initial_state(self, batch):
        return torch.zeros(batch, self.size.state, *c.GRID_SIZE, device=self.now.weight.device)


def probability(hazard_logits):
    """Discrete hazards [..., K] -> P(collision by horizon k), never falling with k."""
    return 1 - torch.cumprod(1 - torch.sigmoid(hazard_logits), -1)
