"""Plots of the report, drawn from the committed runs; filmstrips, drawn from clips."""

import json

import cv2
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

from . import contract as c  # noqa: E402
from . import figures as f  # noqa: E402


def plot_log(log_path, out):
    """The training log as a picture: losses against the blind control's, and the looks at validation clips."""
    rows = [json.loads(line) for line in open(log_path)]
    steps, looks = [r for r in rows if r["kind"] == "step"], [r for r in rows if r["kind"] == "look"]
    panels = (("hazard loss", steps, ("seen_hazard", "blind_hazard"), ""), ("perception losses", steps, ("now", "occupancy", "scales", "ego"), ""),
              ("latents", steps, ("latent_error", "latent_still", "latent_mean"), ""), ("validation", looks, ("iou_now", "iou_masked", "ap_2s", "ap_blind_2s", "ap_masked_2s", "ap_velocity_2s"), "o-"))
    figure, axes = plt.subplots(1, len(panels), figsize=(18, 4))
    for axis, (title, source, keys, style) in zip(axes, panels):
        for key in keys:
            found = [(r["windows"], r[key]) for r in source if r.get(key) is not None]
            if found:
                axis.plot(*zip(*found), style, label=key, lw=0.8, ms=3)
        axis.set_title(title), axis.set_xlabel("windows"), axis.legend(fontsize=7)
    _save(figure, out, 80)


def _save(figure, path, dpi=70):
    figure.tight_layout()
    figure.savefig(path, dpi=dpi)
    plt.close(figure)


def everything(folder, content):
    """reliability.png, precision-recall.png, skill.png, alarm.png, memory.png into the model folder."""
    reliability(folder / "reliability.png", content)
    precision_recall(folder / "precision-recall.png", content)
    skill(folder / "skill.png", content)
    alarm(folder / "alarm.png", content)
    memory(folder / "memory.png", content["scenes"])


def reliability(path, content):
    natural = content["parts"][0]
    figure, axes = plt.subplots(1, c.K, figsize=(17, 3.6))
    for k, axis in enumerate(axes):
        hit = natural.hit(k).astype(float)
        for name, p in (("sees", content["calibrated"][:, k]), ("blind", content["unseeing"][:, k])):
            which = np.minimum((p * 10).astype(int), 9)
            filled = [b for b in range(10) if (which == b).sum() >= 5]
            axis.plot([p[which == b].mean() for b in filled], [hit[which == b].mean() for b in filled], "o-", label=name, ms=3)
        axis.plot([0, 1], [0, 1], "k:", lw=0.8), axis.set_title(f"within {c.HORIZONS_S[k]:g} s"), axis.set_xlabel("forecast")
    axes[0].set_ylabel("came true"), axes[0].legend()
    _save(figure, path)


def precision_recall(path, content):
    shown = [(part, k) for part in content["parts"] for k in (0, 1, 2, 3) if (part.name, k) in content["aps"]]
    if not shown:
        return
    figure, axes = plt.subplots(1, len(shown), figsize=(3.6 * len(shown), 3.6), squeeze=False)
    for axis, (part, k) in zip(axes[0], shown):
        hit = part.hit(k)
        for name, (value, _) in content["aps"][part.name, k].items():
            order = np.argsort(-part.score(name, k), kind="stable")
            found = np.cumsum(hit[order])
            axis.plot(found / found[-1], found / np.arange(1, len(hit) + 1), lw=1, label=f"{name.replace('risk_', '')} {value:.2f}")
        axis.set_title(f"{part.name}, {c.HORIZONS_S[k]:g} s"), axis.set_xlabel("recall"), axis.legend(fontsize=6), axis.set_ylim(0, 1.02)
    axes[0][0].set_ylabel("precision")
    _save(figure, path)


def skill(path, content):
    maps, settings = content["maps"], content["settings"]
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6))
    x = (0.0,) + c.HORIZONS_S
    axes[0].plot(x, [f.iou(maps["forecast"][:, n], settings["later"][n]) for n in range(1 + c.K)], "o-", label="forecast")
    axes[0].plot(x, [f.iou(maps["persistence"][:, n], settings["persisting"][n]) for n in range(1 + c.K)], "o-", label="its own now, held still")
    axes[0].set_xlabel("horizon, s"), axes[0].set_ylabel("occupancy IoU"), axes[0].legend()
    for part in content["parts"]:
        known = [k for k in range(c.K) if (part.name, k) in content["aps"]]
        for name, style in (("risk_full", "o-"), ("blind", "o:"), ("velocity", "o--")):
            axes[1].plot([c.HORIZONS_S[k] for k in known], [content["aps"][part.name, k][name][0] for k in known], style, ms=3, label=f"{part.name}: {name.replace('risk_full', 'ours')}")
    axes[1].set_xlabel("horizon, s"), axes[1].set_ylabel("AP, keeping on"), axes[1].legend(fontsize=6)
    _save(figure, path)


def alarm(path, content):
    """Detection and lead time against episodes an hour."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6))
    for name, label in (("ours", "ours"), ("blind", "blind"), ("ttc", "time to collision from the true boxes")):
        episodes, met, lead = content["curves"][name]
        axes[0].plot(episodes, met, "o-", ms=2, label=label)
        axes[1].plot(episodes, lead, "o-", ms=2, label=label)
    episodes, met, lead = content["curves"]["chosen"]
    axes[0].plot(episodes, met, "k*", ms=12), axes[1].plot(episodes, lead, "k*", ms=12, label="the level in model.json")
    for axis, title in zip(axes, ("events met before contact", "median lead, s")):
        axis.set_xlabel("episodes a natural hour"), axis.set_title(title), axis.legend(fontsize=7)
    _save(figure, path)


def memory(path, scenes):
    """What is said of the place behind the lorry, by how long it has been out of sight: where somebody stands, where nobody does, and without a memory."""
    figure, axis = plt.subplots(figsize=(6, 3.6))
    at = np.arange(scenes["memory"].shape[2]) * c.TICK_S
    for label, values, style in (("somebody stood there", scenes["memory"][:, 0], "-"), ("nobody did", scenes["memory"][:, 1], "--"), ("without a memory", scenes["fresh"][:, 0], ":")):
        enough = np.isfinite(values).sum(0) >= 5
        axis.plot(at[enough], np.nanmean(values[:, enough].astype(float), 0), style, label=label)
    axis.set_xlabel("s out of sight"), axis.set_ylabel("probability of somebody there"), axis.legend(fontsize=8)
    _save(figure, path)


def overlay(picture, occupancy, lift, valid, scale=3):
    """The occupancy of now drawn over one model picture: a dot a cell, the redder the likelier."""
    big = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    p = occupancy.max(0)
    for i, j in np.argwhere((p > 0.15) & (valid[0] > 0)):
        u, v = (lift[0, i, j, 0] + 1) / 2 * big.shape[1], (lift[0, i, j, 1] + 1) / 2 * big.shape[0]
        cv2.circle(big, (int(u), int(v)), 4, (0, int(255 * (1 - p[i, j])), int(255 * p[i, j])), -1)
    return big


def filmstrips(folder, model, settings, data, split, count=4):
    """filmstrip.png: for a few enriched clips, the front picture with the cells of now, then the calibrated forecast (red) against what came (green circles)."""
    from drives import clips as drive_clips
    from . import calibration as cal
    from . import labels_cache as cache
    from .drive_evaluation import Runner
    from .records import motion_of
    from .streams import fx_fy_cx_cy
    paths = drive_clips.list_clips(data, split, enriched=True)
    paths = [paths[int(i)] for i in np.linspace(0, len(paths) - 1, count + 2)[1:-1]]
    figure, axes = plt.subplots(len(paths), 2 + c.K, figsize=(3 * (2 + c.K), 3.6 * len(paths)), squeeze=False)
    for row, path in zip(axes, paths):
        clip = drive_clips.Clip(path)
        cached = cache.load(clip)
        runner = Runner(model, fx_fy_cx_cy(clip.intrinsics), clip.vehicle_from_camera, clip.footprint)
        last = clip.T - 8
        for t in range(last + 1):
            out = runner.step(clip.pictures(t), np.ones(len(clip.cameras)), c.TICK_S if t else 0, motion_of(clip, t - 1 if t else None, t), clip.ego[t, 3:6])
        front = clip.cameras.index("front")
        picture = overlay(clip.pictures(last)[front], out["occupancy"][0], runner.lift[0, front].numpy(), runner.valid[0, front].numpy())
        row[0].imshow(picture[..., ::-1]), row[0].set_title(f"{clip.name}: {clip.weather}", fontsize=9), row[0].axis("off")
        truth, risk = cache.occupancy(cached, last), cal.apply_risk(out["risk"][c.KEEP], settings["risk"])
        for level in range(1 + c.K):
            scaling = settings["occupancy"][level]
            p = 1 - np.prod(1 - cal.sigmoid(scaling["scale"] * cal.logit(out["occupancy"][level]) + scaling["bias"]), axis=0)
            image = np.ones(c.GRID_SIZE + (3,))
            image[..., 1:] -= p[..., None]
            axis = row[1 + level]
            axis.imshow(image[::-1, ::-1].clip(0, 1))
            j, i = np.nonzero(truth[level].any(0)[::-1, ::-1].T)
            axis.scatter(j, i, s=9, facecolors="none", edgecolors="g", lw=0.7)
            axis.set_title("now" if level == 0 else f"{c.HORIZONS_S[level - 1]:g} s, risk {risk[level - 1]:.2f}" + (", hit" if cached["steps"][last][c.KEEP] < level else ""), fontsize=9), axis.axis("off")
    _save(figure, folder / "filmstrip.png")
