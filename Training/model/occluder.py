"""A scene for the memory: somebody stands in sight, a lorry drives between, and where they stand must stay occupied while no camera sees it. Each scene is drawn
twice, with and without that somebody, so that what the model says of the hidden place can only come from what it remembers: without a memory the two are alike.
`cd Training && python3 -m model.occluder --out DATA/clips`. The same arguments give the same clips."""

import argparse
import multiprocessing
from pathlib import Path

import numpy as np
import torch

from drives import choose, clips, labels, make, rig, scene, towns, traffic

from . import contract as c
from .records import motion_of, rig_of, united
from .workers import kept, progress, shared_out

FIRST_SEED, A_TOWN, TICKS = 8001, 5, 60
HIDDEN_TICKS = (8, 30)            # how long the place must be out of sight
SEEN_TICKS = 12                   # and in sight before that, at the least
LORRY_MPS, CREEP_MPS = (2.5, 5.0), 1.5
AHEAD_M, ASIDE_M, GAP_M = (13.0, 22.0), 4.0, (5.0, 7.5)
KINDS = (("saloon", 0.5), ("van", 0.2), ("person", 0.3))
VARIANTS = ("with", "without")
MOST_TRIES = 4000
KEPT_TICKS = 25                   # of hiding that are measured


def folder_of(split):
    return f"occluder-{split}"


def staged(town, run, rng):
    """Somebody ahead of a standing or creeping ego, and a lorry that crosses between, all clear of houses and of one another. -> Run of three, or None."""
    egos = choose.egos(run)
    v = egos[rng.integers(len(egos))]
    t = rng.choice(np.nonzero(np.isfinite(run.axle[v, :, 0]))[0])
    n = TICKS + choose.FUTURE
    at = np.arange(n) * c.TICK_S
    x, y, yaw = run.axle[v, t, :3]
    speed = CREEP_MPS if rng.random() < 0.5 else 0.0
    ahead, aside, turned = rng.uniform(*AHEAD_M), rng.uniform(-ASIDE_M, ASIDE_M), rng.uniform(0, 2 * np.pi)
    kind = rng.choice([k for k, _ in KINDS], p=[p for _, p in KINDS])
    gap, pace, left = rng.uniform(*GAP_M), rng.uniform(*LORRY_MPS), rng.choice([-1.0, 1.0])
    lean = rng.uniform(-0.25, 0.25)
    across = left * (pace * (at - 2.6) + rng.uniform(-1, 1))
    forward = speed * at
    local = {"ego": (forward, np.zeros(n), np.zeros(n)), "somebody": (np.full(n, ahead), np.full(n, aside), np.full(n, turned)),
             "lorry": (ahead - gap - np.sin(lean) * across, aside * (ahead - gap) / ahead + np.cos(lean) * across, np.full(n, left * np.pi / 2 + lean))}
    size = np.array([run.size[v], traffic.DIMENSIONS[kind], traffic.DIMENSIONS["lorry"]])
    axle, pose = np.full((3, n, 6), np.nan), np.full((3, n, 3), np.nan)
    for i, (px, py, turn) in enumerate(local.values()):
        wx, wy, heading = x + np.cos(yaw) * px - np.sin(yaw) * py, y + np.sin(yaw) * px + np.cos(yaw) * py, yaw + turn
        v_now = (speed, 0.0, pace)[i]
        axle[i] = np.column_stack([wx, wy, heading, np.full(n, v_now), np.zeros(n), np.zeros(n)])
        offset = size[i, 0] * (0.5 - traffic.REAR_OVERHANG) if i == 0 else 0.0
        pose[i] = np.column_stack([wx + offset * np.cos(heading), wy + offset * np.sin(heading), heading])
    if not _clear(town, pose, size):
        return None
    return traffic.Run(town.number, run.seed, np.array([run.kind[v], traffic.KINDS.index(str(kind)), traffic.KINDS.index("lorry")]), size, pose, axle, np.zeros(3, bool))


def _clear(town, pose, size):
    cell = town.cells(pose[..., :2])
    if (town.building_mask[cell[..., 1], cell[..., 0]] > 0).any() or not (town.road_mask[cell[:2, :, 1], cell[:2, :, 0]] > 0).all():
        return False
    for a, b in ((0, 1), (0, 2), (1, 2)):
        gap = labels.separation(*pose[a].T, size[a, 0], size[a, 1], *pose[b].T, size[b, 0], size[b, 1])
        if gap[:TICKS].min() < 1.0:
            return False
    return True


def hidden_from(s):
    """First tick at which the somebody (road user 1) is out of sight, and how long; None where the scene does not show it."""
    seen = np.array([s.visible(i)[s.boxes(i)[:, 0] == 1][0] for i in range(TICKS)])
    if seen.all() or not seen[:SEEN_TICKS].all():
        return None
    first = int(np.argmin(seen))
    again = np.nonzero(seen[first:])[0]
    length = int(again[0]) if len(again) else TICKS - first
    return (first, length) if HIDDEN_TICKS[0] <= length <= HIDDEN_TICKS[1] else None


def make_town(job):
    """All scenes of one town. -> how many were made."""
    split, number, seed, out, work = job
    out = Path(out, folder_of(split))
    out.mkdir(parents=True, exist_ok=True)
    mark = out / f".t{number:02d}-{seed}.done"
    if mark.exists():
        return 0
    town = towns.build(number, work)
    run = make.run_of(town, seed, work)
    rng, k = np.random.default_rng([7035, number, seed]), 0
    for _ in range(MOST_TRIES):
        if k == A_TOWN:
            break
        three = staged(town, run, rng)
        if three is None:
            continue
        s = scene.Scene(town, three, choose.Window(0, 0, TICKS, False), (number, seed, k))
        hiding = hidden_from(s)
        if hiding is None:
            continue
        s.prepare(make.renderer())
        whole = s.pose.copy()
        for variant in VARIANTS:
            s.pose = whole.copy()
            if variant == "without":
                s.pose[s.users == 1] = np.nan
            jpegs = [scene.jpeg(scene.model_picture(p)) for i in range(TICKS) for p in s.pictures(make.renderer(), i, list(range(6)))]
            s.pose = whole.copy()  # the place is told in both
            every = range(TICKS + choose.FUTURE)
            meta = {"schema": "forecast.clip/1", "cameras": list(rig.NAMES), "ticks": TICKS, "footprint": choose.footprint(three, 0), "town": town.name, "seed": seed, "split": split,
                    "enriched": False, "weather": s.weather, "hidden": hiding, "variant": variant}
            clips.write(out / f"o-{town.name}-{seed}-{k:03d}-{variant}.npz", meta, jpegs, s.ego, [s.boxes(i) for i in every],
                        [s.visible(i) if i < TICKS else np.ones(len(s.boxes(i)), bool) for i in every], rig.model_intrinsics(s.intrinsics), s.vehicle_from_camera)
        k += 1
    mark.write_text(str(k))
    return k


def make_all(out, split, workers=2):
    """What is there is not made again. Towns alone: on a motorway nobody crosses."""
    jobs = [(split, number, FIRST_SEED, str(out), str(Path(out).parent / "towns")) for number in towns.SPLITS[split]]
    jobs = [job for job in jobs if not Path(out, folder_of(split), f".t{job[1]:02d}-{job[2]}.done").exists()]
    if not jobs:
        return
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for n, made in enumerate(pool.imap_unordered(make_town, jobs), 1):
            print(f"scenes behind a lorry, {split}: town {n} of {len(jobs)}, {made} made", flush=True)


@torch.no_grad()
def run(paths, model, what):
    """-> one {"name", "memory" [KEPT_TICKS], "fresh"} a clip: mean probability over the hidden place that somebody is there, tick by tick of hiding; NaN once it is over."""
    model.eval()
    tell, out = progress(what, len(paths)), []
    for path in paths:
        clip = clips.Clip(path)
        lift, valid, _ = rig_of([clip])
        mask, footprint = torch.ones(1, len(clip.cameras)), torch.tensor([clip.footprint], dtype=torch.float32)
        first, length = clip.meta["hidden"]
        said = np.full((2, KEPT_TICKS), np.nan, np.float32)
        state = empty = model.initial_state(1)
        for t in range(min(first + length, first + KEPT_TICKS)):
            features = model.encoder(torch.from_numpy(clip.pictures(t)))[None].expand(2, -1, -1, -1, -1)
            motion = torch.from_numpy(np.stack([motion_of(clip, t - 1 if t else None, t), motion_of(clip, None, t)]))
            states = model.memory(features, lift.expand(2, *lift.shape[1:]), valid.expand(2, *valid.shape[1:]), mask.expand(2, -1), torch.zeros(2, mask.shape[1]), motion,
                                  torch.tensor([[c.TICK_S if t else 0.0], [0.0]]), torch.cat([state, empty]))[0]
            state = states[:1]
            if t < first:
                continue
            ego = torch.from_numpy(clip.ego[t, 3:6].astype(np.float32))[None]
            logits = model.predictor(states, ego.expand(2, -1), footprint.expand(2, -1), torch.zeros(2, 1, c.K, 2))[1][:, 0].numpy()
            p = united(logits.reshape(2, 3, -1))
            place = hidden_place(clip, t)
            said[:, t - first] = p[:, place].mean(1) if place.any() else np.nan
        out.append({"name": clip.name, "memory": said[0], "fresh": said[1]})
        tell(len(out))
    return out


def hidden_place(clip, t):
    """bool [cells]: held by the somebody and by nobody else."""
    boxes = labels.in_frame(clip.boxes(t), clip.ego[t])
    mine = boxes[:, 0] == 1
    return (labels.raster(boxes[mine]).max(0).astype(bool) & ~labels.raster(boxes[~mine]).max(0).astype(bool)).reshape(-1)


def collect(model, data, split, workers=1, keep=None):
    """-> arrays to commit: name [n] of scenes, memory and fresh [n, with and without, KEPT_TICKS]"""
    paths = clips.list_clips(data, folder_of(split))
    if len(paths) < 2:
        raise FileNotFoundError(f"{Path(data, folder_of(split))}: no scenes there; `cd Training && python3 -m model.occluder --out {data}` makes them, or `evaluate --full`")
    rows = {r["name"]: r for r in kept(keep, model, f"{split}-occluder", lambda: shared_out(run, paths, workers, model, f"{split}, behind a lorry"))}
    names = sorted({name.rsplit("-", 1)[0] for name in rows})
    return {"name": np.array(names), **{key: np.stack([[rows[f"{n}-{v}"][key] for v in VARIANTS] for n in names]).astype(np.float16) for key in ("memory", "fresh")}}


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
