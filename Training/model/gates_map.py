"""Gates of the occupancy: now, by class, over persistence of its own, and behind an occluder."""

import numpy as np

from . import contract as c
from . import figures as f

GATED_LEVELS = (3, 4)  # 2 and 3 s


def occupancy(m, maps, settings):
    """maps: counts a natural clip."""
    weights = f.clip_weights(np.arange(len(maps["now_full"])))
    b = settings["threshold"]
    now = f.iou(maps["now_full"], b)
    m.ratio("occupancy_iou_now", now, f.iou(maps["now_full"], b, weights), 0.25, blind=f.best_threshold(maps["now_all_lost"])[1], goal=">= 0.40",
            note=f"{c.JUDGED_CELL_M:g} m cells, all classes united, cells hidden from every camera left out; blind: all cameras masked, its own best threshold")
    m.add("occupancy_iou_now_all_cells", f.iou(maps["now_all_cells"], b), f.iou(maps["now_all_cells"], b, weights))
    m.add("occupancy_iou_now_front_lost", f.iou(maps["now_front_lost"], b), f.iou(maps["now_front_lost"], b, weights))
    for n, name in enumerate(c.CLASSES):
        t = settings["class_thresholds"][n]
        m.add(f"occupancy_iou_now_{name}", f.iou(maps["classes"][:, n], t), f.iou(maps["classes"][:, n], t, weights), note="that class alone, its own threshold from validation")
    for level in range(1, 1 + c.K):
        h = f"{c.HORIZONS_S[level - 1]:g}s"
        ours, theirs = maps["forecast"][:, level], maps["persistence"][:, level]
        bo, bp = settings["later"][level], settings["persisting"][level]
        m.add(f"occupancy_iou_{h}", f.iou(ours, bo), f.iou(ours, bo, weights))
        value = f.iou(ours, bo) / max(f.iou(theirs, bp), 1e-9) - 1
        drawn = f.iou(ours, bo, weights) / np.maximum(f.iou(theirs, bp, weights), 1e-9) - 1
        said = dict(note="over its own occupancy of now, held in the ego frame of now: persistence as the simplest subscriber has it")
        if level in GATED_LEVELS:
            m.above(f"occupancy_over_persistence_{h}", value, drawn, goal=">= 0.15", **said)
        else:
            m.add(f"occupancy_over_persistence_{h}", value, drawn, **said)


def behind_an_occluder(m, long, settings):
    """Cells held only by somebody hidden from every camera now and seen within the last 2 s: with the memory, and with the state emptied every tick."""
    weights = f.clip_weights(np.arange(len(long["occluded_memory"])))
    memory, fresh = (long[f"occluded_{n}"] for n in ("memory", "fresh"))
    b = settings["threshold"]
    share = float(memory[:, 0, b:].sum() / max(memory[:, 0].sum(), 1))
    equal = f.threshold_of_false_share(fresh, share)
    ours, drawn = f.recall(memory, b), f.recall(memory, b, weights)
    theirs, their_draws = f.recall(fresh, equal), f.recall(fresh, equal, weights)
    cells = int(memory[:, 1].sum())
    m.add("memory_recall_behind_occluder", ours, drawn, note=f"{cells} such cells; {share:.4f} of the empty cells called occupied")
    m.add("no_memory_recall_behind_occluder", theirs, their_draws, note="the same model, its state emptied every tick, at no more false cells")
    m.add("memory_gain_behind_occluder", ours - theirs, drawn - their_draws, note="recall with the memory minus without")
    m.add("memory_iou_behind_occluder", f.iou(memory, b), f.iou(memory, b, weights), note="those cells against all empty ones")
    m.add("no_memory_iou_behind_occluder", f.iou(fresh, equal), f.iou(fresh, equal, weights))


SECONDS_HIDDEN = (0.5, 1.0, 2.0)


def behind_a_lorry(m, scenes):
    """scenes: occluder.collect's arrays. What is said of a hidden place after somebody was seen there, less what is said of the same place where nobody was."""
    weights = f.clip_weights(np.arange(len(scenes["name"])))
    for s in SECONDS_HIDDEN:
        tick = round(s / c.TICK_S)
        memory, fresh = (scenes[k][:, :, tick].astype(float) for k in ("memory", "fresh"))
        some = np.isfinite(memory).all(1)
        if some.sum() < 10:
            m.missing(f"memory_behind_lorry_{s:g}s", "lower bound > 0", f"{int(some.sum())} scenes only")
            continue
        gain, blind = memory[some, 0] - memory[some, 1], fresh[some, 0] - fresh[some, 1]
        said = dict(blind=blind.mean(), note=f"{int(some.sum())} pairs of scenes; {memory[some, 0].mean():.3f} where somebody stands behind the lorry, {memory[some, 1].mean():.3f} where nobody does; higher in {(gain > 0).mean():.0%}; blind: the same model, its state emptied every tick")
        drawn = f.mean(gain, weights[:, some])
        if s == 1.0:
            m.above(f"memory_behind_lorry_{s:g}s", gain.mean(), drawn, **said)
        else:
            m.add(f"memory_behind_lorry_{s:g}s", gain.mean(), drawn, **said)


def uncertainty(m, natural):
    """natural: rows with what was said of each horizon's uncertainty, and how wrong its occupancy was."""
    weights = f.clip_weights(natural["clip"])
    for k, h in enumerate(c.HORIZONS_S):
        said, wrong = f.ranks(natural["uncertainty"][:, k].astype(float)), f.ranks(natural["wrong"][:, k].astype(float))
        m.add(f"uncertainty_follows_error_{h:g}s", f.correlation(said, wrong), f.correlation(said, wrong, weights), blind=0.0,
              note=f"rank correlation, over moments, of the published uncertainty with the occupancy's squared error; mean uncertainty {natural['uncertainty'][:, k].astype(float).mean():.3f} bits, mean error {natural['wrong'][:, k].astype(float).mean():.4f}")
