"""What is committed of a run over the test towns, models/NAME/evaluation: enough to compute every figure again, at most 5 MB."""

import hashlib
import json
from pathlib import Path

import numpy as np

from .gates_action import AT
from .latents import effective_rank, errors

LARGEST_BYTES = 5_000_000
FOLDER = "evaluation"


def small(values):
    """As it is committed: half floats, bytes, counts of two bytes where they fit."""
    values = np.asarray(values)
    if values.dtype.kind == "f":
        return values.astype(np.float16)
    if values.dtype.kind in "iu":
        low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
        for kind in (np.uint8, np.int8, np.uint16, np.int32):
            if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
                return values.astype(kind)
    return values


def of_clips(collected, past=None):
    """records.collect's result -> arrays to commit; past: the scenes whose like is looked up (episodes.Past)."""
    records, maps, clips = collected
    out = {}
    if past:
        out["episode_similarity"], out["episode_followed"] = (small(v) for v in past.look_up(records["descriptor"]))
    for key, value in records.items():
        if key in ("enriched", "blind_other", "descriptor"):
            continue
        if key == "other_full":
            value = value[:, :, list(AT)]
        elif key.startswith("risk_") and key != "risk_full":
            value = value[:, :2]
        out[key] = small(value)
    out.update({f"map_{k}": small(v) for k, v in maps.items() if k != "logits"})
    out["name"] = np.array([clip["name"] for clip in clips])
    return out


def of_ticks(collected):
    """records.collect's result at every tick, for alarms and dropped ticks -> arrays to commit."""
    every = of_clips(collected)
    out = {k: every[k] for k in ("clip", "tick", "ego", "ttc", "ttc_velocity", "risk_dropped", "name")}
    return {**out, "steps": every["steps"][:, :2], "risk_full": every["risk_full"][:, :2], "blind": every["blind"][:, :1]}


def of_long(clips, fitted, surprise):
    """long_runs.collect's result on test clips -> arrays to commit; fitted, surprise: from validation."""
    out = {}
    for key in clips[0]["rows"]:
        if key not in ("risk_unlogged", "estimate"):
            out[key] = small(np.concatenate([clip["rows"][key] for clip in clips]))
    out["clip"] = small(np.concatenate([np.full(len(clip["rows"]["tick"]), n) for n, clip in enumerate(clips)]))
    rows = [errors(clip, fitted) for clip in clips]
    out["latent_rows"] = np.concatenate(rows).astype(np.float32)
    out["latent_clip"] = small(np.concatenate([np.full(len(r), n) for n, r in enumerate(rows)]))
    out["latent_rank"] = np.float32(effective_rank(clips))
    out.update({f"window_{k}": small(v) if k != "kind" else v for k, v in surprise.windows(clips).items()})
    for key in clips[0]["sparse"]:
        out[f"sparse_{key}"] = small(np.concatenate([clip["sparse"][key] for clip in clips]))
    out["sparse_clip"] = small(np.concatenate([np.full(len(clip["sparse"]["steps"]), n) for n, clip in enumerate(clips)]))
    for name in ("memory", "fresh"):
        out[f"occluded_{name}"] = small(np.stack([clip["occluded"][name] for clip in clips]))
    out["name"] = np.array([clip["name"] for clip in clips])
    return out


def save(folder, name, arrays, model=""):
    """model: the hash of the model that ran, kept with the arrays."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{name}.part"
    with open(part, "wb") as f:
        np.savez_compressed(f, model=np.array(model), **arrays)
    part.rename(folder / f"{name}.npz")


def load(folder, name):
    path = Path(folder) / f"{name}.npz"
    if not path.exists():
        raise FileNotFoundError(f"{path}: not there; `Training/evaluate MODEL --data DIR` or `--full` makes it")
    with np.load(path) as data:
        return {k: data[k] for k in data.files if k != "model"}


def model_of(folder, name):
    """The hash of the model whose run it is; None where there is no such run."""
    path = Path(folder) / f"{name}.npz"
    if not path.exists():
        return None
    with np.load(path) as data:
        return str(data["model"]) if "model" in data.files else ""


def records_of(arrays):
    return {k: v for k, v in arrays.items() if not k.startswith("map_") and k != "name"}


def maps_of(arrays):
    return {k[4:]: v.astype(np.int64) for k, v in arrays.items() if k.startswith("map_")}


def write_json(folder, name, content):
    (Path(folder) / name).write_text(json.dumps(content, indent=1, default=_plain) + "\n")


def _plain(value):
    return value.item() if isinstance(value, np.generic) else value.tolist()


def size(folder):
    return sum(p.stat().st_size for p in Path(folder).iterdir() if p.is_file())


def model_hash(manifest):
    """One hash of the three graphs."""
    return hashlib.sha256("".join(manifest["files"][n]["sha256"] for n in ("encoder", "memory", "predictor")).encode()).hexdigest()


