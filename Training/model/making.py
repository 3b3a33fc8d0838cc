"""Clips that a gate needs beside those of the splits: made by several processes, what is there not again; and the command line that asks for them."""

import argparse
import multiprocessing
from pathlib import Path


def missing(make, jobs, mark_of, workers, what):
    """make(job) -> how many clips, for every job whose mark, the file that is written when it is done, is not there."""
    jobs = [job for job in jobs if not mark_of(job).exists()]
    if not jobs:
        return
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for n, made in enumerate(pool.imap_unordered(make, jobs), 1):
            print(f"{what}: run {n} of {len(jobs)}, {made} made", flush=True)


def work_of(out):
    """Where networks and runs of traffic are kept, beside the clips."""
    return str(Path(out).parent / "towns")


def command(make_all, description, splits, default=None):
    """make_all(out, split, workers) for the splits asked for."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--out", required=True)
    parser.add_argument("--split", action="append", choices=splits, help=f"default: {' and '.join(default or splits)}")
    parser.add_argument("--workers", type=int, default=2)
    o = parser.parse_args()
    for split in o.split or default or splits:
        make_all(o.out, split, o.workers)
