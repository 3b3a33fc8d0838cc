"""Calm drives and near misses of validation towns, chosen by the rule of the recorded test drives (drives/drive.py): the alarm's level is held against what it is
judged by. `cd Training && python3 -m model.validation_drives --out DATA/clips`. The same arguments give the same clips."""

import itertools
from pathlib import Path

from drives import choose, drive, make, towns

from . import making

FOLDER = "drives-validation"
SEEDS, A_RUN = (1, 2, 3, 4, 5, 6), 6  # of a kind
KINDS = {"calm": "c", "near_miss": "m"}
LAST_SEED = {"calm": 6, "near_miss": 3}  # of few alarms in calm driving, many drives tell little


def make_run(job):
    """All clips of one run. -> how many were made."""
    number, seed, out, work = job
    mark, out = mark_of(out, number, seed), Path(out, FOLDER)
    out.mkdir(parents=True, exist_ok=True)
    if mark.exists():
        return 0
    town = towns.build(number, work)
    run = make.run_of(town, seed, work)
    made = 0
    for kind, letter in ((kind, letter) for kind, letter in KINDS.items() if seed <= LAST_SEED[kind]):
        for k, choice in enumerate(itertools.islice(drive.select(run, kind, town), A_RUN)):
            path = out / f"{letter}-{town.name}-{seed}-{k:03d}.npz"
            if not path.exists():
                make.make_clip(path, town, run, choose.Window(choice.ego, choice.start, drive.TICKS, False), (number, seed, k), "validation", long=True)
            made += 1
    mark.write_text(str(made))
    return made


def mark_of(out, number, seed):
    return Path(out, FOLDER, f".t{number:02d}-{seed}.done")


def make_all(out, split="validation", workers=2):
    jobs = [(number, seed, str(out), making.work_of(out)) for seed in SEEDS for number in towns.SPLITS[split]]
    making.missing(make_run, jobs, lambda job: mark_of(out, *job[:2]), workers, f"drives of {split} towns")


if __name__ == "__main__":
    making.command(make_all, __doc__, ("validation",))
