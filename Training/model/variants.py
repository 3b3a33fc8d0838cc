"""What is taken from the model in a run over clips, so that a figure shows what it was worth: cameras, ticks, the ego log."""

import zlib
from dataclasses import dataclass

import numpy as np

from drives import rig

EVERYTHING = ("*",)


@dataclass(frozen=True)
class Variant:
    name: str
    lost: tuple = ()       # names of cameras, or EVERYTHING
    logged: bool = True    # False: ego motion unknown, the model's own estimate goes to the predictor and makes the intended manoeuvre
    dropped: float = 0.0   # share of the ticks that the memory never sees

    def mask(self, cameras):
        """1 for a camera that is there."""
        if self.lost == EVERYTHING:
            return np.zeros(len(cameras), np.float32)
        return np.array([name not in self.lost for name in cameras], np.float32)

    def seen(self, name, ticks):
        """bool [ticks]: which the memory sees; the first always. The same clip drops the same ticks."""
        out = np.random.default_rng([7021, zlib.crc32(name.encode())]).random(ticks) >= self.dropped
        out[0] = True
        return out


FULL = Variant("full")
FRONT_LOST = Variant("front_lost", lost=("front",))
ALL_LOST = Variant("all_lost", lost=EVERYTHING)
UNLOGGED = Variant("unlogged", logged=False)
DROPPED = Variant("dropped", dropped=0.3)
EACH_LOST = tuple(Variant(f"{name}_lost", lost=(name,)) for name in rig.NAMES if name != "front")
