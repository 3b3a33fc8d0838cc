"""Clips made anew from their seeds: all that an evaluation needs, and a random twentieth of the test clips, to see that the committed runs are of them."""

import multiprocessing
import secrets
import tempfile
from pathlib import Path

import numpy as np

from drives import clips as drive_clips
from drives import make, towns

from . import long_clips, occluder, other_rig, outputs, records, validation_drives
from . import variants as v
from .runs import TEST_STRIDE

DIFFERENCE = 1e-3
CLIPS = {"town": {"validation": 160, "test": 750, "last": 240}, "motorway": {"validation": 36, "test": 90, "last": 60}}
CALIBRATION_RUNS = 12
MOST_CLIPS = 6000


def all_clips(data, split, workers):
    """Validation clips and those of `split`, long ones too. What is there is not made again."""
    from . import calibration_clips
    data = Path(data)
    for part in dict.fromkeys(("validation", split)):
        (data / part).mkdir(parents=True, exist_ok=True)
        drive_clips.refuse_folder_of_another(data, part)
        jobs = [(part, *job, str(data), str(data.parent / "towns")) for kind, counts in CLIPS.items() for job in make.plan(part, counts[part], 1, kind)]
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            for n, _ in enumerate(pool.imap_unordered(make.make_run, jobs), 1):
                print(f"evaluate: clips, {part}: run {n} of {len(jobs)}", flush=True)
        if part == "validation":
            calibration_clips.make_all(data, CALIBRATION_RUNS, workers)
            validation_drives.make_all(data, workers)
        long_clips.make_all(data, part, workers=workers)
    occluder.make_all(data, split, workers)
    other_rig.make_all(data, split, workers)


def run_of(name):
    """n-t29-1001-003 -> (29, 1001)"""
    _, town, seed, _ = name.split("-")
    return int(town[1:]), int(seed)


def job_of(split, town, seed):
    """The arguments that made that run's clips."""
    base = (seed - 1) // 1000
    return next(job for job in make.plan(split, MOST_CLIPS, base, towns.kind_of(town)) if job[:2] == (town, seed))


def check(model, blind, folder, split, share=0.05, seed=None, workers=2):
    """Draws runs at random until they hold `share` of the committed clips, makes their clips anew, runs the model over a random `share` of all clips
    out of these and compares risk. -> {"seed", "clips", "difference", "worst", "same"}"""
    seed = secrets.randbelow(10 ** 6) if seed is None else seed
    rng = np.random.default_rng(seed)
    committed = {name: outputs.load(folder, name) for name in ("natural", "enriched")}
    names = [str(n) for arrays in committed.values() for n in arrays["name"]]
    wanted = max(1, round(share * len(names)))
    every = sorted({run_of(n) for n in names})
    chosen = []
    for i in rng.permutation(len(every)):
        if sum(run_of(n) in chosen for n in names) >= wanted:
            break
        chosen.append(every[i])
    some = [n for n in names if run_of(n) in chosen]
    some = sorted(rng.permutation(some)[:wanted].tolist())
    with tempfile.TemporaryDirectory() as scratch:
        jobs = [(split, *job_of(split, *run), str(Path(scratch, "clips")), str(Path(scratch, "towns"))) for run in chosen]
        Path(scratch, "clips", split).mkdir(parents=True)
        with multiprocessing.get_context("spawn").Pool(min(workers, len(jobs))) as pool:
            pool.map(make.make_run, jobs)
        worst, where = 0.0, None
        for part, arrays in committed.items():
            paths = [p for p in drive_clips.list_clips(Path(scratch, "clips"), split) if p.stem in some and p.stem.startswith("en"[part == "natural"])]
            if not paths:
                continue
            again, _, clips = records.collect(model, blind, paths, (v.FULL,), TEST_STRIDE, occupancy=False, workers=workers, what="made anew")
            for n, clip in enumerate(clips):
                old = arrays["clip"] == list(arrays["name"]).index(clip["name"])
                new = again["clip"] == n
                if old.sum() != new.sum():
                    worst, where = 1.0, clip["name"]
                    continue
                difference = float(np.abs(arrays["risk_full"][old].astype(float) - again["risk_full"][new]).max())
                if difference > worst:
                    worst, where = difference, clip["name"]
        found = {p.stem for p in drive_clips.list_clips(Path(scratch, "clips"), split)}
    missing = [n for n in some if n not in found]
    return {"seed": int(seed), "clips": len(some), "difference": round(worst, 6), "worst": where, "missing": missing, "same": worst <= DIFFERENCE and not missing}
