"""Committed runs with known content, made without a model: what `models/NAME/evaluation` holds, small."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from model import contract as c  # noqa: E402
from model import outputs  # noqa: E402
from model.records import BINS  # noqa: E402

A, K = len(c.CANDIDATES), c.K
FILES = {n: {"path": f"{n}.onnx", "sha256": n} for n in ("encoder", "memory", "predictor")}
MODEL = outputs.model_hash({"files": FILES})
PLAIN = [{"horizon_s": h, "scale": 1.0, "bias": 0.0} for h in c.HORIZONS_S]


def settings():
    bounds = {"method": "toy", "alpha": 0.1, "n": 9, "per_horizon": [{"horizon_s": h, "edges": [0.5], "bounds": [0.3, 1.0]} for h in c.HORIZONS_S]}
    levels = {"horizon_s": 2.0, "elevated": {"rise": 0.2, "fall": 0.1}, "high": {"rise": 0.5, "fall": 0.35}, "alarm": {"m": 2, "n": 3}}
    return {"model": MODEL, "risk": PLAIN, "blind": PLAIN, "risk_candidates": PLAIN, "blind_candidates": PLAIN, "occupancy": [{"horizon_s": 0.0, "scale": 1.0, "bias": 0.0}] + PLAIN, "threshold": 32, "iou_validation": 0.5, "class_thresholds": [32] * 3,
            "later": [32] * 6, "by_manoeuvre_4s": {"risk_full": [[1.0, 0.0]] * A, "blind": [[1.0, 0.0]] * A}, "persisting": [32] * 6, "bounds": bounds, "levels": levels, "alarm_table": [],
            "ego_estimated": {"risk": PLAIN, "risk_candidates": PLAIN, "upper_bound": bounds, "levels": levels, "alarm_table": []}, "episodes": {"alike": 16, "scenes": 99, "weights": [[1.0, 0.2, 0.0]] * K, "new_below": 0.5},
            "surprise": {"auc_on_validation": {"vanish": 1.0}, "manifest": {"threshold": 2.0, "validation_hours": 0.1, "false_alarms_per_hour": 30.0}}}


def seeing(steps, rng, noise=0.15):
    """Risk that knows the truth but for noise: [n, 16, K]."""
    truth = steps[..., None] <= np.arange(K)
    return np.maximum.accumulate(np.clip(0.1 + 0.75 * truth + rng.normal(0, noise, truth.shape), 0.001, 0.999), -1)


def clips(seed, count=60, each=3, extra=()):
    """count clips of `each` records; two of five clips collide when keeping on, braking and turning avoid half of it."""
    rng = np.random.default_rng(seed)
    n = count * each
    clip = np.repeat(np.arange(count), each)
    first = np.where(np.arange(count) % 5 < 2, np.arange(count) % 4, K)[clip]
    steps = np.repeat(first[:, None], A, 1)
    steps[:, 4:7] = np.where(rng.random((n, 3)) < 0.7, K, steps[:, 4:7])
    steps[:, 9:] = np.where(rng.random((n, A - 9)) < 0.5, K, steps[:, 9:])
    risk = seeing(steps, rng)
    blind = np.clip(rng.uniform(0.05, 0.5, (n, A, K)), 0, 1)
    ego = np.stack([rng.uniform(0, 25, n), np.zeros(n), np.zeros(n)], 1)
    out = dict(clip=clip, tick=np.tile(np.arange(each), count), ego=ego, steps=steps, risk_full=risk, blind=blind, other_full=rng.permutation(blind)[:, :, [1, 2, 3]], first_step=steps,
               closest=np.where(first[:, None] <= np.arange(K), -1.0, 3.0) + rng.normal(0, 0.5, (n, K)), ttc=np.where(first < K, 1.5, 9.9), ttc_velocity=np.where(first < K, 1.6, 9.9),
               estimate=ego + [[1.0, 0, 0]])
    out["wrong"] = rng.uniform(0, 0.2, (n, K))
    out["uncertainty"] = out["wrong"] * 3 + rng.uniform(0, 0.1, (n, K))
    for name in ("front_lost", "all_lost", "unlogged", *extra):
        out[f"risk_{name}"] = (0.5 * risk + 0.5 * blind if name == "unlogged" else blind)[:, :2]
    empty = np.zeros((count, 2, BINS), int)
    empty[:, 0, 2], empty[:, 1, 50], empty[:, 0, 50], empty[:, 1, 2] = 100, 6, 4, 4  # IoU 6 / 14
    blurred = empty.copy()
    blurred[:, 1, 50], blurred[:, 1, 2] = 5, 5
    for name, value in (("now_full", empty), ("now_all_lost", blurred), ("now_front_lost", blurred), ("now_all_cells", empty), ("classes", np.repeat(empty[:, None], 3, 1)),
                        ("forecast", np.repeat(empty[:, None], 6, 1)), ("persistence", np.repeat(blurred[:, None], 6, 1))):
        out[f"map_{name}"] = value
    out = {k: outputs.small(v) for k, v in out.items()}
    out["name"] = np.array([f"n-t29-1001-{i:03d}" for i in range(count)])
    return out


def ticks(source, each=22):
    """The same clips at every tick, for the alarms: the contact comes at tick 14 of those that collide."""
    count = len(source["name"])
    clip = np.repeat(np.arange(count), each)
    t = np.tile(np.arange(each), count)
    hit = (source["steps"][source["tick"] == 0, 0] < K)[clip]
    left = np.where(hit, (14 - t) * c.TICK_S, 9.9)
    left = np.where(left <= 0, 9.9, left)
    steps = np.where(hit & (left < 4), 2, K)
    p = np.where(hit & (left < 2.1), 0.9, 0.05)
    risk = np.repeat(np.repeat(p[:, None, None], 2, 1), K, 2)
    return dict(clip=clip, tick=t, ego=np.full((len(clip), 3), 10.0), steps=np.stack([steps, steps], 1), ttc=left, ttc_velocity=left, risk=risk, blind=np.full((len(clip), K), 0.2), name=source["name"])


def write(folder, seed=0):
    """All of evaluation/ but figures.json."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    natural, enriched = clips(seed), clips(seed + 1, 40, 5, extra=("rear_lost",))
    hit = natural["steps"][:, :1] <= np.arange(K)
    natural.update(episode_similarity=rng.uniform(0.45, 1, len(hit)).astype(np.float16), episode_followed=np.where(hit, 0.8, 0.1).astype(np.float16))
    outputs.save(folder, "natural", natural, MODEL)
    outputs.save(folder, "enriched", enriched, MODEL)
    for name, source in (("natural", natural), ("enriched", enriched)):
        every = ticks(source)
        noise = rng.normal(0, 0.01, every["risk"].shape)
        outputs.save(folder, f"{name}-ticks", {**{k: v for k, v in every.items() if k != "risk"}, "risk_full": every["risk"], "risk_dropped": every["risk"] + noise, "blind": every["blind"][:, None]}, MODEL)
    long = ticks(natural, 30)
    rows = [[t, k, moving, 0.5, 0.6, 1.0, 0.8, 0.9, 1.1] for clip in range(60) for t in range(3) for k in range(K) for moving in (0, 1)]
    long.update(latent_rows=np.array(rows, np.float32), latent_clip=np.repeat(np.arange(60), 3 * K * 2), latent_rank=np.float32(0.6))
    kinds = np.array(["ordinary"] * 120 + ["teleport"] * 40 + ["vanish"] * 40 + ["frozen"] * 40)
    long.update(window_kind=kinds, window_clip=np.arange(len(kinds)) % 60, window_score=(rng.normal(0, 1, len(kinds)) + 4 * (kinds != "ordinary")).astype(np.float32))
    remembered = np.zeros((60, 2, BINS), int)
    remembered[:, 0, 1], remembered[:, 1, 40], remembered[:, 1, 1] = 200, 3, 1
    forgotten = np.zeros((60, 2, BINS), int)
    forgotten[:, 0, 1], forgotten[:, 1, 1] = 200, 4
    long.update(occluded_memory=remembered, occluded_fresh=forgotten)
    sparse = np.where(np.arange(60) % 3 == 0, 2, K)
    risk = np.where(sparse < K, 0.8, 0.1)[:, None].repeat(K, 1)
    long.update(sparse_clip=np.arange(60), sparse_steps=sparse, sparse_memory=risk, sparse_fresh=rng.uniform(0.1, 0.8, (60, K)))
    outputs.save(folder, "long", long, MODEL)
    said = np.full((20, 2, 25), 0.2)
    said[:, 0] = 0.5
    outputs.save(folder, "occluder", {"name": np.array([f"o-t29-8001-{i:03d}" for i in range(20)]), "memory": said, "fresh": np.full((20, 2, 25), 0.3)}, MODEL)
    now = np.zeros((20, 2, BINS), int)
    now[:, 0, 2], now[:, 1, 50], now[:, 0, 50], now[:, 1, 2] = 100, 6, 4, 4
    hit = np.arange(60) % 3 == 0
    outputs.save(folder, "rigs", {"name": np.array([f"r-t29-9001-{i:03d}" for i in range(20)]), "clip": np.arange(60) // 3, "hit": hit, "own_now": now, "van_now": now,
                                  "own_risk": np.where(hit, 0.8, 0.1), "van_risk": np.where(hit, 0.7, 0.1)}, MODEL)
    outputs.write_json(folder, "settings.json", settings())
