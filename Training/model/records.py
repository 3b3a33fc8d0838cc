"""Runs a model over clips of a split and keeps what every figure of the evaluation is computed from. Memory runs on every `stride`-th
tick from the clip's start; a record is made every second tick once there is a second of history."""


import multiprocessing

import numpy as np
import torch

from drives import clips as drive_clips
from drives import labels as drive_labels

from . import contract as c
from . import geometry as g
from . import labels_cache as cache
from .streams import fx_fy_cx_cy
from .geometry import relative_pose
from .world_model import probability

FIRST_TICK, EVERY = 10, 2
BINS = 64           # of a probability
LOGIT_LOW, LOGIT_HIGH, LOGIT_BINS = -14.0, 8.0, 88
VARIANTS = ("full", "front_lost", "all_lost")


def choose(root, split, clips=None, enriched=None):
    paths = drive_clips.list_clips(root, split, enriched)
    if clips and len(paths) > clips:
        paths = [paths[int(i)] for i in np.linspace(0, len(paths) - 1, clips)]
    return paths


def histogram(values, target, low, high, bins):
    """values [..., cells], target bool alike -> counts [..., 2, bins]: of the empty, of the occupied."""
    lead = values.shape[:-1]
    rows = int(np.prod(lead)) if lead else 1
    which = np.clip(((values - low) * (bins / (high - low))).astype(np.int64), 0, bins - 1).reshape(rows, -1)
    flat = (np.arange(rows)[:, None] * 2 + target.reshape(rows, -1)) * bins + which
    return np.bincount(flat.ravel(), minlength=rows * 2 * bins).reshape(lead + (2, bins)).astype(np.int32)


def _shard(results, number, arguments):
    torch.set_num_threads(1)
    try:
        results.put((number, collect(*arguments)))
    except BaseException as error:  # said in the parent: a share that ends in silence would leave it waiting
        results.put((number, error))
        raise


def _shared_out(workers, model, blind, root, paths, stride, variants, batch, boxes, every, occupancy, progress):
    """The same by several processes of one thread each, every one with its share of the clips."""
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    for n in range(workers):
        arguments = (model, blind, root, paths[n::workers], stride, variants, batch, boxes, every, occupancy, progress if n == 0 else None)
        context.Process(target=_shard, args=(results, n, arguments), daemon=True).start()
    parts = dict(results.get() for _ in range(workers))
    for part in parts.values():
        if isinstance(part, BaseException):
            raise part
    parts = {n: part for n, part in parts.items() if part is not None}
    for n, part in parts.items():
        part["clip"] = part["clip"] * workers + n
    return {k: np.concatenate([parts[n][k] for n in sorted(parts)]) for k in parts[0]}


@torch.no_grad()
def collect(model, blind, root, paths, stride=2, variants=VARIANTS, batch=8, boxes=True, every=EVERY, occupancy=True, progress=None, workers=1):
    """-> dict of arrays, one row a record; `clip` is the row's clip number."""
    model.eval()
    if workers > 1:
        return _shared_out(workers, model, blind, root, paths, stride, variants, batch, boxes, every, occupancy, progress)
    out = {}

    def put(**row):
        for key, value in row.items():
            out.setdefault(key, []).append(value)
    opened = [drive_clips.Clip(p) for p in paths] if len(paths) <= 64 else None
    order = list(range(len(paths)))
    for start in range(0, len(order), batch):
        group = [(n, opened[n] if opened else drive_clips.Clip(paths[n])) for n in order[start:start + batch]]
        group = sorted(group, key=lambda it: -it[1].T)
        cached = [cache.load(clip) for _, clip in group]
        most = max(len(clip.cameras) for _, clip in group)
        intrinsics = torch.zeros(len(group), most, 4) + torch.tensor([91.0, 91.0, 63.5, 31.5])
        poses = torch.eye(4).repeat(len(group), most, 1, 1)
        mask = torch.zeros(len(group), most)
        front = torch.zeros(len(group), most)
        for i, (_, clip) in enumerate(group):
            n = len(clip.cameras)
            intrinsics[i, :n] = torch.from_numpy(fx_fy_cx_cy(clip.intrinsics)).float()
            poses[i, :n] = torch.from_numpy(clip.vehicle_from_camera).float()
            mask[i, :n] = 1
            for j, name in enumerate(clip.cameras):
                front[i, j] = float(name == "front")
        lift, valid = g.lift(intrinsics, poses)
        masks = {"full": mask, "front_lost": mask * (1 - front), "all_lost": mask * 0}
        v = len(variants)
        state = model.initial_state(len(group) * v).reshape(v, len(group), model.size.state, *c.GRID_SIZE)
        for t in range(0, group[0][1].T, stride):
            live = sum(clip.T > t for _, clip in group)
            pictures = np.zeros((live, most, c.PICTURE_HEIGHT_PX, c.PICTURE_WIDTH_PX, 3), np.uint8)
            motion, egos = np.zeros((live, 6), np.float32), np.zeros((live, 3), np.float32)
            for i, (_, clip) in enumerate(group[:live]):
                pictures[i, :len(clip.cameras)] = clip.pictures(t)
                if t:
                    motion[i, :3] = relative_pose(clip.ego[t - stride, :3], clip.ego[t, :3])
                motion[i, 3:] = clip.ego[t, 3], clip.ego[t, 4], 1
                egos[i] = clip.ego[t, 3:6]
            features = model.encoder(torch.from_numpy(pictures).flatten(0, 1))
            features = features.reshape(live, most, *features.shape[1:])

            def tiled(x):
                return x[:live].repeat((v,) + (1,) * (x.dim() - 1))
            elapsed = torch.full((live * v, 1), stride * c.TICK_S if t else 0.0)
            new, _, _, _ = model.memory(tiled(features), tiled(lift), tiled(valid), torch.cat([masks[name][:live] for name in variants]),
                                        torch.zeros(live * v, most), torch.from_numpy(motion).repeat(v, 1), elapsed, state[:, :live].flatten(0, 1))
            state = new.reshape(v, live, *new.shape[1:])
            if t < FIRST_TICK or not any(FIRST_TICK + every * n in range(t, t + stride) for n in range(120)):
                continue
            manoeuvres = torch.from_numpy(np.stack([cached[i]["manoeuvres"][t][:len(c.CANDIDATES)] for i in range(live)]))
            footprint = torch.tensor(np.array([clip.footprint for _, clip in group[:live]]), dtype=torch.float32)
            ego = torch.from_numpy(egos)
            _, logits, hazard = model.predictor(new, ego.repeat(v, 1), footprint.repeat(v, 1), manoeuvres.repeat(v, 1, 1, 1))
            risk = probability(hazard).reshape(v, live, len(c.CANDIDATES), c.K).numpy()
            blind_risk = probability(blind(ego, footprint, manoeuvres)).numpy()
            logits = logits.reshape(v, live, 1 + c.K, 3, -1).numpy()
            for i, (number, clip) in enumerate(group[:live]):
                row = dict(clip=number, tick=t, enriched=clip.enriched, ego=egos[i], steps=cached[i]["steps"][t][:len(c.CANDIDATES)],
                           blind=blind_risk[i], closest=cached[i]["closest"][t])
                for n, name in enumerate(variants):
                    row["risk_" + name] = risk[n, i]
                if not occupancy:
                    put(**row)
                    continue
                target = cache.occupancy(cached[i], t).reshape(1 + c.K, 3, -1).astype(bool)
                hidden = cache.hidden(cached[i], t).reshape(-1).astype(bool)
                united = target.any(1)
                p = 1 - np.prod(1 / (1 + np.exp(logits[:, i])), axis=2)    # [v, 1+K, cells]
                for n, name in enumerate(variants):
                    row["now_" + name] = histogram(p[n, 0, ~hidden], united[0, ~hidden], 0, 1, BINS)
                row["now_all_cells"] = histogram(p[0, 0], united[0], 0, 1, BINS)
                row["forecast"] = histogram(p[0], united, 0, 1, BINS)
                row["persistence"] = histogram(np.repeat(p[0, :1], 1 + c.K, 0), united, 0, 1, BINS)
                row["logits"] = histogram(logits[0, i].reshape(1 + c.K, -1), target.reshape(1 + c.K, -1), LOGIT_LOW, LOGIT_HIGH, LOGIT_BINS)
                if boxes:
                    m = cached[i]["manoeuvres"][t][c.KEEP:c.KEEP + 1].astype(float)
                    row["velocity"] = -drive_labels.constant_velocity_risk(clip, t, m)[1][0]
                put(**row)
        if progress:
            progress(min(start + batch, len(order)), len(order))
    return {k: np.stack(x) for k, x in out.items()} if out else None
