"""A run as a picture: for some moments the cameras with the occupied cells drawn over them and the bird's-eye view; the risk over time below."""

import cv2
import matplotlib
import numpy as np
from PIL import Image

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.collections import LineCollection  # noqa: E402
from matplotlib.patches import Polygon  # noqa: E402

from . import Unusable  # noqa: E402

NOW, SOON, LATER = (255, 176, 0), (0, 200, 235), (235, 60, 215)  # RGB: occupied now, in 1 s, in 2 s
SOON_S, LATER_S = 1.0, 2.0
LEVEL_COLOURS = {"UNKNOWN": "#9aa0a6", "LOW": "#5aa469", "ELEVATED": "#e8b13a", "HIGH": "#d64545"}
NEAR_M = 0.4  # nothing nearer to a camera than this is drawn
MAIN_PX = 480  # width of the main picture
PNG_COLOURS = 256


def draw(run, source, times_s, out, threshold, main):
    """Writes `out`; the moments nearest to `times_s`."""
    chosen = [min(run.moments, key=lambda m: abs(m.time_s - t)) for t in times_s]
    names = [c.name for c in run.cameras]
    main = main or ("front" if "front" in names else names[0])
    if main not in names:
        raise Unusable(f"there is no camera {main}; the rig has {', '.join(names)}")
    cameras = sorted(run.cameras, key=lambda c: c.name != main)
    pictures = {c.name: source.pictures(c.name, [m.frames[c.name] for m in chosen if c.name in m.frames]) for c in cameras}
    sheets = [_cameras(run, m, cameras, pictures, threshold) for m in chosen]

    columns = 2 if len(chosen) > 1 else 1
    rows = -(-len(chosen) // columns)
    height, width = sheets[0].shape[:2]
    plan_width = height * run.moments[0].shape[2] / run.moments[0].shape[1]
    dpi, gap, head, curve = 100, 14, 26, 230
    total = columns * (width + plan_width + 2 * gap) + gap, rows * (height + head) + curve + 66
    figure = plt.figure(figsize=(total[0] / dpi, total[1] / dpi), dpi=dpi)
    place = lambda x, y, w, h: figure.add_axes([x / total[0], 1 - (y + h) / total[1], w / total[0], h / total[1]])
    for k, (moment, sheet) in enumerate(zip(chosen, sheets)):
        x, y = gap + k % columns * (width + plan_width + 2 * gap), head + k // columns * (height + head)
        axes = place(x, y, width, height)
        axes.imshow(sheet, interpolation="nearest"), axes.axis("off")
        risk = moment.probabilities[run.horizon(LATER_S)]
        axes.set_title(f"{chr(65 + k)}   {moment.time_s:.1f} s   collision within {LATER_S:.0f} s: {risk:.2f}   {moment.level.lower()}{'   ALARM' if moment.alarm else ''}",
                       loc="left", fontsize=9.5, pad=4, color=LEVEL_COLOURS["HIGH"] if moment.alarm else "black")
        _plan(place(x + width + gap / 2, y, plan_width, height), run, moment, source, threshold)
    _risk(place(52, total[1] - curve - 20, total[0] - 70, curve - 22), run, source, chosen)
    _legend(figure, 52 / total[0], 1 - (total[1] - curve - 40) / total[1], bool(source.labels))
    figure.savefig(out, facecolor="white")
    plt.close(figure)
    _fewer_colours(Image.open(out).convert("RGB")).save(out, optimize=True)


def _fewer_colours(picture):
    """A third of the bytes; the colours that mean something get a share of the palette that their few pixels would not."""
    said = [NOW, SOON, LATER, *(tuple(int(c[k:k + 2], 16) for k in (1, 3, 5)) for c in LEVEL_COLOURS.values())]
    swatches = np.repeat(np.array(said, dtype=np.uint8)[None].repeat(picture.height // 12, axis=0), picture.width // len(said) + 1, axis=1)[:, :picture.width]
    both = Image.fromarray(np.vstack([np.asarray(picture), swatches]))
    return picture.quantize(palette=both.quantize(PNG_COLOURS, dither=Image.NONE), dither=Image.NONE)


def _cameras(run, moment, cameras, pictures, threshold):
    """The main camera's picture, large, and the others in a row below it; RGB."""
    main = _overlaid(run, moment, cameras[0], pictures, MAIN_PX, threshold)
    if len(cameras) == 1:
        return main
    each = MAIN_PX // (len(cameras) - 1)
    small = [_overlaid(run, moment, c, pictures, each, threshold) for c in cameras[1:]]
    row = np.hstack([s[:min(t.shape[0] for t in small)] for s in small])
    return np.vstack([main, cv2.resize(row, (MAIN_PX, round(row.shape[0] * MAIN_PX / row.shape[1])), interpolation=cv2.INTER_AREA)])


def _overlaid(run, moment, camera, pictures, width, threshold):
    scale = width / camera.size[0]
    size = width, round(camera.size[1] * scale)
    picture = pictures[camera.name].get(moment.frames.get(camera.name, -1))
    if picture is None:
        return np.full((size[1], size[0], 3), 40, dtype=np.uint8)
    picture = cv2.cvtColor(cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), cv2.COLOR_BGR2RGB)
    now = moment.cells(0).max(axis=0)
    tint = picture.copy()
    for i, j in zip(*np.nonzero(now >= threshold)):
        polygon = _seen(_corners(run, i, j), camera, scale)
        if polygon is not None:
            cv2.fillPoly(tint, [polygon], NOW, cv2.LINE_AA)
    picture = cv2.addWeighted(tint, 0.5, picture, 0.5, 0)
    for seconds, colour in ((LATER_S, LATER), (SOON_S, SOON)):
        for a, b in _outline(run, moment.cells(1 + run.horizon(seconds)).max(axis=0) >= threshold):
            line = _seen(np.array([a, b]), camera, scale)
            if line is not None:
                cv2.line(picture, *map(tuple, line.tolist()), colour, 1 if width < MAIN_PX else 2, cv2.LINE_AA)
    return picture


def _corners(run, i, j):
    x, y = run.origin_m[0] + i * run.resolution_m, run.origin_m[1] + j * run.resolution_m
    return np.array([[x, y], [x + run.resolution_m, y], [x + run.resolution_m, y + run.resolution_m], [x, y + run.resolution_m]])


def _outline(run, mask):
    """Edges [n, 2, 2], metres, between cells that are in and cells that are not."""
    padded = np.pad(mask, 1).astype(int)
    edges = []
    for axis in (0, 1):
        for i, j in zip(*np.nonzero(np.diff(padded, axis=axis))):
            a, b = ((i, j - 1), (i, j)) if axis == 0 else ((i - 1, j), (i, j))
            edges.append((a, b))
    return np.array(edges, dtype=float).reshape(-1, 2, 2) * run.resolution_m + run.origin_m


def _seen(ground, camera, scale):
    """A polygon or line on the ground, cut off before the camera -> whole pixels of the scaled picture, or None."""
    points = (np.linalg.inv(camera.vehicle_from_camera) @ np.column_stack([ground, np.zeros(len(ground)), np.ones(len(ground))]).T)[:3].T
    kept = []
    closed = len(points) > 2
    for k, p in enumerate(points):
        if p[2] >= NEAR_M:
            kept.append(p)
        q = points[(k + 1) % len(points)]
        if (closed or k + 1 < len(points)) and (p[2] < NEAR_M) != (q[2] < NEAR_M):
            kept.append(p + (q - p) * (NEAR_M - p[2]) / (q[2] - p[2]))
    if len(kept) < 2:
        return None
    pixels = np.array(kept) @ camera.intrinsics.T
    pixels = (pixels[:, :2] / pixels[:, 2:] + 0.5) * scale - 0.5
    if (pixels.max(axis=0) < 0).any() or (pixels.min(axis=0) > np.array(camera.size) * scale).any():
        return None
    return np.clip(np.round(pixels), -20000, 20000).astype(np.int32)


def _plan(axes, run, moment, source, threshold):
    """Seen from above, forward upwards, left to the left."""
    _, nx, ny = moment.shape
    (x0, y0), size = run.origin_m, run.resolution_m
    now = moment.cells(0).max(axis=0)
    shade = np.full((nx, ny, 3), 235.0) + now[..., None] ** 0.8 * (np.array(NOW) - 235.0)
    axes.imshow(shade[::-1, ::-1].astype(np.uint8), extent=(y0 + ny * size, y0, x0, x0 + nx * size), interpolation="nearest", aspect="auto")
    for seconds, colour in ((LATER_S, LATER), (SOON_S, SOON)):
        edges = _outline(run, moment.cells(1 + run.horizon(seconds)).max(axis=0) >= threshold)
        axes.add_collection(LineCollection(edges[..., ::-1], colors=[np.array(colour) / 255], linewidths=1.3))
    v = run.vehicle
    axes.add_patch(Polygon(_rectangle((v.front_m - v.rear_overhang_m) / 2, 0, 0, v.length_m, v.width_m), closed=True, facecolor="#30343a"))
    for box in source.boxes(run.first_ns + round(moment.time_s * 1e9)):
        axes.add_patch(Polygon(_rectangle(*box), closed=True, fill=False, edgecolor="#30343a", linewidth=0.8))
    axes.set_xlim(y0 + ny * size, y0), axes.set_ylim(x0, x0 + nx * size)
    axes.set_xticks([]), axes.set_yticks(np.arange(0, x0 + nx * size, 20)), axes.tick_params(labelsize=6, length=2, pad=1, direction="in")
    axes.set_yticklabels([])


def _rectangle(x, y, yaw, length, width):
    """Corners as (y, x): the plan's axes."""
    c, s = np.cos(yaw), np.sin(yaw)
    corners = np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]]) * [length / 2, width / 2] @ np.array([[c, s], [-s, c]]) + [x, y]
    return corners[:, ::-1]


def _risk(axes, run, source, chosen):
    time = np.array([m.time_s for m in run.moments])
    end = np.append(time[1:], time[-1] + (time[-1] - time[0]) / max(len(time) - 1, 1))
    for m, until in zip(run.moments, end):  # the level as a band along the bottom
        axes.axvspan(m.time_s, until, 0, 0.05, color=LEVEL_COLOURS[m.level], linewidth=0)
    for k, (since, until) in enumerate(run.alarms()):
        axes.axvspan(since, until, 0.05, 1, color=LEVEL_COLOURS["HIGH"], alpha=0.16, linewidth=0, label="alarm" if k == 0 else None)
    p = np.array([m.probabilities for m in run.moments])
    for seconds, colour, width in ((1, "#0093ad", 1.1), (2, "#b0249e", 2.0), (3, "#8a8f98", 1.1)):
        axes.plot(time, p[:, run.horizon(seconds)], color=colour, linewidth=width, label=f"collision within {seconds} s")
    levels = run.model["levels"]
    for name in ("elevated", "high"):
        axes.axhline(levels[f"{name}_rise"], color=LEVEL_COLOURS[name.upper()], linewidth=0.8, linestyle=":", label=f"{name} from here ({levels['horizon_s']:g} s)")
    if source.closest_s() is not None:
        axes.axvline(source.closest_s(), color="black", linewidth=1, linestyle="--", label="closest moment")
    for k, m in enumerate(chosen):
        axes.axvline(m.time_s, color="#30343a", linewidth=0.6)
        axes.text(m.time_s, 1.03, chr(65 + k), ha="center", fontsize=8.5)
    axes.set_xlim(time[0], end[-1]), axes.set_ylim(0, 1)
    axes.set_xlabel("s of the drive", fontsize=8, labelpad=1), axes.set_ylabel("probability, keeping on", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.legend(fontsize=7.5, loc="upper left", framealpha=0.85)


def _legend(figure, x, y, labelled):
    said = [(NOW, "occupied now"), (SOON, f"in {SOON_S:.0f} s"), (LATER, f"in {LATER_S:.0f} s")]
    for k, (colour, text) in enumerate(said):
        figure.text(x + 0.105 * k, y, "■ " + text, fontsize=9, color=np.array(colour) / 255 * 0.9)
    figure.text(x + 0.105 * len(said), y, "seen from above: the ego, filled" + ("; outlined, what is really there" if labelled else ""), fontsize=9, color="#30343a")
