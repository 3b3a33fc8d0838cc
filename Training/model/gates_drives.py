"""Recorded drives and real video: alarms and lead times from the committed runs."""

import numpy as np

from . import contract as c
from . import figures as f
from . import levels as lv
from . import outputs

LEAD_AT_MOST_S = 4.0  # an alarm earlier than the longest horizon before the closest moment was raised by something else
BLOCK_S = 2.0         # of a video, drawn whole by the bootstrap
NEAR_MISSES, CALM = 0.7, 0.1  # shares: at least so many raised in time, at most so many alarmed


def drive_rows(arrays, name, levels, scaling):
    rows = []
    for n, drive in enumerate(arrays["name"]):
        own = arrays["drive"] == n
        times, closest = arrays["times"][own], float(arrays["closest_s"][n])
        p, first = lv.raised(arrays[name][own].astype(float), levels, scaling)
        raised = [float(times[t]) for t in first]
        in_time = [t for t in raised if closest - LEAD_AT_MOST_S <= t < closest]
        rows.append({"drive": str(drive), "kind": str(arrays["kind"][n]), "town": str(arrays["town"][n]), "closest_moment_s": None if np.isnan(closest) else round(closest, 2),
                     "alarms_s": [round(t, 2) for t in raised], "lead_s": round(closest - in_time[0], 2) if in_time else None, "peak": round(float(p.max()), 4),
                     "peak_at_s": round(float(times[p.argmax()]), 2), "risk": [round(float(x), 4) for x in p]})
    return rows


def summary(rows):
    out = {}
    for kind in ("near_miss", "collision_course", "calm"):
        some = [r for r in rows if r["kind"] == kind]
        if not some:
            continue
        if kind == "calm":
            alarmed = [r["drive"] for r in some if r["alarms_s"]]
            out[kind] = {"drives": len(some), "alarmed": len(alarmed), "failures": alarmed}
        else:
            leads = [r["lead_s"] for r in some if r["lead_s"] is not None]
            out[kind] = {"drives": len(some), "raised_in_time": len(leads), "median_lead_s": round(float(np.median(leads)), 2) if leads else None,
                         "failures": [r["drive"] for r in some if r["lead_s"] is None]}
    return out


def drives(m, arrays, settings):
    out = {}
    estimated = settings["ego_estimated"]
    for name, key, levels, scaling in (("drives", "risk", settings["levels"], settings["risk"]), ("drives_without_log", "risk_unlogged", estimated["levels"], estimated["risk"])):
        rows = drive_rows(arrays, key, levels, scaling)
        out[name], out[f"{name}_rows"] = summary(rows), rows
        for kind, figure, value in (("near_miss", "near_misses_raised_in_time", lambda r: r["lead_s"] is not None), ("calm", "calm_drives_alarmed", lambda r: bool(r["alarms_s"]))):
            some = np.array([value(r) for r in rows if r["kind"] == kind], float)
            if not len(some):
                continue
            drawn = f.mean(some, f.clip_weights(np.arange(len(some))))
            share = some.mean()
            gate = {} if name != "drives" else dict(gate=f">= {NEAR_MISSES:g}", passes=share >= NEAR_MISSES) if kind == "near_miss" else dict(gate=f"<= {CALM:g}", passes=share <= CALM + 1e-9)
            m.add(figure + ("" if name == "drives" else "_without_log"), share, drawn, **gate, note=f"{int(some.sum())} of {len(some)} recorded drives of test towns")
    return out


def videos(m, arrays, settings):
    """Real motorway video, no log: silent as it is, an alarm before contact with an obstacle in the lane, latents above the video's own."""
    estimated, out = settings["ego_estimated"], {}
    for name in arrays["names"]:
        get = lambda key, name=name: arrays[f"{name}_{key}"]
        seconds, start, contact = get("times").astype(float), float(get("start_s")), float(get("contact_s"))
        p, first = lv.raised(get("risk").astype(float), estimated["levels"], estimated["risk"])
        q, first_pasted = lv.raised(get("risk_pasted").astype(float), estimated["levels"], estimated["risk"])
        plain, pasted = [float(seconds[t]) for t in first], [float(seconds[t]) for t in first_pasted]
        caught = [t for t in pasted if start <= t < contact]
        early = [t for t in pasted if t < start]
        out[str(name)] = {"seconds": round(float(seconds[-1]), 1), "alarms_as_it_is_s": [round(t, 1) for t in plain], "peak_as_it_is": round(float(p.max()), 4),
                          "median_own_speed_mps": round(float(np.median(get("speed").astype(float))), 1), "obstacle": str(get("obstacle")), "obstacle_from_s": round(start, 1),
                          "obstacle_contact_s": round(contact, 1), "alarms_with_obstacle_s": [round(t, 1) for t in pasted], "peak_with_obstacle": round(float(q[seconds >= start].max()), 4),
                          "seconds_before_contact": round(contact - caught[0], 2) if caught else None, "raised_by_obstacle": bool(caught) and not early}
        m.add(f"real_alarms_as_it_is_{name}", len(plain), gate="0", passes=not plain, note="ordinary driving, no ego log, levels of streams without a log")
        m.add(f"real_obstacle_lead_s_{name}", contact - caught[0] if caught else 0.0, gate="> 0, silent before", passes=bool(caught) and not early, note=f"{get('obstacle')} drawn into the lane; s from the alarm to contact")
        rows = get("latent_rows").astype(float)  # tick, horizon, model, mean, shrinkage, another time
        for k in (0, 1, 2, 3):
            some = rows[rows[:, 1] == k]
            if len(some) < 20:
                continue
            w = f.clip_weights((some[:, 0] * c.TICK_S // BLOCK_S).astype(int))
            best = min((3, 4), key=lambda i: some[:, i].mean())
            for label, column in (("own", best), ("another_time", 5)):
                value, drawn = 1 - some[:, 2].mean() / some[:, column].mean(), 1 - (w @ some[:, 2]) / (w @ some[:, column])
                figure = f"real_latent_skill_{label}_{c.HORIZONS_S[k]:g}s_{name}"
                note = f"1 - error over that of the video's own {('mean', 'shrinkage')[best - 3]}, fitted on the video itself" if label == "own" else "1 - error over that against the map of another time of the video"
                if k == 1:
                    m.above(figure, value, drawn, blind=0.0, note=note)
                else:
                    m.add(figure, value, drawn, note=note)
    return {"real_video": out}


def everything(m, folder, settings):
    out = {}
    if outputs.model_of(folder, "drives") == settings["model"]:
        out.update(drives(m, outputs.load(folder, "drives"), settings))
    else:
        m.missing("near_misses_raised_in_time", f">= {NEAR_MISSES:g}", "no run of this model over recorded drives: --drives DIR")
    if outputs.model_of(folder, "real") == settings["model"]:
        out.update(videos(m, outputs.load(folder, "real"), settings))
    else:
        m.missing("real_alarms_as_it_is", "0", "no run of this model over real video: --video NAME FILE RIG")
    return out
