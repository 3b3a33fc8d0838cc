"""Pictures of a town and its traffic: moderngl on EGL, software or GPU. All cameras of a tick are drawn into one atlas and read back once."""

import functools
from dataclasses import dataclass

import cv2
import moderngl
import numpy as np

from . import meshes, motorway_mesh, rig, towns, traffic

CHUNK_M = 24.0  # the town's triangles are drawn by squares of this side
MOST_OBJECTS = 200  # drawn at once in a clip, of the nearest
COLUMNS, ROWS = 3, 2  # of the atlas
COMMAND_INTS = 5  # of an indirect draw: vertices, instances, first vertex, and two that stay 0


@dataclass(frozen=True)
class Drawing:
    """How finely pictures are drawn before they are averaged by area to 128 x 64."""

    name: str  # in the clip's metadata
    width_px: int
    height_px: int
    fine_m: float  # trees and bushes further away than this have fewer triangles; None: none has


AVERAGED = Drawing("averaged", rig.WIDTH_PX, rig.HEIGHT_PX, None)  # every clip without a word about it, and the drive folders
LIGHT = Drawing("light", 192, 96, 45.0)  # train clips: 2.25 points a pixel instead of 4
DRAWINGS = {d.name: d for d in (AVERAGED, LIGHT)}

_VERTEX = """
#version 330
uniform mat4 clip_from_world; uniform vec4 objects[200];
in vec3 position; in vec3 normal; in vec3 colour; in vec2 uv; in vec2 kind;
out vec3 world; out vec3 facing; out vec3 paint; out vec2 at; flat out int material; flat out float braking;
void main() {
  vec3 p = position, n = normal; material = int(kind.x + 0.5); braking = 0.0;
  if (kind.y >= 0.0) {
    vec4 o = objects[int(kind.y + 0.5)];
    if (material == 10) p.x += sin(o.w) * 0.45 * max(0.9 - p.z, -0.25);
    if (material == 11) p.x -= sin(o.w) * 0.45 * max(0.9 - p.z, -0.25);
    float c = cos(o.z), s = sin(o.z);
    p = vec3(c * p.x - s * p.y + o.x, s * p.x + c * p.y + o.y, p.z);
    n = vec3(c * n.x - s * n.y, s * n.x + c * n.y, n.z);
    braking = o.w;
  }
  world = p; facing = n; paint = colour; at = uv;
  gl_Position = clip_from_world * vec4(p, 1.0);
}
"""

# Compiled three times (GROUND, FACADE, SOLID): a software rasteriser runs every branch for every fragment, so what a
# triangle can never need is left out at compile time (measured: twice the pictures a second of one program for all).
_FRAGMENT = """
uniform vec3 eye, sun, sun_colour, sky_up, horizon; uniform float haze, wet, dusk, exposure, grain, frame; uniform vec3 balance; uniform sampler2D noise;
in vec3 world; in vec3 facing; in vec3 paint; in vec2 at; flat in int material; flat in float braking;
out vec4 result;
float hash(vec2 p) { vec3 q = fract(vec3(p.xyx) * 0.1031); q += dot(q, q.yzx + 33.33); return fract((q.x + q.y) * q.z); }
void main() {
  vec3 to = world - eye; float distance_ = length(to); vec3 base = paint, light;
#ifdef GROUND
  float t = texture(noise, world.xy * 0.15).r, u = texture(noise, world.xy * 0.015).r;
  vec2 g = abs(fract(world.xy / 0.9) - 0.5);
  base *= material == 1 ? 0.62 + 0.36 * t + 0.3 * u : material == 2 ? (0.8 + 0.3 * t) * (distance_ < 22.0 && max(g.x, g.y) > 0.47 ? 0.82 : 1.0) : 0.75 + 0.35 * t;
  base *= 1.0 - 0.3 * wet;
  light = sky_up * 0.62 + horizon * 0.15 + sun_colour * sun.z;
  float away = to.z / distance_ + 1.0;
  vec3 colour_ = mix(base * light, mix(horizon, sky_up, -1.6 * to.z / distance_), wet * 0.5 * (0.25 + 0.75 * away * away * away));
#else
  vec3 n = facing;
  light = mix(horizon * 0.42, sky_up * 0.62 + horizon * 0.15, 0.5 + 0.5 * n.z) + sun_colour * max(dot(n, sun), 0.0);
#ifdef FACADE
  vec2 cells = at / vec2(2.4, 3.1), cell = floor(cells), f = cells - cell;
  base *= 0.82 + 0.3 * texture(noise, at * 0.12).r;
  float near_ = clamp((110.0 - distance_) / 65.0, 0.0, 1.0), r = hash(cell + 0.5), glow = 0.0;
  bool ground_floor = cell.y < 0.5 && f.y > 0.1 && f.y < 0.8 && r > 0.55, window = f.x > 0.22 && f.x < 0.74 && f.y > 0.28 && f.y < 0.78;
  vec3 pane = ground_floor ? vec3(0.10, 0.08, 0.07) + 0.12 * r : mix(vec3(0.07, 0.09, 0.11), sky_up * 0.5, 0.25 + 0.5 * r * r);
  if (window || ground_floor) { base = mix(base, pane, 0.3 + 0.7 * near_); glow = dusk > 0.5 && r > 0.62 ? 0.9 * near_ : 0.0; }
  vec3 colour_ = base * light + glow * vec3(0.45, 0.33, 0.15);
#else
  vec3 look = to / distance_;
  float t = texture(noise, world.xz * 0.35 + world.y * 0.2).r;
  base *= material == 8 ? 0.45 + 1.1 * t : material == 13 ? 0.85 + 0.2 * fract(world.z * 2.7) : 1.0;
  float shine = material == 5 ? 0.65 : material == 0 ? 0.12 : 0.0, g = 1.0 - max(-dot(look, n), 0.0);
  base = material == 5 ? vec3(0.035, 0.04, 0.05) : base;
  vec3 colour_ = mix(base * light, mix(horizon, sky_up, clamp(1.6 * (look.z - 2.0 * dot(look, n) * n.z), 0.0, 1.0)), shine * (0.25 + 0.75 * g * g * g));
  colour_ += paint * (material == 6 ? 1.5 * dusk : material == 7 ? (braking > 0.5 ? 1.6 : 0.3 * dusk) : 0.0);
#endif
#endif
  colour_ = sqrt(clamp(mix(horizon, colour_, exp(-haze * distance_)) * exposure * balance, 0.0, 1.0));
  result = vec4(colour_ + (hash(gl_FragCoord.xy + frame) - 0.5) * grain, 1.0);
}
"""

_SHADOW = """
uniform vec3 horizon; uniform float dusk;
in vec3 world; in vec3 facing; in vec3 paint; in vec2 at; flat in int material; flat in float braking;
out vec4 result;
void main() { vec2 e = smoothstep(vec2(1.0), vec2(0.62), abs(at)); result = vec4(horizon * 0.05, 0.75 * e.x * e.y * (1.0 - 0.4 * dusk)); }
"""

_SKY_VERTEX = """
#version 330
uniform mat4 world_from_clip; out vec3 ray; in vec2 corner;
void main() { gl_Position = vec4(corner, 0.99999, 1.0); vec4 p = world_from_clip * vec4(corner, 1.0, 1.0); ray = p.xyz / p.w; }
"""

_SKY_FRAGMENT = """
#version 330
uniform vec3 eye, sun, sun_colour, sky_up, horizon; uniform float clouds, exposure; uniform vec3 balance, ground; uniform float haze; uniform sampler2D noise;
in vec3 ray; out vec4 result;
void main() {
  vec3 d = normalize(ray - eye), c; float far_ = eye.z / max(-d.z, 0.001); vec2 at = eye.xy + d.xy * far_;
  float t = texture(noise, d.z > 0.0 ? d.xy / (d.z + 0.12) * 0.12 : at * 0.09).r, u = texture(noise, at * 0.011).r;
  if (d.z > 0.0) {
    c = mix(horizon, sky_up, sqrt(clamp(d.z * 1.7, 0.0, 1.0)));
    c = mix(c, mix(horizon, vec3(1.0), 0.5), clouds * smoothstep(0.42, 0.75, t) * smoothstep(0.0, 0.25, d.z));
    float g = max(dot(d, sun), 0.0); g *= g; g *= g; g *= g; g *= g; g *= g; c += sun_colour * 0.35 * g * g;
  } else {
    c = ground * (0.6 + 0.5 * t + 0.5 * u) * (sky_up * 0.62 + horizon * 0.15 + sun_colour * max(sun.z, 0.0));
    c = mix(horizon, c, exp(-haze * min(far_, 2000.0)));
  }
  c *= exposure * balance; result = vec4(sqrt(clamp(c, 0.0, 1.0)), 1.0);
}
"""

PAINTS = np.array([[0.75, 0.75, 0.76], [0.6, 0.61, 0.63], [0.04, 0.04, 0.045], [0.12, 0.12, 0.14], [0.3, 0.31, 0.33], [0.45, 0.04, 0.04], [0.05, 0.1, 0.32], [0.03, 0.2, 0.12],
                   [0.55, 0.42, 0.08], [0.1, 0.28, 0.45], [0.42, 0.36, 0.28], [0.5, 0.2, 0.05]])


def weather_of(rng):
    """One clip's light and air: a name and the shader's values."""
    name = str(rng.choice(["clear", "cloudy", "overcast", "dusk", "rain", "haze"], p=[0.32, 0.22, 0.2, 0.1, 0.08, 0.08]))
    high = {"clear": (0.35, 1.2), "cloudy": (0.3, 1.2), "overcast": (0.5, 1.2), "dusk": (0.08, 0.22), "rain": (0.5, 1.2), "haze": (0.2, 0.9)}[name]
    elevation, azimuth = rng.uniform(*high), rng.uniform(0, 2 * np.pi)
    sun = np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)])
    blue, grey = np.array([0.28, 0.48, 0.85]), np.array([0.62, 0.65, 0.69])
    w = {"sun": sun, "haze": rng.uniform(0.0008, 0.004), "wet": 0.0, "dusk": 0.0, "clouds": 0.0, "exposure": rng.uniform(0.78, 1.25), "grain": rng.uniform(0.02, 0.09),
         "balance": 1 + rng.uniform(-0.06, 0.06, 3)}
    if name in ("clear", "cloudy"):
        w.update(sky_up=blue * rng.uniform(0.8, 1.15), horizon=np.array([0.72, 0.8, 0.9]) * rng.uniform(0.85, 1.05), sun_colour=np.array([1.0, 0.93, 0.8]) * rng.uniform(0.8, 1.3), clouds=0.9 if name == "cloudy" else rng.uniform(0, 0.3))
    elif name == "dusk":
        w.update(sky_up=np.array([0.2, 0.24, 0.4]), horizon=np.array([0.62, 0.45, 0.38]) * rng.uniform(0.7, 1), sun_colour=np.array([0.6, 0.35, 0.18]) * rng.uniform(0.5, 1), dusk=1.0, clouds=rng.uniform(0, 0.8), exposure=rng.uniform(0.9, 1.3))
    else:
        w.update(sky_up=grey * rng.uniform(0.9, 1.15), horizon=np.array([0.74, 0.76, 0.79]) * rng.uniform(0.85, 1.05), sun_colour=np.ones(3) * (0.25 if name != "haze" else 0.5), clouds=0.3)
        if name == "rain":
            w.update(wet=rng.uniform(0.5, 1), haze=rng.uniform(0.004, 0.012), dusk=1.0 if rng.random() < 0.5 else 0.0, exposure=rng.uniform(0.7, 1.0))
        if name == "haze":
            w.update(haze=rng.uniform(0.008, 0.02))
    return name, w


def _noise_texture():
    rng = np.random.default_rng(7004)
    total = np.zeros((256, 256), dtype=np.float32)
    for size, weight in ((8, 0.3), (32, 0.3), (128, 0.25), (256, 0.15)):
        total += weight * cv2.resize(np.tile(rng.random((size, size)).astype(np.float32), (3, 3)), (768, 768), interpolation=cv2.INTER_CUBIC)[256:512, 256:512]
    return np.clip((total - total.mean()) / (4 * total.std()) + 0.5, 0, 1)


class Renderer:
    """One EGL context; a town, then a scene of it, then any number of ticks."""

    def __init__(self, drawing=AVERAGED):
        self.drawing = drawing
        self.context = moderngl.create_standalone_context(backend="egl")
        c = self.context
        head = "#version 330\n"
        self.programs = {name: c.program(vertex_shader=_VERTEX, fragment_shader=f"{head}#define {name}\n{_FRAGMENT}") for name in ("SOLID", "FACADE", "GROUND")}
        self.programs["SHADOW"] = c.program(vertex_shader=_VERTEX, fragment_shader=head + _SHADOW)
        self.sky = c.program(vertex_shader=_SKY_VERTEX, fragment_shader=_SKY_FRAGMENT)
        self.sky_array = c.vertex_array(self.sky, [(c.buffer(np.array([-1, -1, -1, 3, 3, -1], dtype="f4")), "2f", "corner")])
        size = (drawing.width_px * COLUMNS, drawing.height_px * ROWS)
        self.target = c.framebuffer([c.renderbuffer(size, 3)], c.depth_renderbuffer(size))
        self.size = size
        noise = (_noise_texture() * 255).astype(np.uint8)
        self.noise = c.texture((256, 256), 1, noise.tobytes())
        self.noise.build_mipmaps()
        self.noise.filter = (moderngl.LINEAR_MIPMAP_NEAREST, moderngl.LINEAR)
        self.noise.use(0)
        c.front_face = "cw"  # the pictures are drawn upside down, see _projection
        c.enable(moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        self.town = None
        self._town = []  # (buffer, array) a program
        self._chunks = None  # squares of the ground, of all programs
        self._objects = []  # (buffer, array, first [n], count [n]): bodies, shadows
        self._commands = c.buffer(reserve=1 << 18, dynamic=True)
        self._pixels = bytearray(size[0] * size[1] * 3)

    def _array(self, vertices, program):
        buffer = self.context.buffer(np.ascontiguousarray(vertices, dtype=np.float32))
        parts = [("3f", "position"), ("3f", "normal"), ("3f", "colour"), ("2f", "uv"), ("2f", "kind")]
        used = [(f if name in program else {"3f": "12x", "2f": "8x"}[f], name) for f, name in parts]
        return buffer, self.context.vertex_array(program, [(buffer, " ".join(f for f, _ in used), *(name for f, name in used if not f.endswith("x")))])

    def set_town(self, town):
        if self.town is not None and self.town.number == town.number:
            return
        for buffer, array in self._town:
            array.release(), buffer.release()
        mesh = motorway_mesh.motorway_mesh if town.motorway else meshes.town_mesh
        fine = _by_program(mesh(town))
        coarse = fine
        if self.drawing.fine_m is not None:
            with meshes.coarse_blobs():
                coarse = _by_program(mesh(town))
        self.town, self._town, self._far = town, [], towns.reach_of(town.number).drawn_m
        chunks = []
        for name in fine:
            v, of_program = _in_chunks(fine[name], coarse[name] if coarse is not fine else None)
            chunks.append(np.column_stack([np.full(len(of_program), len(self._town)), of_program]))
            self._town.append(self._array(v.reshape(-1, meshes.FLOATS), self.programs[name]))
        self._chunks = np.concatenate(chunks)
        self._ground = np.array([0.2, 0.26, 0.12]) * (0.7 + 0.6 * np.random.default_rng([7005, town.number]).random(3))

    def set_scene(self, kinds, sizes, colour_seeds, weather):
        """The road users that may be drawn (kind indices, [n, 3] sizes, one seed each) and the clip's light."""
        bodies, shadows = [], []
        for number, (kind, size, seed) in enumerate(zip(kinds[:MOST_OBJECTS], sizes, colour_seeds)):
            rng = np.random.default_rng(seed)
            name = traffic.KINDS[kind]
            if name in ("person", "bicycle"):
                colour, second = rng.uniform(0.03, 0.7, 3), rng.choice([0.05, 0.15, 0.3]) * rng.uniform(0.6, 1.2, 3)
            else:
                colour = PAINTS[rng.integers(len(PAINTS))] * rng.uniform(0.8, 1.1, 3)
                second = np.array([0.7, 0.7, 0.7]) * rng.uniform(0.3, 1.1) * rng.uniform(0.85, 1.1, 3)
                if name == "van" and rng.random() < 0.5:
                    colour = np.array([0.75, 0.75, 0.75])
            mesh = meshes.coloured(_road_user(name, *map(float, size)), number, colour, second)
            shadow = mesh[:, 11] == meshes.SHADOW
            bodies.append(mesh[~shadow]), shadows.append(mesh[shadow])
        for buffer, array, *_ in self._objects:
            array.release(), buffer.release()
        self._objects = []
        for name, parts in (("SOLID", bodies), ("SHADOW", shadows)):
            if parts:
                count = np.array([len(m) for m in parts])
                self._objects.append((*self._array(np.concatenate(parts), self.programs[name]), np.cumsum(count) - count, count))
        for program in (*self.programs.values(), self.sky):
            for key in ("sun", "sun_colour", "sky_up", "horizon", "haze", "wet", "dusk", "exposure", "grain", "balance", "clouds"):
                if key in program:
                    value = weather[key]
                    program[key].value = tuple(map(float, value)) if np.ndim(value) else float(value)
        self.sky["ground"].value = tuple(map(float, self._ground))

    def draw(self, objects, present, eye_poses, intrinsics, frame):
        """objects [n, 4] x, y, yaw, extra (braking, or a walker's phase); present [n] bool; world_from_camera [C, 4, 4]; intrinsics of the
        256 x 128 picture, whatever is drawn -> uint8 [C, height, width, 3] BGR views of one atlas."""
        uniform = np.zeros((MOST_OBJECTS, 4), dtype=np.float32)
        uniform[:len(objects)] = objects[:MOST_OBJECTS]
        for program in self.programs.values():
            program["objects"].write(uniform.tobytes())
        poses, intrinsics = np.stack(eye_poses), np.asarray(intrinsics)
        ranges = self._ranges(objects[:MOST_OBJECTS], present[:MOST_OBJECTS], poses, intrinsics)
        self.target.use()
        self.context.viewport = (0, 0) + self.size
        self.target.clear(depth=1.0)
        w, h = self.drawing.width_px, self.drawing.height_px
        for c, (pose, k) in enumerate(zip(poses, intrinsics)):
            self.target.viewport = (c % COLUMNS * w, c // COLUMNS * h, w, h)
            matrix = _projection(k) @ np.linalg.inv(pose)
            eye = tuple(map(float, pose[:3, 3]))
            for program in self.programs.values():
                program["clip_from_world"].write(matrix.T.astype("f4").tobytes())
                if "eye" in program:
                    program["eye"].value = eye
                    program["frame"].value = float((frame * 7 + c * 131) % 4096)
            self.sky["eye"].value = eye
            self.sky["world_from_clip"].write(np.linalg.inv(matrix).T.astype("f4").tobytes())
            # what stands, then the ground, then the sky: the hidden is cheap once something is before it; shadows lie on all of it
            bodies, shadows = self._objects if self._objects else (None, None)
            if bodies:
                self._render(bodies[1], ranges[c][0])
            for (_, array), (first, count) in zip(self._town, ranges[c][2:]):
                self._render(array, (first, count))
            self.sky_array.render(moderngl.TRIANGLES)
            if shadows:
                self.context.enable(moderngl.BLEND)
                self._render(shadows[1], ranges[c][1])
                self.context.disable(moderngl.BLEND)
        self.target.read_into(self._pixels, components=3, viewport=(0, 0) + self.size)
        atlas = np.frombuffer(self._pixels, dtype=np.uint8).reshape(self.size[1], self.size[0], 3)
        # the projection draws upside down, so that rows come back in picture order; RGB -> BGR
        return [atlas[c // COLUMNS * h:(c // COLUMNS + 1) * h, c % COLUMNS * w:(c % COLUMNS + 1) * w, ::-1] for c in range(len(eye_poses))]

    def _ranges(self, objects, present, poses, intrinsics):
        """What each camera may see, put into the buffer of commands: a camera's [(first command, how many)] for bodies, shadows and the town's programs."""
        forward = poses[:, :2, 2] / np.maximum(np.hypot(poses[:, 0, 2], poses[:, 1, 2]), 1e-6)[:, None]
        half = np.arctan2(rig.WIDTH_PX / 2 + 6, intrinsics[:, 0, 0])[:, None] + 0.06
        parts = []  # (list of a camera's, camera, order in it, first, count)
        if self._objects:
            ahead, aside, _ = _ahead_aside(objects[:, :2], poses, forward)
            c, n = np.nonzero(present & (ahead > -7) & (ahead < self._far) & (aside < np.maximum(ahead, 0) * np.tan(half) + 8))
            for number, (_, _, first, count) in enumerate(self._objects):
                parts.append((np.full(len(c), number), c, n, first[n], count[n]))
        program, x, y, radius, first, count, far_first, far_count = self._chunks.T
        ahead, aside, distance = _ahead_aside(np.column_stack([x, y]), poses, forward)
        c, n = np.nonzero((ahead > -radius) & (ahead < self._far + radius) & (aside * np.cos(half) - ahead * np.sin(half) < radius))
        d = distance[c, n]
        far = d > (self.drawing.fine_m or np.inf)
        parts.append((2 + program[n], c, d, np.where(far, far_first[n], first[n]), np.where(far, far_count[n], count[n])))  # near ones first
        which, camera, order, first, count = (np.concatenate(column) for column in zip(*parts))
        lists = 2 + len(self._town)
        place = camera * lists + which
        by = np.lexsort((order, place))
        commands = np.zeros((len(by), COMMAND_INTS), dtype=np.uint32)
        commands[:, 0], commands[:, 1], commands[:, 2] = count[by], 1, first[by]
        if commands.nbytes > self._commands.size:
            self._commands.orphan(2 * commands.nbytes)
        self._commands.write(commands.tobytes())
        edges = np.searchsorted(place[by], np.arange(len(poses) * lists + 1))
        return [[(int(edges[i]), int(edges[i + 1] - edges[i])) for i in range(camera * lists, (camera + 1) * lists)] for camera in range(len(poses))]

    def _render(self, array, commands):
        first, count = commands
        if count:
            array.render_indirect(self._commands, moderngl.TRIANGLES, count=count, first=first)


@functools.lru_cache(maxsize=1500)
def _road_user(kind, length, width, height):
    """Windows of one run show the same road users again and again."""
    return meshes.road_user(kind, np.array([length, width, height]))


def _by_program(mesh):
    triangles = mesh.reshape(-1, 3, meshes.FLOATS)
    material = triangles[:, 0, 11]
    ground = np.isin(material, (meshes.ASPHALT, meshes.PAVEMENT, meshes.MARKING))
    facade = material == meshes.FACADE
    parts = {"SOLID": triangles[~ground & ~facade], "FACADE": triangles[facade], "GROUND": triangles[ground]}
    return {name: part for name, part in parts.items() if len(part)}


def _in_chunks(fine, coarse):
    """Triangles [n, 3, FLOATS] in order of their squares of the ground, and of each square (x, y, radius, first, count, first and count of its coarse ones)."""
    v, starts, count, key, low, high = _sorted_by_square(fine)
    first = starts * 3
    far_first, far_count = first, count
    if coarse is not None:
        w, far_starts, counts, far_key, *_ = _sorted_by_square(coarse)
        at = np.minimum(np.searchsorted(far_key, key), len(far_key) - 1)
        there = far_key[at] == key
        far_first, far_count = np.where(there, len(v) * 3 + far_starts[at] * 3, 0), np.where(there, counts[at], 0)
        v = np.concatenate([v, w])
    return v, np.column_stack([(low + high) / 2, np.hypot(*((high - low) / 2).T), first, count, far_first, far_count])


def _sorted_by_square(v):
    cell = (v[:, :, :2].mean(axis=1) / CHUNK_M).astype(int)
    key = cell[:, 0] * 1000 + cell[:, 1]
    order = np.argsort(key, kind="stable")
    v, key = v[order], key[order]
    starts = np.concatenate([[0], np.nonzero(np.diff(key))[0] + 1])
    count = np.diff(np.concatenate([starts, [len(key)]])) * 3
    return v, starts, count, key[starts], np.minimum.reduceat(v[:, :, :2].min(axis=1), starts, axis=0), np.maximum.reduceat(v[:, :, :2].max(axis=1), starts, axis=0)


def _ahead_aside(points, poses, forward):
    """Of points [n, 2] for each camera: how far ahead, how far beside its axis, and how far away [C, n]."""
    d = points - poses[:, None, :2, 3]
    ahead = d[..., 0] * forward[:, :1] + d[..., 1] * forward[:, 1:]
    aside = np.abs(d[..., 1] * forward[:, :1] - d[..., 0] * forward[:, 1:])
    return ahead, aside, np.hypot(d[..., 0], d[..., 1])


def _projection(k, near=0.15, far=400.0):
    """OpenCV camera -> clip space, y downwards so that the read-back rows are picture rows."""
    w, h = rig.WIDTH_PX, rig.HEIGHT_PX
    p = np.zeros((4, 4))
    p[0] = [2 * k[0, 0] / w, 0, 2 * (k[0, 2] + 0.5) / w - 1, 0]
    p[1] = [0, 2 * k[1, 1] / h, 2 * (k[1, 2] + 0.5) / h - 1, 0]
    p[2] = [0, 0, (far + near) / (far - near), -2 * far * near / (far - near)]
    p[3] = [0, 0, 1, 0]
    return p
