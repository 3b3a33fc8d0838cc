"""REPORT.md from what is committed in the model folder, and the lines of the gates' table."""

import json
from pathlib import Path

import numpy as np

from .plots import plot_log  # noqa: F401  (the trainer draws its log with it)


def line(row):
    ends = f" [{row['low']:.3f}, {row['high']:.3f}]" if row.get("low") is not None else ""
    blind = f" | blind {row['blind']:.3f}" if row.get("blind") is not None else ""
    gate = f" | gate {row['gate']}: {'passes' if row['passes'] else 'FAILS'}" if "gate" in row else ""
    value = "-" if row["value"] is None else f"{row['value']:.3f}"
    return f"{row['name']:46s} {value}{ends}{blind}{gate}"


def _number(value):
    return "-" if value is None else f"{value:.3f}"


def _ends(row):
    return f"{row['low']:.3f} to {row['high']:.3f}" if row.get("low") is not None else "-"


def table(rows, gated):
    if gated:
        head = ["| figure | value | 95 % | blind | gate | goal | |", "|---|---|---|---|---|---|---|"]
        return head + [f"| {r['name']} | {_number(r['value'])} | {_ends(r)} | {_number(r['blind'])} | {r['gate']} | {r.get('goal', '')} | {'passes' if r['passes'] else '**FAILS**'} |" for r in rows]
    head = ["| figure | value | 95 % | blind | note |", "|---|---|---|---|---|"]
    return head + [f"| {r['name']} | {_number(r['value'])} | {_ends(r)} | {_number(r['blind'])} | {r.get('note', '')} |" for r in rows]


BESIDE = "beside.json"


def beside_of(folder):
    path = Path(folder) / BESIDE
    return json.loads(path.read_text()) if path.exists() else None


def side_by_side(manifest, rows, beside):
    """The gates of two models: value, interval and whether it holds, each from its own committed runs."""
    theirs = {r["name"]: r for r in beside["rows"]}
    said = lambda r: "-" if r is None else f"{_number(r['value'])} ({_ends(r)}) {'passes' if r['passes'] else '**FAILS**'}"
    ours = [r for r in rows if "gate" in r]
    return [f"| figure | gate | `{manifest['name']}` {manifest['version']} | `{beside['name']}` {beside['version']} |", "|---|---|---|---|"] + \
           [f"| {r['name']} | {r['gate']} | {said(r)} | {said(theirs.get(r['name']))} |" for r in ours] + \
           [f"| **hold** | | {sum(r['passes'] for r in ours)} of {len(ours)} | {sum(r['passes'] for r in beside['rows'])} of {len(beside['rows'])} |"]


def drives_table(title, summary, rows, levels):
    text = [f"## {title}", "", f"Alarm: calibrated risk of the intended manoeuvre within {levels['horizon_s']:g} s at or above {levels['high']['rise']:g} "
            f"in {levels['alarm']['m']} of {levels['alarm']['n']} ticks; in time: before the closest moment, at most 4 s.", "", "| kind | drives | result | failures |", "|---|---|---|---|"]
    for kind, s in summary.items():
        result = f"{s['alarmed']} alarmed" if kind == "calm" else f"{s['raised_in_time']} raised in time, median lead {s['median_lead_s']} s"
        text.append(f"| {kind} | {s['drives']} | {result} | {', '.join(s['failures']) or 'none'} |")
    if rows:
        text += ["", "| drive | alarms at, s | closest moment, s | lead, s | peak risk (at, s) |", "|---|---|---|---|---|"]
        text += [f"| {r['drive']} | {', '.join(map(str, r['alarms_s'])) or '-'} | {r['closest_moment_s'] if r['closest_moment_s'] is not None else '-'} | {r['lead_s'] if r['lead_s'] is not None else '-'} | "
                 f"{r['peak']:.2f} ({r['peak_at_s']}) |" for r in rows]
    return text + [""]


def real_table(videos):
    text = ["## Real video, one forward camera, an assumed rig, no ego log", "", "As it is, ordinary driving: no alarm is wanted. With a road user of the drives' meshes drawn into the lane (Training/real), an alarm before contact is.", "",
            "| video | as it is: alarms at, s | peak risk | with the obstacle: alarms at, s (it comes at, contact) | before contact, s | peak risk | own speed, median |", "|---|---|---|---|---|---|---|"]
    for name, v in videos.items():
        text.append(f"| {name}, {v['seconds']} s, {v['obstacle']} | {', '.join(map(str, v['alarms_as_it_is_s'])) or 'none'} | {v['peak_as_it_is']:.3f} | {', '.join(map(str, v['alarms_with_obstacle_s'])) or 'none'} "
                    f"({v['obstacle_from_s']}, {v['obstacle_contact_s']}) | {v['seconds_before_contact']} | {v['peak_with_obstacle']:.3f} | {v['median_own_speed_mps']} m/s |")
    return text + [""] + [f"![{name}: above as it is, below with the obstacle](real-{name}.png)" for name in videos] + [""]


def choices(settings):
    e = settings["ego_estimated"]
    text = ["## Chosen on validation", "", f"Occupancy threshold {settings['threshold'] / 64:.2f} (validation IoU {settings['iou_validation']:.3f}). Surprise: validation AUC {settings['surprise']['auc_on_validation']}, threshold {settings['surprise']['manifest']['threshold']}, which no ordinary tick of {settings['surprise']['manifest']['validation_hours']:.2f} validation hours reaches (so that, with 95 % confidence, there are less than {settings['surprise']['manifest']['false_alarms_per_hour']:.0f} false alarms an hour).", "",
            "| | with an ego log | without: the model's estimate |", "|---|---|---|"]
    for n, row in enumerate(settings["risk"]):
        other = e["risk"][n]
        text.append(f"| risk scaling {row['horizon_s']:g} s: scale, bias | {row['scale']}, {row['bias']} | {other['scale']}, {other['bias']} |")
    for name, get in (("alarm: horizon, s", lambda l: l["horizon_s"]), ("alarm: rise", lambda l: l["high"]["rise"]), ("alarm: m of n", lambda l: f"{l['alarm']['m']} of {l['alarm']['n']}")):
        text.append(f"| {name} | {get(settings['levels'])} | {get(e['levels'])} |")
    for label, levels, rows in (("with a log", settings["levels"], settings["alarm_table"]), ("without", e["levels"], e["alarm_table"])):
        row = next((r for r in rows if r[0] == levels["horizon_s"] and (r[1], r[2]) == (levels["alarm"]["m"], levels["alarm"]["n"]) and abs(r[3] - levels["high"]["rise"]) < 1e-6), None)
        if row:
            text += ["", f"The level {label}, on validation: {row[4]:.3f} of calm drives of 12 s would alarm, {row[5]:.2f} of events met, median lead {row[6]} s, {row[7]} episodes an hour, {row[8]} times those of the time-to-collision alarm."]
    return text + [""]


def text_of(folder):
    """The report, from model.json, evaluation/*.json, the training log and the last towns' result, where there is one."""
    folder = Path(folder)
    manifest = json.loads((folder / "model.json").read_text())
    skill = manifest["skill"]
    out = [f"# Model `{manifest['name']}` {manifest['version']}: what it can and cannot do", "", f"Trained on {manifest['trained_on']}.", ""]
    figures = json.loads((folder / "evaluation" / "figures.json").read_text())
    rows, content = figures["rows"], figures["content"]
    settings = json.loads((folder / "evaluation" / "settings.json").read_text())
    gates = [r for r in rows if "gate" in r]
    out += [f"Measured on {skill['clips']} natural-rate, {skill.get('enriched_clips', 0)} enriched and {content['long_clips']} long natural clips of `{skill['split']}` towns, none of them trained on, on {skill['date']}, commit {skill['commit']}. "
            "95 % intervals by bootstrap over clips. Scaling and thresholds are from validation clips alone. `Training/evaluate` computes all of it again from `evaluation/`.", "",
            f"## Gates: {sum(r['passes'] for r in gates)} of {len(gates)} hold", ""] + table(gates, True)
    out += ["", "AP: collision when keeping on (acceleration 0, present curvature), within the horizon. Blind: a network of the ego's own motion and the manoeuvre alone, trained on the same windows.", ""]
    out += final(folder)
    tried = folder / "TRIED.md"  # by hand: what was tried for the gates that fail, and what limits them
    out += [tried.read_text()] if tried.exists() else []
    beside = beside_of(folder)
    if beside:
        out += [f"## Beside `{beside['name']}` {beside['version']}", "", f"Its figures are from its own committed runs, of {beside['clips']} natural-rate clips (model {beside['model'][:12]}); "
                "occupancy of both is scored on cells of the same size.", ""] + side_by_side(manifest, rows, beside) + [""]
    out += ["## All figures", ""] + table(rows, False) + [""]
    out += [f"![{title}]({name}.png)\n" for title, name in (("reliability", "reliability"), ("precision and recall", "precision-recall"), ("skill by horizon", "skill"), ("alarm: ours, blind and the true boxes; the star is the level chosen", "alarm"), ("what is remembered of a place behind a lorry", "memory"),
            ("forecast (red) against what came (green circles)", "filmstrip"))]
    out += choices(settings)
    log = folder / "training-log.jsonl"
    if log.exists():
        out += training(log)
    if content.get("drives"):
        out += drives_table("Recorded drives of test towns", content["drives"], content["drives_rows"], settings["levels"])
        out += drives_table("The same drives without their ego log", content["drives_without_log"], [], settings["ego_estimated"]["levels"])
    if content.get("real_video"):
        out += real_table(content["real_video"])
    out += ["## Limits", ""] + [f"- {note}" for note in skill.get("notes", [])]
    out += ["- Calibration and bounds hold for the simulator's towns; on real cameras nothing is established.", "- Others are taken as recorded: they do not react to the manoeuvre.",
            "- Teleports and vanishing cars are drawn again by the generator with one car moved or gone; a frozen camera is its last picture repeated.", ""]
    return "\n".join(out)


def final(folder):
    path = folder / "final" / "final.json"
    if not path.exists():
        return ["The last towns are not opened: `Training/evaluate --final` opens them once.", ""]
    runs = json.loads(path.read_text())["runs"]
    rows = json.loads((folder / "final" / "figures.json").read_text())["rows"]
    gates = [r for r in rows if "gate" in r]
    said = "; ".join(f"{r['date']}, commit {r['commit']}, model {r['model'][:12]}" + (" (AGAIN: not the first look)" if r["again"] else "") for r in runs)
    return [f"## The last towns ({said}): {sum(r['passes'] for r in gates)} of {len(gates)} gates hold", ""] + table(gates, True) + [""]


def training(log):
    rows = [json.loads(r) for r in log.read_text().splitlines()]
    last = [r for r in rows if r["kind"] == "step"][-10:]
    mean = {k: float(np.mean([r[k] for r in last if k in r])) for k in ("latent_error", "latent_still", "latent_mean", "rank") if any(k in r for r in last)}
    said = ", ".join(f"{k} {v:.2f}" for k, v in mean.items())
    return ["## Training", "", f"Means of the last training batches: {said}.", "", "![training log: losses, and looks at validation clips, against the blind controls](training-log.png)", ""]
