// What was forecast for now, against what came.
import { useCallback } from 'preact/hooks';
import { maps as unpacked } from './birdseye.js';
import { Canvas, html, noForecast, Panel } from './canvas.js';
import { mapOf } from './maps.js';
import { colour, theme } from './palette.js';
import { selection, view } from './player.js';
import { model, placeAt, run } from './store.js';

const OCCUPIED = 0.35 * 255;

/** Where the ego of now is in the frame of then, by the motion that was measured in between. */
function motionBetween(then, now) {
  const pose = { x: 0, y: 0, yaw: 0 };
  for (let place = placeAt(run.ticks, then.t); place < run.ticks.length - 1 && run.ticks[place].t < now.t; place++) {
    const [one, next] = [run.ticks[place], run.ticks[place + 1]];
    const dt = Math.min(1, (next.ref - one.ref) / 1000);
    const [v, w] = [one.scene.speed ?? 0, one.scene.yawRate ?? 0];
    pose.x += v * Math.cos(pose.yaw + (w * dt) / 2) * dt;
    pose.y += v * Math.sin(pose.yaw + (w * dt) / 2) * dt;
    pose.yaw += w * dt;
  }
  return pose;
}

function compare(tick, seconds, k) {
  const then = run.ticks[placeAt(run.ticks, tick.t - seconds * 1000 + 30)];
  if (!then || Math.abs(tick.ref - then.ref - seconds * 1000) > 120 || !tick.scene.grid) return null;
  const [came, forecast] = [mapOf(tick, 0), mapOf(then, k)];
  if (!came || !forecast) return null;
  const { grid, classes } = tick.scene;
  const { nx, ny, cell, x0, y0 } = grid;
  const pose = motionBetween(then, tick);
  const [cos, sin] = [Math.cos(pose.yaw), Math.sin(pose.yaw)];
  const any = (map, i, j) => {
    let most = 0;
    for (let c = 0; c < classes.length; c++) most = Math.max(most, map[(c * nx + i) * ny + j]);
    return most;
  };
  const cells = [];
  const sums = { hit: 0, missed: 0, false: 0 };
  for (let i = 0; i < nx; i++) {
    for (let j = 0; j < ny; j++) {
      const [x, y] = [x0 + (i + 0.5) * cell, y0 + (j + 0.5) * cell];
      const [a, b] = [Math.floor((pose.x + cos * x - sin * y - x0) / cell), Math.floor((pose.y + sin * x + cos * y - y0) / cell)];
      const was = a >= 0 && b >= 0 && a < nx && b < ny ? any(forecast, a, b) : 0;
      const is = any(came, i, j);
      if (was < OCCUPIED && is < OCCUPIED) continue;
      const kind = was >= OCCUPIED && is >= OCCUPIED ? 'hit' : is >= OCCUPIED ? 'missed' : 'false';
      sums[kind]++;
      cells.push([i, j, kind]);
    }
  }
  return { cells, sums, grid };
}

function paint(context, width, height, shown, result) {
  if (shown.tick === null) return noForecast(context, width, height, colour['ink-2'], shown.why);
  if (result === null) {
    context.fillStyle = colour['ink-3'];
    context.font = '12px system-ui, sans-serif';
    context.textAlign = 'center';
    context.fillText('No forecast was made that long ago', width / 2, height / 2);
    return;
  }
  const { grid, cells } = result;
  const [from, to] = [-16, 48];
  const scale = Math.min(height / (2 * 30), width / (to - from));
  const [left, middle] = [(width - (to - from) * scale) / 2, height / 2];
  const tones = { hit: colour.low, missed: colour.high, false: colour.elevated };
  context.strokeStyle = colour.line;
  context.strokeRect(left, middle - 30 * scale, (to - from) * scale, 60 * scale);
  for (const [i, j, kind] of cells) {
    const [x, y] = [grid.x0 + i * grid.cell, grid.y0 + (j + 1) * grid.cell];
    if (x < from || x >= to || Math.abs(y) > 30) continue;
    context.fillStyle = tones[kind];
    const [px, py, size] = [left + (x - from) * scale, middle - y * scale, grid.cell * scale - 1];
    if (kind === 'false') {
      context.strokeStyle = tones[kind];
      context.lineWidth = 1.5;
      context.strokeRect(px + 1, py + 1, size - 2, size - 2);
    } else {
      context.fillRect(px, py, size, size);
      if (kind === 'missed') {
        context.strokeStyle = colour.panel;
        context.lineWidth = 1.25;
        context.beginPath();
        context.moveTo(px, py);
        context.lineTo(px + size, py + size);
        context.stroke();
      }
    }
  }
  context.fillStyle = colour.ego;
  context.beginPath();
  context.moveTo(left - from * scale + 8, middle);
  context.lineTo(left - from * scale - 5, middle - 5);
  context.lineTo(left - from * scale - 5, middle + 5);
  context.fill();
}

export function Hindsight() {
  const shown = view.value;
  const { tick } = shown;
  const horizons = model.value?.horizons ?? [];
  const wanted = selection.value.horizon >= 0.05 ? selection.value.horizon : 1;
  let k = horizons.findIndex((s) => s >= wanted - 1e-6);
  if (k < 0) k = horizons.length - 1;
  const seconds = horizons[k] ?? 1;
  const result = tick && k >= 0 ? compare(tick, seconds, k + 1) : null;
  const draw = useCallback((context, width, height) => paint(context, width, height, shown, result), [tick, shown.why, seconds, theme.value, unpacked.revision, result?.cells.length]);
  const skill = (value) => (value === null || value === undefined ? '–' : `${value >= 0 ? '+' : '−'}${Math.abs(100 * value).toFixed(1)} %`);
  return html`<${Panel} id="hindsight" title="Hindsight" aside=${html`<span class="sub">what was forecast ${seconds} s ago for now</span>`}>
    <${Canvas} className="hindsight" draw=${draw} label=${result ? `Forecast ${seconds} seconds ago against what came: ${result.sums.hit} cells as forecast, ${result.sums.missed} not forecast, ${result.sums.false} forecast in vain` : 'Nothing to compare'} />
    <ul class="legend"><li><i style=${{ background: colour.low }}></i>as forecast ${result ? result.sums.hit : ''}</li><li><i class="struck" style=${{ background: colour.high }}></i>not forecast ${result ? result.sums.missed : ''}</li>
      <li><i class="hollow" style=${{ borderColor: colour.elevated }}></i>in vain ${result ? result.sums.false : ''}</li></ul>
    <table class="horizons"><caption class="hidden">Rolling skill against persistence</caption>
      <thead><tr><th scope="row">horizon</th>${horizons.map((s) => html`<th scope="col">${s} s</th>`)}</tr></thead>
      <tbody><tr><th scope="row">skill</th>${horizons.map((s, i) => html`<td>${tick ? skill(tick.scene.horizons[i]?.skill) : '–'}</td>`)}</tr></tbody></table>
    <p class="sub">Skill: how much smaller the error is than that of “all stays where it is”.${tick?.scene.surprise.score !== null && tick ? html` Surprise <b>${tick.scene.surprise.score.toFixed(1)}</b> of ${tick.scene.surprise.threshold?.toFixed(1)}${tick.scene.surprise.on ? html` <b class="alarm">surprised</b>` : ''}.` : ''}</p>
  <//>`;
}
