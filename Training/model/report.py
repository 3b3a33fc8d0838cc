"""Plots and the report."""

import json

import cv2
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402


def plot_log(log_path, out):
    """The training log as a picture: losses against the blind control's, and the looks at validation clips."""
    rows = [json.loads(line) for line in open(log_path)]
    steps, looks = [r for r in rows if r["kind"] == "step"], [r for r in rows if r["kind"] == "look"]
    figure, axes = plt.subplots(1, 3, figsize=(15, 4))
    for key in ("seen_hazard", "blind_hazard"):
        axes[0].plot([r["windows"] for r in steps], [r[key] for r in steps], label=key, lw=0.8)
    axes[0].set_title("hazard loss"), axes[0].legend(), axes[0].set_xlabel("windows")
    for key in ("now", "occupancy", "scales", "ego"):
        axes[1].plot([r["windows"] for r in steps], [r[key] for r in steps], label=key, lw=0.8)
    axes[1].set_title("perception losses"), axes[1].legend(), axes[1].set_xlabel("windows")
    for key in ("iou_now", "iou_masked", "ap_2s", "ap_blind_2s", "ap_masked_2s", "ap_velocity_2s"):
        axes[2].plot([r["windows"] for r in looks], [r.get(key) or float("nan") for r in looks], "o-", label=key, ms=3)
    axes[2].set_title("validation"), axes[2].legend(fontsize=7), axes[2].set_xlabel("windows")
    figure.tight_layout()
    figure.savefig(out, dpi=80)
    plt.close(figure)


def line(row):
    ends = f" [{row['low']:.3f}, {row['high']:.3f}]" if row.get("low") is not None else ""
    blind = f" | blind {row['blind']:.3f}" if row.get("blind") is not None else ""
    gate = f" | gate {row['gate']}: {'passes' if row['passes'] else 'FAILS'}" if "gate" in row else ""
    value = "-" if row["value"] is None else f"{row['value']:.3f}"
    return f"{row['name']:42s} {value}{ends}{blind}{gate}"


def plots(folder, arrays, settings, alarm_table):
    """reliability.png, precision-recall.png, skill.png, alarm.png in the model folder."""
    from . import contract as c
    from . import figures as f
    natural = arrays["natural"]
    figure, axes = plt.subplots(1, 5, figsize=(17, 3.6))
    for k, axis in enumerate(axes):
        hit = (natural["steps"][:, c.KEEP] <= k).astype(float)
        for name, p in (("sees", arrays["calibrated"][:, k]), ("blind", arrays["unseeing"][:, k])):
            which = np.minimum((p * 10).astype(int), 9)
            filled = [b for b in range(10) if (which == b).sum() >= 5]
            axis.plot([p[which == b].mean() for b in filled], [hit[which == b].mean() for b in filled], "o-", label=name, ms=3)
        axis.plot([0, 1], [0, 1], "k:", lw=0.8), axis.set_title(f"within {c.HORIZONS_S[k]:g} s"), axis.set_xlabel("forecast")
    axes[0].set_ylabel("came true"), axes[0].legend()
    _save(figure, folder / "reliability.png")

    shown = [(part, k) for part, k in arrays["parts"] if k in (1, 2, 3)]
    if shown:
        figure, axes = plt.subplots(1, len(shown), figsize=(3.6 * len(shown), 3.6), squeeze=False)
        for axis, key in zip(axes[0], shown):
            scores, hit, value = arrays["parts"][key]
            for name, s in scores.items():
                order = np.argsort(-s)
                found = np.cumsum(hit[order])
                axis.plot(found / found[-1], found / np.arange(1, len(hit) + 1), lw=1, label=f"{name} {value[name]:.2f}")
            axis.set_title(f"{key[0]}, {c.HORIZONS_S[key[1]]:g} s"), axis.set_xlabel("recall"), axis.legend(fontsize=6), axis.set_ylim(0, 1.02)
        axes[0][0].set_ylabel("precision")
        _save(figure, folder / "precision-recall.png")

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6))
    x = (0.0,) + c.HORIZONS_S
    axes[0].plot(x, [f.iou(natural["forecast"][:, n], settings["later"][n]) for n in range(1 + c.K)], "o-", label="forecast")
    axes[0].plot(x, [f.iou(natural["persistence"][:, n], settings["persisting"][n]) for n in range(1 + c.K)], "o-", label="its own now, held still")
    axes[0].set_xlabel("horizon, s"), axes[0].set_ylabel("occupancy IoU"), axes[0].legend()
    for rule in sorted({r[:3] for r in alarm_table}):
        axes[1].plot([r[4] for r in alarm_table if r[:3] == rule], [r[5] for r in alarm_table if r[:3] == rule], "o-", ms=2, label=f"{rule[0]:g} s, {rule[1]} of {rule[2]}")
    axes[1].legend(fontsize=6)
    axes[1].set_xlabel("calm validation clips alarmed"), axes[1].set_ylabel("events raised"), axes[1].set_title("alarm threshold")
    _save(figure, folder / "skill.png")


def _save(figure, path):
    figure.tight_layout()
    figure.savefig(path, dpi=70)
    plt.close(figure)


def overlay(picture, occupancy, lift, valid, scale=3):
    """The occupancy of now drawn over one model picture: a dot a cell, the redder the likelier."""
    big = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    p = occupancy.max(0)
    for i, j in np.argwhere((p > 0.15) & (valid[0] > 0)):
        u, v = (lift[0, i, j, 0] + 1) / 2 * big.shape[1], (lift[0, i, j, 1] + 1) / 2 * big.shape[0]
        cv2.circle(big, (int(u), int(v)), 4, (0, int(255 * (1 - p[i, j])), int(255 * p[i, j])), -1)
    return big


def filmstrips(folder, model, manifest, data, split, count=3):
    """filmstrip.png: for a few enriched clips, the front picture, then the forecast (red) against what came (green outline cells) at each horizon."""
    from drives import clips as drive_clips
    from . import contract as c
    from . import labels_cache as cache
    from .drive_evaluation import Runner
    from .geometry import relative_pose
    from .streams import fx_fy_cx_cy
    paths = drive_clips.list_clips(data, split, enriched=True)
    paths = [paths[int(i)] for i in np.linspace(0, len(paths) - 1, count + 2)[1:-1]]
    figure, axes = plt.subplots(count, 2 + c.K, figsize=(3 * (2 + c.K), 3.6 * count), squeeze=False)
    for row, path in zip(axes, paths):
        clip = drive_clips.Clip(path)
        cached = cache.load(clip)
        runner = Runner(model, fx_fy_cx_cy(clip.intrinsics), clip.vehicle_from_camera, clip.footprint)
        last = clip.T - 8
        for t in range(0, last + 1):
            moved = np.zeros(6, np.float32)
            if t:
                moved[:3] = relative_pose(clip.ego[t - 1, :3], clip.ego[t, :3])
            moved[3:] = clip.ego[t, 3], clip.ego[t, 4], 1
            out = runner.step(clip.pictures(t), np.ones(len(clip.cameras)), c.TICK_S if t else 0, moved, clip.ego[t, 3:6])
        front = clip.cameras.index("front")
        picture = overlay(clip.pictures(last)[front], out["occupancy"][0], runner.lift[0, front].numpy(), runner.valid[0, front].numpy())
        row[0].imshow(picture[..., ::-1]), row[0].set_title(f"{clip.name}: {clip.weather}"), row[0].axis("off")
        truth = cache.occupancy(cached, last)
        for level in range(1 + c.K):
            p = 1 - np.prod(1 - out["occupancy"][level], axis=0)
            image = np.ones(c.GRID_SIZE + (3,))
            image[..., 1:] -= p[..., None]
            axis = row[1 + level]
            axis.imshow(image[::-1, ::-1].clip(0, 1))
            came = truth[level].any(0)[::-1, ::-1]
            j, i = np.nonzero(came.T)
            axis.scatter(j, i, s=9, facecolors="none", edgecolors="g", lw=0.7)
            axis.set_title("now" if level == 0 else f"{c.HORIZONS_S[level - 1]:g} s, risk {out['risk'][c.KEEP, level - 1]:.2f}", fontsize=9), axis.axis("off")
    _save(figure, folder / "filmstrip.png")


def write(folder, manifest):
    """REPORT.md from the manifest alone."""
    skill = manifest["skill"]
    text = [f"# Model `{manifest['name']}` {manifest['version']}: what it can and cannot do", "", f"Trained on {manifest['trained_on']}.", ""]
    if skill["figures"]:
        text += [f"Measured on {skill['clips']} natural-rate and {skill.get('enriched_clips', 0)} enriched clips of `{skill['split']}` towns, none of them trained on, on {skill['date']}, "
                 f"commit {skill['commit']}. 95 % intervals by bootstrap over clips (1,000 draws). Scaling and thresholds are from validation clips alone.", "",
                 "## Gates", "", "| figure | value | 95 % | blind | gate | |", "|---|---|---|---|---|---|"]
        text += [_table(r, True) for r in skill["figures"] if "gate" in r]
        text += ["", "`front_lost_fall` is the relative loss of AP without the front camera. AP: collision when keeping on (acceleration 0, present curvature), within the horizon. "
                 "Blind: a network of the ego's own motion and the manoeuvre alone, trained on the same windows.", "",
                 "## All figures", "", "| figure | value | 95 % | blind | note |", "|---|---|---|---|---|"]
        text += [_table(r, False) for r in skill["figures"]]
        text += ["", "![reliability](reliability.png)", "", "![precision and recall](precision-recall.png)", "", "![skill by horizon, alarm threshold](skill.png)", "",
                 "![forecast (red) against what came (green circles)](filmstrip.png)", ""]
    log = folder / "training-log.jsonl"
    if log.exists():
        rows = [json.loads(r) for r in log.read_text().splitlines()]
        last = [r for r in rows if r["kind"] == "step"][-10:]
        mean = {k: float(np.mean([r[k] for r in last])) for k in ("latent_error", "latent_still", "latent_mean", "rank")}
        text += ["## Latents", "", f"On the last training batches, all horizons together: squared error of the latent forecast {mean['latent_error']:.2f}, of holding the latents still "
                 f"{mean['latent_still']:.2f}, of their mean {mean['latent_mean']:.2f}; effective rank {mean['rank']:.1f} of 16. "
                 + ("The latent forecast does NOT beat persistence: surprise that is computed from it means little yet." if mean["latent_error"] >= mean["latent_still"] else ""), "",
                 "![training log: losses, and looks at validation clips, against the blind controls](training-log.png)", ""]
    drives = skill.get("drives")
    if drives:
        rows = json.loads((folder / "drives.json").read_text())["drives"]
        text += ["## Recorded drives of test towns", "", f"Alarm: calibrated risk of the intended manoeuvre within {manifest['levels']['horizon_s']:g} s at or above {manifest['levels']['high']['rise']:g} "
                 f"in {manifest['levels']['alarm']['m']} of {manifest['levels']['alarm']['n']} ticks; in time: before the closest moment, at most 4 s.", "",
                 "| kind | drives | result | failures |", "|---|---|---|---|"]
        for kind, s in drives.items():
            result = f"{s['alarmed']} alarmed" if kind == "calm" else f"{s['raised_in_time']} raised in time, median lead {s['median_lead_s']} s"
            text.append(f"| {kind} | {s['drives']} | {result} | {', '.join(s['failures']) or 'none'} |")
        text += ["", "| drive | alarms at, s | closest moment, s | lead, s | peak risk (at, s) |", "|---|---|---|---|---|"]
        text += [f"| {r['drive']} | {', '.join(map(str, r['alarms_s'])) or '-'} | {r['closest_moment_s'] if r['closest_moment_s'] is not None else '-'} | {r['lead_s'] if r['lead_s'] is not None else '-'} | "
                 f"{r['peak']:.2f} ({r['peak_at_s']}) |" for r in rows]
        text.append("")
    if skill.get("real_video"):
        text += ["## Real video, one forward camera, an assumed rig, no ego log", "",
                 "As it is, ordinary driving: no alarm is wanted. With the rear of a car pasted into the lane that closes from 45 m at 9 m/s and stands 3 m before the camera for a second: an alarm is wanted.", "",
                 "| video | as it is: alarms at, s | peak risk | with the obstacle: alarms at, s (it comes at, would touch at) | peak risk | own speed, median |", "|---|---|---|---|---|---|"]
        for name, v in skill["real_video"].items():
            text.append(f"| {name}, {v['seconds']} s | {', '.join(map(str, v['alarms_as_it_is_s'])) or 'none'} | {v['peak_as_it_is']:.3f} | {', '.join(map(str, v['alarms_with_obstacle_s'])) or 'none'} "
                        f"({v['obstacle_from_s']}, {v['obstacle_contact_s']}) | {v['peak_with_obstacle']:.3f} | {v['median_own_speed_mps']} m/s |")
        text += [""] + [f"![{name}: above as it is, below with the obstacle](real-{name}.png)" for name in skill["real_video"]] + [""]
    text += ["## Limits", ""] + [f"- {note}" for note in skill.get("notes", [])] + [ "- Occupancy forecasts are hardly better than holding the occupancy of now still (`occupancy_over_persistence`): movement is in the risk, much less in the maps.",
             "- Within 0.5 and 1 s it is far behind constant velocity from the true boxes: cells of 2 m and pictures of 128 x 64 are too coarse there.",
             "- Calibration and bounds hold for the simulator's towns; on real cameras nothing is established. Own speed from video alone is crude.",
             "- Others are taken as recorded: they do not react to the manoeuvre.", ""]
    (folder / "REPORT.md").write_text("\n".join(text))


def _table(row, gated):
    value = "-" if row["value"] is None else f"{row['value']:.3f}"
    ends = f"{row['low']:.3f} to {row['high']:.3f}" if row.get("low") is not None else "-"
    blind = f"{row['blind']:.3f}" if row.get("blind") is not None else "-"
    if gated:
        return f"| {row['name']} | {value} | {ends} | {blind} | {row['gate']} | {'passes' if row['passes'] else '**FAILS**'} |"
    return f"| {row['name']} | {value} | {ends} | {blind} | {row.get('note', '')} |"
