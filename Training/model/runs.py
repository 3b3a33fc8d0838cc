"""All runs of a model that the figures need: validation clips, from which everything is chosen, then the clips of the split that is measured."""

import zlib
from pathlib import Path

from drives import clips as drive_clips

from . import drive_evaluation, episodes, long_clips, long_runs, occluder, other_rig, outputs, real_video, records, settings, validation_drives
from . import variants as v
from .workers import kept

TEST_STRIDE = 2  # ticks of the short test clips from one frame set to the next


def named(name, paths):
    """A name for the run over just these clips: others must not be taken for it."""
    return f"{name}-{zlib.crc32(repr([(p.name, p.stat().st_size) for p in paths]).encode()):08x}"


def validation(model, blind, data, workers, clips=None, keep=None):
    """-> settings, latent baselines, Surprise, episodes.Past"""
    def part(enriched, name):
        paths = paths_of(data, "validation", enriched, clips)
        return kept(keep, model, named(f"validation-{name}", paths), lambda: records.collect(model, blind, paths, (v.FULL, v.UNLOGGED), 1, 1, logits=not enriched, occupancy=not enriched, workers=workers, what=f"validation, {name}"))
    paths = long_paths(data, "validation", clips)
    long = kept(keep, model, named("validation-long", paths), lambda: long_runs.collect(model, blind, paths, unlogged=True, workers=workers, what="validation, long"))
    found = drive_clips.list_clips(data, validation_drives.FOLDER)[:clips]
    if not found:
        raise FileNotFoundError(f"{Path(data, validation_drives.FOLDER)}: no drives there; `cd Training && python3 -m model.validation_drives --out {data}` makes them, or `evaluate --full`")
    drives = kept(keep, model, named("validation-drives", found), lambda: records.collect(model, blind, found, (v.FULL, v.UNLOGGED), 1, 1, occupancy=False, workers=workers, what="validation, drives"))
    natural, enriched = part(False, "natural"), part(True, "enriched")
    past = episodes.Past([(natural[0], natural[2]), (enriched[0], enriched[2])]) if "descriptor" in natural[0] else None  # runs kept by 0.3.0 have none
    return *settings.choose(natural, enriched, long, drives, past), past


def measured_split(model, blind, mine, data, split, fitted, surprise, past, folder, workers, clips=None, keep=None):
    """Runs the clips of `split` and writes natural, enriched, both at every tick, and long into `folder`, marked with the model's hash `mine`."""
    lost = (v.FULL, v.FRONT_LOST, v.ALL_LOST, v.UNLOGGED)
    for name, enriched, variants in (("natural", False, lost), ("enriched", True, lost + v.EACH_LOST)):
        paths = paths_of(data, split, enriched, clips)
        got = kept(keep, model, named(f"{split}-{name}", paths), lambda: records.collect(model, blind, paths, variants, TEST_STRIDE, occupancy=not enriched, workers=workers, what=f"{split}, {name}"))
        outputs.save(folder, name, outputs.of_clips(got, None if enriched else past), mine)
        ticks = kept(keep, model, named(f"{split}-{name}-at-10hz", paths), lambda: records.collect(model, blind, paths, (v.FULL, v.DROPPED), 1, 1, occupancy=False, workers=workers, what=f"{split}, {name}, every tick"))
        outputs.save(folder, f"{name}-ticks", outputs.of_ticks(ticks), mine)
    paths = long_paths(data, split, clips)
    long = kept(keep, model, named(f"{split}-long", paths), lambda: long_runs.collect(model, blind, paths, workers=workers, what=f"{split}, long"))
    outputs.save(folder, "long", outputs.of_long(long, fitted, surprise), mine)
    outputs.save(folder, "occluder", occluder.collect(model, data, split, workers, keep), mine)
    outputs.save(folder, "rigs", other_rig.collect(model, blind, data, split, workers, keep), mine)


def paths_of(data, split, enriched, clips=None):
    paths = records.choose(data, split, clips, enriched)
    if len(paths) < 2:
        raise FileNotFoundError(f"{Path(data, split)}: no {'enriched' if enriched else 'natural'} clips there; `Training/generate` makes them, or `evaluate --full`")
    return paths


def long_paths(data, split, clips=None):
    folder = long_clips.folder_of(split)
    paths = drive_clips.list_clips(data, folder)
    if len(paths) < 2:
        raise FileNotFoundError(f"{Path(data, folder)}: no long clips there; `cd Training && python3 -m model.long_clips --out {data}` makes them, or `evaluate --full`")
    return paths[:clips] if clips else paths


def drives(model, mine, root, folder, workers, keep=None):
    outputs.save(folder, "drives", drive_evaluation.collect(model, root, keep, workers), mine)


def videos(model, mine, found, past, folder, pictures, keep=None):
    got = kept(keep, model, "videos2-" + "-".join(v[0] for v in found), lambda: real_video.collect(model, found, pictures))
    looked_up = {f"{name}_similarity": past.look_up(got[f"{name}_descriptor"])[0].astype("float16") for name in got["names"]} if past else {}
    outputs.save(folder, "real", {**{k: v for k, v in got.items() if not k.endswith("_descriptor")}, **looked_up}, mine)
