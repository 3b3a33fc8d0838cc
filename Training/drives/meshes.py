"""Triangles for everything drawn. A vertex is 13 floats: position 3, normal 3, colour 3, uv 2, material, object (-1: the town)."""

import contextlib

import numpy as np

from . import towns

FLOATS = 13
PLAIN, ASPHALT, PAVEMENT, FACADE, GRASS, GLASS, HEADLIGHT, TAILLIGHT, FOLIAGE, SHADOW, LEG_LEFT, LEG_RIGHT, MARKING, ROOF = range(14)
PAINT = (-1.0, -1.0, -1.0)  # stands for the object's own colour
SECOND = (-2.0, -2.0, -2.0)  # and for its second one (cargo box, trousers)
DARK, TYRE, GREY, CHROME = (0.06, 0.06, 0.07), (0.035, 0.035, 0.04), (0.3, 0.3, 0.32), (0.5, 0.5, 0.52)


_coarse = False


@contextlib.contextmanager
def coarse_blobs():
    """Within it, foliage has half the corners around (fewer rings look like kites): far away nobody sees it, and the rest of the mesh stays as it is."""
    global _coarse
    _coarse = True
    try:
        yield
    finally:
        _coarse = False


class Mesh:
    def __init__(self):
        self.parts = []

    def triangles(self, points, colour, material, uv=None, normals=None):
        """points [n*3, 3]; flat normals unless given."""
        p = np.asarray(points, dtype=np.float32)
        if normals is None:
            t = p.reshape(-1, 3, 3)
            n = np.cross(t[:, 1] - t[:, 0], t[:, 2] - t[:, 0])
            n /= np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-9)
            normals = np.repeat(n, 3, axis=0)
        v = np.zeros((len(p), FLOATS), dtype=np.float32)
        v[:, :3], v[:, 3:6], v[:, 6:9], v[:, 11], v[:, 12] = p, normals, colour, material, -1
        if uv is not None:
            v[:, 9:11] = uv
        self.parts.append(v)

    def quad(self, a, b, c, d, colour, material=PLAIN, uv=None):
        """Counter-clockwise seen from its front."""
        self.triangles([a, b, c, a, c, d], colour, material, None if uv is None else np.array(uv)[[0, 1, 2, 0, 2, 3]])

    def loft(self, sections, colour, material=PLAIN, caps=True, sides=None):
        """sections: (x, z_low, z_high, half_width_low, half_width_high), from rear to front."""
        sides = sides or {}
        rings = [np.array([[x, -wl, z0], [x, -wh, z1], [x, wh, z1], [x, wl, z0]]) for x, z0, z1, wl, wh in sections]
        for r0, r1 in zip(rings[:-1], rings[1:]):
            for k, name in ((0, "right"), (1, "top"), (2, "left"), (3, "bottom")):
                if name != "bottom":
                    c, m = sides.get(name, (colour, material))
                    self.quad(r0[k], r1[k], r1[(k + 1) % 4], r0[(k + 1) % 4], c, m)
        if caps:
            c, m = sides.get("rear", (colour, material))
            self.quad(rings[0][3], rings[0][0], rings[0][1], rings[0][2], c, m)
            c, m = sides.get("front", (colour, material))
            self.quad(rings[-1][0], rings[-1][3], rings[-1][2], rings[-1][1], c, m)

    def box(self, x0, x1, y0, y1, z0, z1, colour, material=PLAIN, taper=0.0, sides=None):
        y, w = (y0 + y1) / 2, (y1 - y0) / 2
        start = len(self.parts)
        self.loft([(x0, z0, z1, w, w - taper), (x1, z0, z1, w, w - taper)], colour, material, sides=sides)
        for part in self.parts[start:]:
            part[:, 1] += y

    def wheel(self, x, y, radius, outward, sides=8, colour=TYRE, hub=True):
        a = np.linspace(0, 2 * np.pi, sides + 1)
        rim = np.stack([x + radius * np.cos(a), np.full_like(a, y), radius + radius * np.sin(a)], axis=1)
        for k in range(sides):
            i, j = (k + 1, k) if outward > 0 else (k, k + 1)
            self.triangles([[x, y, radius], rim[i], rim[j]], colour, PLAIN)
        if hub:
            h = radius * 0.5
            ring = np.stack([x + h * np.cos(a[::2]), np.full_like(a[::2], y + 0.012 * outward), radius + h * np.sin(a[::2])], axis=1)
            for k in range(len(ring) - 1):
                i, j = (k + 1, k) if outward > 0 else (k, k + 1)
                self.triangles([[x, y + 0.012 * outward, radius], ring[i], ring[j]], CHROME, PLAIN)

    def shadow(self, length, width, spread=0.35):
        l, w = length / 2 + spread, width / 2 + spread
        self.quad([-l, -w, 0.03], [l, -w, 0.03], [l, w, 0.03], [-l, w, 0.03], (0, 0, 0), SHADOW, [(-1, -1), (1, -1), (1, 1), (-1, 1)])

    def blob(self, x, y, z, rx, rz, colour, material, rings=3, sides=6, rng=None):
        lat = np.linspace(-np.pi / 2, np.pi / 2, rings + 1)
        lon = np.linspace(0, 2 * np.pi, sides + 1)
        unit = np.stack(np.broadcast_arrays(np.cos(lat)[:, None] * np.cos(lon), np.cos(lat)[:, None] * np.sin(lon), np.sin(lat)[:, None] + 0 * lon), axis=-1)
        if rng is not None:
            unit[1:-1, :-1] *= rng.uniform(0.8, 1.2, (rings - 1, sides, 1))
            unit[:, -1] = unit[:, 0]
        if rng is not None and _coarse:
            unit = unit[:, [*range(0, sides, 2), sides]]
        p = unit * [rx, rx, rz] + [x, y, z]
        a, b, c, d = p[:-1, :-1], p[:-1, 1:], p[1:, 1:], p[1:, :-1]
        t = np.stack([a, b, c, a, c, d], axis=2).reshape(-1, 3, 3)
        real = np.linalg.norm(np.cross(t[:, 1] - t[:, 0], t[:, 2] - t[:, 0]), axis=1) > 1e-9  # a quarter ends in the poles
        self.triangles(t[real].reshape(-1, 3), colour, material)

    def array(self):
        return np.concatenate(self.parts) if self.parts else np.zeros((0, FLOATS), dtype=np.float32)


def road_user(kind, size):
    """A mesh about the box's centre on the ground, exactly as long, wide and high as its box."""
    m = Mesh()
    l, w, h = size
    m.shadow(l, w, 0.15 if kind in ("bicycle", "person") else 0.4)
    {"hatch": _car, "saloon": _car, "suv": _car, "van": _van, "lorry": _lorry, "bus": _bus, "bicycle": _bicycle, "person": _person}[kind](m, kind, l, w, h)
    return m.array()


def _lamps(m, l, w, low, high, inset=0.06):
    for side in (-1, 1):
        y0, y1 = sorted((side * w * 0.30, side * w * 0.46))
        x = l / 2 - inset + 0.015
        m.quad([x, y0, low], [x, y1, low], [x, y1, high], [x, y0, high], (0.85, 0.85, 0.8), HEADLIGHT)
        x = -l / 2 + inset - 0.015
        y0, y1 = sorted((side * w * 0.34, side * w * 0.48))
        m.quad([x, y1, low], [x, y0, low], [x, y0, high + 0.08], [x, y1, high + 0.08], (0.6, 0.03, 0.03), TAILLIGHT)
    m.quad([-l / 2 - 0.002, 0.26, 0.5], [-l / 2 - 0.002, -0.26, 0.5], [-l / 2 - 0.002, -0.26, 0.62], [-l / 2 - 0.002, 0.26, 0.62], (0.8, 0.8, 0.6), PLAIN)
    m.quad([l / 2 + 0.002, -0.26, 0.4], [l / 2 + 0.002, 0.26, 0.4], [l / 2 + 0.002, 0.26, 0.5], [l / 2 + 0.002, -0.26, 0.5], (0.8, 0.8, 0.8), PLAIN)


def _car(m, kind, l, w, h):
    half = w / 2
    waist = {"hatch": 0.60, "saloon": 0.60, "suv": 0.62}[kind] * h
    base = 0.17 * h if kind != "suv" else 0.2 * h
    m.loft([(-0.5 * l, base + 0.1, waist * 0.82, half * 0.88, half * 0.84), (-0.46 * l, base, waist * 0.98, half * 0.98, half * 0.92),
            (-0.2 * l, base, waist, half, half * 0.95), (0.26 * l, base, waist * 0.98, half, half * 0.94),
            (0.43 * l, base, waist * 0.84, half * 0.97, half * 0.86), (0.5 * l, base + 0.08, waist * 0.68, half * 0.86, half * 0.8)], PAINT)
    m.box(-0.44 * l, 0.44 * l, -half * 0.9, half * 0.9, 0.1, base + 0.04, DARK)
    rear, rear_roof, front_roof, front = {"hatch": (-0.485, -0.40, 0.05, 0.25), "saloon": (-0.40, -0.24, 0.05, 0.23), "suv": (-0.485, -0.43, 0.07, 0.25)}[kind]
    b, t, z0, z1 = half * 0.92, half * 0.76, waist * 0.97, h
    low = [(rear * l, z0), (rear_roof * l, z1), (front_roof * l, z1), (front * l, z0)]
    for s in (-1, 1):
        q = [[low[0][0], s * b, z0], [low[3][0], s * b, z0], [low[2][0], s * t, z1 - 0.03], [low[1][0], s * t, z1 - 0.03]]
        m.quad(*(q if s < 0 else q[::-1]), DARK, GLASS)
        for f in (0.42, 0.72):  # pillars
            x0, x1 = low[0][0] + f * (low[3][0] - low[0][0]), low[1][0] + f * (low[2][0] - low[1][0])
            e = s * 0.012
            q = [[x0 - 0.05, s * b + e, z0], [x0 + 0.05, s * b + e, z0], [x1 + 0.05, s * t + e, z1], [x1 - 0.05, s * t + e, z1]]
            m.quad(*(q if s < 0 else q[::-1]), PAINT)
    m.quad([low[0][0], b, z0], [low[0][0], -b, z0], [low[1][0], -t, z1 - 0.03], [low[1][0], t, z1 - 0.03], DARK, GLASS)
    m.quad([low[3][0], -b, z0], [low[3][0], b, z0], [low[2][0], t, z1 - 0.03], [low[2][0], -t, z1 - 0.03], DARK, GLASS)
    m.loft([(low[1][0] - 0.03, z1 - 0.06, z1 - 0.015, t + 0.03, t - 0.05), (0.5 * (low[1][0] + low[2][0]), z1 - 0.06, z1, t + 0.03, t - 0.05), (low[2][0] + 0.03, z1 - 0.06, z1 - 0.02, t + 0.03, t - 0.05)], PAINT)
    r = 0.32 if kind != "suv" else 0.37
    for x in (-0.30 * l, 0.31 * l):
        for s in (-1, 1):
            m.wheel(x, s * (half + 0.006), r, s)
    _lamps(m, l, w, waist * 0.62, waist * 0.78)


def _van(m, kind, l, w, h):
    half = w / 2
    m.loft([(-0.5 * l, 0.3, h * 0.97, half * 0.97, half * 0.9), (0.2 * l, 0.3, h, half, half * 0.9), (0.34 * l, 0.3, h * 0.84, half, half * 0.88),
            (0.39 * l, 0.3, h * 0.56, half, half * 0.9), (0.5 * l, 0.34, h * 0.42, half * 0.92, half * 0.85)], PAINT)
    m.quad([0.392 * l, -half * 0.86, h * 0.55], [0.392 * l, half * 0.86, h * 0.55], [0.25 * l, half * 0.82, h * 0.93], [0.25 * l, -half * 0.82, h * 0.93], DARK, GLASS)
    for s in (-1, 1):
        q = [[0.1 * l, s * (half + 0.01), h * 0.55], [0.33 * l, s * (half + 0.01), h * 0.55], [0.28 * l, s * half * 0.93, h * 0.84], [0.1 * l, s * half * 0.93, h * 0.84]]
        m.quad(*(q if s < 0 else q[::-1]), DARK, GLASS)
        for x in (-0.3 * l, 0.32 * l):
            m.wheel(x, s * (half + 0.006), 0.36, s)
        q = [[-0.505 * l, s * half * 0.1, h * 0.6], [-0.505 * l, s * half * 0.8, h * 0.6], [-0.502 * l, s * half * 0.8, h * 0.85], [-0.502 * l, s * half * 0.1, h * 0.85]]
        m.quad(*(q if s < 0 else q[::-1]), DARK, GLASS)
    _lamps(m, l, w, 0.65, 0.85)


def _lorry(m, kind, l, w, h):
    half, cab = w / 2, 2.1
    m.box(-0.5 * l, 0.5 * l - 0.3, -half * 0.55, half * 0.55, 0.45, 1.0, DARK)
    m.box(-0.5 * l, 0.5 * l - cab - 0.25, -half, half, 0.95, h, SECOND)
    m.box(-0.5 * l + 0.1, 0.5 * l - cab - 0.4, -half * 0.98, half * 0.98, 0.55, 0.75, GREY)
    top = h * 0.88
    x1 = 0.5 * l
    m.loft([(x1 - cab, 0.45, top, half * 0.97, half * 0.94), (x1 - 0.35, 0.45, top, half * 0.97, half * 0.92), (x1 - 0.05, 0.45, top * 0.62, half * 0.97, half * 0.95), (x1, 0.45, top * 0.5, half * 0.95, half * 0.93)], PAINT)
    m.quad([x1 - 0.04, -half * 0.85, top * 0.6], [x1 - 0.04, half * 0.85, top * 0.6], [x1 - 0.29, half * 0.82, top * 0.93], [x1 - 0.29, -half * 0.82, top * 0.93], DARK, GLASS)
    for s in (-1, 1):
        q = [[x1 - 1.3, s * half, top * 0.58], [x1 - 0.35, s * half, top * 0.58], [x1 - 0.45, s * half * 0.96, top * 0.88], [x1 - 1.3, s * half * 0.96, top * 0.88]]
        m.quad(*(q if s < 0 else q[::-1]), DARK, GLASS)
        for x in (-0.34 * l, -0.2 * l, 0.36 * l):
            m.wheel(x, s * (half + 0.006), 0.48, s)
    _lamps(m, l, w, 0.6, 0.85, 0.0)


def _bus(m, kind, l, w, h):
    half = w / 2
    m.loft([(-0.5 * l, 0.35, h * 0.98, half, half * 0.95), (0.48 * l, 0.35, h, half, half * 0.95), (0.5 * l, 0.35, h * 0.9, half * 0.97, half * 0.92)], PAINT)
    for s in (-1, 1):
        q = [[-0.46 * l, s * (half + 0.012), h * 0.42], [0.46 * l, s * (half + 0.012), h * 0.42], [0.46 * l, s * (half * 0.97 + 0.012), h * 0.82], [-0.46 * l, s * (half * 0.97 + 0.012), h * 0.82]]
        m.quad(*(q if s < 0 else q[::-1]), DARK, GLASS)
        for x in (-0.28 * l, 0.3 * l):
            m.wheel(x, s * (half + 0.008), 0.5, s)
    m.quad([0.502 * l, -half * 0.9, h * 0.32], [0.502 * l, half * 0.9, h * 0.32], [0.5 * l, half * 0.88, h * 0.86], [0.5 * l, -half * 0.88, h * 0.86], DARK, GLASS)
    m.quad([-0.502 * l, half * 0.8, h * 0.5], [-0.502 * l, -half * 0.8, h * 0.5], [-0.502 * l, -half * 0.8, h * 0.8], [-0.502 * l, half * 0.8, h * 0.8], DARK, GLASS)
    _lamps(m, l, w, 0.6, 0.85, 0.0)


def _bicycle(m, kind, l, w, h):
    r = 0.34
    for x in (-l / 2 + r, l / 2 - r):
        for s in (-1, 1):
            m.wheel(x, 0.02 * s, r, s, sides=10, colour=DARK, hub=False)
    m.box(-l / 2 + r, l / 2 - r, -0.03, 0.03, 0.5, 0.62, PAINT)
    m.box(-0.3, -0.22, -0.03, 0.03, 0.5, 0.95, PAINT)
    m.box(0.42, 0.5, -w / 2, w / 2, 1.0, 1.06, DARK)
    for s, leg in ((-1, LEG_LEFT), (1, LEG_RIGHT)):
        m.box(-0.18, 0.02, s * 0.16 - 0.07, s * 0.16 + 0.07, 0.25, 0.95, SECOND, leg)
        m.box(0.0, 0.42, s * w * 0.4 - 0.05, s * w * 0.4 + 0.05, 1.1, 1.22, PAINT)
    m.loft([(-0.3, 0.88, 1.05, 0.17, 0.17), (-0.02, 1.0, h - 0.25, 0.21, 0.21), (0.15, 1.2, h - 0.27, 0.2, 0.2)], PAINT)
    m.blob(0.14, 0, h - 0.13, 0.11, 0.13, (0.65, 0.47, 0.37), PLAIN, 3, 6)
    m.quad([-l / 2 + 0.05, 0.06, 0.75], [-l / 2 + 0.05, -0.06, 0.75], [-l / 2 + 0.05, -0.06, 0.85], [-l / 2 + 0.05, 0.06, 0.85], (0.6, 0.03, 0.03), TAILLIGHT)


def _person(m, kind, l, w, h):
    hip = 0.5 * h
    for s, leg in ((-1, LEG_LEFT), (1, LEG_RIGHT)):
        m.box(-0.08, 0.08, s * 0.1 - 0.075, s * 0.1 + 0.075, 0.0, hip, SECOND, leg)
        m.box(-0.06, 0.06, s * (w / 2 - 0.07) - 0.06, s * (w / 2 - 0.07) + 0.06, hip * 0.95, h * 0.8, PAINT, LEG_RIGHT if s < 0 else LEG_LEFT)
    m.box(-0.12, 0.12, -w / 2 + 0.1, w / 2 - 0.1, hip * 0.95, h * 0.83, PAINT)
    m.blob(0, 0, h * 0.92, 0.11, h * 0.08, (0.65, 0.47, 0.37), PLAIN, 3, 6)
    m.blob(-0.02, 0, h * 0.945, 0.115, h * 0.055, (0.12, 0.08, 0.05), PLAIN, 3, 5)


def coloured(mesh, number, colour, second):
    """A copy of a road user's mesh in its colours, as object `number`."""
    v = mesh.copy()
    v[v[:, 6] == -1.0, 6:9] = colour
    v[v[:, 6] == -2.0, 6:9] = second
    v[:, 12] = number
    return v


def _strip(m, shape, width, z, colour, material, offset=0.0):
    d = np.gradient(shape, axis=0)
    n = np.stack([-d[:, 1], d[:, 0]], axis=1)
    n /= np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-9)
    left, right = shape + n * (offset + width / 2), shape + n * (offset - width / 2)
    pts = lambda p: np.column_stack([p, np.full(len(p), z)])
    a, b, c, d = pts(right[:-1]), pts(right[1:]), pts(left[1:]), pts(left[:-1])
    m.triangles(np.stack([a, b, c, a, c, d], axis=1).reshape(-1, 3), colour, material)


def fill(m, polygon, z, colour, material):
    """Ear clipping; the networks' polygons are small."""
    p = polygon[:-1] if np.allclose(polygon[0], polygon[-1]) else polygon
    area = np.sum(p[:, 0] * np.roll(p[:, 1], -1) - np.roll(p[:, 0], -1) * p[:, 1])
    index = list(range(len(p))) if area > 0 else list(range(len(p)))[::-1]
    cross = lambda o, a, b: (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])
    tris, guard = [], 0
    while len(index) > 2 and guard < 4000:
        for k in range(len(index)):
            guard += 1
            i, j, l = index[k - 1], index[k], index[(k + 1) % len(index)]
            if cross(p[i], p[j], p[l]) <= 1e-9:
                continue
            if any(cross(p[i], p[j], p[q]) > 0 and cross(p[j], p[l], p[q]) > 0 and cross(p[l], p[i], p[q]) > 0 for q in index if q not in (i, j, l)):
                continue
            tris.append((i, j, l))
            index.pop(k)
            break
        else:
            index.pop()
    if tris:
        t = p[np.array(tris).reshape(-1)]
        m.triangles(np.column_stack([t, np.full(len(t), z)]), colour, material)


WALLS = np.array([[0.62, 0.55, 0.47], [0.55, 0.33, 0.26], [0.7, 0.68, 0.64], [0.45, 0.46, 0.48], [0.66, 0.58, 0.42], [0.38, 0.30, 0.27], [0.58, 0.62, 0.66], [0.74, 0.70, 0.58]])
ROOFS = np.array([[0.35, 0.16, 0.12], [0.25, 0.25, 0.27], [0.4, 0.24, 0.18], [0.18, 0.18, 0.2]])


def town_mesh(town):
    rng = np.random.default_rng([7003, town.number])
    m = Mesh()
    asphalt = np.array([1, 1, 1.03]) * rng.uniform(0.17, 0.30)
    pavement = np.array([1.03, 1, 0.96]) * rng.uniform(0.36, 0.52)
    white = (0.78, 0.78, 0.76)
    middle = (0.75, 0.58, 0.15) if rng.random() < 0.25 else white
    cycle = (0.42, 0.2, 0.16) if rng.random() < 0.5 else asphalt
    for lane in town.lanes:
        colour, material, z = {"drive": (asphalt, ASPHALT, 0.0), "cycle": (cycle, ASPHALT, 0.006), "walk": (pavement, PAVEMENT, 0.012)}[lane.kind]
        fine, _ = towns.along(lane.shape, 12.0)
        shape = np.vstack([fine, lane.shape[-1:]]) if len(lane.shape) == 2 and len(fine) else lane.shape
        _strip(m, shape, lane.width + 0.06, z, colour, material)
        if lane.kind == "walk":
            _strip(m, shape, 0.16, 0.03, pavement * 1.15, PLAIN, lane.width / 2)
        elif lane.last:
            _strip(m, shape, 0.13, 0.03, middle, MARKING, lane.width / 2)
        elif lane.kind == "drive":
            points, heading = towns.along(lane.shape, 7.0, start=2)
            for p, h in zip(points, heading):
                d = np.array([np.cos(h), np.sin(h)])
                _strip(m, np.array([p, p + 3 * d]), 0.13, 0.03, white, MARKING, lane.width / 2)
        if lane.kind == "drive" and len(lane.shape) >= 2:
            d = lane.shape[-1] - lane.shape[-2]
            d = d / max(np.hypot(*d), 1e-6)
            side = np.array([-d[1], d[0]])
            p = lane.shape[-1] - d * 0.5
            _strip(m, np.array([p - side * lane.width / 2, p + side * lane.width / 2]), 0.35, 0.03, white, MARKING)
    for polygon, _ in town.junctions:
        fill(m, polygon, 0.003, asphalt, ASPHALT)
    for x, y in town.dead_ends:
        a = np.linspace(0, 2 * np.pi, 17)[:-1]
        fill(m, np.column_stack([x + 8.5 * np.cos(a), y + 8.5 * np.sin(a)]), -0.01, asphalt, ASPHALT)
    for polygon in town.walking_areas:
        if len(polygon) >= 3:
            fill(m, polygon, 0.012, pavement, PAVEMENT)
    for line, width in town.crossings:
        points, heading = towns.along(line, 1.1, start=0.3)
        for p, h in zip(points, heading):
            d = np.array([np.cos(h), np.sin(h)])
            _strip(m, np.array([p, p + 0.55 * d]), max(width - 0.6, 1.0), 0.035, white, MARKING)
    for x, y, yaw, length, depth, height, style in town.buildings:
        building(m, x, y, yaw, length, depth, height, style)
    for x, y, height, radius in town.trees:
        tree(m, x, y, height, radius, rng)
    for x, y, yaw, kind in town.posts:
        _post(m, x, y, yaw, kind, rng)
    return m.array()


def tree(m, x, y, height, radius, rng):
    green = np.array([0.13, 0.24, 0.08]) * rng.uniform(0.7, 1.5) + rng.uniform(0, 0.05, 3) * [1.6, 0.6, 0]
    bottom = height * rng.uniform(0.25, 0.4)
    for s in (0, 1, 2, 3):
        a, b = s * np.pi / 2, (s + 1) * np.pi / 2
        t = 0.14
        m.quad([x + t * np.cos(a), y + t * np.sin(a), 0], [x + t * np.cos(b), y + t * np.sin(b), 0], [x + t * np.cos(b), y + t * np.sin(b), bottom + 0.8], [x + t * np.cos(a), y + t * np.sin(a), bottom + 0.8], (0.2, 0.15, 0.1))
    m.blob(x, y, bottom + (height - bottom) / 2, radius, (height - bottom) / 2, green, FOLIAGE, 4, 7, rng)


def local(yaw, x, y):
    c, s = np.cos(yaw), np.sin(yaw)
    return lambda px, py, pz: [x + c * px - s * py, y + s * px + c * py, pz]


def building(m, x, y, yaw, length, depth, height, style):
    at = local(yaw, x, y)
    l, d = length / 2, depth / 2
    rng = np.random.default_rng(style)
    wall = WALLS[rng.integers(len(WALLS))] * rng.uniform(0.8, 1.15)
    corners = [(-l, -d), (l, -d), (l, d), (-l, d)]
    pitched = height < 11 and rng.random() < 0.7
    offset = float(style % 97)
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1]):
        run = np.hypot(bx - ax, by - ay)
        m.quad(at(ax, ay, 0), at(bx, by, 0), at(bx, by, height), at(ax, ay, height), wall, FACADE, [(offset * 10, 0), (offset * 10 + run, 0), (offset * 10 + run, height), (offset * 10, height)])
    roof = ROOFS[rng.integers(len(ROOFS))]
    if pitched:
        r = height + d * rng.uniform(0.5, 0.9)
        e = 0.4
        m.quad(at(-l - e, -d - e, height - 0.2), at(l + e, -d - e, height - 0.2), at(l + e, 0, r), at(-l - e, 0, r), roof, ROOF)
        m.quad(at(l + e, d + e, height - 0.2), at(-l - e, d + e, height - 0.2), at(-l - e, 0, r), at(l + e, 0, r), roof, ROOF)
        m.triangles([at(l, -d, height), at(l, d, height), at(l, 0, r), at(-l, d, height), at(-l, -d, height), at(-l, 0, r)], wall, PLAIN)
    else:
        m.quad(at(-l, -d, height), at(l, -d, height), at(l, d, height), at(-l, d, height), GREY, PLAIN)


def _post(m, x, y, yaw, kind, rng):
    at = local(yaw, x, y)
    tall = {"lamp": 7.0, "signal": 3.3, "sign": 2.5}[kind]
    for px, py, qx, qy in ((0.06, -0.06, 0.06, 0.06), (0.06, 0.06, -0.06, 0.06), (-0.06, 0.06, -0.06, -0.06), (-0.06, -0.06, 0.06, -0.06)):
        m.quad(at(px, py, 0), at(qx, qy, 0), at(qx, qy, tall), at(px, py, tall), GREY)
    face = lambda x0, half, z0, z1, colour: m.quad(at(x0, half, z0), at(x0, -half, z0), at(x0, -half, z1), at(x0, half, z1), colour)
    back = lambda x0, half, z0, z1, colour: m.quad(at(x0, -half, z0), at(x0, half, z0), at(x0, half, z1), at(x0, -half, z1), colour)
    if kind == "lamp":
        for side in (1, -1):
            q = [at(-0.05, 0, 6.9), at(0.05, 0, 6.9), at(0.05, 1.6, 7.1), at(-0.05, 1.6, 7.1)]
            m.quad(*(q if side > 0 else q[::-1]), GREY)
    elif kind == "signal":
        face(-0.12, 0.17, 2.3, 3.3, DARK)
        back(0.12, 0.17, 2.3, 3.3, DARK)
        for z, colour in ((3.1, (0.5, 0.06, 0.04)), (2.8, (0.4, 0.28, 0.03)), (2.5, (0.04, 0.32, 0.12))):
            face(-0.135, 0.1, z - 0.1, z + 0.1, colour)
    else:
        face(-0.07, 0.33, 1.9, 2.5, (0.7, 0.1, 0.08) if rng.random() < 0.6 else (0.1, 0.2, 0.6))
        back(0.07, 0.33, 1.9, 2.5, GREY)
