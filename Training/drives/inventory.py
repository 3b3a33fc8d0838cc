"""Training/inventory [--profile NAME] --data DIR [--split train]: what the clips hold: hours, towns, light and weather, road users near the ego, and what they do: hard braking
ahead, cut-ins, people and cycles who come into the ego's way. Counted from the boxes that the labels are made of."""

import argparse
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import clips, towns

NEAR_M = 40.0
LANE_M = 1.6                    # beside the ego's axis: in its way
AHEAD_M = (2.0, 50.0)           # of the rear axle, along the ego's heading
OVER = 5                        # ticks over which a speed's change is taken
HARD_MPS2 = 3.5                 # a common threshold of hard braking
BEFORE = 15                     # ticks earlier at which who comes in was still beside
BESIDE_M = 2.6
MOVING_MPS = 3.0
EVENTS = ("hard braking ahead", "cut-in", "person comes into the way", "cycle comes into the way")


@dataclass
class Track:
    """One road user in the ego's frame of each tick: kind, x, y [T_all], NaN where absent, and its speed over ground."""

    kind: int
    x: np.ndarray
    y: np.ndarray
    heading: np.ndarray
    speed: np.ndarray


def tracks(ego, boxes):
    """ego [T, 6], boxes: a list of [n, 8], one a tick, both in the world frame (clips.EGO_COLUMNS, BOX_COLUMNS) -> Tracks"""
    total, out = len(ego), {}
    places = {}
    for t, here in enumerate(boxes):
        for row in here:
            who = int(row[0])
            if who not in places:
                places[who] = (int(row[1]), np.full((total, 3), np.nan))
            places[who][1][t] = row[2:5]
    for who, (kind, place) in places.items():
        dx, dy = place[:, 0] - ego[:, 0], place[:, 1] - ego[:, 1]
        cos, sin = np.cos(ego[:, 2]), np.sin(ego[:, 2])
        velocity = np.gradient(place[:, :2], clips.TICK_S, axis=0)
        out[who] = Track(kind, cos * dx + sin * dy, cos * dy - sin * dx, place[:, 2] - ego[:, 2], np.hypot(*velocity.T))
    return list(out.values())


def _first(happens):
    return int(np.argmax(happens)) if happens.any() else None


def events(ego, boxes, ticks):
    """What happens within the first `ticks` ticks, which have pictures. -> Counter of EVENTS; each road user counts once a kind of event."""
    out = Counter()
    moving = ego[:, 3] >= MOVING_MPS
    with np.errstate(invalid="ignore"):
        for track in tracks(ego, boxes):
            ahead = (track.x > AHEAD_M[0]) & (track.x < AHEAD_M[1]) & moving
            in_way = ahead & (np.abs(track.y) < LANE_M)
            beside = np.zeros(len(ego), bool)
            beside[BEFORE:] = np.abs(track.y[:-BEFORE]) > BESIDE_M
            comes = in_way & beside
            comes[ticks:] = False
            if track.kind == 0:
                along = np.abs(np.angle(np.exp(1j * track.heading))) < 0.5
                change = np.full(len(ego), np.nan)
                change[OVER:] = (track.speed[OVER:] - track.speed[:-OVER]) / (OVER * clips.TICK_S)
                braking = in_way & along & (change < -HARD_MPS2)
                braking[ticks:] = False
                out["hard braking ahead"] += _first(braking) is not None
                out["cut-in"] += _first(comes & along) is not None
            else:
                out["person comes into the way" if track.kind == 2 else "cycle comes into the way"] += _first(comes) is not None
    return out


def of_clip(clip):
    """-> {classes that come near}, whether a lorry or bus does, Counter of events"""
    boxes = [clip.boxes(t) for t in range(clip.T_all)]
    near = set()
    large = False
    for t in range(0, clip.T, 5):
        close = boxes[t][np.hypot(boxes[t][:, 2] - clip.ego[t, 0], boxes[t][:, 3] - clip.ego[t, 1]) < NEAR_M]
        near.update(clips.CLASSES[int(k)] for k in close[:, 1])
        large |= bool(((close[:, 1] == 0) & (close[:, 5] > 7.0)).any())
    return near, large, events(clip.ego, boxes, clip.T)


def count(paths, tell=lambda done: None):
    """-> rows of (what, figure as text)"""
    seconds = cameras = clips_with_large = 0
    weather, kinds, near, happened, having = Counter(), Counter(), Counter(), Counter(), Counter()
    names = set()
    for done, path in enumerate(paths, 1):
        clip = clips.Clip(path)
        seconds += clip.T * clips.TICK_S
        cameras += len(clip.cameras)
        weather[clip.weather] += 1
        kinds[towns.kind_of(int(clip.town[1:]))] += 1
        names.add(clip.town)
        seen, large, events_here = of_clip(clip)
        near.update(seen)
        clips_with_large += large
        happened.update(events_here)
        having.update(name for name, n in events_here.items() if n)
        tell(done)
    n = len(paths)
    share = lambda counter: ", ".join(f"{name} {100 * k / n:.0f} %" for name, k in counter.most_common())
    rows = [("clips", f"{n}, {seconds / 3600:.2f} h, {cameras / n:.1f} cameras each"), ("towns", f"{len(names)}; clips by kind: {share(kinds)}"), ("light and weather", share(weather)),
            (f"clips with somebody within {NEAR_M:g} m", f"{share(near)}, lorry or bus {100 * clips_with_large / n:.0f} %")]
    return rows + [(name, f"{happened[name]} times, in {100 * having[name] / n:.1f} % of the clips") for name in EVENTS]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", choices=list(towns.SPLITS), default="train")
    a = parser.parse_args()
    paths = clips.list_clips(a.data, a.split)
    if not paths:
        print(f"inventory: no clips in {a.data / a.split}; make them with Training/generate --out {a.data} --split {a.split}")
        return 2
    say = lambda done: print(f"inventory: {done} of {len(paths)} clips", file=sys.stderr, flush=True) if done % 500 == 0 or done == len(paths) else None
    try:
        rows = count(paths, say)
    except clips.Unreadable as problem:
        print(f"inventory: {problem}")
        return 2
    for what, figure in rows:
        print(f"| {what} | {figure} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
