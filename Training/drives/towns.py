"""Generated towns: a SUMO network a town, and what stands beside its streets. Everything follows from the town's number."""

import os
import subprocess
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from . import motorways

SPLITS = {"train": range(1, 23), "validation": range(23, 29), "test": range(29, 37), "last": range(37, 41)}  # town numbers; "last" is opened once
MOTORWAYS = {"train": range(41, 47), "validation": range(47, 49), "test": range(49, 51), "last": range(51, 53)}  # numbers of their own, so that no town changes
LIVELY = {"train": range(53, 65), "validation": range(0), "test": range(0), "last": range(0)}  # towns full of people and cyclists, and drivers who are worse
NUMBERS = {"town": SPLITS, "motorway": MOTORWAYS, "lively": LIVELY}  # of a kind, by split
CELL_M = 1.0  # of the masks of roads and buildings
SUMO_HOME = os.environ.setdefault("SUMO_HOME", "/usr/share/sumo")


def name_of(number):
    return f"t{number:02d}"


def kind_of(number):
    return next(kind for kind, splits in NUMBERS.items() if any(number in numbers for numbers in splits.values()))


def split_of(number):
    return next(split for split, numbers in NUMBERS[kind_of(number)].items() if number in numbers)


@dataclass(frozen=True)
class Reach:
    """How far is looked: in 4 s a car covers 60 m in a town and 150 m on a motorway."""

    collision_m: float  # others, for a collision of a candidate manoeuvre
    boxes_m: float  # road users that a clip holds
    drawn_m: float


_REACH = {"town": Reach(95.0, 115.0, 150.0), "motorway": Reach(190.0, 200.0, 320.0)}
_REACH["lively"] = _REACH["town"]


def reach_of(number):
    return _REACH[kind_of(number)]


@dataclass
class Lane:
    shape: np.ndarray  # [n, 2]
    width: float
    kind: str  # drive | cycle | walk
    edge: str
    index: int
    last: bool  # the innermost of its edge
    length: float


@dataclass
class Town:
    number: int
    net: Path
    lanes: list = field(default_factory=list)
    internal: list = field(default_factory=list)  # (shape, width) of paths across junctions
    junctions: list = field(default_factory=list)  # (polygon [n, 2], has traffic lights)
    dead_ends: list = field(default_factory=list)  # centres of turning places
    crossings: list = field(default_factory=list)  # (centre line, width)
    walking_areas: list = field(default_factory=list)
    buildings: list = field(default_factory=list)  # (x, y, yaw, length, width, height, style)
    trees: list = field(default_factory=list)  # (x, y, height, radius)
    posts: list = field(default_factory=list)  # (x, y, yaw, kind)
    origin: np.ndarray = None  # of the masks
    road_mask: np.ndarray = None  # uint8, 1: carriageway or pavement
    building_mask: np.ndarray = None
    motorway: motorways.Motorway = None  # None: a town

    @property
    def name(self):
        return name_of(self.number)

    def cells(self, xy):
        return np.clip(((np.asarray(xy) - self.origin) / CELL_M).astype(int), 0, np.array(self.road_mask.shape[::-1]) - 1)


def build(number, folder):
    """The town of that number; its network is written into `folder` unless it is there."""
    rng = np.random.default_rng([7001, number])
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    net = folder / f"{name_of(number)}.net.xml"
    is_motorway = kind_of(number) == "motorway"
    arguments = None if is_motorway else network_arguments(number, rng)
    if not net.exists():
        part = folder / f"{name_of(number)}.{os.getpid()}.part.net.xml"
        if is_motorway:
            motorways.network(number, part)
        else:
            subprocess.run(["netgenerate", *arguments, "--output-file", str(part)], check=True, capture_output=True, text=True)
        part.rename(net)
    town = Town(number, net)
    _read(town)
    if is_motorway:
        motorways.furnish(town)
    else:
        _furnish(town, rng)
    return town


def network_arguments(number, rng):
    kind = ("grid", "spider", "rand")[number % 3]
    lively = kind_of(number) == "lively"
    lights = bool(rng.random() < (0.7 if lively else 0.5))
    lanes = str(rng.choice([1, 2, 2] if lively else [1, 1, 2]))
    speed = f"{rng.uniform(10.0, 16.7):.1f}"
    common = ["--seed", str(number * 101), "--default.lanenumber", lanes, "--default.speed", speed, "--default.lanewidth", f"{rng.uniform(3.1, 3.6):.2f}",
              "--sidewalks.guess", "--sidewalks.guess.max-speed", "20", "--crossings.guess", "--default.sidewalk-width", f"{rng.uniform(3.8, 5.0):.1f}",
              "--junctions.internal-link-detail", "10", "--default.junctions.radius", f"{rng.uniform(4, 8):.1f}", "--no-turnarounds.except-deadend",
              "--default-junction-type", "traffic_light" if lights else str(rng.choice(["priority", "right_before_left"])), "--no-internal-links", "false"]
    if rng.random() < (0.6 if lively else 0.4):
        common += ["--bikelanes.guess", "--default.bikelane-width", "1.6"]
    if kind == "grid":
        shape = ["--grid", "--grid.x-number", str(rng.integers(3, 5)), "--grid.y-number", str(rng.integers(3, 5)), "--grid.x-length", f"{rng.uniform(90, 160):.0f}",
                 "--grid.y-length", f"{rng.uniform(90, 160):.0f}", "--grid.attach-length", "80", "--perturb-x", "12", "--perturb-y", "12"]
    elif kind == "spider":
        shape = ["--spider", "--spider.arm-number", str(rng.integers(5, 8)), "--spider.circle-number", "3", "--spider.space-radius", f"{rng.uniform(80, 110):.0f}"]
    else:
        shape = ["--rand", "--rand.iterations", str(rng.integers(30, 45)), "--rand.min-distance", "80", "--rand.max-distance", "180", "--rand.min-angle", "50",
                 "--rand.grid" if rng.random() < 0.5 else "--rand.random-lanenumber"]
    return shape + common


def _points(text):
    return np.array([[float(v) for v in p.split(",")[:2]] for p in text.split()])


def _read(town):
    root = ElementTree.parse(town.net).getroot()
    for edge in root.iter("edge"):
        function = edge.get("function", "normal")
        lanes = edge.findall("lane")
        for n, lane in enumerate(lanes):
            shape, width = _points(lane.get("shape")), float(lane.get("width", 3.2))
            if function == "crossing":
                town.crossings.append((shape, width))
            elif function == "walkingarea":
                town.walking_areas.append(shape)
            elif function == "internal":
                town.internal.append((shape, width))
            else:
                allow = lane.get("allow", "")
                kind = "walk" if allow == "pedestrian" else "cycle" if allow == "bicycle" else "drive"
                town.lanes.append(Lane(shape, width, kind, edge.get("id"), n, n == len(lanes) - 1, float(lane.get("length"))))
    for junction in root.iter("junction"):
        if junction.get("type") != "internal" and len(junction.get("shape", "").split()) >= 3:
            polygon = _points(junction.get("shape"))
            town.junctions.append((polygon, "traffic_light" in junction.get("type")))
            if junction.get("type") == "dead_end" or len(polygon) < 4:
                town.dead_ends.append(polygon.mean(axis=0))


def along(shape, step, start=0.0, end=0.0):
    """Points and headings every `step` metres of a line, `start` and `end` metres left out: ([n, 2], [n])."""
    parts = np.diff(shape, axis=0)
    lengths = np.hypot(parts[:, 0], parts[:, 1])
    total = lengths.sum()
    if total <= start + end:
        return np.zeros((0, 2)), np.zeros(0)
    s = np.arange(start, total - end, step)
    edge = np.concatenate([[0], np.cumsum(lengths)])
    k = np.clip(np.searchsorted(edge, s, side="right") - 1, 0, len(parts) - 1)
    f = (s - edge[k]) / np.maximum(lengths[k], 1e-6)
    return shape[k] + parts[k] * f[:, None], np.arctan2(parts[k, 1], parts[k, 0])


def _rectangle(x, y, yaw, length, width):
    c, s = np.cos(yaw), np.sin(yaw)
    corner = np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]]) * [length / 2, width / 2]
    return corner @ np.array([[c, s], [-s, c]]) + [x, y]


def _furnish(town, rng):
    everything = np.concatenate([lane.shape for lane in town.lanes] + [j for j, _ in town.junctions])
    town.origin = everything.min(axis=0) - 60
    size = np.ceil((everything.max(axis=0) + 60 - town.origin) / CELL_M).astype(int)
    town.road_mask = np.zeros(size[::-1], dtype=np.uint8)
    pixel = lambda p: np.round((np.asarray(p) - town.origin) / CELL_M).astype(np.int32)
    for lane in town.lanes:
        cv2.polylines(town.road_mask, [pixel(lane.shape)], False, 1, int(np.ceil(lane.width)) + 1)
    for polygon, _ in town.junctions:
        cv2.fillPoly(town.road_mask, [pixel(polygon)], 1)
    for polygon in town.walking_areas:
        cv2.fillPoly(town.road_mask, [pixel(polygon)], 1)
    town.building_mask = np.zeros_like(town.road_mask)
    taken = town.road_mask.copy()
    dense, tall, green = rng.uniform(0.35, 0.95), rng.uniform(4, 16), rng.uniform(0.15, 0.7)
    for lane in (l for l in town.lanes if l.index == 0 and l.kind == "walk"):
        side = lane.width / 2
        points, headings = along(lane.shape, 1.0)
        at = float(rng.uniform(0, 6))
        while at < len(points) - 4:
            length = float(rng.uniform(7, 22))
            k = min(int(at + length / 2), len(points) - 1)
            p, h = points[k], headings[k]
            normal = np.array([np.sin(h), -np.cos(h)])  # to the right of travel, away from the road
            if rng.random() < dense:
                depth, setback = float(rng.uniform(8, 15)), float(rng.choice([1.6, 2.2, 4.0, 7.0]))
                centre = p + normal * (side + setback + depth / 2)
                polygon = pixel(_rectangle(*centre, h, length + 1.5, depth + 1.5))
                test = np.zeros_like(taken)
                cv2.fillPoly(test, [polygon], 1)
                if not (test & taken).any():
                    height = float(np.clip(rng.gamma(4, tall / 4), 3.5, 40))
                    town.buildings.append((centre[0], centre[1], h, length, depth, height, int(rng.integers(0, 1 << 16))))
                    cv2.fillPoly(town.building_mask, [pixel(_rectangle(*centre, h, length, depth))], 1)
                    taken |= test
            elif rng.random() < green * 1.5:
                for _ in range(3):
                    q = p + normal * (side + rng.uniform(1.5, 12)) + np.array([np.cos(h), np.sin(h)]) * rng.uniform(-length / 2, length / 2)
                    c = town.cells(q)
                    if not taken[max(c[1] - 1, 0):c[1] + 2, max(c[0] - 1, 0):c[0] + 2].any():
                        town.trees.append((q[0], q[1], float(rng.uniform(4, 11)), float(rng.uniform(1.3, 3.2))))
            at += length + float(rng.choice([0.5, 1.5, 6.0, 14.0]))
        for p, h in zip(*along(lane.shape, float(rng.uniform(24, 38)), start=9, end=9)):
            normal = np.array([np.sin(h), -np.cos(h)])
            q = p + normal * (side - 0.4)
            if rng.random() < green * 0.6:
                town.trees.append((q[0], q[1], float(rng.uniform(4, 7)), float(rng.uniform(1.0, 1.7))))
            else:
                town.posts.append((q[0], q[1], h, "lamp"))
    for lane in (l for l in town.lanes if l.kind == "drive" and l.index <= 1):
        end, h = lane.shape[-1], np.arctan2(*(lane.shape[-1] - lane.shape[-2])[::-1])
        normal = np.array([np.sin(h), -np.cos(h)])
        q = end + normal * (lane.width / 2 + 0.6) - np.array([np.cos(h), np.sin(h)]) * 0.8
        near = [lights for polygon, lights in town.junctions if cv2.pointPolygonTest(polygon.astype(np.float32).reshape(-1, 1, 2), tuple(map(float, end)), True) > -2.5]
        if near:
            town.posts.append((q[0], q[1], h, "signal" if near[0] else "sign"))
