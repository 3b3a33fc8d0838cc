// The stream of events: opened again whenever it is lost, and how old what came is by the clocks of both ends.
import { signal } from '@preact/signals';
import { lost, take, unreadable } from './store.js';

const SILENT_MS = 2000; // the server beats twice a second

/** state: opening, open, lost; since: by the page's monotonic clock. */
export const link = signal({ state: 'opening', since: performance.now() });

let offset = Infinity; // the least of (time here - time there): the quickest delivery
let heardAt = performance.now();
let heardDate = Date.now();
let newest = null; // the newest forecast's moment of sending, here
let source = null;

/** Elapsed since a moment: the monotonic clock stands still while a machine sleeps, the wall clock can be set; the larger is believed. */
export const elapsed = (moment) => Math.max(performance.now() - moment.at, Date.now() - moment.date);
export const moment = () => ({ at: performance.now(), date: Date.now() });

/** Milliseconds since the newest forecast was sent, its way to here included; Infinity before the first. */
export const newestAge = () => (newest === null ? Infinity : newest.delay + elapsed(newest));

export function forgetNewest() {
  newest = null;
}

function hear(kind, text, onRun, onTick) {
  heardAt = performance.now();
  heardDate = Date.now();
  let data;
  try {
    data = JSON.parse(text);
  } catch {
    unreadable.value++;
    return;
  }
  if (link.value.state !== 'open') link.value = { state: 'open', since: performance.now() };
  const sent = data && typeof data.sent_ms === 'number' ? data.sent_ms : null;
  if (sent !== null) offset = Math.min(offset, heardDate - sent);
  if (data === null || typeof data !== 'object') {
    unreadable.value++;
    return;
  }
  if (kind === 'beat') {
    lost.value = { missed: lost.value.missed + (Number(data.missed) || 0), skipped: Number(data.skipped) || 0 };
    return;
  }
  if (take(kind, data)) {
    newest = null;
    onRun();
  }
  if (kind === 'tick' && sent !== null) {
    newest = { at: heardAt, date: heardDate, delay: Math.max(0, heardDate - sent - offset) };
    onTick();
  }
}

export function listen(onRun, onTick) {
  const open = () => {
    source?.close();
    source = new EventSource('/stream');
    source.onopen = () => { heardAt = performance.now(); };
    source.onerror = () => lose();
    for (const kind of ['hello', 'model', 'rig', 'lift', 'health', 'latency', 'ended', 'tick', 'beat']) {
      source.addEventListener(kind, (event) => hear(kind, event.data, onRun, onTick));
    }
  };
  open();
  setInterval(() => {
    const silent = performance.now() - heardAt;
    if (silent > SILENT_MS) lose();
    // A browser gives up on some failures for good: then we begin again.
    if (silent > SILENT_MS && (source.readyState === EventSource.CLOSED || silent > 5 * SILENT_MS)) {
      heardAt = performance.now();
      open();
    }
  }, 500);
}

function lose() {
  if (link.value.state === 'open') link.value = { state: 'lost', since: heardAt };
}
