"""Runs a model over clips of a split and keeps what the figures are computed from. The memory runs on every `stride`-th tick from the clip's start;
a record is made at every `every`-th tick once there is a second of history. Pictures go through the encoder once for all variants."""

import numpy as np
import torch

from drives import clips as drive_clips
from drives import rig

from . import baselines
from . import contract as c
from . import geometry as g
from . import labels_cache as cache
from .geometry import relative_pose
from .streams import fx_fy_cx_cy
from .variants import FULL
from .workers import progress, shared_out
from .world_model import probability

FIRST_TICK, EVERY, BATCH = 10, 2, 16
BINS = 64           # of a probability
LOGIT_LOW, LOGIT_HIGH, LOGIT_BINS = -14.0, 8.0, 88
A = len(c.CANDIDATES)
ABSENT = (rig.FOCAL_PX * rig.MODEL_SCALE,) * 2 + ((c.PICTURE_WIDTH_PX - 1) / 2, (c.PICTURE_HEIGHT_PX - 1) / 2)  # intrinsics of a camera that is masked


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


def united(logits):
    """Occupancy logits [..., 3, cells] -> probability that a cell holds anybody [..., cells]."""
    return 1 - np.prod(1 / (1 + np.exp(logits)), axis=-2)


def judged(p):
    """Probabilities [..., cells] of the model's cells -> [..., cells] of contract.JUDGED_CELL_M: the likeliest within."""
    n = round(c.JUDGED_CELL_M / c.GRID_RESOLUTION_M)
    x, y = c.GRID_SIZE
    return p.reshape(p.shape[:-1] + (x // n, n, y // n, n)).max((-3, -1)).reshape(p.shape[:-1] + (-1,))


def rig_of(clips):
    """-> lift, lift_valid, present [B, C]: the cameras of a batch of clips; absent ones are masked."""
    most = max(len(clip.cameras) for clip in clips)
    intrinsics = torch.zeros(len(clips), most, 4) + torch.tensor(ABSENT)
    poses = torch.eye(4).repeat(len(clips), most, 1, 1)
    for i, clip in enumerate(clips):
        n = len(clip.cameras)
        intrinsics[i, :n] = torch.from_numpy(fx_fy_cx_cy(clip.intrinsics)).float()
        poses[i, :n] = torch.from_numpy(clip.vehicle_from_camera).float()
    return (*g.lift(intrinsics, poses), most)


def motion_of(clip, before, now, logged=True):
    """The memory's ego_motion [6] at tick `now`, the last committed one being `before` (None: the first)."""
    out = np.zeros(6, np.float32)
    if logged:
        if before is not None:
            out[:3] = relative_pose(clip.ego[before, :3], clip.ego[now, :3])
        out[3:] = clip.ego[now, 3], clip.ego[now, 4], 1
    return out


def estimated(estimate):
    """What C# gives the predictor where there is no log: ego_estimate [B, 3] -> ego [B, 3], manoeuvres [B, 16, K, 2] with present acceleration and
    curvature of the estimate held."""
    ego = estimate.copy()
    ego[:, 0] = np.maximum(ego[:, 0], 0.0)
    return ego, c.candidates(ego[:, 0], c.keep_going(ego[:, 0], ego[:, 1], ego[:, 2]))


class Group:
    """A batch of clips run side by side, all variants of them."""

    def __init__(self, model, blind, clips, variants, occupancy, logits):
        self.model, self.blind, self.clips, self.variants, self.occupancy, self.logits = model, blind, clips, variants, occupancy, logits
        self.cached = [cache.load(clip) for clip in clips]
        self.velocity = [baselines.load(clip) for clip in clips]
        self.lift, self.valid, most = rig_of(clips)
        self.masks = []
        for variant in variants:
            mask = np.zeros((len(clips), most), np.float32)
            for i, clip in enumerate(clips):
                mask[i, :len(clip.cameras)] = variant.mask(clip.cameras)
            self.masks.append(torch.from_numpy(mask))
        self.most = most
        self.states = [model.initial_state(len(clips)) for _ in variants]
        self.last = [[None] * len(clips) for _ in variants]      # tick of the last committed state
        self.estimates = [np.zeros((len(clips), 3), np.float32) for _ in variants]
        self.descriptors = np.zeros((len(clips), model.size.descriptor), np.float32)  # of all cameras and ticks
        self.seen = [[v.seen(clip.name, clip.T) for clip in clips] for v in variants]
        self.footprint = torch.tensor(np.array([clip.footprint for clip in clips]), dtype=torch.float32)
        self.rows = [{} for _ in clips]
        self.maps = [{} for _ in clips]

    def tick(self, t):
        alive = [i for i, clip in enumerate(self.clips) if clip.T > t]
        pictures = np.zeros((len(alive), self.most, c.PICTURE_HEIGHT_PX, c.PICTURE_WIDTH_PX, 3), np.uint8)
        for n, i in enumerate(alive):
            pictures[n, :len(self.clips[i].cameras)] = self.clips[i].pictures(t)
        features = self.model.encoder(torch.from_numpy(pictures).flatten(0, 1))
        features = features.reshape(len(alive), self.most, *features.shape[1:])
        for v, variant in enumerate(self.variants):
            chosen = [(n, i) for n, i in enumerate(alive) if self.seen[v][i][t]]
            if not chosen:
                continue
            rows, which = [n for n, _ in chosen], [i for _, i in chosen]
            motion = np.stack([motion_of(self.clips[i], self.last[v][i], t, variant.logged) for i in which])
            elapsed = torch.tensor([[0.0 if self.last[v][i] is None else (t - self.last[v][i]) * c.TICK_S] for i in which])
            new, _, descriptor, estimate, _ = self.model.memory(features[rows], self.lift[which], self.valid[which], self.masks[v][which], torch.zeros(len(which), self.most),
                                                    torch.from_numpy(motion), elapsed, self.states[v][which])
            self.states[v][which] = new
            self.estimates[v][which] = estimate.numpy()
            if variant == FULL:
                self.descriptors[which] = descriptor.numpy()
            for i in which:
                self.last[v][i] = t
        return alive

    def record(self, t, alive):
        """One row a live clip; where a variant dropped this tick, its last forecast stands."""
        for n, i in enumerate(alive):
            state = self.clips[i].ego[t]
            put(self.rows[i], tick=t, ego=state[3:6].astype(np.float32), steps=self.cached[i]["steps"][t][:A], **{k: v[t] for k, v in self.velocity[i].items()})
        for v, variant in enumerate(self.variants):
            ticks = [self.last[v][i] for i in alive]
            if variant.logged:
                ego = np.stack([self.clips[i].ego[at, 3:6] for i, at in zip(alive, ticks)]).astype(np.float32)
                manoeuvres = np.stack([self.cached[i]["manoeuvres"][at][:A] for i, at in zip(alive, ticks)])
            else:
                ego, manoeuvres = estimated(self.estimates[v][alive])
            asked = manoeuvres
            if variant == FULL:
                asked = np.concatenate([manoeuvres, self.of_another_clip(t, alive)], 1)
            ego, asked, footprint = torch.from_numpy(ego), torch.from_numpy(asked), self.footprint[alive]
            _, logits, hazard = self.model.predictor(self.states[v][alive], ego, footprint, asked)
            risk = probability(hazard).numpy()
            if variant == FULL:
                for n, p in enumerate(probability(self.blind(ego, footprint, asked)).numpy()):
                    put(self.rows[alive[n]], blind=p[:A], blind_other=p[A:], descriptor=self.descriptors[alive[n]].astype(np.float16))
            for n, i in enumerate(alive):
                put(self.rows[i], **{f"risk_{variant.name}": risk[n, :A]})
                if variant == FULL:
                    put(self.rows[i], other_full=risk[n, A:])
                if not variant.logged:
                    put(self.rows[i], estimate=ego[n].numpy())
            if self.occupancy and variant.logged and not variant.dropped:
                self.count(t, alive, variant, logits.numpy())

    def of_another_clip(self, t, alive):
        """The next clip's manoeuvres of the same moment, each in the place of another one."""
        shift = 1 + np.random.default_rng([7022, t]).integers(0, A - 1)
        out = []
        for i in alive:
            j = (i + 1) % len(self.clips)
            out.append(np.roll(self.cached[j]["manoeuvres"][min(t, self.clips[j].T - 1)][:A], shift, axis=0))
        return np.stack(out)

    def count(self, t, alive, variant, logits):
        flat = logits.reshape(len(alive), 1 + c.K, 3, -1)
        for n, i in enumerate(alive):
            own = cache.occupancy(self.cached[i], t).reshape(1 + c.K, 3, -1).astype(bool)
            cells, hidden = cache.judged(self.clips[i], self.cached[i], t)
            target, seen = cells.reshape(1 + c.K, 3, -1).astype(bool), ~hidden.reshape(-1).astype(bool)
            any_, p = target.any(1), judged(united(flat[n]))
            add(self.maps[i], **{f"now_{variant.name}": histogram(p[0, seen], any_[0, seen], 0, 1, BINS)})
            if variant != FULL:
                continue
            put(self.rows[i], **doubt(1 / (1 + np.exp(-flat[n])), own.any(1)))
            each = judged(1 / (1 + np.exp(-flat[n, 0])))[:, seen]
            add(self.maps[i], now_all_cells=histogram(p[0], any_[0], 0, 1, BINS), forecast=histogram(p, any_, 0, 1, BINS),
                persistence=histogram(np.repeat(p[:1], 1 + c.K, 0), any_, 0, 1, BINS), classes=histogram(each, target[0][:, seen], 0, 1, BINS))
            if self.logits:
                add(self.maps[i], logits=histogram(flat[n].reshape(1 + c.K, -1), own.reshape(1 + c.K, -1), LOGIT_LOW, LOGIT_HIGH, LOGIT_BINS))


NOTICEABLE = 3 / 255  # as C# counts: a cell that is neither now nor then above it says nothing


def doubt(p, occupied):
    """p [1+K, 3, cells], occupied bool [1+K, cells] -> uncertainty [K], the mean binary entropy of the occupancy over noticeable cells, bits, as C# publishes it
    (before its scaling), and wrong [K], the mean squared error there."""
    p = p.max(1)
    then = np.clip(p[1:], 1e-6, 1 - 1e-6)
    asked = (then >= NOTICEABLE) | (p[:1] >= NOTICEABLE)
    count = np.maximum(asked.sum(1), 1)
    entropy = -(then * np.log2(then) + (1 - then) * np.log2(1 - then))
    return {"uncertainty": ((entropy * asked).sum(1) / count).astype(np.float32), "wrong": (((then - occupied[1:]) ** 2 * asked).sum(1) / count).astype(np.float32)}


def put(rows, **values):
    for key, value in values.items():
        rows.setdefault(key, []).append(value)


def add(maps, **values):
    for key, value in values.items():
        maps[key] = maps[key] + value if key in maps else value


@torch.no_grad()
def run(paths, model, blind, variants, stride, every, occupancy, logits, what):
    """-> one {"name", "town", "enriched", "records", "maps"} a clip."""
    model.eval()
    tell, out = progress(what, len(paths)), []
    for start in range(0, len(paths), BATCH):
        clips = [drive_clips.Clip(p) for p in paths[start:start + BATCH]]
        group = Group(model, blind, clips, variants, occupancy, logits)
        for t in range(0, max(clip.T for clip in clips), stride):
            alive = group.tick(t)
            if t >= FIRST_TICK and (t - FIRST_TICK) % every == 0:
                group.record(t, alive)
        out += [{"name": clip.name, "town": clip.town, "seed": clip.seed, "enriched": clip.enriched, "maps": group.maps[i],
                 "records": {k: np.stack(v) for k, v in group.rows[i].items()}} for i, clip in enumerate(clips)]
        tell(len(out))
    return out


def collect(model, blind, paths, variants=(FULL,), stride=2, every=EVERY, occupancy=True, logits=False, workers=1, what="clips"):
    parts = shared_out(run, paths, workers, model, blind, variants, stride, every, occupancy, logits, what)
    return joined(parts)


def joined(parts):
    """Clips' results -> (records: arrays with one row a record and `clip` its clip's number, maps: arrays with one row a clip, clips: what each is)."""
    parts = [p for p in parts if p["records"]]
    if not parts:
        return None
    records = {k: np.concatenate([p["records"][k] for p in parts]) for k in parts[0]["records"]}
    records["clip"] = np.concatenate([np.full(len(p["records"]["tick"]), n) for n, p in enumerate(parts)])
    records["enriched"] = np.array([p["enriched"] for p in parts])[records["clip"]]
    maps = {k: np.stack([p["maps"][k] for p in parts]) for k in parts[0]["maps"]}
    return records, maps, [{k: p[k] for k in ("name", "town", "seed", "enriched")} for p in parts]
