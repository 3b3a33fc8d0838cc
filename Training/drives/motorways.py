"""Generated motorways: a closed loop of two carriageways with ramps, its network, and what stands beside it. Everything follows from the number."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

import cv2
import numpy as np
from scipy.spatial import cKDTree

MASK_M = 1.0  # a cell of the masks, towns.CELL_M
STEP_M = 2.5  # of the loop's points: finer than what a car covers in a tick, so that yaw rates are even
LEAST_RADIUS_M = 400.0
LEAVING_M, JOINING_M, BETWEEN_M = 220.0, 260.0, 420.0  # lane before the off-ramp, lane after the on-ramp, and from one to the other
RAMP_M, RAMP_RADIUS_M = 170.0, 220.0


class Carriageway:
    """One direction of the loop. s: metres along it from its start; d: metres to the right of the loop's middle."""

    def __init__(self, middle):
        ahead = np.roll(middle, -1, axis=0) - np.roll(middle, 1, axis=0)
        ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
        lengths = np.linalg.norm(np.roll(middle, -1, axis=0) - middle, axis=1)
        self.length = float(lengths.sum())
        self._s = np.concatenate([[0], np.cumsum(lengths)])
        self._columns = np.column_stack([np.vstack([middle, middle[:1]]), np.vstack([ahead, ahead[:1]])])
        self.leaving = self.joining = None  # (s0, s1) of the lanes beside the ramps
        self.nodes = []  # s of the network's nodes

    def _of(self, s):
        s = np.asarray(s, dtype=float) % self.length
        k = np.clip(np.searchsorted(self._s, s, side="right") - 1, 0, len(self._s) - 2)
        f = ((s - self._s[k]) / (self._s[k + 1] - self._s[k]))[..., None]
        return self._columns[k] * (1 - f) + self._columns[k + 1] * f

    def at(self, s, d):
        v = self._of(s)
        return v[..., :2] + np.stack([v[..., 3], -v[..., 2]], axis=-1) * np.asarray(d, dtype=float)[..., None]

    def heading(self, s):
        v = self._of(s)
        return np.arctan2(v[..., 3], v[..., 2])

    def beside_ramp(self, s):
        """Whether there is an extra lane on the right at s."""
        return any(low <= s % self.length <= high for low, high in (self.leaving, self.joining))


@dataclass
class Motorway:
    carriageways: tuple
    lanes: int
    lane_width: float
    inner: float  # from the loop's middle to the first lane's left edge
    shoulder: float
    speed: float
    looks: np.random.Generator  # for the mesh; a stream of its own

    @property
    def outer(self):
        """From the loop's middle to the last lane's right edge."""
        return self.inner + self.lanes * self.lane_width

    def edge(self, way, s):
        """d of the right edge of the asphalt at s."""
        return self.outer + (self.lane_width + 1.2 if way.beside_ramp(s) else self.shoulder)


class Across:
    """Unit vectors across the loop at the places nearest to points."""

    def __init__(self, motorway):
        way = motorway.carriageways[0]
        self._s = np.arange(0, way.length, STEP_M)
        self._way, self._tree = way, cKDTree(way.at(self._s, 0.0))

    def __call__(self, points):
        h = self._way.heading(self._s[self._tree.query(points)[1]])
        return np.column_stack([np.sin(h), -np.cos(h)])


def of(number):
    """The motorway of that number, without its network."""
    rng = np.random.default_rng([7011, number])
    middle = _loop(rng)
    lanes = int((3, 2, 3, 4)[number % 4])
    width, inner = float(rng.uniform(3.5, 3.75)), float(rng.choice([1.6, 2.2, 4.0, 6.5]))
    ways = (Carriageway(middle), Carriageway(middle[::-1]))
    for way in ways:
        a = float(rng.uniform(0.1, 0.6)) * way.length
        b = a + LEAVING_M + BETWEEN_M
        way.leaving, way.joining = (a, a + LEAVING_M), (b, b + JOINING_M)
        rest = np.arange(b + JOINING_M + 350, a + way.length - 350, 600)
        way.nodes = [*way.leaving, *way.joining, *rest.tolist()]
    return Motorway(ways, lanes, width, inner, float(rng.uniform(2.4, 3.2)), float(rng.uniform(25.0, 36.0)), np.random.default_rng([7012, number]))


def _loop(rng):
    """A closed line of straights and bends, a point every STEP_M."""
    while True:
        corners = int(rng.integers(4, 7))
        angle = np.linspace(0, 2 * np.pi, corners, endpoint=False) + rng.uniform(-0.3, 0.3, corners)
        corner = rng.uniform(850, 1300, (corners, 1)) * np.column_stack([np.cos(angle), np.sin(angle)])
        line, fits = [], True
        for before, at, after in zip(np.roll(corner, 1, axis=0), corner, np.roll(corner, -1, axis=0)):
            a, b = before - at, after - at
            la, lb = np.linalg.norm(a), np.linalg.norm(b)
            turn = np.pi - np.arccos(np.clip(a @ b / (la * lb), -1, 1))
            radius = min(450 * np.exp(rng.uniform(0, 1.4)), 0.47 * min(la, lb) / np.tan(turn / 2))
            fits &= radius > LEAST_RADIUS_M + 30
            reach = radius * np.tan(turn / 2)
            p, q = at + a / la * reach, at + b / lb * reach
            centre = at + (a / la + b / lb) / np.linalg.norm(a / la + b / lb) * np.hypot(radius, reach)
            begin, end = np.arctan2(*(p - centre)[::-1]), np.arctan2(*(q - centre)[::-1])
            arc = begin + np.linspace(0, (end - begin + np.pi) % (2 * np.pi) - np.pi, max(int(radius * turn / 5), 3))
            line.append(centre + radius * np.column_stack([np.cos(arc), np.sin(arc)]))
        if fits:
            break
    line = np.concatenate(line)
    s = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(np.vstack([line, line[:1]]), axis=0), axis=1))])
    even = np.arange(0, s[-1], STEP_M)
    line = np.column_stack([np.interp(even, s[:-1], line[:, k], period=s[-1]) for k in (0, 1)])
    # bends begin and end gently: a blur along the loop stands for clothoids
    reach = np.arange(-48, 49)
    kernel = np.exp(-0.5 * (reach * STEP_M / 38.0) ** 2)
    padded = np.vstack([line[-48:], line, line[:48]])
    return np.column_stack([np.convolve(padded[:, k], kernel / kernel.sum(), mode="valid") for k in (0, 1)])


def ramps(motorway, way):
    """Left edge lines of the off-ramp and the on-ramp, both in the direction of travel."""
    u = np.arange(0, RAMP_M, STEP_M)
    aside = motorway.outer + u * u / (2 * RAMP_RADIUS_M)
    return way.at(way.leaving[1] + u, aside), way.at(way.joining[0] - u, aside)[::-1]


def edges_of(motorway):
    """Names of the main edges of each carriageway, in order of travel; the first begins at the off-ramp's lane."""
    return [[f"{'ab'[k]}{i}" for i in range(len(way.nodes))] for k, way in enumerate(motorway.carriageways)]


def network(number, path):
    """Writes SUMO's network of that motorway."""
    motorway = of(number)
    text = lambda line: " ".join(f"{x:.4f},{y:.4f}" for x, y in line)
    nodes, edges, links = [], [], []
    node = lambda name, xy: nodes.append(f'<node id="{name}" x="{xy[0]:.4f}" y="{xy[1]:.4f}" type="priority" radius="1"/>')
    for k, way in enumerate(motorway.carriageways):
        side, count = "ab"[k], len(way.nodes)
        ends = way.nodes[1:] + [way.nodes[0] + way.length]
        lanes = [motorway.lanes + (way.beside_ramp((s0 + s1) / 2)) for s0, s1 in zip(way.nodes, ends)]
        for i, (s0, s1) in enumerate(zip(way.nodes, ends)):
            node(f"{side}n{i}", way.at(s0, motorway.inner))
            line = way.at(np.linspace(s0, s1, int((s1 - s0) / STEP_M) + 1), motorway.inner)
            edges.append(f'<edge id="{side}{i}" from="{side}n{i}" to="{side}n{(i + 1) % count}" priority="9" numLanes="{lanes[i]}" speed="{motorway.speed:.2f}" '
                         f'width="{motorway.lane_width:.3f}" shape={quoteattr(text(line))}/>')
            j = (i + 1) % count
            link = lambda a, la, b, lb: links.append(f'<connection from="{a}" to="{b}" fromLane="{la}" toLane="{lb}"/>')
            for n in range(motorway.lanes):
                link(f"{side}{i}", n + lanes[i] - motorway.lanes, f"{side}{j}", n + lanes[j] - motorway.lanes)
        off, on = ramps(motorway, way)
        node(f"{side}off", off[-1]), node(f"{side}on", on[0])
        for name, a, b, line in ((f"{side}off", f"{side}n1", f"{side}off", off), (f"{side}on", f"{side}on", f"{side}n2", on)):
            edges.append(f'<edge id="{name}" from="{a}" to="{b}" priority="5" numLanes="1" speed="{min(motorway.speed, 24.0):.2f}" width="{motorway.lane_width:.3f}" shape={quoteattr(text(line))}/>')
        link(f"{side}0", 0, f"{side}off", 0), link(f"{side}on", 0, f"{side}2", 0)
    parts = {}
    for kind, root, lines in (("nod", "nodes", nodes), ("edg", "edges", edges), ("con", "connections", links)):
        parts[kind] = Path(path).with_suffix(f".{kind}.xml")
        parts[kind].write_text(f"<{root}>\n" + "\n".join(lines) + f"\n</{root}>\n")
    try:
        subprocess.run(["netconvert", "-n", str(parts["nod"]), "-e", str(parts["edg"]), "-x", str(parts["con"]), "-o", str(path), "--precision", "4", "--no-turnarounds",
                        "--junctions.internal-link-detail", "10", "--offset.disable-normalization", "--geometry.avoid-overlap", "false", "--junctions.corner-detail", "0"],
                       check=True, capture_output=True, text=True)
    finally:
        for part in parts.values():
            part.unlink()


def furnish(town):
    """Sets what stands beside the road: trees, posts, buildings, and the masks."""
    motorway = town.motorway = of(town.number)
    rng = np.random.default_rng([7013, town.number])
    everything = np.concatenate([lane.shape for lane in town.lanes])
    town.origin = everything.min(axis=0) - 150
    size = np.ceil((everything.max(axis=0) + 150 - town.origin) / MASK_M).astype(int)
    town.road_mask = np.zeros(size[::-1], dtype=np.uint8)
    pixel = lambda p: np.round((np.asarray(p) - town.origin) / MASK_M).astype(np.int32)
    for lane in town.lanes:
        cv2.polylines(town.road_mask, [pixel(lane.shape)], False, 1, int(np.ceil(lane.width)) + 3)
    town.building_mask = np.zeros_like(town.road_mask)
    free = lambda p, r: not town.road_mask[tuple(slice(max(c - r, 0), c + r + 1) for c in town.cells(p)[::-1])].any()
    wooded, open_land = rng.uniform(0.1, 0.8), rng.uniform(0.0, 0.5)
    for way in motorway.carriageways:
        s = 0.0
        while s < way.length - 30:  # stretches of one kind of land
            length = float(rng.uniform(60, 320))
            kind = "open" if rng.random() < open_land else "wood" if rng.random() < wooded else "bushes"
            near, far = float(rng.uniform(7, 18)), float(rng.uniform(22, 60))
            count = int(length / {"open": 45, "wood": 2.6, "bushes": 5.5}[kind])
            for at, d in zip(s + rng.uniform(0, length, count), motorway.outer + motorway.shoulder + near + (far - near) * rng.random(count) ** 1.5):
                p = way.at(at, d)
                tall = rng.uniform(5, 15) if kind != "bushes" else rng.uniform(1.5, 5)
                if free(p, 7):
                    town.trees.append((p[0], p[1], float(tall), float(np.clip(tall * rng.uniform(0.22, 0.4), 0.9, 4.5))))
            if rng.random() < 0.25:  # a farm or a warehouse
                at, d = s + length / 2, motorway.outer + rng.uniform(45, 95)
                p, h = way.at(at, d), float(way.heading(at) + rng.normal(0, 0.3))
                if free(p, 30):
                    town.buildings.append((p[0], p[1], h, float(rng.uniform(12, 45)), float(rng.uniform(9, 22)), float(rng.uniform(4.5, 11)), int(rng.integers(0, 1 << 16))))
            s += length
