"""The same moments seen by another rig than any in training (rig.van) and by the rig that training knows, the model told each one's calibration:
`cd Training && python3 -m model.other_rig --out DATA/clips`. The same arguments give the same clips."""

import argparse
import multiprocessing
from pathlib import Path

import numpy as np

from drives import choose, clips, make, rig, scene, towns

from . import contract as c
from . import figures as f
from . import records
from . import variants as v
from .workers import kept

FIRST_SEED, A_TOWN, TICKS = 9001, 8, 16
RIGS = {"own": (rig.NAMES, rig.nominal), "van": (rig.VAN_NAMES, rig.van)}
HORIZON = 2  # 2 s


def folder_of(split):
    return f"rigs-{split}"


def make_town(job):
    """All clips of one town, each once a rig. -> how many moments."""
    split, number, seed, out, work = job
    out = Path(out, folder_of(split))
    out.mkdir(parents=True, exist_ok=True)
    mark = out / f".t{number:02d}-{seed}.done"
    if mark.exists():
        return 0
    town = towns.build(number, work)
    run = make.run_of(town, seed, work)
    rng = np.random.default_rng([7036, number, seed])
    windows = choose.natural(run, rng, A_TOWN // 2, TICKS, TICKS) + choose.enriched(run, rng, A_TOWN // 2, TICKS, TICKS)
    for k, window in enumerate(windows):
        for name, (cameras, mounted) in RIGS.items():
            s = scene.Scene(town, run, window, (number, seed, k), varied=False)
            s.intrinsics, s.vehicle_from_camera = mounted()
            s.prepare(make.renderer())
            jpegs = [scene.jpeg(scene.model_picture(p)) for i in range(window.ticks) for p in s.pictures(make.renderer(), i, list(range(len(cameras))))]
            every = range(window.ticks + choose.FUTURE)
            boxes = [s.boxes(i) for i in every]
            meta = {"schema": "forecast.clip/1", "cameras": list(cameras), "ticks": window.ticks, "footprint": choose.footprint(run, window.ego), "town": town.name, "seed": seed, "split": split,
                    "enriched": window.enriched, "weather": s.weather}
            clips.write(out / f"r-{town.name}-{seed}-{k:03d}-{name}.npz", meta, jpegs, s.ego, boxes, [s.visible(i) if i < window.ticks else np.ones(len(boxes[i]), bool) for i in every],
                        rig.model_intrinsics(s.intrinsics), s.vehicle_from_camera)
    mark.write_text(str(len(windows)))
    return len(windows)


def make_all(out, split, workers=2):
    """What is there is not made again."""
    jobs = [(split, number, FIRST_SEED, str(out), str(Path(out).parent / "towns")) for kind in towns.NUMBERS.values() for number in kind[split]]
    jobs = [job for job in jobs if not Path(out, folder_of(split), f".t{job[1]:02d}-{job[2]}.done").exists()]
    if not jobs:
        return
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for n, made in enumerate(pool.imap_unordered(make_town, jobs), 1):
            print(f"another rig, {split}: town {n} of {len(jobs)}, {made} made", flush=True)


def collect(model, blind, data, split, workers=1, keep=None):
    """-> arrays to commit: name [n] of moments; for each rig map counts [n, 2, bins], and of every record clip, risk of keeping on within 2 s, and whether it came"""
    out = {}
    for name in RIGS:
        paths = [p for p in clips.list_clips(data, folder_of(split)) if p.stem.endswith(name)]
        if len(paths) < 2:
            raise FileNotFoundError(f"{Path(data, folder_of(split))}: no clips there; `cd Training && python3 -m model.other_rig --out {data}` makes them, or `evaluate --full`")
        got, maps, some = kept(keep, model, f"{split}-rig-{name}", lambda paths=paths: records.collect(model, blind, paths, (v.FULL,), 1, 1, workers=workers, what=f"{split}, rig {name}"))
        out[f"{name}_now"] = maps["now_full"].astype(np.int32)
        out[f"{name}_risk"] = got["risk_full"][:, c.KEEP, HORIZON].astype(np.float16)
        out["name"], out["clip"] = np.array([clip["name"].rsplit("-", 1)[0] for clip in some]), got["clip"].astype(np.int16)
        out["hit"] = got["steps"][:, c.KEEP] <= HORIZON
    return out


def measure(m, arrays, settings):
    """IoU now and AP at 2 s of both rigs at the thresholds chosen for the rig that training knows, paired over moments."""
    w = f.clip_weights(np.arange(len(arrays["name"])))
    w_records = f.clip_weights(arrays["clip"])
    b, hit = settings["threshold"], arrays["hit"]
    own, van = (f.iou(arrays[f"{n}_now"].astype(np.int64), b) for n in RIGS)
    own_drawn, van_drawn = (f.iou(arrays[f"{n}_now"].astype(np.int64), b, w) for n in RIGS)
    said = f"{len(arrays['name'])} moments of test towns, half of them enriched; a van's five cameras, wider, 2.1 m high, tilted 7 degrees down, no clip in training has such; told by its calibration alone"
    m.add("other_rig_iou_now", van, van_drawn, note=said)
    m.ratio("other_rig_iou_share", van / own, van_drawn / np.maximum(own_drawn, 1e-9), 0.7, note=f"of the IoU at the same moments with the rig that training knows, {own:.3f}")
    if hit.sum():
        ours, theirs = (f.average_precision(arrays[f"{n}_risk"].astype(float), hit) for n in ("van", "own"))
        drawn = f.average_precision(arrays["van_risk"].astype(float), hit, w_records) - f.average_precision(arrays["own_risk"].astype(float), hit, w_records)
        m.add("other_rig_ap_2s", ours, f.average_precision(arrays["van_risk"].astype(float), hit, w_records), note=f"keeping on; {theirs:.3f} with the rig that training knows")
        m.add("other_rig_ap_2s_minus_own", ours - theirs, drawn, note="paired")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    parser.add_argument("--split", action="append", choices=["validation", "test"], help="test by default")
    parser.add_argument("--workers", type=int, default=2)
    o = parser.parse_args()
    for split in o.split or ("test",):
        make_all(o.out, split, o.workers)


if __name__ == "__main__":
    main()
