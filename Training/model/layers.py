"""What a world model is made of: its size, the scales its networks count in, and the small blocks."""

from dataclasses import dataclass

import torch.nn as nn
import torch.nn.functional as F

from . import contract as c


@dataclass(frozen=True)
class Size:
    """What a checkpoint is made of; another one is refused by name. The values here are nano's; `chosen_size` gives those of the chosen profile."""
    stem: int = 16         # channels of the encoder at half the picture's size, from which the fine features come
    body: int = 32         # and at a quarter of it
    content: int = 24      # channels of picture content in `features`
    scales: int = 12       # bins of apparent scale (pixels a metre) in `features`
    blocks: int = 4        # residual blocks of the encoder
    fresh: int = 32        # channels of the lifted map of one tick
    bev: int = 48          # warped channels of the state
    join: int = 48         # channels in which what is fresh and what is remembered meet
    view: int = 12         # channels of the forward view kept in the state, not warped
    ego: int = 4           # planes of the state that keep the last ego estimate
    observed: int = 16     # D
    descriptor: int = 64   # E
    horizon: int = 14      # channels of each horizon's map that risk is read from
    trunk: int = 48
    unet: tuple = (48, 80, 128)  # channels of the map, of its half and of its quarter
    carried: int = 8       # channels of the trunk that are taken along the flow to each horizon
    fine: int = 6          # channels of the encoder's half-size features that own motion is seen in, folded four to one into `features`
    near: int = 16         # channels lifted to the near map's 1 m cells
    close: int = 6         # channels of each of the near map's levels that risk is read from

    def __post_init__(self):
        object.__setattr__(self, "unet", tuple(self.unet))
        if 2 * self.view != 4 * self.fine:
            raise ValueError(f"view {self.view} and fine {self.fine}: the state keeps the fine features below the view, so view must be twice as many")

    @property
    def sampled(self):
        """Channels of `features` that are lifted: the fine ones are not."""
        return self.content + self.scales

    @property
    def features(self):
        return self.sampled + 4 * self.fine

    @property
    def state(self):
        return self.bev + self.ego + self.view


def chosen_size():
    return Size(**c.PROFILE.channels)


SCALE_LOW_PXPM, SCALE_HIGH_PXPM = 1.0 * c.PICTURE_WIDTH_PX / 128, 40.0 * c.PICTURE_WIDTH_PX / 128  # apparent scale of a metre in the picture: 91 m ... 2.3 m at 70 degrees across
EGO_SCALE = (10.0, 0.3, 2.0)  # speed m/s, yaw rate rad/s, acceleration m/s2: one unit inside the networks


def conv(i, o, kernel=3, stride=1, dilation=1):
    pad = dilation * (kernel // 2)
    return nn.Sequential(nn.Conv2d(i, o, kernel, stride, pad, dilation, bias=False), nn.BatchNorm2d(o), nn.ReLU())


class Residual(nn.Module):
    def __init__(self, channels, dilation=1):
        super().__init__()
        self.first = conv(channels, channels, dilation=dilation)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        return F.relu(x + self.second(self.first(x)))
