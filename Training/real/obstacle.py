"""A road user pasted into a real video: the drives' own meshes and shader, seen through the video's camera, in the light of the picture."""

from dataclasses import dataclass

import cv2
import moderngl
import numpy as np

from drives import meshes, render

SIZES_M = {"hatch": (4.1, 1.78, 1.48), "saloon": (4.6, 1.82, 1.45), "suv": (4.7, 1.9, 1.7), "van": (5.4, 2.0, 2.3), "lorry": (10.5, 2.5, 3.6)}  # length, width, height
OVERSAMPLED_WIDTH_PX = 1024  # at least, or 2 rendered pixels a picture pixel and axis
DIMMED = 0.7  # the side that a camera behind sees is the shaded one: real cars of both videos are darker than the sky's full light makes them
HAZE_1PM = 0.0015
SMOOTHED = 0.9  # of the road's brightness, a picture
NEAR_M, FAR_M = 0.2, 300.0
NOISE_BLUR_PX = 0.7  # a codec leaves no white noise


@dataclass(frozen=True)
class Approach:
    """Who comes, and how: bumper to bumper distances, metres and seconds of the video."""
    kind: str = "saloon"
    start_s: float = 0.0
    from_m: float = 60.0
    to_m: float = 4.0
    closing_mps: float = 10.0
    lateral_m: float = 0.0  # of its middle, to the left of the ego's
    paint: int = 4  # of the renderer's paints; 4 is a grey

    def distance_m(self, time_s):
        """None before the start; at the nearest it stays as near as that."""
        since = time_s - self.start_s
        return None if since < -1e-9 else max(self.to_m, self.from_m - self.closing_mps * since)

    @property
    def closest_s(self):
        return self.start_s + (self.from_m - self.to_m) / self.closing_mps

    @property
    def contact_s(self):
        """When they would touch, were the closing to go on."""
        return self.start_s + self.from_m / self.closing_mps


class Obstacle:
    """Draws the obstacle at a distance: colour and cover of its body, and the cover of its shadow, in picture pixels."""

    def __init__(self, approach, camera, light):
        self.camera, self.kind = camera, approach.kind
        self.context = c = moderngl.create_standalone_context(backend="egl")
        self.finer = max(2, OVERSAMPLED_WIDTH_PX // camera.size[0])
        self.size = tuple(s * self.finer for s in camera.size)
        head = "#version 330\n"
        programs = (c.program(vertex_shader=render._VERTEX, fragment_shader=f"{head}#define SOLID\n{render._FRAGMENT}"), c.program(vertex_shader=render._VERTEX, fragment_shader=head + render._SHADOW))
        c.texture((256, 256), 1, (render._noise_texture() * 255).astype(np.uint8).tobytes()).use(0)
        paint = render.PAINTS[approach.paint % len(render.PAINTS)]
        mesh = meshes.coloured(meshes.road_user(approach.kind, SIZES_M[approach.kind]), 0, paint, (0.55, 0.55, 0.53))
        shadow = mesh[:, 11] == meshes.SHADOW
        self.layers = [(p, _array(c, p, mesh[chosen])) for p, chosen in zip(programs, (~shadow, shadow))]
        for program in programs:
            _set(program, {**light, "eye": camera.vehicle_from_camera[:3, 3], "frame": 0.0,
                           "clip_from_world": (_projection(camera) @ np.linalg.inv(camera.vehicle_from_camera)).T})
        self.target = c.framebuffer([c.renderbuffer(self.size, 4)], c.depth_renderbuffer(self.size))
        c.front_face = "cw"  # drawn upside down, so that rows come back in picture order
        c.enable(moderngl.DEPTH_TEST | moderngl.CULL_FACE)

    def draw(self, x, y, box):
        """Its middle at (x, y) of the vehicle frame -> the part `box` (left, top, right, bottom) of
        its colour [h, w, 3] BGR 0..255 times its cover, its cover [h, w] and its shadow's [h, w], 0..1."""
        objects = np.zeros((render.MOST_OBJECTS, 4), dtype=np.float32)
        objects[0] = x, y, 0.0, 1.0  # the last one lights its brake lamps
        left, top, right, bottom = box
        part = tuple(v * self.finer for v in (left, top, right - left, bottom - top))
        pictures = []
        for program, array in self.layers:
            program["objects"].write(objects.tobytes())
            self.target.use()
            self.target.clear(depth=1.0)
            array.render(moderngl.TRIANGLES)
            pictures.append(np.frombuffer(self.target.read(components=4, viewport=part), dtype=np.uint8).reshape(part[3], part[2], 4).astype(np.float32))
        body, shadow = pictures
        cover = body[..., 3] / 255
        small = lambda p: cv2.resize(np.ascontiguousarray(p), (right - left, bottom - top), interpolation=cv2.INTER_AREA)
        return small(body[..., 2::-1] * cover[..., None]), small(cover), small(shadow[..., 3]) / 255

    def box(self, x, y, margin_px):
        """Where in the picture it and its shadow lie: left, top, right, bottom, or None outside."""
        length, width, height = (np.array(SIZES_M[self.kind]) + [1, 1, 0]) / [2, 2, 1]
        corners = np.array([[x + a * length, y + b * width, z] for a in (-1, 1) for b in (-1, 1) for z in (0, height)])
        pixels, _ = self.camera.project(corners)
        low = np.maximum(np.floor(pixels.min(axis=0)) - margin_px, 0).astype(int)
        high = np.minimum(np.ceil(pixels.max(axis=0)) + margin_px, self.camera.size).astype(int)
        return (*low.tolist(), *high.tolist()) if (low < high).all() else None


def light_of(picture, camera):
    """The shader's light values, from what the picture shows of the sky; its tone curve is the square root."""
    linear = (picture[..., ::-1].astype(np.float32) / 255) ** 2
    row = int(np.clip(camera.horizon_row(), 8, picture.shape[0] - 1))
    above = np.median(linear[:max(row // 3, 1)].reshape(-1, 3), axis=0)
    at_horizon = np.percentile(linear[row - max(row // 4, 2):row].reshape(-1, 3), 75, axis=0)
    clear = above[2] > 2 * above[0]  # a blue sky: there is a sun
    sun = np.array([-0.35, 0.45, 0.82])
    return {"sun": sun / np.linalg.norm(sun), "sun_colour": np.array([1.0, 0.94, 0.82]) if clear else np.full(3, 0.12), "sky_up": above, "horizon": at_horizon,
            "haze": HAZE_1PM, "wet": 0.0, "dusk": 0.0, "exposure": DIMMED, "grain": 0.0, "balance": np.ones(3)}


def noise_of(picture):
    """Standard deviation of the noise on the road, in grey levels: what a median filter takes away there, lane lines left out."""
    road = cv2.cvtColor(picture[int(0.75 * picture.shape[0]):int(0.92 * picture.shape[0]), int(0.3 * picture.shape[1]):int(0.7 * picture.shape[1])], cv2.COLOR_BGR2GRAY)
    rest = road.astype(np.float32) - cv2.medianBlur(road, 5)
    return float(rest[np.abs(rest) < 12].std())


class Paste:
    """Composites the obstacle into pictures of one video."""

    def __init__(self, approach, vehicle, camera, first, blur_px, shadow=0.8):
        self.approach, self.vehicle, self.camera = approach, vehicle, camera
        self.obstacle = Obstacle(approach, camera, light_of(first, camera))
        self.blur_px, self.shadow, self.noise = blur_px, shadow, noise_of(first)
        self.road = self.road_first = None  # brightness before its wheels, smoothed; under a bridge it darkens as the road does

    def into(self, picture, time_s, frame):
        """The picture with the obstacle in it; the very picture while there is none."""
        distance = self.approach.distance_m(time_s)
        if distance is None:
            return picture
        middle = self.vehicle.front_m + distance + SIZES_M[self.approach.kind][0] / 2
        place = middle, self.approach.lateral_m
        box = self.obstacle.box(*place, int(3 * self.blur_px) + 2)
        if box is None:
            return picture
        colour, cover, shadow = (cv2.GaussianBlur(p, (0, 0), self.blur_px) for p in self.obstacle.draw(*place, box))
        grain = cv2.GaussianBlur(np.random.default_rng([7011, frame]).standard_normal(cover.shape).astype(np.float32), (0, 0), NOISE_BLUR_PX)
        grain *= self.noise / max(float(grain.std()), 1e-6)
        left, top, right, bottom = box
        gain = self._gain(picture, box)
        behind = picture[top:bottom, left:right] * (1 - self.shadow * shadow[..., None])
        out = picture.copy()
        out[top:bottom, left:right] = np.clip(behind * (1 - cover[..., None]) + gain * colour + (grain * cover)[..., None] + 0.5, 0, 255).astype(np.uint8)
        return out

    def _gain(self, picture, box):
        left, _, right, bottom = box
        top = min(bottom, picture.shape[0] - 3)
        quarter = (right - left) // 4
        strip = picture[top:top + picture.shape[0] // 10, left + quarter:right - quarter]
        now = float(np.median(strip)) + 1
        self.road = now if self.road is None else SMOOTHED * self.road + (1 - SMOOTHED) * now
        self.road_first = self.road_first or self.road
        return float(np.clip(self.road / self.road_first, 0.5, 1.2))


def _array(context, program, vertices):
    buffer = context.buffer(np.ascontiguousarray(vertices, dtype=np.float32))
    parts = [("3f", "position"), ("3f", "normal"), ("3f", "colour"), ("2f", "uv"), ("2f", "kind")]
    used = [(f if name in program else {"3f": "12x", "2f": "8x"}[f], name) for f, name in parts]
    return context.vertex_array(program, [(buffer, " ".join(f for f, _ in used), *(name for f, name in used if not f.endswith("x")))])


def _set(program, values):
    for key, value in values.items():
        if key in program:
            program[key].write(np.asarray(value, dtype="f4").tobytes())


def _projection(camera):
    """OpenCV camera -> clip space, y downwards; pixel centres at whole numbers."""
    (w, h), k = camera.size, camera.intrinsics
    p = np.zeros((4, 4))
    p[0, :3] = 2 * k[0, 0] / w, 0, 2 * (k[0, 2] + 0.5) / w - 1
    p[1, 1:3] = 2 * k[1, 1] / h, 2 * (k[1, 2] + 0.5) / h - 1
    p[2, 2:] = (FAR_M + NEAR_M) / (FAR_M - NEAR_M), -2 * FAR_M * NEAR_M / (FAR_M - NEAR_M)
    p[3, 2] = 1
    return p
