// One time axis for all: the risk with its bound, and below it, on the same scale, all that happened.
import { useCallback, useEffect, useRef } from 'preact/hooks';
import { signal } from '@preact/signals';
import uPlot from 'uplot';
import { maps as unpacked } from './birdseye.js';
import { Canvas, html, Panel } from './canvas.js';
import { colour, percent, riskColour, theme, words } from './palette.js';
import { goLive, jumpEvent, jumpMiss, mark, player, seek, selection, setSpeed, SPEEDS, step, togglePlay, view } from './player.js';
import { ended, hello, model, placeAt, run, secondsOf, timeOf } from './store.js';
import { other, openOther } from './compare.js';

const LEFT = 78;
const RIGHT = 12;
const SPANS = [15, 60, 300, 3600];
export const span = signal(60);
const LANES = [['level', 15], ['events', 17], ['surprise', 24], ['rung', 17], ['drops', 17], ['cameras', 26], ['pictures', 36]];
export const LANES_HEIGHT = LANES.reduce((sum, [, height]) => sum + height, 0) + 4;

/** Seconds shown: the span's, ending with the newest; around the moment in review where that lies before. */
function range() {
  const first = secondsOf(run.points[0]?.t ?? timeOf(0));
  const newest = secondsOf(run.points.at(-1)?.t ?? timeOf(0));
  const wide = Math.min(span.value, Math.max(8, newest - first));
  const { live, t } = player.value;
  let to = Math.max(newest, first + wide);
  if (!live && secondsOf(t) < newest - wide) to = Math.min(newest, secondsOf(t) + wide / 2);
  return [to - wide, to];
}

function visible([from, to]) {
  const low = Math.max(0, placeAt(run.points, timeOf(from)));
  const high = placeAt(run.points, timeOf(to)) + 1;
  return run.points.slice(low, high);
}

/** Never more points than there are pixels to see them; the highest of each few is kept. */
function thinned(points, most) {
  if (points.length <= most) return points;
  const each = Math.ceil(points.length / most);
  const kept = [];
  for (let place = 0; place < points.length; place += each) {
    kept.push(points.slice(place, place + each).reduce((best, point) => ((point.p ?? -1) > (best.p ?? -1) ? point : best)));
  }
  return kept;
}

function series(points) {
  const data = [[], [], [], []];
  let before = null;
  for (const point of points) {
    if (before && (point.gap > 0 || point.t - before.t > (hello.value?.silenceMs ?? 500) * 4)) {
      data[0].push(secondsOf(before.t) + 0.05);
      for (const y of [1, 2, 3]) data[y].push(null);
    }
    data[0].push(secondsOf(point.t));
    data[1].push(point.upper);
    data[2].push(point.p);
    data[3].push(other.value ? other.value.at(secondsOf(point.t)) : null);
    before = point;
  }
  return data;
}

function thresholds(chart) {
  const { ctx, bbox } = chart;
  const levels = model.value?.levels;
  ctx.save();
  for (const [name, tone] of [['elevated', colour.elevated], ['high', colour.high]]) {
    if (!levels || levels[name] === null) continue;
    const y = chart.valToPos(levels[name], 'y', true);
    ctx.strokeStyle = tone;
    ctx.setLineDash([3, 4]);
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.textAlign = 'left';
    ctx.fillStyle = tone;
    ctx.font = `${10 * uPlot.pxRatio}px system-ui`;
    ctx.fillText(name, bbox.left + 4, y - 3 * uPlot.pxRatio);
  }
  ctx.restore();
}

function RiskChart({ window: [from, to], points }) {
  const place = useRef(null);
  const chart = useRef(null);
  useEffect(() => {
    const axis = { stroke: () => colour['ink-2'], grid: { stroke: () => colour.line, width: 1 }, ticks: { show: false }, font: '10px system-ui' };
    chart.current = new uPlot({
      width: 600, height: 128, padding: [8, RIGHT, 0, 0], legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
      scales: { x: { time: false, auto: false }, y: { range: [0, 1] } },
      axes: [{ ...axis, size: 20, values: (_, splits) => splits.map((s) => `${+s.toFixed(1)} s`) }, { ...axis, size: LEFT, splits: () => [0, 0.25, 0.5, 0.75, 1], values: (_, splits) => splits.map((p) => `${100 * p} %`) }],
      series: [{}, { stroke: () => `${colour.elevated}99`, width: 1, points: { show: false } }, { stroke: () => colour.ink, width: 2, points: { show: true, size: 3, width: 0, fill: () => colour.ink } }, { stroke: () => colour.surprise, width: 1.5, dash: [5, 3], points: { show: false } }],
      bands: [{ series: [1, 2], fill: () => `${colour.elevated}33` }],
      hooks: { draw: [thresholds] },
    }, [[], [], [], []], place.current);
    const watch = new ResizeObserver(() => chart.current.setSize({ width: Math.max(200, place.current.clientWidth), height: 128 }));
    watch.observe(place.current);
    place.current.addEventListener('click', (event) => {
      const box = chart.current.over.getBoundingClientRect();
      if (event.clientX >= box.left) seek(timeOf(chart.current.posToVal(event.clientX - box.left, 'x')));
    });
    return () => { watch.disconnect(); chart.current.destroy(); };
  }, []);
  useEffect(() => {
    chart.current?.batch(() => {
      chart.current.setData(series(thinned(points, 1500)), false);
      chart.current.setScale('x', { min: from, max: to });
    });
  });
  useEffect(() => chart.current?.redraw(), [theme.value]);
  return html`<div class="riskchart" ref=${place} aria-hidden="true"></div>`;
}

const LEVEL_TONES = () => ({ low: colour.low, elevated: colour.elevated, high: colour.high });

function lanes(context, width, height, [from, to], points, image) {
  const scale = (width - LEFT - RIGHT) / (to - from);
  const at = (t) => LEFT + (secondsOf(t) - from) * scale;
  const wide = Math.max(1.2, ((hello.value?.periodMs ?? 100) / 1000) * scale + 0.5);
  context.font = '11px system-ui, sans-serif';
  let y = 0;
  const tops = {};
  for (const [name, tall] of LANES) {
    tops[name] = [y, tall];
    context.fillStyle = colour['ink-2'];
    context.textAlign = 'right';
    context.fillText(name, LEFT - 8, y + tall / 2 + 4);
    context.strokeStyle = colour.line;
    context.beginPath();
    context.moveTo(LEFT, y + tall - 0.5);
    context.lineTo(width - RIGHT, y + tall - 0.5);
    context.stroke();
    y += tall;
  }
  context.save();
  context.beginPath();
  context.rect(LEFT, 0, width - LEFT - RIGHT, height);
  context.clip();
  const tones = LEVEL_TONES();
  const names = hello.value?.cameras ?? [];
  const [cameraTop, cameraTall] = tops.cameras;
  const each = (cameraTall - 4) / Math.max(1, names.length);
  let rungBefore = null;
  for (const point of points) {
    const x = at(point.t);
    context.fillStyle = tones[point.level] ?? colour.unknown;
    const share = { low: 0.34, elevated: 0.67, high: 1 }[point.level] ?? 0.2; // height as well as colour
    context.fillRect(x, tops.level[0] + (tops.level[1] - 3) * (1 - share) + 1, wide, (tops.level[1] - 3) * share);
    if (point.surprise !== null) {
      const tall = Math.min(1, Math.max(0.02, point.surprise / ((point.threshold ?? 6) * 1.3))) * (tops.surprise[1] - 4);
      context.fillStyle = point.surprised ? colour.high : colour.surprise;
      context.fillRect(x, tops.surprise[0] + tops.surprise[1] - 2 - tall, wide, tall);
    }
    context.fillStyle = point.rung >= 16 ? colour['ink-3'] : colour.elevated;
    const rungTall = (Math.log2(Math.max(1, point.rung)) / 4) * 10 + 2;
    context.fillRect(x, tops.rung[0] + tops.rung[1] - 3 - rungTall, wide, rungTall);
    if (rungBefore !== null && rungBefore !== point.rung) context.fillText(String(point.rung), x + 8, tops.rung[0] + 11);
    rungBefore = point.rung;
    if (!point.met || point.gap > 0) {
      context.fillStyle = colour.high;
      context.textAlign = 'center';
      context.fillText(point.gap > 0 ? `▼${point.gap}` : '✕', x, tops.drops[0] + 12);
    }
    for (const name of point.missing) {
      context.fillStyle = colour.high;
      context.fillRect(x, cameraTop + 2 + Math.max(0, names.indexOf(name)) * each, wide, Math.max(2, each - 1));
    }
  }
  for (const event of run.events) {
    const x = at(event.t);
    if (x < LEFT || x > width - RIGHT) continue;
    context.fillStyle = event.kind === 'risk' ? colour.high : colour.surprise;
    context.textAlign = 'center';
    context.fillText(`${event.kind === 'risk' ? (event.edge === 'rising' ? '▲' : '▽') : event.kind === 'surprise' ? (event.edge === 'rising' ? '◆' : '◇') : '●'}`, x, tops.events[0] + 13);
  }
  let free = LEFT;
  for (const drop of run.drops) {
    const x = at(drop.t);
    if (x < free || x > width - RIGHT || scale < 12) continue;
    free = x + 90;
    context.fillStyle = colour['ink-2'];
    context.textAlign = 'left';
    context.fillText(drop.reasons.map(([reason]) => words(reason)).join(', '), x + 12, tops.drops[0] + 12);
  }
  thumbnails(context, tops.pictures, [from, to], at, width, image);
  const { a, b } = player.value;
  context.fillStyle = `${colour.accent}22`;
  if (a !== null && b !== null) context.fillRect(at(a), 0, at(b) - at(a), height);
  for (const [name, t] of [['A', a], ['B', b]]) {
    if (t === null) continue;
    context.fillStyle = colour.accent;
    context.fillRect(at(t) - 0.5, 0, 1, height);
    context.textAlign = 'left';
    context.fillText(name, at(t) + 3, 11);
  }
  const now = at(view.value.live ? view.value.t : player.value.t);
  context.fillStyle = colour.ink;
  context.fillRect(now - 1, 0, 2, height);
  context.restore();
}

function thumbnails(context, [top, tall], [from, to], at, width, image) {
  const wide = tall * 2 - 8;
  const count = Math.floor((width - LEFT - RIGHT) / (wide + 6));
  for (let place = 0; place < count; place++) {
    // On a grid of whole steps, so that they move with the axis and do not flicker.
    const stepS = (to - from) / count;
    const t = timeOf((Math.floor(from / stepS) + place + 1) * stepS);
    const tick = run.ticks[placeAt(run.ticks, t)];
    if (!tick || t - tick.t > 1000 * stepS) continue;
    const drawn = image(tick);
    if (drawn) context.drawImage(drawn, at(t) - wide / 2, top + 2, wide, tall - 6);
  }
}

const thumbs = new Map();

function thumbnail(tick) {
  const camera = Math.max(0, hello.value?.cameras.indexOf(selection.value.camera) ?? 0);
  const picture = tick.pictures.get(camera);
  if (!picture?.jpeg) return null;
  const key = `${hello.value?.run}:${camera}:${picture.frame}`;
  let kept = thumbs.get(key);
  if (!kept) {
    kept = new Image();
    kept.src = `data:image/jpeg;base64,${picture.jpeg}`;
    kept.decode().then(() => { unpacked.revision++; }, () => {});
    thumbs.set(key, kept);
    if (thumbs.size > 64) thumbs.delete(thumbs.keys().next().value);
  }
  return kept.complete && kept.naturalWidth > 0 ? kept : null;
}

function Transport() {
  const { live, playing, speed, a, b } = player.value;
  const shown = view.value;
  const button = (label, title, act, extra = {}) => html`<button type="button" title=${title} aria-label=${title} onClick=${act} ...${extra}>${label}</button>`;
  return html`<div class="transport" role="toolbar" aria-label="Playback">
    ${button(live ? '❚❚' : playing ? '❚❚' : '▶', live ? 'Pause and look back (space)' : playing ? 'Pause (space)' : 'Play (space)', togglePlay, { id: 'play' })}
    ${button('◂', 'One frame set back (left arrow)', () => step(-1), { id: 'back' })}${button('▸', 'One frame set on (right arrow)', () => step(1), { id: 'on' })}
    ${button('◂ event', 'Previous event (N)', () => jumpEvent(-1))}${button('event ▸', 'Next event (n)', () => jumpEvent(1))}${button('miss ▸', 'Next deadline miss (d)', jumpMiss)}
    <label><span class="hidden">Speed</span><select id="speed" value=${String(speed)} onChange=${(event) => setSpeed(Number(event.target.value))}>${SPEEDS.map((one) => html`<option value=${String(one)}>${one}×</option>`)}</select></label>
    ${button(a === null ? 'A' : `A ${secondsOf(a).toFixed(1)}`, 'Loop from here (a)', () => mark('a'), { 'aria-pressed': a !== null })}${button(b === null ? 'B' : `B ${secondsOf(b).toFixed(1)}`, 'Loop to here (b)', () => mark('b'), { 'aria-pressed': b !== null })}
    ${a !== null || b !== null ? button('✕', 'No loop (c)', () => mark('clear')) : ''}
    <output class="clock" id="clock">${secondsOf(shown.t).toFixed(2)} s</output>
    <button type="button" id="live" class=${live ? 'on' : ''} aria-pressed=${live} disabled=${ended.value} title="Follow the newest (l)" onClick=${goLive}>${ended.value ? 'run ended' : live ? '● live' : 'go live'}</button>
    <label><span class="hidden">Seconds shown</span><select id="span" value=${String(span.value)} onChange=${(event) => { span.value = Number(event.target.value); }}>${SPANS.map((one) => html`<option value=${String(one)}>${one < 60 ? `${one} s` : one < 3600 ? `${one / 60} min` : '1 h'}</option>`)}</select></label>
    <label class="file" title="Draw another run, a file of forecast replay --out, on this axis">compare…<input type="file" id="other" accept=".jsonl,.json,.run,text/*" onChange=${(event) => openOther(event.target.files[0])} /></label>
  </div>`;
}

export function Axis() {
  const shown = view.value;
  player.value; span.value; other.value; // what this looks at beside the view
  const window = range();
  const points = visible(window);
  const now = points[placeAt(points, shown.t)];
  const draw = useCallback((context, width, height) => lanes(context, width, height, window, thinned(points, 1500), thumbnail),
    [run.revision, window[0], window[1], shown.t, player.value.a, player.value.b, theme.value, unpacked.revision, selection.value.camera]);
  const pick = (x, y, width) => { if (x > LEFT) seek(timeOf(window[0] + ((x - LEFT) / (width - LEFT - RIGHT)) * (window[1] - window[0]))); };
  const recent = run.events.slice(-8).reverse();
  return html`<${Panel} id="axis" title="Time" aside=${html`<${Transport} />`}>
    <${RiskChart} window=${window} points=${points} />
    <${Canvas} className="lanes" draw=${draw} label=${`Time from ${window[0].toFixed(1)} to ${window[1].toFixed(1)} s; at ${secondsOf(shown.t).toFixed(2)} s: ${now ? `${words(now.level)}, ${percent(now.p)}` : 'no forecast'}`} onPoint=${pick} />
    <${Differences} />
    <div class="hidden"><table><caption>Events</caption><thead><tr><th scope="col">At, s</th><th scope="col">What</th><th scope="col">Peak</th></tr></thead>
      <tbody>${recent.length === 0 ? html`<tr><td colspan="3">none</td></tr>` : recent.map((event) => html`<tr><td>${secondsOf(event.t).toFixed(2)}</td><td>${event.kind} ${event.edge}</td><td>${event.peak === null ? '' : event.peak.toFixed(2)}</td></tr>`)}</tbody></table></div>
  <//>`;
}

/** The other run beside this one: where they differ most comes first. */
function Differences() {
  if (other.value === null) return null;
  if (other.value.fault) return html`<p class="sub">${other.value.fault}</p>`;
  const differing = run.points.map((point) => ({ t: point.t, p: point.p, q: other.value.at(secondsOf(point.t)) })).filter((one) => one.p !== null && one.q !== null)
    .sort((x, y) => Math.abs(y.p - y.q) - Math.abs(x.p - x.q));
  const apart = [];
  for (const one of differing) {
    if (apart.length < 6 && apart.every((kept) => Math.abs(kept.t - one.t) > 500)) apart.push(one);
  }
  return html`<div class="differences"><b>${other.value.name}</b> <i>dashed</i>, largest differences first:
    ${apart.map((one) => html`<button type="button" onClick=${() => seek(one.t)}><i class="dot" style=${{ background: riskColour(one.p, model.value?.levels) }}></i>${secondsOf(one.t).toFixed(1)} s: ${percent(one.p)} here, ${percent(one.q)} there</button>`)}
    <button type="button" onClick=${() => openOther(null)}>close</button></div>`;
}
