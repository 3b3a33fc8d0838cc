"""The model over long clips, tick by tick: risk for the alarms, latents against what came, edits of the pictures, and the memory against none. What the figures need is kept, one dict a clip."""

import zlib
from pathlib import Path

import numpy as np
import torch

from drives import clips as drive_clips
from drives import labels as drive_labels

from . import baselines
from . import contract as c
from . import labels_cache as cache
from .records import BINS, FIRST_TICK, estimated, histogram, judged, motion_of, put, rig_of, united
from .workers import progress, shared_out
from .world_model import probability

SURPRISE_TICKS = 5              # the forecast of half a second ago is held against what came
SURPRISE_FIRST = FIRST_TICK + SURPRISE_TICKS + 1
OWN_TICKS = 3                   # of the pictures' agreement with the log, the mean
DRIVEN_EVERY = 4
REMEMBERED_TICKS = 20
WINDOW = 5                      # ticks of a moment that is judged for surprise
SLOWEST_FROZEN_MPS = 3.0        # a frozen picture of a standing car is like any other


class Stream:
    """One clip and the state the model has of it."""

    def __init__(self, model, blind, clip, unlogged):
        self.model, self.blind, self.clip, self.unlogged = model, blind, clip, unlogged
        self.cached, self.baseline = cache.load(clip), baselines.load(clip)
        self.lift, self.valid, _ = rig_of([clip])
        self.mask = torch.ones(1, len(clip.cameras))
        self.footprint = torch.tensor([clip.footprint], dtype=torch.float32)
        empty = model.initial_state(1)
        self.state, self.without_log = empty, empty
        self.observed, self.forecasts, self.rows, self.driven = [], {}, {}, {}
        self.occluded, self.sparse = {}, {}
        self.states, self.residuals, self.abrupt, self.agreement = {}, {}, [], []

    def features(self, pictures):
        return self.model.encoder(torch.from_numpy(pictures))[None]

    def remember(self, features, t, streams):
        """streams: (tick of the last committed state or None, that state, logged) each -> their next states, observed maps, ego estimates and agreements, side by side."""
        n = len(streams)
        elapsed = torch.tensor([[0.0 if before is None else (t - before) * c.TICK_S] for before, _, _ in streams])
        motion = torch.from_numpy(np.stack([motion_of(self.clip, before, t, logged) for before, _, logged in streams]))
        state, observed, _, estimate, agreement = self.model.memory(features.expand(n, *features.shape[1:]), self.lift.expand(n, *self.lift.shape[1:]), self.valid.expand(n, *self.valid.shape[1:]),
                                                         self.mask.expand(n, -1), torch.zeros(n, self.mask.shape[1]), motion, elapsed, torch.cat([state for _, state, _ in streams]))
        return state, observed, estimate, agreement[:, 0].numpy()

    def manoeuvres(self, t, numbers):
        return torch.from_numpy(self.cached["manoeuvres"][t][list(numbers)])[None]

    def ego(self, t):
        return torch.from_numpy(self.clip.ego[t, 3:6].astype(np.float32))[None]

    def tick(self, t):
        features = self.features(self.clip.pictures(t))
        before = t - 1 if t else None
        streams = [(before, self.state, True)]
        if self.unlogged:
            streams.append((before, self.without_log, False))
        states, observed, estimates, agreement = self.remember(features, t, streams)
        self.state = states[:1]
        self.states[t] = self.state
        self.observed.append(observed[0].numpy().astype(np.float16))
        self.residuals[t] = self.residual(t, observed[0].numpy())
        self.abrupt.append(change(self.residuals.get(t - 1), self.residuals[t]))
        self.agreement.append(agreement[0])
        asked, ego, manoeuvres = self.state, self.ego(t), self.manoeuvres(t, (cache.DRIVEN, 0, c.KEEP))  # the latents are of what was really driven
        if self.unlogged:
            self.without_log = states[1:2]
            own, candidates = estimated(estimates[1:2].numpy())
            asked, ego, manoeuvres = states[:2], torch.cat([ego, torch.from_numpy(own)]), torch.cat([manoeuvres, torch.from_numpy(candidates[:, [0, 0, c.KEEP]])])
        latents, logits, hazard = self.model.predictor(asked, ego, self.footprint.expand(len(asked), -1), manoeuvres)
        self.forecasts[t] = latents[0].numpy()
        if t < FIRST_TICK:
            return
        risk = probability(hazard[:, 1:]).numpy()
        blind = probability(self.blind(self.ego(t), self.footprint, self.manoeuvres(t, (0,))))[0, 0].numpy()
        put(self.rows, tick=t, ego=self.clip.ego[t, 3:6].astype(np.float32), steps=self.cached["steps"][t][:2], risk=risk[0], blind=blind,
            ttc=self.baseline["ttc"][t], ttc_velocity=self.baseline["ttc_velocity"][t])
        if self.unlogged:
            put(self.rows, risk_unlogged=risk[1], estimate=own[0])
        if (t - FIRST_TICK) % DRIVEN_EVERY == 0:
            self.sparsely(t, features, logits[0, 0].numpy(), risk[0, 0])

    def sparsely(self, t, features, logits, risk):
        """What costs more forwards: latents of what was really driven and of another clip's driving, and occupancy and risk without a memory."""
        fresh, _, _, _ = self.remember(features, t, [(None, self.model.initial_state(1), True)])
        other = torch.from_numpy(self.other["manoeuvres"][min(t, len(self.other["manoeuvres"]) - 1)][[cache.DRIVEN]])[None]
        manoeuvres = torch.cat([self.manoeuvres(t, (cache.DRIVEN,)), other, self.manoeuvres(t, (0,))])
        latents, logits_fresh, hazard = self.model.predictor(torch.cat([self.state, self.state, fresh]), self.ego(t).expand(3, -1), self.footprint.expand(3, -1), manoeuvres)
        self.driven[t] = latents[:2].numpy()  # kept until what came is known
        self.occlusion(t, logits, logits_fresh[2, 0].numpy())
        put(self.sparse, steps=self.cached["steps"][t][0], memory=risk, fresh=probability(hazard[2:]).numpy()[0, 0])

    def residual(self, t, observed):
        """What was forecast for now less what came, [D, X', Y']; None where nothing was forecast."""
        before = self.forecasts.get(t - SURPRISE_TICKS)
        return None if before is None else before[c.HORIZON_TICKS.index(SURPRISE_TICKS)] - observed

    def occlusion(self, t, logits, logits_fresh):
        """Counts over cells that hold only somebody hidden from every camera now, but in sight within the last 2 s, against the empty ones."""
        boxes, seen = self.clip.boxes(t), self.clip.visible(t)
        lately = set()
        for i in range(max(0, t - REMEMBERED_TICKS), t):
            lately |= set(self.clip.boxes(i)[self.clip.visible(i), 0])
        behind = np.array([not v and b[0] in lately for b, v in zip(boxes, seen)], bool)
        local = drive_labels.in_frame(boxes, self.clip.ego[t])
        everybody, in_sight, remembered = (cache.raster(local[which], np.zeros(which.sum(), int), 1, c.JUDGED_CELL_M).max((0, 1)).reshape(-1).astype(bool) for which in (np.ones(len(boxes), bool), seen, behind))
        target = remembered & ~in_sight
        asked = target | ~everybody
        for name, x in (("memory", logits), ("fresh", logits_fresh)):
            count = histogram(judged(united(x.reshape(3, -1)))[asked], target[asked], 0, 1, BINS)
            self.occluded[name] = self.occluded.get(name, 0) + count

    def edited(self, t0, pictures):
        """Of the moments from t0 on, had the pictures been these: tick, abrupt changes [WINDOW, X', Y'], own agreement [WINDOW]."""
        state, before, out, own = self.states[t0 - 1], self.residuals[t0 - 1], [], []
        for j, picture in enumerate(pictures):
            state, observed, _, agreement = self.remember(self.features(picture), t0 + j, [(t0 + j - 1, state, True)])
            residual = self.residual(t0 + j, observed[0].numpy())
            out.append(change(before, residual))
            own.append(agreement[0])
            before = residual
        return t0, np.stack(out), lately(self.agreement[:t0] + own)[t0:]

    def frozen(self):
        """-> tick, pictures in which the front camera stands still from that tick on; None where the ego does not drive."""
        ticks = [t for t in range(SURPRISE_FIRST, self.clip.T - WINDOW) if self.clip.ego[t, 3] >= SLOWEST_FROZEN_MPS]
        if not ticks:
            return None
        t0 = ticks[zlib.crc32(self.clip.name.encode()) % len(ticks)]
        front = self.clip.cameras.index("front")
        pictures = [self.clip.pictures(t0 + j) for j in range(WINDOW)]
        for picture in pictures:
            picture[front] = self.clip.pictures(t0 - 1, [front])[0]
        return t0, pictures

    def result(self):
        observed = np.stack(self.observed)
        out = {"name": self.clip.name, "town": self.clip.town, "observed": observed, "ego": self.clip.ego[:self.clip.T], "occluded": self.occluded,
               "rows": {k: np.stack(v) for k, v in self.rows.items()}, "sparse": {k: np.stack(v) for k, v in self.sparse.items()}, "abrupt": np.stack(self.abrupt), "own": lately(self.agreement), "edited": {}, "driven": {}}
        for t, latents in self.driven.items():
            error = np.full((2, c.K), np.nan)
            for k, ticks in enumerate(c.HORIZON_TICKS):
                if t + ticks < len(observed):
                    error[:, k] = ((latents[:, k] - observed[t + ticks]) ** 2).mean((1, 2, 3))
            out["driven"][t] = error
        still = self.frozen()
        if still:
            out["edited"]["frozen"] = self.edited(*still)
        for path in sorted(Path(self.clip.path.parent, "edits").glob(f"{self.clip.name}-*.npz")):
            edit = drive_clips.Clip(path)
            t0 = edit.meta["tick"]
            out["edited"][edit.meta["edit"]] = self.edited(t0, [edit.pictures(j) for j in range(edit.T)])
        return out


def change(before, residual):
    """How much the forecast's error changed within a tick, [X', Y']: what drives on as forecast changes it little; NaN where there is nothing to compare."""
    if before is None or residual is None:
        return np.full((c.GRID_SIZE[0] // 2, c.GRID_SIZE[1] // 2), np.nan, np.float32)
    return ((residual - before) ** 2).mean(0).astype(np.float32)


def lately(agreement):
    """The mean of each tick's agreement and those of the ticks just before it."""
    return np.array([np.mean(agreement[max(0, i - OWN_TICKS + 1):i + 1]) for i in range(len(agreement))], np.float32)


@torch.no_grad()
def run(paths, model, blind, others, unlogged, what):
    model.eval()
    tell, out = progress(what, len(paths)), []
    for path in paths:
        stream = Stream(model, blind, drive_clips.Clip(path), unlogged)
        stream.other = cache.load(drive_clips.Clip(others[str(path)]))
        for t in range(stream.clip.T):
            stream.tick(t)
        out.append(stream.result())
        tell(len(out))
    return out


def collect(model, blind, paths, unlogged=False, workers=1, what="long clips"):
    """-> one dict a clip, in the order of `paths`."""
    others = {str(p): paths[(n + 1) % len(paths)] for n, p in enumerate(paths)}
    return shared_out(run, paths, workers, model, blind, others, unlogged, what)
