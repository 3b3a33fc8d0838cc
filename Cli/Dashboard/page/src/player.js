// Which forecast is shown: the newest while it holds, or one of the past. One rule for both: past its validity there is none.
import { signal } from '@preact/signals';
import { ended, hello, model, placeAt, run, secondsOf, timeOf } from './store.js';
import { elapsed, link, newestAge } from './stream.js';

export const SPEEDS = [0.2, 0.5, 1, 2, 4, 8];

/** live: the newest; review: the moment t of the run's clock, standing or playing. */
export const player = signal({ live: true, t: 0, playing: false, speed: 1, a: null, b: null });
export const selection = signal({ camera: '', horizon: 0, manoeuvre: '' });
/** tick: null where there is no forecast, then why says so; last: the newest there was. */
export const view = signal({ tick: null, last: null, why: 'Waiting for the first forecast', live: true, t: 0, ageMs: Infinity });
export const future = signal(false);

const set = (change) => { player.value = { ...player.value, ...change }; };
export const select = (change) => { selection.value = { ...selection.value, ...change }; };
const clampTime = (t) => Math.min(Math.max(t, run.points[0]?.t ?? t), run.points.at(-1)?.t ?? t);

export function seek(t) {
  set({ live: false, playing: false, t: clampTime(t) });
  refresh();
}

export function goLive() {
  if (ended.value) return;
  set({ live: true, playing: false });
  refresh();
}

export function togglePlay() {
  const now = player.value;
  if (now.live) return seek(run.points.at(-1)?.t ?? 0);
  const atEnd = now.t >= (run.points.at(-1)?.t ?? 0);
  set({ playing: !now.playing, t: !now.playing && atEnd ? now.a ?? run.ticks[0]?.t ?? 0 : now.t });
  refresh();
}

export function step(by) {
  const from = player.value.live ? run.points.at(-1)?.t ?? 0 : player.value.t;
  const at = placeAt(run.points, from);
  const exact = run.points[at]?.t === from;
  const next = run.points[Math.min(Math.max(at + (by < 0 && !exact ? 0 : by), 0), run.points.length - 1)];
  if (next) seek(next.t);
}

function jump(moments, by) {
  const from = player.value.live ? Infinity : player.value.t;
  const next = by > 0 ? moments.find((t) => t > from + 0.5) : moments.findLast((t) => t < from - 0.5);
  if (next !== undefined) seek(next);
  return next !== undefined;
}

export const jumpEvent = (by) => jump(run.events.map((event) => event.t), by);
/** A deadline that was missed: late, or a frame set that was dropped before. The first one again after the last. */
export function jumpMiss() {
  const late = run.points.filter((point) => !point.met || point.gap > 0).map((point) => point.t);
  return jump(late, 1) || (late.length > 0 && (seek(late[0]), true));
}

export const setSpeed = (speed) => set({ speed });

export function mark(end) {
  const t = player.value.live ? run.points.at(-1)?.t ?? 0 : player.value.t;
  if (end === 'clear') return set({ a: null, b: null });
  const { a, b } = { ...player.value, [end]: t };
  set(a !== null && b !== null && a > b ? { a: b, b: a } : { a, b });
}

/** The riskiest moment, so that a page of a finished run is never empty. */
export function openFinished() {
  const worst = run.points.filter((point) => point.met).reduce((best, point) => ((point.p ?? -1) > (best?.p ?? -1) ? point : best), null) ?? run.points.at(-1);
  if (worst) seek(worst.t);
}

let before = null;
let drawn = -1;

/** Ten times a second. */
export function advance() {
  const now = { at: performance.now(), date: Date.now() };
  const passed = before === null ? 0 : Math.min(1000, elapsed(before)); // asleep is not playing
  before = now;
  const state = player.value;
  if (!state.live && state.playing) {
    let t = state.t + passed * state.speed;
    if (state.a !== null && state.b !== null && t >= state.b) t = state.a;
    const end = run.points.at(-1)?.t ?? 0;
    set(t >= end ? { t: end, playing: false } : { t });
  }
  if (future.value) {
    const most = model.value?.horizons.at(-1) ?? 4;
    const next = selection.value.horizon + passed / 1000;
    select({ horizon: next > most ? 0 : next });
  }
  refresh();
}

function liveView() {
  const last = run.ticks.at(-1) ?? null;
  const ageMs = newestAge();
  const said = (why) => ({ tick: null, last, why, live: true, t: last?.t ?? 0, ageMs });
  if (last === null) return said(link.value.state === 'lost' ? 'The stream was lost before the first forecast' : 'Waiting for the first forecast');
  if (ended.value) return said('The run has ended');
  if (last.validity !== 'valid' && last.validity !== 'degraded') return said(refusal(last));
  const seconds = (ageMs / 1000).toFixed(1);
  if (link.value.state === 'lost') return said(`The stream was lost; the newest forecast is ${seconds} s old`);
  if (ageMs > hello.value.silenceMs) return said(`None came for ${seconds} s`);
  if (last.ttlMs === null || ageMs > last.ttlMs) return said('Its validity has run out');
  return { tick: last, last, why: '', live: true, t: last.t, ageMs };
}

function reviewView() {
  const { t } = player.value;
  const last = run.ticks[placeAt(run.ticks, t)] ?? null;
  const said = (why) => ({ tick: null, last, why, live: false, t, ageMs: last ? t - last.t : Infinity });
  if (last === null) return said(run.ticks.length && t < run.ticks[0].t ? 'Only figures are kept of this moment; whole forecasts of the newest two minutes' : 'There was none yet');
  if (last.validity !== 'valid' && last.validity !== 'degraded') return said(refusal(last));
  if (t - last.t > hello.value.silenceMs) return said(`None had come for ${((t - last.t) / 1000).toFixed(1)} s`);
  if (last.until === null || t > last.until) return said('Its validity had run out');
  return { tick: last, last, why: '', live: false, t, ageMs: t - last.t };
}

/** What calls itself stale or invalid is no forecast. */
const refusal = (last) => (last.validity === 'stale' ? 'It came after its deadline' : 'It calls itself invalid');

export function refresh() {
  if (hello.value === null) return;
  const next = player.value.live ? liveView() : reviewView();
  const now = view.value;
  const same = next.tick === now.tick && next.last === now.last && next.why === now.why && next.live === now.live && next.t === now.t && drawn === run.revision;
  if (same && !next.live) return; // nothing moves: nothing is drawn
  drawn = run.revision;
  view.value = next;
}

/** Something that is shown became ready: the same view, drawn again. */
export const redraw = () => { view.value = { ...view.value }; };

// ---- the link that holds it all ----
export function linkText() {
  const { live, t } = player.value;
  const { camera, horizon, manoeuvre } = selection.value;
  const parts = new URLSearchParams();
  if (hello.value) parts.set('run', hello.value.run);
  if (!live) parts.set('t', secondsOf(t).toFixed(3));
  if (camera) parts.set('camera', camera);
  if (horizon > 0) parts.set('h', horizon.toFixed(1));
  if (manoeuvre) parts.set('m', manoeuvre);
  return `#${parts}`;
}

let wanted = null;

export function readLink(hash) {
  const parts = new URLSearchParams(hash.replace(/^#/, ''));
  const seconds = Number(parts.get('t'));
  const horizon = Number(parts.get('h'));
  select({
    camera: (parts.get('camera') ?? '').slice(0, 64), manoeuvre: (parts.get('m') ?? '').slice(0, 64),
    horizon: Number.isFinite(horizon) && horizon >= 0 && horizon <= 60 ? horizon : 0,
  });
  wanted = parts.has('t') && Number.isFinite(seconds) ? { run: parts.get('run'), seconds } : null;
}

/** Once what the link asks for has come. Says what could not be done, or nothing. */
export function followLink() {
  if (wanted === null || hello.value === null || run.points.length === 0) return '';
  if (wanted.run && wanted.run !== hello.value.run) {
    wanted = null;
    return 'This link is of another run; here is the present one.';
  }
  const t = timeOf(wanted.seconds);
  if (run.points.at(-1).t < t - 1 && !ended.value) return '';
  wanted = null;
  seek(t);
  return '';
}

export const linkIsOpen = () => wanted !== null;
