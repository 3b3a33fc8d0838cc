"""Traffic in a town: one SUMO run, then bodies that follow a rear axle, parked rows and people who step out.

SUMO's x, y is the front bumper's centre. A body follows it as a trailer does (tractrix), so nobody sweeps sideways.
"""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from . import motorways, towns
from .clips import TICK_S
from .labels import separation

sys.path.append(str(Path(towns.SUMO_HOME, "tools")))

WARM_UP_S, RUN_S = 30, 240
KINDS = ("hatch", "saloon", "suv", "van", "lorry", "bus", "bicycle", "person")
CLASS_OF = {"bicycle": 1, "person": 2}
DIMENSIONS = {"hatch": (4.0, 1.75, 1.47), "saloon": (4.6, 1.82, 1.45), "suv": (4.7, 1.9, 1.72), "van": (5.4, 2.0, 2.3),
              "lorry": (8.6, 2.45, 3.4), "bus": (11.5, 2.5, 3.1), "bicycle": (1.8, 0.65, 1.72), "person": (0.55, 0.6, 1.75)}
SHARES = {"hatch": 0.32, "saloon": 0.26, "suv": 0.18, "van": 0.08, "lorry": 0.06, "bus": 0.02, "bicycle": 0.08}
REAR_OVERHANG = 0.2  # of the length


@dataclass(frozen=True)
class Habits:
    """Who is about, and how they behave, by kind of town."""

    careless: tuple = (0.15, 0.4)  # share of the drivers, from and to
    bicycles: float = SHARES["bicycle"]
    walkers: tuple = (25, 90)
    together: tuple = (1,)  # how many walk side by side, one drawn
    waiting: tuple = (0, 0)  # groups that stand on the pavement
    steppers: tuple = (0, 0)  # who step out just before or just after a car comes, beside those anywhere
    pushing: float = 0.0  # share of the careless who drive on when it is red, and change lanes closely


HABITS = {"town": Habits(), "lively": Habits((0.2, 0.45), 0.3, (90, 190), (1, 1, 1, 2, 2, 3, 4), (25, 70), (25, 60), 0.5)}


@dataclass
class Run:
    """V road users over N ticks. pose: box centre x, y, yaw, NaN where absent. axle (cars): x, y, yaw, speed, yaw_rate, acceleration."""

    town: int
    seed: int
    kind: np.ndarray  # [V] index into KINDS
    size: np.ndarray  # [V, 3] length, width, height
    pose: np.ndarray  # [V, N, 3]
    axle: np.ndarray  # [V, N, 6]
    careless: np.ndarray  # [V] bool

    @property
    def classes(self):
        return np.array([CLASS_OF.get(KINDS[k], 0) for k in self.kind])

    def save(self, path):
        part = Path(path).with_suffix(".part")
        with open(part, "wb") as f:
            np.savez(f, town=self.town, seed=self.seed, kind=self.kind, size=self.size, pose=self.pose.astype(np.float64), axle=self.axle, careless=self.careless)
        part.rename(path)


def load(path):
    with np.load(path) as d:
        return Run(int(d["town"]), int(d["seed"]), d["kind"], d["size"], d["pose"], d["axle"], d["careless"])


def _demand(town, rng, path):
    """Writes vehicle types, trips and walks; returns {vehicle id: (kind, size, careless)}."""
    drive_edges = {}
    for lane in town.lanes:
        if lane.kind == "drive":
            drive_edges[lane.edge] = lane.length
    walk_edges = {l.edge: l.length for l in town.lanes if l.kind == "walk"}
    pavements = sorted(walk_edges)
    names = sorted(drive_edges)
    habits = HABITS[towns.kind_of(town.number)]
    shares = {**SHARES, "bicycle": habits.bicycles}
    careless_share = rng.uniform(*habits.careless)
    wanted = int(sum(drive_edges.values()) / rng.uniform(70, 170))
    # nearly everybody starts in the warm-up and drives a long way: few appear or vanish while cameras look
    departures = np.sort(np.concatenate([rng.uniform(0, WARM_UP_S * 0.7, wanted), rng.uniform(WARM_UP_S, WARM_UP_S + RUN_S, wanted // 4)]))
    users, lines = {}, []
    for n, at in enumerate(departures):
        kind = rng.choice(list(shares), p=np.array(list(shares.values())) / sum(shares.values()))
        size = np.array(DIMENSIONS[kind]) * rng.uniform([0.93, 0.97, 0.96], [1.07, 1.03, 1.06])
        careless = rng.random() < careless_share
        who = f"v{n}"
        users[who] = (KINDS.index(kind), size, careless)
        bicycle, large = kind == "bicycle", kind in ("lorry", "bus")
        fast = rng.normal(1.0, 0.1)
        manner = 'minGap="2.2" tau="1.1" sigma="0.4" decel="4.5"'
        if careless and not bicycle:
            if rng.random() < 0.55:
                fast *= rng.uniform(1.15, 1.5)
                manner = (f'minGap="1.2" tau="0.7" sigma="0.6" decel="4.5" jmIgnoreFoeProb="{rng.uniform(0.3, 0.9):.2f}" jmIgnoreJunctionFoeProb="{rng.uniform(0.3, 0.9):.2f}" '
                          f'jmIgnoreFoeSpeed="{rng.uniform(6, 14):.1f}" jmTimegapMinor="0.3" impatience="0.8"')
            else:
                fast *= rng.uniform(1.0, 1.3)
                manner = f'minGap="0.8" tau="0.4" sigma="0.8" actionStepLength="{rng.uniform(0.8, 1.8):.1f}" decel="{rng.uniform(2.2, 3.2):.1f}" emergencyDecel="{rng.uniform(3.2, 4.5):.1f}"'
            if habits.pushing and rng.random() < habits.pushing:
                manner += (f' jmDriveAfterRedTime="{rng.uniform(2, 30):.1f}" jmDriveRedSpeed="{rng.uniform(6, 14):.1f}" lcAssertive="{rng.uniform(2, 5):.1f}" '
                           f'lcSpeedGain="{rng.uniform(3, 8):.1f}" lcKeepRight="0.1"')
        accel, limit = (1.0, 6.0) if bicycle else (1.1, 25) if large else (rng.uniform(1.8, 2.8), 50)
        lines.append((at, f'<vType id="{who}" vClass="{"bicycle" if bicycle else "passenger"}" length="{size[0]:.2f}" width="{size[1]:.2f}" maxSpeed="{limit}" accel="{accel:.2f}" '
                          f'speedFactor="{max(fast, 0.6):.2f}" speedDev="0" {manner}/>\n<trip id="{who}" type="{who}" depart="{at:.1f}" from="{{}}" to="{{}}" via="{{}}" departLane="best" departSpeed="0" departPos="random_free"/>'))
    pick = lambda pool: pool[rng.integers(len(pool))]
    out = []
    for depart, text in lines:
        route = [pick(names) for _ in range(9)]
        out.append((depart, text.format(route[0], route[-1], " ".join(route[1:-1]))))
    for _ in range(int(rng.uniform(*habits.walkers))):
        a, b = pick(pavements), pick(pavements)
        size = lambda: np.array(DIMENSIONS["person"]) * rng.uniform([0.9, 0.85, 0.75], [1.1, 1.1, 1.1])
        first, depart, speed = size(), rng.uniform(0, RUN_S * 0.8), rng.uniform(0.9, 1.9)
        others = [size() for _ in range(rng.choice(habits.together) - 1)] if len(habits.together) > 1 else []
        at = f"{rng.uniform(0, walk_edges[a]):.1f}" if others else "random"
        for n, dimension in enumerate([first, *others]):
            who = f"p{sum(u[0] == 'p' for u in users)}"
            users[who] = (KINDS.index("person"), dimension, False)
            out.append((depart, f'<person id="{who}" depart="{depart + 0.1 * n:.1f}" departPos="{at}"><walk from="{a}" to="{b}" arrivalPos="random" speed="{speed:.2f}"/></person>'))
    out.sort(key=lambda x: x[0])
    path.write_text("<routes>\n" + "\n".join(text for _, text in out) + "\n</routes>\n")
    return users


def simulate(town, seed, folder, attempt=0):
    """One run of a town; deterministic in (town, seed, attempt)."""
    import libsumo
    from . import motorway_traffic  # which is written in terms of this module

    rng = np.random.default_rng([7002, town.number, seed])
    routes = Path(folder, f"{town.name}-{seed}.rou.xml")
    conduct = motorway_traffic.Conduct(town, rng) if town.motorway else None
    users = motorway_traffic.demand(town, rng, conduct, routes) if conduct else _demand(town, rng, routes)
    libsumo.start(["sumo", "-n", str(town.net), "-r", str(routes), "--step-length", str(TICK_S), "--seed", str(seed + 1000 * town.number + 77 * attempt), "--no-step-log", "--no-warnings",
                   "--lanechange.duration", "0" if conduct else "2.5", "--collision.action", "remove", "--collision.stoptime", "25", "--collision.check-junctions", "true",
                   "--collision.mingap-factor", "0", "--time-to-teleport", "40", "--ignore-route-errors", "true", "--default.emergencydecel", "decel", "--end", "100000"])
    ticks = int(RUN_S / TICK_S)
    tracks = {}
    try:
        for i in range(-int(WARM_UP_S / TICK_S), ticks):
            if conduct:
                conduct.step(libsumo, WARM_UP_S + i * TICK_S)
            libsumo.simulationStep()
            if i < 0:
                continue
            for who in libsumo.vehicle.getIDList():
                x, y = libsumo.vehicle.getPosition(who)
                if abs(x) < 1e6:
                    tracks.setdefault(who, []).append((i, x, y, libsumo.vehicle.getAngle(who)))
            for who in libsumo.person.getIDList():
                x, y = libsumo.person.getPosition(who)
                if abs(x) < 1e6:
                    tracks.setdefault(who, []).append((i, x, y, libsumo.person.getAngle(who)))
    finally:
        libsumo.close()
        routes.unlink()
    if conduct:
        across = motorways.Across(town.motorway)
        tracks = {who: np.array(track) for who, track in sorted(tracks.items())}
        tracks = {who: motorway_traffic.with_gradual_lane_changes(track, across(track[:, 1:3]), rng) for who, track in tracks.items()}
    run = _bodies(town, seed, tracks, users, ticks)
    if conduct:
        return _add(run, *motorway_traffic.broken_down(town, run, rng))
    run = _add(run, *_parked(town, run, rng), *_steppers(town, run, rng))
    habits = HABITS[towns.kind_of(town.number)]
    return _add(run, *_waiting(town, run, rng, int(rng.uniform(*habits.waiting))), *_before_cars(town, run, rng, int(rng.uniform(*habits.steppers)))) if habits.waiting[1] else run


def _bodies(town, seed, tracks, users, ticks):
    kind, size, pose, axle, careless = [], [], [], [], []
    for who in sorted(tracks, key=lambda w: (w[0], int(w[1:]))):
        k, dimension, reckless = users[who]
        track = np.array(tracks[who])
        cuts = np.nonzero((np.diff(track[:, 0]) > 1) | (np.hypot(*np.diff(track[:, 1:3], axis=0).T) > 5.0))[0] + 1  # teleports begin a new body
        for piece in np.split(track, cuts):
            if len(piece) < 15:
                continue
            at = piece[:, 0].astype(int)
            p, a = np.full((ticks, 3), np.nan), np.full((ticks, 6), np.nan)
            yaw = np.radians(90.0 - piece[:, 3])
            if KINDS[k] == "person":
                p[at, :2] = _smooth(piece[:, 1:3], 5)
                p[at, 2] = _smooth_angle(yaw, 9)
            else:
                p[at], a[at] = _tractrix(piece[:, 1:3], yaw[0], dimension[0])
            kind.append(k), size.append(dimension), pose.append(p), axle.append(a), careless.append(reckless)
    return Run(town.number, seed, np.array(kind), np.array(size), np.array(pose), np.array(axle), np.array(careless))


def _smooth(values, width):
    padded = np.pad(values, ((width // 2, width // 2), (0, 0)), mode="edge")
    kernel = np.ones(width) / width
    return np.stack([np.convolve(padded[:, i], kernel, mode="valid") for i in range(values.shape[1])], axis=1)


def _smooth_angle(yaw, width):
    unit = _smooth(np.stack([np.cos(yaw), np.sin(yaw)], axis=1), width)
    return np.arctan2(unit[:, 1], unit[:, 0])


def _tractrix(front, first_yaw, length):
    """Front-bumper track [n, 2] -> box poses [n, 3], rear-axle states [n, 6]."""
    reach = length * (1 - REAR_OVERHANG)
    rear = np.empty_like(front)
    rear[0] = front[0] - reach * np.array([np.cos(first_yaw), np.sin(first_yaw)])
    for i in range(1, len(front)):
        d = front[i] - rear[i - 1]
        rear[i] = front[i] - d * (reach / np.hypot(*d)) if np.hypot(*d) > 1e-3 else rear[i - 1]
    d = front - rear
    yaw = np.unwrap(np.arctan2(d[:, 1], d[:, 0]))
    heading = np.stack([np.cos(yaw), np.sin(yaw)], axis=1)
    velocity = np.gradient(rear, TICK_S, axis=0)
    speed = np.maximum((velocity * heading).sum(axis=1), 0.0)
    rate = np.gradient(yaw, TICK_S)
    acceleration = np.gradient(_smooth(speed[:, None], 3)[:, 0], TICK_S)
    centre = rear + heading * (length * (0.5 - REAR_OVERHANG))
    return np.column_stack([centre, yaw]), np.column_stack([rear, yaw, speed, _smooth(rate[:, None], 3)[:, 0], acceleration])


def _add(run, *more):
    for kind, size, pose in zip(more[0::3], more[1::3], more[2::3]):
        if len(kind):
            run.kind, run.size = np.concatenate([run.kind, kind]), np.concatenate([run.size, size])
            run.pose = np.concatenate([run.pose, pose])
            run.axle = np.concatenate([run.axle, np.full((len(kind), run.pose.shape[1], 6), np.nan)])
            run.careless = np.concatenate([run.careless, np.zeros(len(kind), bool)])
    return run


def clear_of(run, x, y, yaw, length, width, margin, sampled=3):
    """Whether a box (scalars, or [N] over the ticks) keeps `margin` from everybody at all ticks."""
    pose = run.pose[:, ::sampled]
    pick = lambda v: v[::sampled][None] if np.ndim(v) else v
    px, py = pick(x), pick(y)
    with np.errstate(invalid="ignore"):
        near = (np.abs(pose[..., 0] - px) < 14) & (np.abs(pose[..., 1] - py) < 14)
    v, n = np.nonzero(near)
    if len(v) == 0:
        return True
    at = lambda value: value[0, n] if np.ndim(value) == 2 else value
    gap = separation(at(px), at(py), at(pick(yaw)), length, width, pose[v, n, 0], pose[v, n, 1], pose[v, n, 2], run.size[v, 0], run.size[v, 1])
    return bool(gap.min() > margin)


def _parked(town, run, rng):
    """Rows of parked cars on the kerb side of the pavement strip, clear of every moving body."""
    kinds, sizes, poses = [], [], []
    ticks = run.pose.shape[1]
    share = rng.uniform(0.0, 0.8)
    outer = [l for l in town.lanes if l.kind == "walk"]
    moving = {}
    with np.errstate(invalid="ignore"):
        flat = run.pose[:, ::3].reshape(-1, 3)
    owner = np.repeat(np.arange(len(run.kind)), run.pose[:, ::3].shape[1])
    keep = np.isfinite(flat[:, 0])
    flat, owner = flat[keep], owner[keep]
    for key, i in zip(map(tuple, (flat[:, :2] // 16).astype(int)), range(len(flat))):
        moving.setdefault(key, []).append(i)
    for lane in outer:
        if rng.random() > share:
            continue
        at = 14.0
        points, headings = towns.along(lane.shape, 0.5)
        while at < lane.length - 16:
            kind = rng.choice(["hatch", "saloon", "suv", "van"], p=[0.4, 0.3, 0.2, 0.1])
            size = np.array(DIMENSIONS[kind]) * rng.uniform([0.93, 0.97, 0.96], [1.07, 1.03, 1.06])
            k = int((at + size[0] / 2) / 0.5)
            if k >= len(points):
                break
            h = headings[k]
            left = np.array([-np.sin(h), np.cos(h)])
            x, y = points[k] + left * (lane.width / 2 - size[1] / 2 - rng.uniform(0.15, 0.4))
            yaw = h + rng.normal(0, 0.02) + (np.pi if rng.random() < 0.1 else 0)
            if rng.random() < 0.75:
                cx, cy = int(x // 16), int(y // 16)
                close = np.array(sum((moving.get((cx + i, cy + j), []) for i in (-1, 0, 1) for j in (-1, 0, 1)), []), dtype=int)
                gap = separation(x, y, yaw, size[0], size[1], flat[close, 0], flat[close, 1], flat[close, 2], run.size[owner[close], 0], run.size[owner[close], 1]) if len(close) else np.array([9.0])
                if gap.min() > 0.3:
                    kinds.append(KINDS.index(kind)), sizes.append(size), poses.append(np.broadcast_to([x, y, yaw], (ticks, 3)))
            at += size[0] + rng.uniform(0.7, 2.5)
    return np.array(kinds, dtype=int), np.array(sizes).reshape(-1, 3), np.array(poses).reshape(-1, ticks, 3)


def _steppers(town, run, rng):
    """People who leave the pavement between crossings: over the road, or a few steps out and back. Nobody recorded hits them,
    so only those are kept whose whole walk stays clear of the recorded bodies."""
    kinds, sizes, poses = [], [], []
    ticks = run.pose.shape[1]
    seconds = np.arange(ticks) * TICK_S
    lanes = [l for l in town.lanes if l.kind == "walk" and l.length > 40]
    wanted, tries = int(rng.uniform(6, 22)), 0
    while len(kinds) < wanted and tries < 150 and lanes:
        tries += 1
        lane = lanes[rng.integers(len(lanes))]
        points, headings = towns.along(lane.shape, 0.5, start=15, end=15)
        if len(points) == 0:
            continue
        k = rng.integers(len(points))
        h, start = headings[k], points[k]
        left = np.array([-np.sin(h), np.cos(h)])
        speed, begin = rng.uniform(1.0, 2.6), rng.uniform(10, RUN_S - 20)
        reach = rng.uniform(11, 15) if rng.random() < 0.5 else lane.width / 2 + rng.uniform(0.4, 2.2)
        out = np.clip((seconds - begin) * speed, 0, reach)
        if reach < 11:
            out = np.minimum(out, np.clip(reach - (seconds - begin - reach / speed - 0.8) * speed, 0, reach))
        xy = start + left * out[:, None]
        size = np.array(DIMENSIONS["person"]) * rng.uniform([0.9, 0.85, 0.75], [1.1, 1.1, 1.1])
        pose = np.column_stack([xy, np.full(ticks, h + np.pi / 2)])
        pose[(seconds < begin - 12) | (seconds > begin + reach / speed + 15)] = np.nan
        if clear_of(run, pose[:, 0], pose[:, 1], pose[:, 2], size[0], size[1], 0.25, sampled=1):
            kinds.append(KINDS.index("person")), sizes.append(size), poses.append(pose)
    return np.array(kinds, dtype=int), np.array(sizes).reshape(-1, 3), np.array(poses).reshape(-1, ticks, 3)


def _waiting(town, run, rng, groups):
    """People who stand on the pavement, alone or together, clear of everybody."""
    kinds, sizes, poses = [], [], []
    ticks = run.pose.shape[1]
    lanes = [l for l in town.lanes if l.kind == "walk" and l.length > 20]
    for _ in range(groups if lanes else 0):
        lane = lanes[rng.integers(len(lanes))]
        points, headings = towns.along(lane.shape, 0.5, start=2, end=2)
        k = rng.integers(len(points))
        left = np.array([-np.sin(headings[k]), np.cos(headings[k])])
        middle = points[k] + left * rng.uniform(-0.4, 0.42) * lane.width
        for _ in range(rng.integers(1, 5)):
            xy, size = middle + rng.normal(0, 0.6, 2), np.array(DIMENSIONS["person"]) * rng.uniform([0.9, 0.85, 0.75], [1.1, 1.1, 1.1])
            yaw = rng.uniform(-np.pi, np.pi)
            apart = all(np.hypot(*(p[0, :2] - xy)) > 0.6 for p in poses)
            if apart and clear_of(run, *xy, yaw, size[0], size[1], 0.2):
                kinds.append(KINDS.index("person")), sizes.append(size), poses.append(np.broadcast_to([*xy, yaw], (ticks, 3)))
    return np.array(kinds, dtype=int), np.array(sizes).reshape(-1, 3), np.array(poses).reshape(-1, ticks, 3)


def _before_cars(town, run, rng, wanted):
    """People who step off the pavement where a recorded car is about to come: to its very side and back, or across, shortly before or after it.
    As with the others who step out, nobody recorded hits them."""
    kinds, sizes, poses = [], [], []
    ticks = run.pose.shape[1]
    seconds = np.arange(ticks) * TICK_S
    edges = [towns.along(l.shape, 0.5, start=4, end=4) + (l.width,) for l in town.lanes if l.kind == "walk" and l.length > 12]
    points, headings, widths = (np.concatenate(c) for c in zip(*((p, h, np.full(len(h), w)) for p, h, w in edges)))
    cars = np.nonzero(np.isfinite(run.axle[:, :, 3]).sum(axis=1) > 100)[0]
    tries = 0
    while len(kinds) < wanted and tries < 12 * wanted:
        tries += 1
        v, tick = cars[rng.integers(len(cars))], rng.integers(150, ticks - 200)
        if not run.axle[v, tick, 3] > 3.0:
            continue
        front = run.pose[v, tick, :2]
        near = np.nonzero((np.abs(points - front) < 9).all(axis=1))[0]
        if len(near) == 0:
            continue
        k = near[rng.integers(len(near))]
        h, speed = headings[k], rng.uniform(1.1, 3.0)
        left = np.array([-np.sin(h), np.cos(h)])
        start = points[k] + left * rng.uniform(-0.3, 0.45) * widths[k]
        way = float((front - start) @ left)  # to the car's middle
        if abs(float((front - start) @ [np.cos(h), np.sin(h)])) > 2.0 or way < 1.8:
            continue
        if rng.random() < 0.5:
            reach, back = way - run.size[v, 1] / 2 - rng.uniform(0.55, 1.6), True
            begin = seconds[tick] - reach / max(speed, 0.1) - rng.uniform(0.0, 1.2)
        else:
            reach, back = rng.uniform(11, 15), False
            begin = seconds[tick] - way / speed + rng.choice([-1, 1]) * rng.uniform(0.7, 2.5)
        if reach < 0.4:
            continue
        out = np.clip((seconds - begin) * speed, 0, reach)
        if back:
            out = np.minimum(out, np.clip(reach - (seconds - begin - reach / speed - 1.2) * speed, 0, reach))
        size = np.array(DIMENSIONS["person"]) * rng.uniform([0.9, 0.85, 0.75], [1.1, 1.1, 1.1])
        pose = np.column_stack([start + left * out[:, None], np.full(ticks, h + np.pi / 2)])
        here = (seconds > begin - 10) & (seconds < begin + reach / speed + 12)
        part = replace(run, pose=run.pose[:, here])
        if clear_of(part, *pose[here].T, size[0], size[1], 0.25, sampled=1):
            pose[~here] = np.nan
            kinds.append(KINDS.index("person")), sizes.append(size), poses.append(pose)
    return np.array(kinds, dtype=int), np.array(sizes).reshape(-1, 3), np.array(poses).reshape(-1, ticks, 3)
