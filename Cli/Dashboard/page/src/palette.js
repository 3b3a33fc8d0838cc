// Colours that the colour-blind tell apart (Okabe and Ito), always beside a number or a word. Read from the sheet, so that light and dark are one place.
import { signal } from '@preact/signals';

export const theme = signal(0);
const names = ['ink', 'ink-2', 'ink-3', 'line', 'panel', 'ground', 'low', 'elevated', 'high', 'unknown', 'accent', 'vehicle', 'cycle', 'person', 'ego', 'surprise'];
export const colour = {};

export function readPalette() {
  const style = getComputedStyle(document.documentElement);
  for (const name of names) colour[name] = style.getPropertyValue(`--${name}`).trim();
  theme.value++;
}

export function rgb(hex) {
  const value = parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** Of a probability, by the model's own thresholds: low, elevated, high. In steps, for a colour in between would say nothing. */
export function riskColour(p, levels) {
  if (p === null || p === undefined) return colour.unknown;
  return p >= (levels?.high ?? 0.5) ? colour.high : p >= (levels?.elevated ?? 0.25) ? colour.elevated : colour.low;
}

export const classColour = (name) => colour[name] || colour.vehicle;
export const percent = (p) => (p === null || p === undefined ? '–' : p >= 0.0995 ? `${Math.round(p * 100)} %` : `${(p * 100).toFixed(1)} %`);
export const words = (code) => code.replaceAll('_', ' ');
