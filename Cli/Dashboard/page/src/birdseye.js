// The bird's-eye view: what is where, now or at a horizon, and where each manoeuvre leads.
import { useCallback } from 'preact/hooks';
import { Canvas, html, noForecast, Panel } from './canvas.js';
import { mapsAt, pathOf, poseAt, valueAt } from './maps.js';
import { classColour, colour, percent, rgb, riskColour, theme, words } from './palette.js';
import { future, select, selection, view } from './player.js';
import { model, rig } from './store.js';

const AHEAD = 66; // metres shown
const BEHIND = 20;
const ASIDE = 31;
const SECTORS = {
  front: [-22.5, 22.5], front_left: [22.5, 67.5], left: [67.5, 112.5], rear_left: [112.5, 157.5], rear: [157.5, 202.5],
  rear_right: [-157.5, -112.5], right: [-112.5, -67.5], front_right: [-67.5, -22.5],
};
const sheet = document.createElement('canvas');

/** Forward is up. */
function frame(width, height) {
  const scale = Math.min(width / (2 * ASIDE), height / (AHEAD + BEHIND));
  const [cx, cy] = [width / 2, height - BEHIND * scale];
  return { scale, cx, cy, at: (x, y) => [cx - y * scale, cy - x * scale] };
}

function rings(context, f, width, height) {
  context.strokeStyle = colour.line;
  context.fillStyle = colour['ink-3'];
  context.lineWidth = 1;
  context.font = '10px system-ui, sans-serif';
  context.textAlign = 'left';
  for (const metres of [10, 20, 30, 40, 50, 60]) {
    context.beginPath();
    context.arc(f.cx, f.cy, metres * f.scale, 0, 2 * Math.PI);
    context.stroke();
    const [x, y] = f.at(metres * 0.75, metres * 0.66); // beside the way ahead
    if (metres % 20 === 0 && x > 2 && y > 12) context.fillText(`${metres} m`, x + 3, y);
  }
  context.beginPath();
  context.moveTo(f.cx, 0);
  context.lineTo(f.cx, height);
  context.moveTo(0, f.cy);
  context.lineTo(width, f.cy);
  context.globalAlpha = 0.5;
  context.stroke();
  context.globalAlpha = 1;
}

/** Uncertainty is transparency: a cell shows as far as it is likely and known. */
const alphaOf = (p) => {
  const entropy = p <= 0 || p >= 1 ? 0 : -(p * Math.log2(p) + (1 - p) * Math.log2(1 - p));
  return Math.min(1, p * 1.7) * (1 - 0.35 * entropy);
};

function occupancy(context, f, tick, maps) {
  const { grid, classes } = tick.scene;
  const { nx, ny, cell, x0, y0 } = grid;
  if (sheet.width !== ny || sheet.height !== nx) [sheet.width, sheet.height] = [ny, nx];
  const pixels = new ImageData(ny, nx);
  const colours = classes.map((name) => rgb(classColour(name)));
  const sure = [];
  for (let i = 0; i < nx; i++) {
    for (let j = 0; j < ny; j++) {
      let [best, p] = [0, 0];
      for (let c = 0; c < classes.length; c++) {
        const value = valueAt(maps, (c * nx + i) * ny + j);
        if (value > p) [best, p] = [c, value];
      }
      if (p < 0.04) continue;
      const place = ((nx - 1 - i) * ny + (ny - 1 - j)) * 4;
      pixels.data.set(colours[best], place);
      pixels.data[place + 3] = 255 * alphaOf(p);
      if (p >= 0.35) sure.push([i, j, best, p]);
    }
  }
  sheet.getContext('2d').putImageData(pixels, 0, 0);
  const [left, top] = f.at(x0 + nx * cell, y0 + ny * cell);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = 'high';
  context.drawImage(sheet, left, top, ny * cell * f.scale, nx * cell * f.scale);
  for (const [i, j, c, p] of sure) {
    const [x, y] = f.at(x0 + (i + 1) * cell, y0 + (j + 1) * cell);
    context.globalAlpha = Math.min(1, 0.25 + p * 0.75);
    context.strokeStyle = classColour(classes[c]);
    context.lineWidth = 1.5;
    context.beginPath();
    context.roundRect(x + 1.5, y + 1.5, cell * f.scale - 3, cell * f.scale - 3, 3);
    context.stroke();
  }
  context.globalAlpha = 1;
}

function sector(context, f, tick) {
  const span = SECTORS[tick.risk.sector];
  if (!span || tick.risk.level === 'low') return;
  const [from, to] = span.map((degrees) => -Math.PI / 2 - (degrees * Math.PI) / 180);
  const tone = tick.risk.level === 'high' ? colour.high : colour.elevated;
  context.beginPath();
  context.moveTo(f.cx, f.cy);
  context.arc(f.cx, f.cy, 34 * f.scale, to, from);
  context.closePath();
  const fill = context.createRadialGradient(f.cx, f.cy, 0, f.cx, f.cy, 34 * f.scale);
  fill.addColorStop(0, `${tone}55`);
  fill.addColorStop(1, `${tone}00`);
  context.fillStyle = fill;
  context.fill();
  context.strokeStyle = tone;
  context.setLineDash([5, 4]);
  context.lineWidth = 1.25;
  context.stroke();
  context.setLineDash([]);
}

function car(context, f, pose, size, fill, stroke) {
  const [x, y] = f.at(pose.x, pose.y);
  context.save();
  context.translate(x, y);
  context.rotate(-pose.yaw);
  const [w, l] = [size.width * f.scale, size.length * f.scale];
  context.beginPath();
  context.roundRect(-w / 2, -(l - size.overhang * f.scale), w, l, Math.min(4, w / 3));
  if (fill) { context.fillStyle = fill; context.fill(); }
  context.strokeStyle = stroke;
  context.lineWidth = 1.5;
  context.stroke();
  context.restore();
}

function fan(context, f, tick, seconds, chosen, levels) {
  const { plan, scene } = tick;
  const level = Math.max(0, plan.horizons.findIndex((s) => s >= (tick.risk.levelS ?? 0) - 1e-6));
  const most = plan.horizons.at(-1) ?? 4;
  const drawn = plan.manoeuvres.map((one, place) => ({ one, place })).sort((a, b) => Number(a.one.name === chosen) - Number(b.one.name === chosen) || Number(a.place === 0) - Number(b.place === 0));
  for (const { one, place } of drawn) {
    const main = place === 0 || one.name === chosen;
    context.beginPath();
    for (const [x, y] of pathOf(one, plan.horizons, scene.speed, most)) context.lineTo(...f.at(x, y));
    context.strokeStyle = riskColour(one.p[level], levels);
    context.globalAlpha = main ? 1 : 0.5;
    context.lineWidth = main ? 3 : 1.5;
    context.setLineDash(one.inSupport ? [] : [3, 4]);
    context.stroke();
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
  if (seconds > 0) {
    for (const { one, place } of drawn) {
      if (place !== 0 && one.name !== chosen) continue;
      const [x, y, yaw] = pathOf(one, plan.horizons, scene.speed, seconds).at(-1);
      car(context, f, { x, y, yaw }, rig.value ?? { length: 4.5, width: 1.8, overhang: 1 }, `${colour.ego}33`, place === 0 ? colour.ego : riskColour(one.p[level], levels));
    }
  }
}

function paint(context, width, height, shown, picked) {
  const f = frame(width, height);
  rings(context, f, width, height);
  const size = rig.value ?? { length: 4.5, width: 1.8, overhang: 1 };
  const { tick } = shown;
  if (tick === null) {
    car(context, f, { x: 0, y: 0, yaw: 0 }, size, colour.unknown, colour['ink-3']);
    noForecast(context, width, height * 0.72, colour['ink-2'], shown.why);
    return;
  }
  sector(context, f, tick);
  const maps = tick.scene.grid ? mapsAt(tick, picked.horizon) : null;
  if (maps) occupancy(context, f, tick, maps);
  fan(context, f, tick, picked.horizon, picked.manoeuvre, model.value?.levels);
  context.fillStyle = colour.ego;
  for (const horizon of tick.scene.horizons) {
    if (!horizon.ego) continue;
    context.beginPath();
    context.arc(...f.at(horizon.ego.x, horizon.ego.y), 2.5, 0, 2 * Math.PI);
    context.fill();
  }
  car(context, f, { x: 0, y: 0, yaw: 0 }, size, colour.ego, colour.ground);
}

/** For whoever hears the page: the likeliest cells in words. */
function likeliest(tick, seconds) {
  const maps = tick.scene.grid ? mapsAt(tick, seconds) : null;
  if (!maps) return [];
  const { nx, ny, cell, x0, y0 } = tick.scene.grid;
  const cells = [];
  tick.scene.classes.forEach((name, c) => {
    for (let i = 0; i < nx; i++) {
      for (let j = 0; j < ny; j++) {
        const p = valueAt(maps, (c * nx + i) * ny + j);
        if (p >= 0.3) cells.push({ name, p, x: x0 + (i + 0.5) * cell, y: y0 + (j + 0.5) * cell });
      }
    }
  });
  return cells.sort((a, b) => b.p - a.p).slice(0, 8);
}

function Scrubber({ tick, horizons, seconds }) {
  const most = horizons.at(-1) ?? 4;
  const near = tick?.risk.horizons.reduce((best, one) => (Math.abs(one.s - seconds) < Math.abs((best?.s ?? Infinity) - seconds) ? one : best), null);
  const uncertainty = tick?.scene.horizons.find((one) => one.s >= seconds - 1e-6)?.uncertainty ?? null;
  return html`<div class="scrubber">
    <button type="button" class="play" id="play-future" aria-pressed=${future.value} onClick=${() => { future.value = !future.value; }}>
      ${future.value ? 'Stop' : 'Play the future'}</button>
    <label class="range"><span class="hidden">Horizon in seconds</span>
      <input id="horizon" type="range" min="0" max=${most} step="0.1" value=${seconds} list="horizons"
        aria-valuetext=${seconds === 0 ? 'now' : `in ${seconds.toFixed(1)} seconds`}
        onInput=${(event) => { future.value = false; select({ horizon: Number(event.target.value) }); }} />
      <datalist id="horizons">${horizons.map((s) => html`<option value=${s}></option>`)}</datalist>
      <span class="marks" aria-hidden="true">${[0, ...horizons].map((s) => html`<i style=${{ left: `${(100 * s) / most}%` }}>${s === 0 ? 'now' : `${s} s`}</i>`)}</span>
    </label>
    <output class="figures">
      <b>${seconds < 0.05 ? 'now' : `in ${seconds.toFixed(1)} s`}</b>
      <span>${tick && seconds >= 0.05 ? `collision until ${near?.s} s: ${percent(near?.p)}` : ' '}</span>
      <span>${tick && uncertainty !== null && seconds >= 0.05 ? `uncertainty ${uncertainty.toFixed(2)} bit` : ' '}</span>
    </output>
  </div>`;
}

export function BirdsEye() {
  const shown = view.value;
  const picked = selection.value;
  const { tick } = shown;
  const horizons = model.value?.horizons ?? [];
  const draw = useCallback((context, width, height) => paint(context, width, height, shown, picked), [shown, picked, theme.value, maps.revision]);
  const cells = tick ? likeliest(tick, picked.horizon) : [];
  return html`<${Panel} id="birdseye" title="Bird's-eye view" aside=${html`<ul class="legend" aria-label="Classes">
      ${(tick?.scene.classes ?? ['vehicle', 'cycle', 'person']).map((name) => html`<li><i style=${{ background: classColour(name) }}></i>${name}</li>`)}
      <li><i class="clear"></i>clearer = surer</li></ul>`}>
    <${Canvas} className="birdseye" draw=${draw} label=${tick ? `Map from above, ${picked.horizon > 0 ? `in ${picked.horizon.toFixed(1)} seconds` : 'now'}; hazard: ${words(tick.risk.sector)}` : `No forecast: ${shown.why}`} />
    <${Scrubber} tick=${tick} horizons=${horizons} seconds=${picked.horizon} />
    <table class="hidden"><caption>Likeliest occupied places ${picked.horizon > 0 ? `in ${picked.horizon.toFixed(1)} s` : 'now'}</caption>
      <thead><tr><th scope="col">What</th><th scope="col">Ahead, m</th><th scope="col">To the left, m</th><th scope="col">Probability</th></tr></thead>
      <tbody>${cells.length === 0 ? html`<tr><td colspan="4">${tick ? 'none above 30 %' : 'no forecast'}</td></tr>` : cells.map((cell) => html`<tr><td>${cell.name}</td><td>${cell.x.toFixed(0)}</td><td>${cell.y.toFixed(0)}</td><td>${percent(cell.p)}</td></tr>`)}</tbody>
    </table>
  <//>`;
}

/** Counts maps that were unpacked, so that a canvas that waited for one is drawn again. */
export const maps = { revision: 0 };
