"""The sizes a model comes in. One is chosen for the whole process, before anything that depends on it is imported: by FORECAST_PROFILE in the
environment, which the commands set from `--profile NAME`, and which processes started from here inherit."""

import os
from dataclasses import dataclass, field

VARIABLE, DEFAULT = "FORECAST_PROFILE", "nano"


@dataclass(frozen=True)
class Profile:
    """What sizes differ in. All else of the contract is common: area, horizons, manoeuvres, classes, tensors' names and meanings."""
    name: str
    version: str
    picture_px: tuple        # width, height; a whole part of the rendered 256 x 128
    cell_m: float            # of the bird's-eye map; the near map's are half as large
    labels: str              # folder beside the clips that keeps the labels of this map
    batch: int               # streams a training step
    cost_table_ms: tuple     # (manoeuvres, ms): all three graphs, six cameras, one vehicle, until measured where it runs
    channels: dict = field(default_factory=dict)  # where it differs from model.layers.Size


PROFILES = {p.name: p for p in (
    Profile("nano", "0.3.0", (128, 64), 2.0, "labels-1", batch=4, cost_table_ms=((16, 25.0), (8, 24.0), (1, 23.0))),
    Profile("base", "0.1.0", (256, 128), 1.0, "labels-1-base", batch=16, cost_table_ms=((16, 160.0), (8, 155.0), (1, 150.0)),
            channels=dict(stem=24, body=48, content=40, scales=16, blocks=6, fresh=48, bev=64, join=64, view=16, observed=24, descriptor=96, horizon=20, trunk=64,
                          unet=(64, 112, 192), carried=12, fine=8, near=24, close=8)),
)}


def named(name):
    if name not in PROFILES:
        raise SystemExit(f"profile {name}: there is none; known are {', '.join(PROFILES)}")
    return PROFILES[name]


def chosen():
    return named(os.environ.get(VARIABLE, DEFAULT))


def take(arguments):
    """Takes `--profile NAME` out of a command's arguments and chooses it. To be called before model or drives are imported further."""
    for n, argument in enumerate(arguments):
        if argument == "--profile" or argument.startswith("--profile="):
            name = argument.partition("=")[2] or (arguments[n + 1] if n + 1 < len(arguments) else "")
            del arguments[n:n + (1 if "=" in argument else 2)]
            os.environ[VARIABLE] = named(name).name
            return


class Another(Exception):
    """Something made for another profile than this process has: one line, exit code 2."""


def refuse_another(what, name):
    """Clips, checkpoints and model folders say which profile they are of; those that say nothing are older than the choice."""
    name = name or DEFAULT
    if name != chosen().name:
        raise Another(f"{what}: of profile {name}, and this is {chosen().name}; say --profile {name}, or choose another")
