// Occupancy maps out of their zlib streams, when they are looked at; a few are kept.
const MOST_KEPT = 160;
const kept = new Map();
let changed = () => {};

export const onMap = (callback) => { changed = callback; };

async function inflate(base64, length) {
  const packed = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate')).getReader();
  const map = new Uint8Array(length);
  let at = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (at + value.length > length) throw new RangeError('larger than its grid');
    map.set(value, at);
    at += value.length;
  }
  if (at !== length) throw new RangeError('smaller than its grid');
  return map;
}

/** uint8 [classes, nx, ny] of horizon k, 0 is now; null while it is unpacked, and for good where it cannot be. */
export function mapOf(tick, k) {
  const { grid, classes, now, horizons } = tick.scene;
  const base64 = k === 0 ? now : horizons[k - 1]?.map;
  if (!grid || !base64) return null;
  const key = `${tick.t}:${k}`;
  if (kept.has(key)) return kept.get(key);
  kept.set(key, null);
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
  inflate(base64, classes.length * grid.nx * grid.ny).then((map) => {
    if (kept.has(key)) kept.set(key, map);
    changed();
  }, () => {});
  return null;
}

/** The maps beside a horizon in seconds and the share of the later one. */
export function mapsAt(tick, seconds) {
  const times = [0, ...tick.scene.horizons.map((horizon) => horizon.s ?? Infinity)];
  let later = times.findIndex((s) => s >= seconds - 1e-6);
  if (later < 0) later = times.length - 1;
  const earlier = times[later] - seconds > 1e-6 ? later - 1 : later;
  const share = earlier === later ? 0 : (seconds - times[earlier]) / (times[later] - times[earlier]);
  const a = mapOf(tick, earlier);
  const b = earlier === later ? a : mapOf(tick, later);
  return a && b ? { a, b, share } : null;
}

export const valueAt = (maps, place) => (maps.a[place] * (1 - maps.share) + maps.b[place] * maps.share) / 255;

/** The ego's pose at a horizon: nought now, between the forecast poses else. */
export function poseAt(tick, seconds) {
  let before = { s: 0, ego: { x: 0, y: 0, yaw: 0 } };
  for (const horizon of tick.scene.horizons) {
    if (horizon.ego === null || horizon.s === null) return before.ego;
    if (horizon.s >= seconds) {
      const share = (seconds - before.s) / (horizon.s - before.s || 1);
      const mix = (key) => before.ego[key] + (horizon.ego[key] - before.ego[key]) * share;
      return { x: mix('x'), y: mix('y'), yaw: mix('yaw') };
    }
    before = horizon;
  }
  return before.ego;
}

/** Points of a manoeuvre's path from the ego of now, 0.1 s apart: [x, y, yaw, seconds]. */
export function pathOf(manoeuvre, horizons, speed, until) {
  const points = [[0, 0, 0, 0]];
  let [x, y, yaw, v] = [0, 0, 0, Math.max(0, speed ?? 0)];
  const dt = 0.1;
  for (let s = dt; s <= until + 1e-6; s += dt) {
    let step = horizons.findIndex((horizon) => horizon >= s - 1e-6);
    if (step < 0) step = horizons.length - 1;
    v = Math.max(0, v + (manoeuvre.accelerations[step] ?? 0) * dt);
    yaw += v * (manoeuvre.curvatures[step] ?? 0) * dt;
    x += v * Math.cos(yaw) * dt;
    y += v * Math.sin(yaw) * dt;
    points.push([x, y, yaw, s]);
  }
  return points;
}
