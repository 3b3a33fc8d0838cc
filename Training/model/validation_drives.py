"""Calm drives and near misses of validation towns, chosen by the rule of the recorded test drives (drives/drive.py): the alarm's level is held against what it is
judged by. `cd Training && python3 -m model.validation_drives --out DATA/clips`. The same arguments give the same clips."""

import argparse
import itertools
import multiprocessing
from pathlib import Path

from drives import choose, drive, make, towns

FOLDER = "drives-validation"
SEEDS, A_RUN = (1, 2, 3), 6  # of a kind
KINDS = {"calm": "c", "near_miss": "m"}


def make_run(job):
    """All clips of one run. -> how many were made."""
    number, seed, out, work = job
    out = Path(out, FOLDER)
    out.mkdir(parents=True, exist_ok=True)
    mark = out / f".t{number:02d}-{seed}.done"
    if mark.exists():
        return 0
    town = towns.build(number, work)
    run = make.run_of(town, seed, work)
    made = 0
    for kind, letter in KINDS.items():
        for k, choice in enumerate(itertools.islice(drive.select(run, kind, town), A_RUN)):
            path = out / f"{letter}-{town.name}-{seed}-{k:03d}.npz"
            if not path.exists():
                make.make_clip(path, town, run, choose.Window(choice.ego, choice.start, drive.TICKS, False), (number, seed, k), "validation", long=True)
            made += 1
    mark.write_text(str(made))
    return made


def make_all(out, workers=2):
    """What is there is not made again."""
    jobs = [(number, seed, str(out), str(Path(out).parent / "towns")) for seed in SEEDS for number in towns.SPLITS["validation"]]
    jobs = [job for job in jobs if not Path(out, FOLDER, f".t{job[0]:02d}-{job[1]}.done").exists()]
    if not jobs:
        return
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for n, made in enumerate(pool.imap_unordered(make_run, jobs), 1):
            print(f"drives of validation towns: run {n} of {len(jobs)}, {made} made", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    parser.add_argument("--workers", type=int, default=2)
    o = parser.parse_args()
    make_all(o.out, o.workers)


if __name__ == "__main__":
    main()
