"""Natural-rate clips long enough for forecasts of 3 s to be compared with what came, and for alarms to be counted an hour, with edits of them in which
one car teleports or vanishes: `cd Training && python3 -m model.long_clips --out DATA/clips`. Runs of their own seeds; the same arguments give the same clips."""

import argparse
import multiprocessing
from pathlib import Path

import numpy as np

from drives import choose, clips, glare, labels, make, rig, scene, towns

TICKS, LEAST_TICKS, FIRST_SEED = 144, 72, 6001
COUNTS = {"validation": 100, "test": 120, "last": 100}
EDITS, EDITED_TICKS = ("teleport", "vanish"), 5  # pictures after the edit; forecasts of 0.5 s for all of them were made before it
FIRST_EDIT = 30          # forecasts for 2 s hence were made from a second of history on
NEAREST_M, FARTHEST_M, MOVED_M = 5.0, 22.0, (6.0, 14.0)
CHANGED_PX, CHANGED_LEVELS, MOST_TRIES = 40 * rig.MODEL_WIDTH_PX ** 2 // 128 ** 2, 20, 12  # of a model picture: an edit behind other cars, that no camera sees, is none


def folder_of(split):
    return f"long-{split}"


def plan(split, count):
    """[(town number, run seed, clips)]: one run a town and motorway."""
    numbers = [number for kind in towns.NUMBERS.values() for number in kind[split]]
    return [(number, FIRST_SEED, -(-count // len(numbers))) for number in numbers]


def make_run(job):
    """All long clips of one run, each with its edits. -> how many were made."""
    split, number, seed, count, out, work = job
    out = Path(out, folder_of(split))
    (out / "edits").mkdir(parents=True, exist_ok=True)
    mark = out / f".t{number:02d}-{seed}.done"
    if mark.exists():
        return 0
    town = towns.build(number, work)
    run = make.run_of(town, seed, work)
    rng = np.random.default_rng([7031, number, seed])
    for k, window in enumerate(choose.natural(run, rng, count, TICKS, least=LEAST_TICKS)):
        path = out / f"n-{town.name}-{seed}-{k:03d}.npz"
        if not path.exists():
            make.make_clip(path, town, run, window, (number, seed, k), split, long=True)
        edit(path, town, run, window, (number, seed, k), np.random.default_rng([7032, number, seed, k]))
    mark.write_text(str(count))
    return count


def edit(path, town, run, window, seed, rng):
    """edits/NAME-teleport.npz, edits/NAME-vanish.npz: the few pictures from the moment on at which a car that had been in sight for a second jumps or is gone."""
    s = scene.Scene(town, run, window, seed, glare_share=glare.SHARE)
    s.prepare(make.renderer())
    original, tries = s.pose.copy(), 0
    for tick, user, moved in candidates(s, window, rng):
        poses = {kind: original.copy() for kind in EDITS}
        poses["vanish"][user, tick:, :2] = np.nan
        poses["teleport"][user, tick:, :2] += moved
        plain = _drawn(s, original, [tick])
        if min(_changed_px(plain, _drawn(s, pose, [tick])) for pose in poses.values()) >= CHANGED_PX:
            break
        tries += 1
        if tries == MOST_TRIES:
            return
    else:
        return
    for kind, pose in poses.items():
        ticks = range(tick, tick + EDITED_TICKS)
        jpegs = [scene.jpeg(p) for p in _drawn(s, pose, ticks)]
        meta = {"schema": "forecast.clip/1", "cameras": list(rig.NAMES), "ticks": EDITED_TICKS, "footprint": choose.footprint(run, window.ego), "town": town.name, "seed": run.seed,
                "split": "edit", "enriched": False, "weather": s.weather, "base": path.stem, "edit": kind, "tick": int(tick)}
        boxes = [s.boxes(i) for i in ticks]
        clips.write(path.parent / "edits" / f"{path.stem}-{kind}.npz", meta, jpegs, s.ego[tick:tick + EDITED_TICKS], boxes, [np.ones(len(b), bool) for b in boxes],
                    rig.model_intrinsics(s.intrinsics), s.vehicle_from_camera)


def _drawn(s, pose, ticks):
    """Model pictures of all six cameras, tick by tick, with everybody at `pose`."""
    s.pose = pose
    return [scene.model_picture(p) for i in ticks for p in s.pictures(make.renderer(), i, list(range(6)))]


def _changed_px(before, after):
    """Of the camera that changed most."""
    return max(int((np.abs(a.astype(int) - b).max(2) > CHANGED_LEVELS).sum()) for a, b in zip(before, after))


def candidates(s, window, rng):
    """Yields a tick, the index of a car that was in sight all the second before within 22 m, and a jump to a free place in sight."""
    for tick in rng.permutation(np.arange(FIRST_EDIT, window.ticks - EDITED_TICKS)):
        boxes, seen = s.boxes(tick), s.visible(tick)
        distance = np.hypot(*(boxes[:, 2:4] - s.ego[tick, :2]).T)
        for row in rng.permutation(np.nonzero((boxes[:, 1] == 0) & seen & (distance > NEAREST_M) & (distance < FARTHEST_M))[0]):
            user = int(np.nonzero(s.users == boxes[row, 0])[0][0])
            if not all(_in_sight(s, i, boxes[row, 0]) for i in range(tick - 10, tick, 3)):
                continue
            for _ in range(12):
                angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(*MOVED_M)
                moved = length * np.array([np.cos(angle), np.sin(angle)])
                if _free(s, tick, boxes, row, moved):
                    yield int(tick), user, moved
                    break


def _in_sight(s, tick, user):
    boxes = s.boxes(tick)
    here = boxes[:, 0] == user
    return bool(here.any() and s.visible(tick)[here][0])


def _free(s, tick, boxes, row, moved):
    """Is the moved box clear of everybody and the ego, in sight, and still near?"""
    me = boxes[row].copy()
    me[2:4] += moved
    others = np.delete(boxes, row, axis=0)
    gap = labels.separation(*me[2:7], *others[:, 2:7].T) if len(others) else np.array([99.0])
    distance = np.hypot(*(me[2:4] - s.ego[tick, :2]))
    if gap.min() < 0.5 or not NEAREST_M < distance < FARTHEST_M:
        return False
    line = s.ego[tick, :2] + (me[2:4] - s.ego[tick, :2]) * np.linspace(0.02, 1.0, 60)[:, None]
    cell = s.town.cells(line)
    return not (s.town.building_mask[cell[:, 1], cell[:, 0]] > 0).any()


def make_all(out, split, count=None, workers=2):
    """What is there is not made again."""
    clips.refuse_folder_of_another(out, folder_of(split))
    jobs = [(split, *job, str(out), str(Path(out).parent / "towns")) for job in plan(split, count or COUNTS[split])]
    jobs = [job for job in jobs if not Path(out, folder_of(split), f".t{job[1]:02d}-{job[2]}.done").exists()]
    if not jobs:
        return
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for n, made in enumerate(pool.imap_unordered(make_run, jobs), 1):
            print(f"long clips, {split}: run {n} of {len(jobs)}, {made} made", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    parser.add_argument("--split", action="append", choices=["validation", "test"], help="both by default")
    parser.add_argument("--workers", type=int, default=2)
    o = parser.parse_args()
    for split in o.split or ("validation", "test"):
        make_all(o.out, split, workers=o.workers)


if __name__ == "__main__":
    main()
