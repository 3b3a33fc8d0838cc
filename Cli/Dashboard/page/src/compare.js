// Another run, out of a file that the reader picks: it is read here and goes nowhere. JSON lines of forecast replay --out.
import { signal } from '@preact/signals';
import { ms, num, text } from './read.js';

const MOST_BYTES = 400e6;
const MOST_POINTS = 36000;

/** null, or { name, at(seconds) } of the other run's risk; fault says why there is none. */
export const other = signal(null);

function riskOf(line) {
  if (!line.startsWith('{"topic":"risk",')) return null;
  try {
    const { message } = JSON.parse(line);
    const t = ms(message.envelope?.frame_set?.reference_time_ns);
    const horizon = message.horizons?.find((one) => one.horizon_s === message.level_horizon_s);
    const p = num(horizon?.probability);
    return t === null || p === null ? null : [t, p];
  } catch {
    return null;
  }
}

export async function openOther(file) {
  if (!file) {
    other.value = null;
    return;
  }
  const name = text(file.name);
  if (file.size > MOST_BYTES) {
    other.value = { fault: `${name} is larger than this page reads (400 MB).`, at: () => null };
    return;
  }
  const points = [];
  let rest = '';
  const reader = file.stream().pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (value ?? '')).split('\n');
    rest = done ? '' : lines.pop();
    for (const line of lines) {
      const point = points.length < MOST_POINTS ? riskOf(line) : null;
      if (point) points.push(point);
    }
    if (done) break;
  }
  if (points.length === 0) {
    other.value = { fault: `${name} holds no risk messages: a run file is what forecast replay --out writes.`, at: () => null };
    return;
  }
  const start = points[0][0];
  const seconds = points.map(([t]) => (t - start) / 1000);
  const at = (s) => {
    let [low, high] = [0, seconds.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (seconds[middle] <= s) low = middle + 1;
      else high = middle;
    }
    return low === 0 || s - seconds[low - 1] > 0.5 ? null : points[low - 1][1];
  };
  other.value = { name, at, fault: '' };
}
