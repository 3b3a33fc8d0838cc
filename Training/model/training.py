"""`train`: seeded, with the blind controls in its log from the first minute; stops by itself when it does not see."""

import argparse
import contextlib
import copy
import io
import json
import math
import multiprocessing
import os
import signal
import threading
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from drives import clips as drive_clips
from drives import profiles

from . import contract as c
from . import geometry as g
from . import labels_cache as cache
from . import losses
from .blind import Blind
from .streams import NoMore, in_background
from .layers import EGO_SCALE, Size
from .workers import on_cpu
from .world_model import WorldModel

BATCH, TICKS, CAMERAS = c.PROFILE.batch, 3, 3
PEAK_RATE, EMA = 1.6e-3, 0.997
LATENT_WEIGHT = 0.5
REMEMBERED = 5.0  # of a cell that only somebody out of sight holds, who was in sight a moment ago: there are few of them
LATENT_CLIPS = 120  # the last layer of the latents is fitted to
LEAST_IOU, LEAST_IOU_AFTER = 0.15, 10_000


class Ring:
    """What each stream saw a while ago: detached states to predict from, observed maps to compare with."""

    def __init__(self, batch):
        self.rows = [[] for _ in range(batch)]

    def reset(self, b):
        self.rows[b] = []

    def add(self, b, row):
        self.rows[b].append(row)

    def pick(self, wanted, rng):
        """Up to `wanted` rows, each with the observed maps of later ticks that fall on its horizons (mask where there are some)."""
        found = []
        for rows in self.rows:
            options = []
            for row in rows:
                if row["state"] is None:
                    continue
                targets = [next((r["observed"] for r in rows if r["tick"] == row["tick"] + h), None) for h in c.HORIZON_TICKS]
                hits = sum(t is not None for t in targets)
                if hits:
                    options.append((hits + rng.random(), row, targets))
            if options:
                found.append(max(options, key=lambda o: o[0]))
        found.sort(key=lambda o: -o[0])
        return [(row, targets) for _, row, targets in found[:wanted]]


class Trainer:
    def __init__(self, seed, size=None, half=False, batch=BATCH, device="cpu"):
        torch.manual_seed(seed)
        self.rng = np.random.default_rng(seed)
        self.device, self.batch = torch.device(device), batch
        self.model, self.blind = WorldModel(size).to(self.device), Blind().to(self.device)
        self.smooth = copy.deepcopy(self.model).eval()
        self.optimiser = torch.optim.AdamW(self.parameters(), lr=PEAK_RATE, weight_decay=0.02, betas=(0.9, 0.99))
        self.blind_optimiser = torch.optim.Adam(self.blind.parameters(), lr=2e-3)
        self.ring, self.state = Ring(batch), self.model.initial_state(batch)
        self.steps = self.windows = self.ticks = 0
        self.seconds = 0.0
        self.half = half
        self.begun_with = None

    def parameters(self):
        return list(self.model.parameters())

    def forget(self):
        self.state = self.model.initial_state(self.batch)

    def mixed(self):
        """Convolutions in bfloat16, where asked for."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16) if self.half else contextlib.nullcontext()

    def remember(self, *inputs):
        with self.mixed():
            return [x.float() for x in self.model.memory.parts(*inputs)]

    def forward(self, batch):
        """-> losses, what else the log tells, what the ring keeps of the last tick, the observed maps, the batch on the device, and forecast windows.
        Nothing here waits for the device."""
        m = self.model.train()
        t = {k: torch.from_numpy(np.ascontiguousarray(v)).to(self.device) for k, v in batch.items()}
        b, ticks, cameras = t["mask"].shape
        present = np.flatnonzero(batch["mask"])  # a masked camera's picture is not read: it need not be encoded
        present = torch.from_numpy(present if len(present) else np.zeros(1, np.int64)).to(self.device)
        with self.mixed():
            content, scales, fine = m.encoder.parts(t["images"].flatten(0, 2)[present])
        content, scales, fine = content.float(), scales.float(), fine.float()
        features = content.new_zeros(b * ticks * cameras, m.size.features, *content.shape[2:])
        features = features.index_copy(0, present, torch.cat([content, torch.sigmoid(scales), fine], 1))
        features = features.reshape(b, ticks, cameras, *features.shape[1:])
        lift, valid = g.lift(t["intrinsics"], t["pose"])
        state = self.state * (~t["reset"]).float()[:, None, None, None]
        for row in range(b):
            if batch["reset"][row]:
                self.ring.reset(row)
        now_logits, observed, estimates, described, coverage, tried, roads = [], [], [], [], [], [], []
        for i in range(ticks):
            state, seen, descriptor, estimate, _, speeds, road = self.remember(features[:, i], lift, valid, t["mask"][:, i], t["age"][:, i], t["motion"][:, i],
                                                         t["elapsed"][:, i], state)
            tried.append(speeds), roads.append(road[:, 0])
            now_logits.append(m.now(state[:, :m.size.bev])), observed.append(seen), estimates.append(estimate), described.append(descriptor)
            coverage.append(((valid * t["mask"][:, i, :, None, None, None]).amax((1, 2)) > 0).float())  # [B, X, Y]
        self.state = state.detach()
        loss, log = {}, {}
        loss["scales"] = 0.5 * losses.scales(scales, t["scale"].flatten(0, 2)[present], m.size.scales)

        target_now = t["occupancy_now"].float()
        sight = (1 - t["hidden"].float()) * (1 + (REMEMBERED - 1) * t["remembered"].float())
        weight_now = torch.stack([0.25 + 0.75 * cover for cover in coverage], 1) * sight
        loss["now"] = 0.5 * losses.occupancy(torch.stack(now_logits, 1), target_now, weight_now[:, :, None]).mean()

        scale = torch.tensor(EGO_SCALE, device=self.device)
        truth = t["ego"] / scale
        askable = (1 - t["reset"].float()[:, None] * (torch.arange(ticks, device=self.device) == 0).float() * (~t["known"]).float()[:, None])[..., None]
        loss["ego"] = 2.0 * (F.smooth_l1_loss(torch.stack(estimates, 1) / scale, truth, reduction="none") * askable).mean()
        loss["tried"] = 0.6 * losses.tried(torch.stack(tried, 1), t["ego"][..., 0], torch.stack(roads, 1), m.memory.ego.speeds)
        unknown = np.nonzero(~batch["known"][:, None] & (np.arange(ticks) > 0))  # own speed from pictures alone, m/s
        if len(unknown[0]):
            rows, columns = (torch.from_numpy(i).to(self.device) for i in unknown)
            log["speed"] = (torch.stack(estimates, 1).detach()[..., 0] - t["ego"][..., 0]).abs()[rows, columns].mean()
        loss["descriptor"] = 0.02 * losses.descriptors(described[0], described[-1])
        loss["spread"] = 0.1 * losses.spread(torch.cat(observed))

        ego = torch.where(t["known"][:, None], t["ego"][:, -1], estimates[-1].detach())
        row = dict(ego=ego, footprint=t["footprint"], manoeuvres=t["manoeuvres"], steps=t["steps"], occupancy=t["occupancy"],
                   weight=weight_now[:, -1])
        old = self.ring.pick(b // 2, self.rng)
        rows = {k: torch.cat([v] + [r[k][None] for r, _ in old]) for k, v in row.items()}
        states = torch.cat([state] + [r["state"][None] for r, _ in old])
        with self.mixed():
            rows_m = rows["manoeuvres"].clone()
            for n in range(len(old)):  # the latents are of what was really driven
                rows_m[b + n, 0], rows["steps"][b + n, 0] = rows["manoeuvres"][b + n, cache.DRIVEN], rows["steps"][b + n, cache.DRIVEN]
            parts = m.predictor.parts(states, rows["ego"], rows["footprint"], rows_m)
            latents, occupancy, hazard, trunk, near, doubt, flow = (part.float() for part in parts)
            speeds = m.velocity(trunk[:b]).float()
        weight = torch.cat([rows["weight"][:, None], (0.25 + 0.75 * (rows["weight"] > 0.5).float())[:, None].expand(-1, c.K, -1, -1)], 1)
        by_horizon = losses.occupancy(occupancy, rows["occupancy"].float(), weight[:, :, None])
        loss["occupancy"] = by_horizon[0] + 0.5 * by_horizon[1:].mean() * 2
        loss["hazard"] = 3.0 * losses.hazard(hazard, rows["steps"])
        (x0, x1), (y0, y1) = c.NEAR_CELLS
        loss["near"] = 0.7 * losses.near(near[:b], t["near"].float(), F.interpolate(row["weight"][:, None, x0:x1, y0:y1], scale_factor=2.0, mode="nearest"))
        loss["velocity"] = 1.0 * losses.velocity(speeds, t["velocity"])
        loss["flow"] = 1.0 * losses.flow(flow[:b], t["flow"])
        loss["regret"] = 0.5 * losses.regret(hazard[:, :len(c.CANDIDATES)], rows["steps"][:, :len(c.CANDIDATES)])
        wrong = F.binary_cross_entropy_with_logits(occupancy[:, 1:].detach(), rows["occupancy"][:, 1:].float(), reduction="none").mean((2, 3, 4))  # [R, K]
        loss["doubt"] = 0.05 * F.smooth_l1_loss(doubt[:, c.K:], torch.log(wrong + 1e-4))
        error, unsure, still, against_mean, n_latent = 0.0, 0.0, 0.0, 0.0, 0
        for n, (kept, targets) in enumerate(old):
            for k, target in enumerate(targets):
                if target is not None:
                    here = F.mse_loss(latents[b + n, k], target)
                    error = error + here
                    unsure = unsure + F.smooth_l1_loss(doubt[b + n, k], torch.log(here.detach() + 1e-3))
                    still = still + F.mse_loss(kept["observed"], target)
                    against_mean = against_mean + (target - target.mean((1, 2), keepdim=True)).pow(2).mean()
                    n_latent += 1
        if n_latent:
            loss["latent"] = LATENT_WEIGHT * error / n_latent
            loss["doubt"] = loss["doubt"] + 0.05 * unsure / n_latent
            log["latent_error"], log["latent_still"], log["latent_mean"] = error.detach() / n_latent, still / n_latent, against_mean / n_latent
        log["seen_hazard"] = 3.0 * losses.hazard(hazard[:b].detach(), t["steps"])
        return loss, log, row, observed, t, b + len(old)

    def step(self, batch):
        """One optimiser step. -> dict of floats for the log."""
        loss, log, row, observed, t, windows = self.forward(batch)
        total = sum(loss.values())
        log = {k: float(v) for k, v in {**log, **loss, "total": total}.items()}
        if not math.isfinite(log["total"]):
            return log
        self.optimiser.zero_grad()
        total.backward()
        log["gradient"] = float(torch.nn.utils.clip_grad_norm_(self.parameters(), 4.0))
        self.optimiser.step()

        self.blind_optimiser.zero_grad()
        blind = 3.0 * losses.hazard(self.blind(t["ego"][:, -1], t["footprint"], t["manoeuvres"]), t["steps"])
        blind.backward()
        self.blind_optimiser.step()
        log["blind_hazard"] = float(blind)

        with torch.no_grad():
            decay = min(EMA, (self.steps + 1) / (self.steps + 20))
            for mine, theirs in zip(self.smooth.state_dict().values(), self.model.state_dict().values()):
                if mine.dtype.is_floating_point:
                    mine.lerp_(theirs, 1 - decay)
                else:
                    mine.copy_(theirs)
        self.keep(batch, row, observed)
        self.steps += 1
        self.windows += windows
        self.ticks += self.batch * len(observed)
        log["rank"] = float(losses.effective_rank(observed[-1].detach()))
        return log

    def keep(self, batch, row, observed):
        for i, seen in enumerate(observed):
            for n in range(self.batch):
                kept = dict(tick=int(batch["tick"][n, i]), observed=seen[n].detach(), state=None)
                if i == len(observed) - 1:
                    kept.update({k: v[n].detach() for k, v in row.items()}, state=self.state[n])
                self.ring.add(n, kept)

    def checkpoint(self, seed):
        return dict(profile=c.PROFILE.name, size=asdict(self.model.size), seed=seed, model=self.model.state_dict(), smooth=self.smooth.state_dict(), blind=self.blind.state_dict(),
                    optimiser=self.optimiser.state_dict(), blind_optimiser=self.blind_optimiser.state_dict(), steps=self.steps, windows=self.windows,
                    ticks=self.ticks, seconds=self.seconds, begun_with=self.begun_with)

    def restore(self, content):
        for name in ("model", "smooth", "blind", "optimiser", "blind_optimiser"):
            getattr(self, name).load_state_dict(content[name])
        self.steps, self.windows, self.ticks, self.seconds = (content[k] for k in ("steps", "windows", "ticks", "seconds"))
        self.begun_with = content.get("begun_with")

    def begin_with(self, path):
        """Takes over the weights of another run wherever names and shapes agree; a convolution that has grown keeps its old inputs first."""
        content = read_checkpoint(path)
        taken = 0
        for mine, name in ((self.model, "model"), (self.smooth, "smooth"), (self.blind, "blind")):
            values = mine.state_dict()
            for key, old in content[name].items():
                if key not in values:
                    continue
                if values[key].shape == old.shape:
                    values[key] = old
                elif old.dim() == 4 and values[key].shape[0] == old.shape[0] and values[key].shape[1] > old.shape[1]:
                    values[key] = torch.zeros_like(values[key])
                    values[key][:, :old.shape[1]] = old
                else:
                    continue
                taken += 1
            for key in [k for k in values if k.startswith("predictor.observe.")]:  # shared: the memory's own decides
                values[key] = values[key.replace("predictor.", "memory.")]
            mine.load_state_dict(values)
        earlier = content.get("begun_with") or {}
        self.begun_with = {k: content[k] + earlier.get(k, 0) for k in ("windows", "ticks", "seconds")}
        return taken


class Refused(Exception):
    """Said in one line, exit code 2."""


def read_checkpoint(path, size=None):
    content = torch.load(path, map_location="cpu")
    profiles.refuse_another(path, content.get("profile"))
    had = asdict(Size(**content["size"]))
    if size is not None and had != asdict(size):
        differ = ", ".join(f"{k} {had[k]} (here {v})" for k, v in asdict(size).items() if had[k] != v)
        raise Refused(f"{path}: a checkpoint of another configuration: {differ}; start in an empty folder")
    return content


def load_weights(run):
    """The smoothed weights of a run."""
    content = read_checkpoint(Path(run) / "last.pt")
    model = WorldModel(Size(**content["size"]))
    model.load_state_dict(content["smooth"])
    return model.eval()


def load_blind(run):
    blind = Blind()
    blind.load_state_dict(read_checkpoint(Path(run) / "last.pt")["blind"])
    return blind.eval()


def trained_on(run):
    content = read_checkpoint(Path(run) / "last.pt")
    data = json.loads((Path(run) / "run.json").read_text())
    before = content.get("begun_with") or {"windows": 0, "ticks": 0, "seconds": 0}
    total = {k: content[k] + before[k] for k in ("windows", "ticks", "seconds")}
    return (f"{data['clips']} simulated clips, four of six cameras each, of {data['towns']} SUMO towns and motorways (Training/drives), {total['windows']} forecast windows and "
            f"{total['ticks']} ticks in {total['seconds'] / 60:.0f} minutes on {'a GPU' if data.get('device') == 'cuda' else str(data['threads']) + ' CPU threads'}, seed {content['seed']}"
            + (f"; {before['windows']} of the windows in earlier runs that this one began with" if before["windows"] else ""))


def keep(path, content):
    """Under its name only when whole: what stood there before stays until then."""
    part = path.with_suffix(".part")
    whole = io.BytesIO()  # torch's own writer ends the whole process where a write to a file falls short
    torch.save(content, whole)
    try:
        part.write_bytes(whole.getbuffer())
        os.replace(part, path)
    except OSError as problem:
        part.unlink(missing_ok=True)
        raise Refused(f"{path}: cannot be written ({problem.strerror}); free some space and go on with --resume"
                      + (", from the checkpoint before, which is whole" if path.exists() else "")) from None


def rate(progress):
    """One cycle: up over the first 6 %, then a cosine to 2 %."""
    if progress < 0.06:
        return 0.1 + 0.9 * progress / 0.06
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - 0.06) / 0.94)))


class Replicas:
    """Two processes of one thread each, whose weights are averaged every few steps. Two threads in one process spent three times the
    CPU on the same step on a busy machine (1.2 s against 0.4 s), waiting for each other at every small operation."""

    EVERY = 10

    def __init__(self, model, count):
        context = multiprocessing.get_context("fork")
        length = sum(v.numel() for v in model.state_dict().values() if v.dtype.is_floating_point)
        self.shared = torch.zeros(count, length).share_memory_()
        self.seen = torch.zeros(count, 2, dtype=torch.int64).share_memory_()  # windows and ticks of each replica
        self.barrier, self.count, self.context = context.Barrier(count), count, context

    def average(self, rank, trainer):
        """Called by every replica after the same number of steps; waits for the others."""
        values = [v for v in trainer.model.state_dict().values() if v.dtype.is_floating_point]
        self.shared[rank] = torch.cat([v.flatten() for v in values])
        self.seen[rank] = torch.tensor([trainer.windows, trainer.ticks])
        self.barrier.wait()
        mean, at = self.shared.mean(0), 0
        for v in values:
            v.copy_(mean[at:at + v.numel()].view_as(v))
            at += v.numel()
        self.barrier.wait()

    def others_seen(self):
        return self.seen[1:].sum(0).tolist()


def whole(trainer, together, seed):
    content = trainer.checkpoint(seed)
    windows, ticks = together.others_seen()
    content["windows"] += windows
    content["ticks"] += ticks
    return content


def replicate(replicas, rank, content, data, seed, minutes, half, peak, batch):
    """A replica's whole life; it is ended by the first one."""
    torch.set_num_threads(1)
    trainer = Trainer(seed + rank, half=half, batch=batch)
    trainer.restore(content)
    trainer.windows = trainer.ticks = 0
    get, stop = in_background(root=data, batch=batch, ticks=TICKS, cameras=CAMERAS, seed=seed + 1000 * trainer.steps + 77 * rank)

    def end(*_):
        stop()
        os._exit(0)
    signal.signal(signal.SIGTERM, end)
    began, before, done = time.monotonic(), trainer.seconds, 0
    while True:
        try:
            batch = get()
        except NoMore as problem:
            print(f"train: {problem}", flush=True)
            replicas.barrier.abort()  # the first replica would wait for this one
            return
        for group in trainer.optimiser.param_groups:
            group["lr"] = peak * rate((before + time.monotonic() - began) / (minutes * 60))
        log = trainer.step(batch)
        if not math.isfinite(log["total"]):
            trainer.forget()
        done += 1
        if done % Replicas.EVERY == 0:
            with torch.no_grad():
                replicas.average(rank, trainer)


def settle_latents(trainer, data, workers):
    """The latents' last layer once more, of the smoothed weights, by least squares over some whole train clips, and the long validation clips where
    they are: the others are too short for what comes 3 s later."""
    from . import latent_fit, long_clips
    from .records import choose
    model = on_cpu(trainer.smooth)
    used = latent_fit.fit(model, choose(data, "train", LATENT_CLIPS) + choose(data, long_clips.folder_of("validation")), workers)
    trainer.smooth.load_state_dict(model.state_dict())
    print("train: last layer of the latents fitted; moments standing and driving: "
          + ", ".join(f"{h:g} s {used[0, k]} and {used[1, k]}" for k, h in enumerate(c.HORIZONS_S)), flush=True)


def note(out, data, trainer, threads):
    """run.json: what `export` says of the run."""
    paths = drive_clips.list_clips(data, "train")
    towns = {p.name.split("-")[1] if p.name.count("-") > 1 else p.stem for p in paths}
    (out / "run.json").write_text(json.dumps({"data_clips": len(paths), "clips": len(paths), "towns": len(towns), "threads": threads, "device": trainer.device.type,
                                              "size": asdict(trainer.model.size), "half": trainer.half}, indent=1) + "\n")


def train(data, out, minutes, resume, seed=7, threads=2, validate_minutes=10.0, half=False, validation_clips=24, replicas=1,
          begin_with=None, peak=PEAK_RATE, batch=BATCH):
    from .evaluation import quick_look
    from .report import plot_log
    device = "cuda" if torch.cuda.is_available() else "cpu"
    fitters, producers = replicas, 1
    if device == "cuda":  # one process fills it; the CPUs are for making batches
        fitters = producers = max(1, (os.cpu_count() or 2) - 2)
        print(f"train: on {torch.cuda.get_device_name()}, batches of {batch} made by {producers} processes" + ("; replicas are for CPUs alone, one is used" if replicas > 1 else ""))
        replicas = 1
    torch.set_num_threads(threads if replicas == 1 else 1)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    last = out / "last.pt"
    trainer = Trainer(seed, half=half, batch=batch, device=device)
    if last.exists():
        if not resume:
            raise Refused(f"{last} exists: add --resume to go on with it, or choose another --out")
        trainer.restore(read_checkpoint(last, trainer.model.size))
        print(f"train: resumed at step {trainer.steps}, {trainer.windows} windows, {trainer.seconds / 60:.1f} minutes")
    elif begin_with:
        print(f"train: {trainer.begin_with(begin_with)} tensors of {begin_with} taken over")
    if not drive_clips.list_clips(data, "train"):
        raise Refused(f"{data}: no train clips there; make them with Training/generate")
    drive_clips.refuse_folder_of_another(data, "train")
    get, stop = in_background(root=data, batch=batch, ticks=TICKS, cameras=CAMERAS, seed=seed + 1000 * trainer.steps, producers=producers)
    log_path = out / "log.jsonl"
    together = Replicas(trainer.model, replicas)
    done = 0
    content = trainer.checkpoint(seed)
    others = [together.context.Process(target=replicate, args=(together, rank, content, data, seed, minutes, half, peak, batch)) for rank in range(1, replicas)]
    for other in others:
        other.start()
    signal.signal(signal.SIGTERM, lambda *_: exit(143))  # so that the batch process is ended too
    began, before = time.monotonic(), trainer.seconds
    next_look, sums, bad = trainer.seconds + 60 * min(6.0, validate_minutes), [], 0
    try:
        while trainer.seconds < minutes * 60 or done == 0:  # a run that is gone on with goes on, however slow the machine
            factor = rate(trainer.seconds / (minutes * 60))
            for group in trainer.optimiser.param_groups:
                group["lr"] = peak * factor
            log = trainer.step(get())
            done += 1
            if replicas > 1 and done % Replicas.EVERY == 0:
                with torch.no_grad():
                    together.average(0, trainer)
            trainer.seconds = before + time.monotonic() - began
            if not math.isfinite(log["total"]):
                bad += 1
                print(f"train: step {trainer.steps}: loss {log['total']}, batch skipped ({bad})", flush=True)
                if bad >= 5:
                    print(f"train: stopped, five losses that are no numbers; the last good checkpoint is {last}")
                    return 1
                trainer.forget()
                continue
            bad = 0
            sums.append(log)
            if trainer.steps % 50 == 0:
                row = {k: round(float(np.mean([s[k] for s in sums if k in s])), 5) for k in sorted({k for s in sums for k in s})}
                row.update(kind="step", step=trainer.steps, windows=trainer.windows + together.others_seen()[0], ticks=trainer.ticks + together.others_seen()[1], seconds=round(trainer.seconds, 1), rate=peak * factor)
                with open(log_path, "a") as f:
                    f.write(json.dumps(row) + "\n")
                print(" ".join(f"{k} {row[k]}" for k in ("step", "windows", "seconds", "total", "now", "occupancy", "hazard", "seen_hazard", "blind_hazard", "scales", "ego", "tried", "speed", "near", "velocity", "flow", "regret", "doubt", "latent_error", "latent_still", "latent_mean", "rank", "gradient") if k in row), flush=True)
                sums = []
                keep(last, whole(trainer, together, seed))
                note(out, data, trainer, threads)
            if trainer.seconds > next_look:
                next_look = trainer.seconds + 60 * validate_minutes
                look = quick_look(trainer.smooth, trainer.blind, data, clips=validation_clips)
                trainer.seconds = before + time.monotonic() - began
                if look is None:
                    print("look: no validation clips yet", flush=True)
                    continue
                look.update(kind="look", step=trainer.steps, windows=trainer.windows + together.others_seen()[0], seconds=round(trainer.seconds, 1))
                with open(log_path, "a") as f:
                    f.write(json.dumps(look) + "\n")
                print("look:", json.dumps(look), flush=True)
                plot_log(log_path, out / "log.png")
                if look["windows"] > LEAST_IOU_AFTER and look["iou_now"] < LEAST_IOU:
                    print(f"train: stopped, occupancy IoU now {look['iou_now']:.3f} is below {LEAST_IOU} after {trainer.windows} windows: it does not see")
                    return 1
    except NoMore as problem:
        raise Refused(f"{problem}; the last good checkpoint is {last}" if last.exists() else str(problem)) from None
    except threading.BrokenBarrierError:
        raise Refused("a replica ended; its error stands above" + (f"; the last good checkpoint is {last}" if last.exists() else "")) from None
    finally:
        stop()
        for other in others:
            other.terminate()
    settle_latents(trainer, data, fitters)
    note(out, data, trainer, threads)
    keep(last, whole(trainer, together, seed))
    print(f"train: done, {trainer.windows + together.others_seen()[0]} windows, {trainer.seconds / 60:.1f} minutes; checkpoint {last}")
    return 0


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="train", description=__doc__)
    parser.add_argument("--data", required=True, help="the folder of clips, with train/ and validation/")
    parser.add_argument("--out", required=True, help="the run's folder: checkpoint, log, plot")
    parser.add_argument("--minutes", type=float, default=65)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--validate-minutes", type=float, default=10.0)
    parser.add_argument("--replicas", type=int, default=1, help="processes of one thread, their weights averaged every few steps; on a busy machine better than threads")
    parser.add_argument("--begin-with", metavar="CHECKPOINT", help="a new run that takes over the weights of another's last.pt wherever they fit")
    parser.add_argument("--rate", type=float, default=PEAK_RATE, help="the highest learning rate")
    parser.add_argument("--batch", type=int, default=BATCH, help="streams a step; the profile's own by default")
    parser.add_argument("--bf16", action="store_true", help="convolutions in bfloat16")
    o = parser.parse_args(arguments)
    try:
        return train(o.data, o.out, o.minutes, o.resume, o.seed, o.threads, o.validate_minutes, o.bf16, replicas=o.replicas, begin_with=o.begin_with, peak=o.rate, batch=o.batch)
    except (Refused, profiles.Another, drive_clips.Unreadable, OSError) as problem:  # such as a log that cannot be written
        print(f"train: {problem}")
        return 2
