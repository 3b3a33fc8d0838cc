"""Runs and their clips, written one file a clip. Seeded: the same arguments give the same clips; what is there is not made again."""

import os

os.environ.setdefault("LP_NUM_THREADS", "0")  # llvmpipe: no thread beside the worker (a tenth less CPU than with one)
os.environ.setdefault("OMP_NUM_THREADS", "1")

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import choose, clips, glare, rig, scene, towns, traffic

TRAIN_CAMERAS, LONG_CAMERAS = 4, 3  # of six, the front one always; every other split has all six
TICKS = {"train": (32, 32), "validation": (32, 32), "test": (16, 30), "last": (16, 30)}  # natural, enriched; ten ticks are the model's history
A_RUN = {"train": (14, 14), "validation": (10, 8), "test": (24, 6), "last": (24, 6)}  # clips
A_LONG_RUN = (10, 10)
LONG_SEED = 10000  # added to the seeds of runs for long clips, so that these show other traffic


@dataclass(frozen=True)
class Recipe:
    """How clips are made; the default is how all of them were before there was a choice."""

    ticks: int = None  # of a window at most; None: TICKS
    drawing: str = "averaged"  # one of render.DRAWINGS

    @property
    def prefix(self):
        return "l-" if self.ticks else ""


def plan(split, count, seed, kind="town", ticks=None):
    """[(town number, run seed, natural, enriched)]: towns in turn, so that any first part of it spans them all. kind "every": all kinds mixed."""
    natural, rich = A_LONG_RUN if ticks else A_RUN[split]
    runs = -(-count // (natural + rich))
    kinds = [splits[split] for splits in towns.NUMBERS.values()] if kind == "every" else [towns.NUMBERS[kind][split]]
    numbers = [number for _, number in sorted(((i + 0.5) / len(numbers), number) for numbers in kinds for i, number in enumerate(numbers))]
    if not numbers:
        raise ValueError(f"no {kind} belongs to {split}")
    first = 1000 * seed + 1 + (LONG_SEED if ticks else 0)
    return [(numbers[i % len(numbers)], first + i // len(numbers), natural, rich) for i in range(runs)]


def run_of(town, seed, folder):
    path = Path(folder, f"{town.name}-{seed}.npz")
    if path.exists():
        return traffic.load(path)
    if town.motorway:
        _simulate_apart(town, seed, folder, path)
        return traffic.load(path)
    run = traffic.simulate(town, seed, folder)
    run.save(path)
    return run


def _simulate_apart(town, seed, folder, path, attempts=6):
    """SUMO 1.15 now and then aborts its process where lanes end (a failed assertion): each attempt has a process and a SUMO seed of its
    own, so a pool's worker lives on and the result still follows from the arguments."""
    for attempt in range(attempts):
        subprocess.run([sys.executable, "-m", "drives.one_run", str(town.number), str(seed), str(Path(folder).resolve()), str(path.resolve()), str(attempt)],
                       cwd=Path(__file__).resolve().parents[1], check=False)
        if path.exists():
            return
    raise RuntimeError(f"{town.name} seed {seed}: SUMO ended {attempts} times before its time")


_renderer = None


def renderer(drawing="averaged"):
    """One at a time: OpenGL draws into the context made last."""
    global _renderer
    if _renderer is None or _renderer.drawing.name != drawing:
        from . import render
        if _renderer is not None:
            _renderer.context.release()
        _renderer = render.Renderer(render.DRAWINGS[drawing])
    return _renderer


def make_run(job):
    """All clips of one run; returns (clips made, pictures made, clips that were there)."""
    split, number, seed, natural, rich, out, work, *recipe = job
    recipe = recipe[0] if recipe else Recipe()
    out = Path(out, split)
    mark = out / f".t{number:02d}-{seed}.done"
    if mark.exists():
        return 0, 0, int(mark.read_text())
    town = towns.build(number, work)
    run = run_of(town, seed, work)
    rng = np.random.default_rng([7008, number, seed])
    if recipe.ticks:
        least = recipe.ticks // 3
        windows = choose.natural(run, rng, natural, recipe.ticks, least) + choose.enriched(run, rng, rich, recipe.ticks, least)
    else:
        ticks = TICKS[split]
        windows = choose.natural(run, rng, natural, ticks[0]) + choose.enriched(run, rng, rich, ticks[1])
    made = pictures = there = 0
    for k, window in enumerate(windows):
        path = out / f"{recipe.prefix}{'e' if window.enriched else 'n'}-{town.name}-{seed}-{k:03d}.npz"
        if path.exists():
            there += 1
            continue
        pictures += make_clip(path, town, run, window, (number, seed, k), split, recipe.drawing, bool(recipe.ticks))
        made += 1
    mark.write_text(str(len(windows)))
    if recipe.ticks:  # nobody asks for this run again, and it is some 100 MB
        Path(work, f"{town.name}-{seed}.npz").unlink(missing_ok=True)
    return made, pictures, there


def make_clip(path, town, run, window, seed, split, drawing="averaged", long=False):
    s = scene.Scene(town, run, window, seed, glare_share=glare.SHARE if long else 0.0)
    cameras = list(range(6))
    if split == "train":
        cameras = sorted([0, *(s.rng.permutation(5)[:(LONG_CAMERAS if long else TRAIN_CAMERAS) - 1] + 1).tolist()])
    draws = renderer(drawing)
    s.prepare(draws)
    jpegs = [scene.jpeg(scene.model_picture(p)) for i in range(window.ticks) for p in s.pictures(draws, i, cameras)]
    every = range(window.ticks + choose.FUTURE)
    boxes = [s.boxes(i) for i in every]
    visible = [s.visible(i) if i < window.ticks else np.ones(len(boxes[i]), bool) for i in every]
    meta = {"schema": "forecast.clip/1", "cameras": [rig.NAMES[c] for c in cameras], "ticks": window.ticks, "footprint": choose.footprint(run, window.ego),
            "town": town.name, "seed": run.seed, "split": split, "enriched": window.enriched, "weather": s.weather, "ego": window.ego, "start": window.start}
    if drawing != "averaged":
        meta["drawing"] = drawing
    clips.write(path, meta, jpegs, s.ego, boxes, visible, rig.model_intrinsics(s.intrinsics[cameras]), s.vehicle_from_camera[cameras])
    return len(jpegs)
