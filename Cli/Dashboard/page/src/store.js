// Everything that the page knows of a run, bounded: forecasts whole for the newest minutes, their figures for the time axis for an hour.
import { signal } from '@preact/signals';
import { readHealth, readHello, readLatency, readLift, readModel, readRig, readTick } from './read.js';

export const MOST_TICKS = 1200; // two minutes at 10 Hz, about 45 kB each
export const MOST_POINTS = 36000; // an hour at 10 Hz
const MOST_EVENTS = 500;
const MOST_LATENCIES = 3600;

export const hello = signal(null);
export const model = signal(null);
export const rig = signal(null);
export const health = signal(null);
export const latency = signal(null);
export const ended = signal(false);
export const unreadable = signal(0);
export const lost = signal({ missed: 0, skipped: 0 });

export const run = { ticks: [], points: [], events: [], latencies: [], drops: [], lift: null, revision: 0 };

export function clear() {
  Object.assign(run, { ticks: [], points: [], events: [], latencies: [], drops: [], lift: null, revision: run.revision + 1 });
  health.value = latency.value = model.value = rig.value = null;
  ended.value = false;
  lost.value = { missed: 0, skipped: 0 };
}

const trim = (array, most) => {
  if (array.length > most + (most >> 3)) array.splice(0, array.length - most);
};

/** Takes one event of the stream. True where a new run began. */
export function take(kind, data) {
  switch (kind) {
    case 'hello': {
      const next = readHello(data);
      if (next === null || hello.value?.run === next.run) return false;
      clear();
      hello.value = next;
      return true;
    }
    case 'model': model.value = readModel(data); break;
    case 'rig': rig.value = readRig(data); break;
    case 'lift': run.lift = readLift(data); break;
    case 'health': health.value = { ...readHealth(data), at: performance.now() }; break;
    case 'latency': takeLatency(readLatency(data)); break;
    case 'ended': ended.value = true; break;
    case 'tick': takeTick(readTick(data)); break;
    default: break;
  }
  return false;
}

function takeLatency(figures) {
  latency.value = figures;
  if (figures.t !== null && figures.t > (run.latencies.at(-1)?.t ?? -Infinity)) run.latencies.push(figures);
  trim(run.latencies, MOST_LATENCIES);
}

function takeTick(tick) {
  if (tick === null) {
    unreadable.value++;
    return;
  }
  const before = run.ticks.at(-1);
  if (before && tick.t <= before.t) return; // said again after the stream was lost
  run.ticks.push(tick);
  run.points.push(pointOf(tick, before));
  for (const event of tick.events) run.events.push({ ...event, t: tick.t, tick });
  noteDrops(tick, before);
  trim(run.ticks, MOST_TICKS);
  trim(run.points, MOST_POINTS);
  trim(run.events, MOST_EVENTS);
  trim(run.drops, MOST_EVENTS);
  for (const old of run.events) if (run.ticks.length && old.tick && old.t < run.ticks[0].t) old.tick = null;
  run.revision++;
}

const levelHorizon = (tick) => tick.risk.horizons.find((horizon) => horizon.s === tick.risk.levelS) ?? tick.risk.horizons[0];

/** Milliseconds from capture until it was handed over; of a replay, whose clock stands still meanwhile, the stages' own. */
export const workOf = (tick) => (!tick.note ? tick.ageMs : hello.value?.live ? tick.note.handed : tick.note.stages.reduce((sum, [, ms]) => sum + ms, 0));

function pointOf(tick, before) {
  const at = levelHorizon(tick);
  return {
    t: tick.t, p: at?.p ?? null, upper: at?.upper ?? null, level: tick.risk.level, surprise: tick.scene.surprise.score, surprised: tick.scene.surprise.on,
    threshold: tick.scene.surprise.threshold, rung: tick.rung, total: workOf(tick), deadline: tick.note?.deadline ?? null, met: tick.met,
    missing: [...tick.missing.keys()], gap: before ? Math.max(0, tick.number - before.number - 1) : 0, until: tick.until,
  };
}

/** What was dropped between two forecasts, by reason: the ledger's difference. */
function noteDrops(tick, before) {
  if (!tick.note || !before?.note) return;
  const was = new Map(before.note.sets.dropped);
  const reasons = tick.note.sets.dropped.map(([reason, count]) => [reason, count - (was.get(reason) ?? 0)]).filter(([, count]) => count > 0);
  if (reasons.length > 0) run.drops.push({ t: tick.t, reasons });
}

/** Place of the last of `array` at or before `t`; -1 where there is none. */
export function placeAt(array, t) {
  let low = 0;
  let high = array.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (array[middle].t <= t) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export const secondsOf = (t) => (t - (hello.value?.startMs ?? 0)) / 1000;
export const timeOf = (seconds) => seconds * 1000 + (hello.value?.startMs ?? 0);
