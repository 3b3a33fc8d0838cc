// What comes over the stream, read with suspicion: every number is finite, every list bounded, every text short. Nothing here is markup.
const MOST_TEXT = 160;
const MOST_ITEMS = 64;

export const num = (value) => (typeof value === 'number' && Number.isFinite(value) ? value : null);
export const text = (value) => (typeof value === 'string' ? value.slice(0, MOST_TEXT) : '');
export const list = (value) => (Array.isArray(value) ? value.slice(0, MOST_ITEMS) : []);
const record = (value) => (value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {});
const nums = (value) => list(value).map(num);

/** Milliseconds of an int64 of nanoseconds, which JSON carries as a string; null where it is none. */
export const ms = (value) => (typeof value === 'string' && /^-?\d{1,19}$/.test(value) ? Number(value) / 1e6 : null);

/** "RISK_LEVEL_HIGH" to "high". */
const word = (value, prefix) => (text(value).startsWith(prefix) ? text(value).slice(prefix.length).toLowerCase() : 'unspecified');

const counts = (value) => {
  const read = [];
  for (const [reason, count] of Object.entries(record(value)).slice(0, MOST_ITEMS)) {
    if (num(count) !== null) read.push([text(reason), count]);
  }
  return read;
};

/** One forecast with all that is known of it; null where what came is none. */
export function readTick(data) {
  const all = record(data);
  const risk = record(all.risk);
  const envelope = record(risk.envelope);
  const set = record(envelope.frame_set);
  const t = ms(envelope.publish_time_ns);
  const ref = ms(set.reference_time_ns);
  if (t === null || ref === null || list(risk.horizons).length === 0) return null;
  const until = ms(envelope.valid_until_ns);
  return {
    t, ref, until, sentMs: num(all.sent_ms),
    from: ms(set.capture_first_ns) ?? ref,
    number: Number(text(set.tick)) || 0,
    validity: word(envelope.validity, 'VALIDITY_'),
    reasons: list(envelope.validity_reasons).map(text),
    provider: text(envelope.provider), model: text(envelope.model),
    ageMs: num(set.age_ms), ttlMs: num(envelope.ttl_ms), met: set.deadline_met === true,
    egoOrigin: word(set.ego_origin, 'EGO_ORIGIN_'), rung: num(set.rung) ?? 0,
    used: new Map(list(set.cameras_used).map((camera) => [text(record(camera).name), Number(text(record(camera).frame))])),
    missing: new Map(list(set.cameras_missing).map((camera) => [text(record(camera).name), text(record(camera).reason)])),
    risk: readRisk(risk), plan: readPlan(record(all.plan)), scene: readScene(record(all.scene)), note: readNote(record(all.note)),
    events: list(all.events).map(readEvent).filter((event) => event !== null),
    pictures: new Map(list(all.pictures).map((picture) => [num(record(picture).camera), readPicture(record(picture))])),
  };
}

const readPicture = (picture) => ({
  frame: num(picture.frame),
  jpeg: typeof picture.jpeg === 'string' && /^[A-Za-z0-9+/=]+$/.test(picture.jpeg) ? picture.jpeg : '',
});

function readRisk(risk) {
  const alarm = record(risk.alarm);
  const bound = record(risk.bound);
  return {
    level: word(risk.level, 'RISK_LEVEL_'), levelS: num(risk.level_horizon_s),
    horizons: list(risk.horizons).map((horizon) => ({
      s: num(record(horizon).horizon_s), p: num(record(horizon).probability), upper: num(record(horizon).upper_bound),
    })),
    ttc: num(risk.time_to_collision_s), ttcReason: text(risk.time_to_collision_s_reason),
    sector: word(risk.sector, 'SECTOR_'), camera: text(risk.camera), given: word(risk.given, 'GIVEN_'),
    alarm: text(alarm.event_id) ? { id: text(alarm.event_id), risen: ms(alarm.risen_ns), peak: num(alarm.peak_probability) } : null,
    guarantee: word(bound.guarantee, 'GUARANTEE_'), guaranteeReasons: list(bound.guarantee_reasons).map(text),
    alpha: num(bound.alpha), n: num(bound.n),
  };
}

const readPlan = (plan) => ({
  horizons: nums(plan.horizons_s),
  manoeuvres: list(plan.manoeuvres).map(record).map((one) => ({
    name: text(one.name), accelerations: nums(one.accelerations_mps2), curvatures: nums(one.curvatures_1pm), p: nums(one.probabilities),
    differences: nums(one.differences), comfort: num(one.comfort_mps2), progress: num(one.progress_m), inSupport: one.in_support === true,
  })),
  ranking: nums(plan.ranking).filter((place) => place !== null), margin: num(plan.margin), tie: plan.tie === true, best: num(plan.best),
});

function readScene(scene) {
  const grid = record(scene.grid);
  const surprise = record(scene.surprise);
  const zlib = (occupancy) => (typeof record(occupancy).zlib === 'string' ? occupancy.zlib : null);
  const size = [num(grid.size_x), num(grid.size_y)];
  const fits = size.every((cells) => cells !== null && cells > 0 && cells <= 512) && num(grid.resolution_m) > 0;
  return {
    speed: num(scene.speed_mps), yawRate: num(scene.yaw_rate_radps), acceleration: num(scene.acceleration_mps2),
    grid: fits ? { x0: num(grid.origin_x_m) ?? 0, y0: num(grid.origin_y_m) ?? 0, cell: grid.resolution_m, nx: size[0], ny: size[1] } : null,
    classes: list(scene.occupancy_classes).map(text), now: zlib(scene.occupancy_now),
    horizons: list(scene.horizons).map(record).map((horizon) => {
      const ego = record(horizon.ego);
      const at = [num(ego.x_m), num(ego.y_m), num(ego.yaw_rad)];
      return {
        s: num(horizon.horizon_s), ego: at.includes(null) ? null : { x: at[0], y: at[1], yaw: at[2] }, map: zlib(horizon.occupancy),
        change: num(horizon.predicted_change), uncertainty: num(horizon.uncertainty), skill: num(horizon.rolling_skill),
      };
    }),
    surprise: { score: num(surprise.score), threshold: num(surprise.threshold), on: surprise.surprised === true, why: text(scene.surprise_reason) || text(surprise.newer_missing) },
  };
}

function readNote(note) {
  const stages = Object.entries(record(note.stages_us)).slice(0, 16).map(([stage, us]) => [text(stage), (num(us) ?? 0) / 1000]);
  if (stages.length === 0) return null;
  const sets = record(note.sets);
  return {
    stages, dispatched: (num(note.dispatched_us) ?? 0) / 1000, judged: (num(note.judged_us) ?? 0) / 1000, handed: (num(note.handed_us) ?? 0) / 1000,
    deadline: (num(note.deadline_us) ?? 0) / 1000, lastCamera: num(note.last_camera) ?? -1,
    sets: readCounts(sets, 'formed', 'published'),
    frames: list(note.frames).map((camera) => readCounts(record(camera), 'captured', 'used')),
  };
}

/** whole = done + dropped by reason + in flight. */
const readCounts = (one, whole, done) => ({ whole: num(one[whole]) ?? 0, done: num(one[done]) ?? 0, inFlight: num(one.in_flight) ?? 0, dropped: counts(one.dropped) });

function readEvent(one) {
  const message = record(record(one).message);
  const kinds = { 'risk/event': 'risk', 'surprise/event': 'surprise' };
  const kind = Object.hasOwn(kinds, record(one).topic) ? kinds[one.topic] : null;
  const edge = word(message.edge, 'EDGE_');
  if (kind === null || (edge !== 'rising' && edge !== 'falling')) return null;
  const peak = num(record(message.alarm).peak_probability) ?? num(message.peak_score);
  return { kind, edge, peak, id: text(message.event_id) || text(record(message.alarm).event_id) };
}

export function readHealth(data) {
  const health = record(data);
  return {
    state: word(health.state, 'HEALTH_STATE_'), reasons: list(health.reasons).map(text), broker: health.broker_connected === true,
    frameQueue: num(health.frame_queue), publishQueue: num(health.publish_queue), clockOffsetMs: num(health.wall_clock_offset_ms),
    cameras: new Map(list(health.cameras).map(record).map((camera) => [text(camera.name), {
      state: word(camera.state, 'CAMERA_STATE_'), rate: num(camera.rate_hz), ageS: num(camera.age_s), skewS: num(camera.skew_s),
    }])),
  };
}

export function readLatency(data) {
  const latency = record(data);
  const figures = (value) => ({ p50: num(record(value).p50_ms), p99: num(record(value).p99_ms), max: num(record(value).max_ms) });
  return {
    t: ms(record(latency.envelope).publish_time_ns), budget: num(latency.budget_ms), whole: figures(latency.capture_to_publish),
    stages: list(latency.stages).map(record).map((stage) => [text(stage.stage), figures(stage.figures)]),
    critical: text(latency.critical_stage), camera: text(latency.critical_camera),
  };
}

export function readHello(data) {
  const hello = record(data);
  if (!text(hello.run)) return null;
  return {
    run: text(hello.run), vehicle: text(hello.vehicle), session: text(hello.session), source: text(hello.source), title: text(hello.title),
    live: hello.pace === 'live', software: text(hello.software), startMs: ms(hello.start_ns) ?? 0, periodMs: num(hello.period_ms) ?? 100,
    silenceMs: num(hello.silence_ms) ?? 500, budgetMs: num(hello.budget_ms) ?? 100, cameras: list(hello.cameras).map(text),
  };
}

export function readModel(data) {
  const model = record(data);
  const levels = record(model.levels);
  return {
    name: text(model.name), version: text(model.version), domain: text(model.calibration_domain),
    horizons: nums(model.horizons_s).filter((s) => s !== null && s > 0),
    levels: { s: num(levels.horizon_s), elevated: num(levels.elevated_rise), high: num(levels.high_rise) },
  };
}

export function readRig(data) {
  const rig = record(data);
  return { length: num(rig.vehicle_length_m) ?? 4.5, width: num(rig.vehicle_width_m) ?? 1.8, overhang: num(rig.vehicle_rear_overhang_m) ?? 1 };
}

/** Where each cell falls in each picture; null where what came does not fit. */
export function readLift(data) {
  const lift = record(data);
  const heights = nums(lift.heights_m);
  const half = num(lift.places_per_half);
  if (typeof lift.places !== 'string' || heights.length === 0 || !(half > 0)) return null;
  try {
    const bytes = Uint8Array.from(atob(lift.places), (letter) => letter.charCodeAt(0));
    return { heights, half, unseen: num(lift.unseen), places: new Int16Array(bytes.buffer, 0, bytes.length >> 1) };
  } catch {
    return null;
  }
}
