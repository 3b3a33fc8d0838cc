"""Triangles of a motorway: asphalt with its markings and its wear, barriers, verges, bridges, gantries and what stands further out."""

import numpy as np

from . import motorways
from .meshes import ASPHALT, DARK, FOLIAGE, GREY, MARKING, PAVEMENT, PLAIN, ROOF, Mesh, building, fill, local, tree

WHITE, STEEL, CONCRETE = np.array([0.78, 0.78, 0.76]), np.array([0.5, 0.51, 0.52]), np.array([0.55, 0.54, 0.51])
PIECE_M = 5.0  # of everything that follows the road


def motorway_mesh(town):
    road, rng = town.motorway, np.random.default_rng([7012, town.number])
    m = Mesh()
    asphalt = np.array([1, 1, 1.03]) * rng.uniform(0.17, 0.34)
    slabs = rng.random() < 0.3  # concrete road
    if slabs:
        asphalt = np.array([1.03, 1.0, 0.95]) * rng.uniform(0.32, 0.46)
    dash, period = ((3.0, 12.0), (6.0, 18.0), (3.0, 9.0), (4.5, 12.0))[rng.integers(4)]
    middle = str(rng.choice(["rail", "concrete", "both"])) if road.inner > 3 else str(rng.choice(["concrete", "concrete", "rail"]))
    side = str(rng.choice(["rail", "rail", "concrete", "some"]))
    lit = rng.random() < 0.35
    grass = np.array([0.17, 0.24, 0.09]) * rng.uniform(0.75, 1.3) + rng.uniform(0, 0.06) * np.array([1, 0.5, 0])
    for way in road.carriageways:
        _surface(m, road, way, rng, asphalt, slabs, dash, period)
        _beside(m, road, way, rng, side, grass)
    _ramps(m, town, asphalt)
    _reservation(m, road, rng, middle, grass, lit)
    _across(m, town, rng)
    for b in town.buildings:
        building(m, *b)
    for t in town.trees:
        tree(m, *t, rng)
    return m.array()


def _ribbon(m, way, s0, s1, d0, d1, z, colour, material, piece=PIECE_M):
    """Flat, from d0 to d1 (each a number, or a function of s); z likewise at either side when a pair."""
    s = np.linspace(s0, s1, max(int(np.ceil((s1 - s0) / piece)), 1) + 1)
    of = lambda d: np.array([d(x) for x in s]) if callable(d) else np.full(len(s), d)
    z0, z1 = z if isinstance(z, tuple) else (z, z)
    left, right = np.column_stack([way.at(s, of(d0)), of(z0)]), np.column_stack([way.at(s, of(d1)), of(z1)])
    a, b, c, d = right[:-1], right[1:], left[1:], left[:-1]
    m.triangles(np.stack([a, b, c, a, c, d], axis=1).reshape(-1, 3), colour, material)


def _upright(m, way, s0, s1, d, z0, z1, colour, material, towards, lean=0.0, piece=PIECE_M):
    """A strip that stands; seen from the left (towards -1) or the right (+1)."""
    low, high = (d, d + lean) if towards < 0 else (d + lean, d)
    za, zb = (z0, z1) if towards < 0 else (z1, z0)
    _ribbon(m, way, s0, s1, low, high, (za, zb), colour, material, piece)


def _surface(m, road, way, rng, asphalt, slabs, dash, period):
    length, w = way.length, road.lane_width
    edge = lambda s: road.edge(way, s)
    _ribbon(m, way, 0, length, road.inner - min(0.9, road.inner - 0.35), edge, 0.0, asphalt, ASPHALT)
    for lane in range(road.lanes):  # what wheels and oil leave
        centre = road.inner + (lane + 0.5) * w
        track, oil = rng.uniform(0.72, 0.97), rng.uniform(0.7, 0.95)
        for at, half, shade in ((centre - 0.85, 0.28, track), (centre + 0.85, 0.28, track), (centre, 0.25, oil)):
            _ribbon(m, way, 0, length, at - half, at + half, 0.006, asphalt * shade, ASPHALT)
    s = 0.0
    while s < length - 90:  # mended places, of one lane or all
        s += float(rng.exponential(70)) + 5
        size, lane = float(rng.choice([rng.uniform(2, 8), rng.uniform(15, 80)])), int(rng.integers(road.lanes))
        left, right = (road.inner, road.outer) if rng.random() < 0.3 else (road.inner + lane * w + rng.uniform(0, 1.2), road.inner + (lane + 1) * w)
        _ribbon(m, way, s, min(s + size, length), left, right, 0.011, asphalt * rng.choice([rng.uniform(0.6, 0.85), rng.uniform(1.1, 1.35)]), ASPHALT)
    for _ in range(int(length / 28)):  # cracks across, and skid marks along
        s, lane = rng.uniform(0, length - 40), int(rng.integers(road.lanes))
        left = road.inner + lane * w
        if rng.random() < 0.75:
            _ribbon(m, way, s, s + rng.uniform(0.08, 0.3), left + rng.uniform(0, 1.5), left + w * rng.uniform(0.6, 1), 0.016, asphalt * 0.5, MARKING)
        else:
            at = left + rng.uniform(0.8, 2.6)
            _ribbon(m, way, s, s + rng.uniform(6, 35), at, at + rng.uniform(0.15, 0.25), 0.016, asphalt * 0.55, MARKING)
    joints = float(rng.uniform(5, 7)) if slabs else float(rng.uniform(80, 300))
    for s in np.arange(0, length - 1, joints):
        _ribbon(m, way, s, s + (0.09 if slabs else 0.25), road.inner - 0.4, road.outer + 1.5, 0.016, asphalt * 0.55, MARKING)
    for lane in range(1, road.lanes):
        d = road.inner + lane * w
        if rng.random() < 0.6:  # the joint between two lanes
            _ribbon(m, way, 0, length, d + 0.12, d + 0.2, 0.016, asphalt * 0.6, MARKING)
        for s in np.arange(0, length - dash, period):
            _ribbon(m, way, s, s + dash, d - 0.075, d + 0.075, 0.022, WHITE, MARKING)
    yellow = rng.random() < 0.35
    _ribbon(m, way, 0, length, road.inner - 0.16, road.inner + 0.04, 0.022, (0.72, 0.55, 0.14) if yellow else WHITE, MARKING)
    s = 0.0
    for a, b in (way.leaving, way.joining):
        _ribbon(m, way, s, a, road.outer - 0.05, road.outer + 0.15, 0.022, WHITE, MARKING)
        for at in np.arange(a, b, 6.0):  # short broad dashes beside the extra lane
            _ribbon(m, way, at, at + 3.0, road.outer - 0.1, road.outer + 0.15, 0.022, WHITE, MARKING)
        _ribbon(m, way, a, b, road.outer + w - 0.05, road.outer + w + 0.15, 0.022, WHITE, MARKING)
        s = b
    _ribbon(m, way, s, length, road.outer - 0.05, road.outer + 0.15, 0.022, WHITE, MARKING)


def _ramps(m, town, asphalt):
    for way in town.motorway.carriageways:
        for line in motorways.ramps(town.motorway, way):
            d = np.gradient(line, axis=0)
            right = np.column_stack([d[:, 1], -d[:, 0]]) / np.linalg.norm(d, axis=1, keepdims=True)
            for d0, d1, z, colour, material in ((-0.6, town.motorway.lane_width + 1.2, 0.003, asphalt, ASPHALT), (-0.08, 0.08, 0.025, WHITE, MARKING),
                                                (town.motorway.lane_width - 0.08, town.motorway.lane_width + 0.08, 0.025, WHITE, MARKING)):
                left_, right_ = (np.column_stack([line + right * x, np.full(len(line), z)]) for x in (d0, d1))
                a, b, c, e = right_[:-1], right_[1:], left_[1:], left_[:-1]
                m.triangles(np.stack([a, b, c, a, c, e], axis=1).reshape(-1, 3), colour, material)


def _rail(m, way, s0, s1, d):
    """Steel rail on posts, seen from both sides."""
    for towards, at in ((-1, d - 0.04), (1, d + 0.04)):
        for z0, z1, shade in ((0.45, 0.55, 0.75), (0.55, 0.63, 1.05), (0.63, 0.69, 0.6), (0.69, 0.78, 1.1)):
            _upright(m, way, s0, s1, at, z0, z1, STEEL * shade, PLAIN, towards)
    for s in np.arange(s0, s1, 4.0):
        for towards, at in ((-1, d - 0.06), (1, d + 0.06)):
            _upright(m, way, s, s + 0.14, at, 0.0, 0.7, STEEL * 0.55, PLAIN, towards)


def _wall(m, way, s0, s1, d, height, thick, colour, material=PLAIN, lean=0.0):
    _upright(m, way, s0, s1, d - thick / 2 - lean, 0, height, colour, material, -1, lean)
    _upright(m, way, s0, s1, d + thick / 2, 0, height, colour, material, 1, lean)
    _ribbon(m, way, s0, s1, d - thick / 2, d + thick / 2, height, colour, PLAIN)


def _concrete(m, way, s0, s1, d, rng):
    """A barrier of cast pieces, each a little different in tone."""
    tone, s = rng.uniform(0.75, 1.15), s0
    while s < s1:
        e = min(s + 6.0, s1)
        _wall(m, way, s, e - 0.06, d, 0.85, 0.2, CONCRETE * tone * rng.uniform(0.86, 1.06), lean=0.2)
        s = e


def _reservation(m, road, rng, kind, grass, lit):
    way = road.carriageways[0]
    ground = grass if road.inner > 3 else CONCRETE * rng.uniform(0.5, 0.8)
    half = road.inner - min(0.9, road.inner - 0.35)
    _ribbon(m, way, 0, way.length, -half - 0.05, half + 0.05, -0.01, ground, MARKING)
    if kind == "concrete" or (kind == "both" and road.inner <= 3):
        _concrete(m, way, 0, way.length, 0.0, rng)
    else:
        for d in ((-half + 0.4, half - 0.4) if road.inner > 1.9 else (0.0,)):
            _rail(m, way, 0, way.length, d)
        if road.inner > 3 and (kind == "both" or rng.random() < 0.4):  # bushes between the rails
            for s in np.arange(0, way.length, 3.5):
                if rng.random() < 0.75:
                    x, y = way.at(s, rng.uniform(-0.5, 0.5))
                    r = rng.uniform(0.5, 1.0)
                    m.blob(x, y, 0.7 * r, r, r, grass * rng.uniform(0.5, 1.0), FOLIAGE, 3, 6, rng)
    if lit:
        for s in np.arange(0, way.length, rng.uniform(38, 55)):
            x, y = way.at(s, 0.0)
            _mast(m, x, y, way.heading(s), rng)


def _mast(m, x, y, yaw, rng):
    at = local(yaw, x, y)
    for px, py, qx, qy in ((0.1, -0.1, 0.1, 0.1), (0.1, 0.1, -0.1, 0.1), (-0.1, 0.1, -0.1, -0.1), (-0.1, -0.1, 0.1, -0.1)):
        m.quad(at(px, py, 0), at(qx, qy, 0), at(qx, qy, 11), at(px, py, 11), GREY)
    q = [at(-0.12, -2.6, 11.3), at(0.12, -2.6, 11.3), at(0.12, 2.6, 11.3), at(-0.12, 2.6, 11.3)]
    m.quad(*q, GREY), m.quad(*q[::-1], GREY)


def _beside(m, road, way, rng, kind, grass):
    """Verge, rail or barrier, marker posts, sound walls, cuttings and embankments along the right side."""
    s, length = 0.0, way.length
    near_ramp = lambda a, b: any(a < high + 230 and b > low - 230 for low, high in (way.leaving, way.joining))
    side = road.outer + road.shoulder
    _ribbon(m, way, 0, length, lambda x: road.edge(way, x) - 0.02, lambda x: road.edge(way, x) + 1.0, -0.004, np.array([0.36, 0.33, 0.28]) * rng.uniform(0.6, 1), PAVEMENT)
    while s < length - 20:
        e = min(s + float(rng.uniform(80, 380)), length)
        ramp = near_ramp(s, e)
        guard = kind if kind != "some" else str(rng.choice(["rail", "none", "concrete"]))
        if ramp:
            for x in np.arange(s, e, 20.0):  # beside the extra lanes, not across the ramps themselves
                if way.beside_ramp(x) and way.beside_ramp(x + 20) and guard != "none":
                    _rail(m, way, x, x + 20, road.outer + road.lane_width + 1.6)
                elif not near_ramp(x + 195, x + 20 - 195) and guard != "none":
                    _rail(m, way, x, min(x + 20, e), side + 0.5)
            _ribbon(m, way, s, e, lambda x: road.edge(way, x) + 0.9, side + 9, -0.03, grass, MARKING)
        else:
            if guard == "rail":
                _rail(m, way, s, e, side + 0.5)
            elif guard == "concrete":
                _concrete(m, way, s, e, side + 0.5, rng)
            land = rng.choice(["flat", "wall", "cutting", "low", "hedge"], p=[0.3, 0.14, 0.3, 0.13, 0.13])
            _ribbon(m, way, s, e, side + 0.9, side + (2.4 if land == "cutting" else 14), -0.03, grass * rng.uniform(0.8, 1.1), MARKING)
            if land == "wall":
                colour, high, d = np.array(((0.5, 0.5, 0.47), (0.3, 0.36, 0.28), (0.42, 0.33, 0.25), (0.6, 0.58, 0.52))[rng.integers(4)]) * rng.uniform(0.7, 1.1), rng.uniform(2.5, 4.5), side + rng.uniform(1.2, 3.5)
                for x in np.arange(s, e, 4.0):
                    _upright(m, way, x, min(x + 3.75, e), d, 0, high, colour * rng.uniform(0.88, 1.08), ROOF, -1)
                    _upright(m, way, min(x + 3.75, e), min(x + 4.0, e), d - 0.08, 0, high + 0.1, colour * 0.55, PLAIN, -1)
            elif land in ("cutting", "low"):
                high, begin, run = (rng.uniform(2.5, 7), side + 2.2, rng.uniform(6, 13)) if land == "cutting" else (rng.uniform(0.8, 1.8), side + 2.5, 4.0)
                ends = lambda x: float(np.clip(min(x - s, e - x) / 25.0, 0.02, 1))
                for part in range(2):
                    f0, f1 = part / 2, (part + 1) / 2
                    _ribbon(m, way, s, e, begin + run * f0, begin + run * f1, (lambda x, f=f0: high * f ** 0.8 * ends(x), lambda x, f=f1: high * f ** 0.8 * ends(x)), grass * rng.uniform(0.75, 1.1), FOLIAGE)
            elif land == "hedge":
                for x in np.arange(s, e, 3.0):
                    p = way.at(x, side + rng.uniform(3.0, 4.5))
                    r = rng.uniform(1.0, 1.9)
                    m.blob(p[0], p[1], r * 0.7, r, r, grass * rng.uniform(0.5, 1.0), FOLIAGE, 3, 6, rng)
        s = e
    for x in np.arange(0, length, 50.0):  # marker posts
        if not near_ramp(x, x):
            p = way.at(x, side + 0.75)
            at = local(float(way.heading(x)), *p)
            for z0, z1, colour in ((0, 0.7, (0.75, 0.75, 0.75)), (0.7, 0.88, DARK), (0.88, 1.05, (0.75, 0.75, 0.75))):
                for sign in (1, -1):
                    q = [at(0, 0.06 * sign, z0), at(0, -0.06 * sign, z0), at(0, -0.06 * sign, z1), at(0, 0.06 * sign, z1)]
                    m.quad(*q, colour)
    for x in np.arange(rng.uniform(50, 300), length - 20, rng.uniform(250, 600)):
        if rng.random() < 0.7:
            _board(m, way, x, side + rng.uniform(1.6, 2.6) + (road.lane_width if near_ramp(x, x) else 0), rng)


def _board(m, way, s, d, rng):
    """A sign on two legs at the right side, its face to the traffic."""
    at = local(float(way.heading(s)), *way.at(s, d))
    wide, low, high = rng.uniform(0.5, 2.4), rng.uniform(1.6, 2.2), rng.uniform(2.7, 4.8)
    colour = np.array(((0.05, 0.13, 0.42), (0.04, 0.26, 0.13), (0.7, 0.7, 0.68), (0.62, 0.5, 0.1))[rng.choice(4, p=[0.4, 0.3, 0.2, 0.1])])
    _panel(m, at, -wide, wide, low, high, colour, rng)
    for y in (-wide * 0.6, wide * 0.6):
        _leg(m, at, y, 0.06, low)


def _panel(m, at, y0, y1, z0, z1, colour, rng, x=0.0):
    m.quad(at(x, y1, z0), at(x, y0, z0), at(x, y0, z1), at(x, y1, z1), colour)
    m.quad(at(x + 0.02, y0, z0), at(x + 0.02, y1, z0), at(x + 0.02, y1, z1), at(x + 0.02, y0, z1), GREY)
    ink = WHITE if colour.mean() < 0.5 else np.array(DARK)
    for z in np.arange(z1 - 0.3, z0 + 0.25, -0.55):  # what would be writing
        a = y1 - (y1 - y0) * rng.uniform(0.08, 0.2)
        b = a - (y1 - y0) * rng.uniform(0.3, 0.7)
        m.quad(at(x - 0.02, a, z - 0.28), at(x - 0.02, b, z - 0.28), at(x - 0.02, b, z), at(x - 0.02, a, z), ink)


def _leg(m, at, y, half, high, colour=GREY):
    for px, py, qx, qy in ((1, -1, 1, 1), (1, 1, -1, 1), (-1, 1, -1, -1), (-1, -1, 1, -1)):
        m.quad(at(px * half, y + py * half, 0), at(qx * half, y + qy * half, 0), at(qx * half, y + qy * half, high), at(px * half, y + py * half, high), colour)


def _beam(m, at, x0, x1, y0, y1, z0, z1, colour):
    """A box across the road, in the frame of `at`, all six sides."""
    p = lambda i, j, k: at((x0, x1)[i], (y0, y1)[j], (z0, z1)[k])
    for q in (((0, 1, 0), (0, 0, 0), (0, 0, 1), (0, 1, 1)), ((1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 0, 1)), ((0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)),
              ((0, 1, 0), (1, 1, 0), (1, 0, 0), (0, 0, 0)), ((0, 0, 0), (1, 0, 0), (1, 0, 1), (0, 0, 1)), ((1, 1, 0), (0, 1, 0), (0, 1, 1), (1, 1, 1))):
        m.quad(*(p(*c) for c in q), colour)


def _across(m, town, rng):
    """Bridges over both carriageways and gantries over one."""
    road = town.motorway
    way = road.carriageways[0]
    reach = road.outer + road.shoulder + road.lane_width + 3.0
    s = float(rng.uniform(80, 500))
    while s < way.length - 50:
        at = local(float(way.heading(s)), *way.at(s, 0.0))
        if rng.random() < 0.55:
            tone, deep, low = CONCRETE * rng.uniform(0.6, 1.1), rng.uniform(4, 9), rng.uniform(5.2, 6.2)
            _beam(m, at, -deep, deep, -reach - 14, reach + 14, low, low + rng.uniform(0.9, 1.5), tone)
            for x in (-deep, deep - 0.15):
                _beam(m, at, x, x + 0.15, -reach - 14, reach + 14, low + 1.2, low + 2.2, tone * rng.choice([0.6, 1.15]))
            fill(m, np.array([at(x, y, 0)[:2] for x, y in ((-deep, -reach), (deep, -reach), (deep, reach), (-deep, reach))]), 0.019, tone * 0.13, MARKING)
            for y in (-reach - 0.5, 0.0, reach + 0.5):
                if y == 0.0 and road.inner < 1.8 and rng.random() < 0.5:
                    continue
                for x in np.linspace(-deep + 1, deep - 1, 3):
                    _leg(m, lambda px, py, pz, x=x: at(px + x, py, pz), y, 0.45, low, tone * 0.9)
            for sign in (1, -1):  # the ground rises to the bridge at both ends
                y0, y1 = sign * (reach + 3), sign * (reach + 14)
                for x in (-deep, deep):
                    out = np.sign(x) * 10
                    q = [at(x, y0, 0), at(x + out, y1, 0), at(x, y1, low), at(x, y0 + sign * 2, low * 0.4)]
                    m.quad(*q, (0.16, 0.2, 0.09), FOLIAGE), m.quad(*q[::-1], (0.16, 0.2, 0.09), FOLIAGE)
                q = [at(-deep, y0, 0), at(deep, y0, 0), at(deep, y1, low), at(-deep, y1, low)]
                m.quad(*q, tone * 0.7), m.quad(*q[::-1], tone * 0.7)
        else:
            for side in rng.permutation([1, -1])[:int(rng.integers(1, 3))]:  # a gantry for one direction or both
                turned = at if side > 0 else local(float(way.heading(s)) + np.pi, *way.at(s, 0.0))
                edge = -(reach - 2.0)
                for y in (0.0, edge):
                    _leg(m, turned, y, 0.18, 6.6)
                _beam(m, turned, -0.25, 0.25, edge, 0.0, 6.2, 6.7, GREY)
                colour = np.array(((0.05, 0.13, 0.42), (0.04, 0.26, 0.13))[rng.integers(2)])
                y = -road.inner
                while y > edge + 4:
                    wide = rng.uniform(2.2, 5.5)
                    if rng.random() < 0.75:
                        _panel(m, turned, y - wide, y, 5.5, 5.5 + rng.uniform(1.6, 3.2), colour, rng, -0.35)
                    y -= wide + 0.6
        s += float(rng.uniform(300, 900))
