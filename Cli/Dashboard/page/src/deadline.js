// The deadline waterfall: where the time of this frame set went, stage by stage, and of those before it.
import { useCallback, useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { Canvas, html, Panel } from './canvas.js';
import { colour, theme, words } from './palette.js';
import { seek, view } from './player.js';
import { hello, latency, placeAt, run, secondsOf, workOf } from './store.js';

const TONES = { arrival: '#8a94a6', decode: '#56b4e9', prepare: '#0072b2', align: '#999999', admit: '#bbbbbb', encode: '#009e73', remember: '#66c2a5', imagine: '#e69f00', judge: '#cc79a7', publish: '#d55e00' };
const COLUMNS = 72;

/** The stages of one frame set, from capture: what is not ours first, the wait for the cameras' frames. */
export function stagesOf(tick) {
  if (!tick?.note) return [];
  const { stages, dispatched } = tick.note;
  const before = stages.filter(([name]) => ['decode', 'prepare', 'align', 'admit'].includes(name)).reduce((sum, [, ms]) => sum + ms, 0);
  return hello.value?.live ? [['arrival', Math.max(0, dispatched - before)], ...stages] : stages;
}

function bars(context, width, height, tick) {
  const stages = stagesOf(tick);
  const deadline = tick.note.deadline;
  const most = Math.max(deadline * 1.12, workOf(tick) * 1.04);
  const [left, right] = [66, 52];
  const scale = (width - left - right) / most;
  const row = (height - 14) / stages.length;
  let at = 0;
  context.font = '11px system-ui, sans-serif';
  stages.forEach(([name, ms], place) => {
    const y = place * row;
    context.fillStyle = colour['ink-2'];
    context.textAlign = 'right';
    context.fillText(name, left - 8, y + row / 2 + 4);
    context.fillStyle = TONES[name] ?? colour.accent;
    context.beginPath();
    context.roundRect(left + at * scale, y + 1.5, Math.max(1.5, ms * scale), row - 3, 2);
    context.fill();
    context.textAlign = 'left';
    context.fillStyle = colour.ink;
    context.fillText(`${ms.toFixed(1)} ms`, left + (at + ms) * scale + 5, y + row / 2 + 4);
    at += ms;
  });
  const x = left + deadline * scale;
  context.strokeStyle = workOf(tick) > deadline ? colour.high : colour.ink;
  context.setLineDash([4, 3]);
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x, 0);
  context.lineTo(x, height - 12);
  context.stroke();
  context.setLineDash([]);
  context.textAlign = 'center';
  context.fillStyle = context.strokeStyle;
  context.fillText(`deadline ${deadline.toFixed(0)} ms`, Math.min(x, width - 44), height - 1);
}

/** A column a frame set, the newest at the right; a late one stands over the line. */
function columns(context, width, height, ticks, chosen) {
  const budget = hello.value?.budgetMs ?? 100;
  const most = budget * 1.35;
  const wide = width / COLUMNS;
  ticks.forEach((tick, place) => {
    let y = height;
    const x = width - (ticks.length - place) * wide;
    for (const [name, ms] of stagesOf(tick)) {
      const tall = (Math.min(ms, most) / most) * height;
      context.fillStyle = TONES[name] ?? colour.accent;
      context.globalAlpha = tick === chosen ? 1 : 0.7;
      context.fillRect(x + 0.5, y - tall, Math.max(1, wide - 1), tall);
      y -= tall;
    }
    context.globalAlpha = 1;
    if (!tick.met) {
      context.fillStyle = colour.high;
      context.fillText('✕', x + wide / 2 - 3, 9);
    }
    if (tick === chosen) {
      context.strokeStyle = colour.ink;
      context.strokeRect(x, 1, wide, height - 2);
    }
  });
  const line = height - (budget / most) * height;
  context.strokeStyle = colour.ink;
  context.setLineDash([4, 3]);
  context.beginPath();
  context.moveTo(0, line);
  context.lineTo(width, line);
  context.stroke();
  context.setLineDash([]);
}

function percentiles(points) {
  const sorted = points.map((point) => point.total).filter((ms) => ms !== null).sort((a, b) => a - b);
  const at = (share) => (sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] : null);
  return { p50: at(0.5), p99: at(0.99), count: sorted.length };
}

/** p50 and p99 a second, as they were published; of a replay, which publishes none, of its own ticks. */
function history() {
  if (run.latencies.length > 1) {
    const kept = run.latencies.slice(-600);
    return [kept.map((one) => secondsOf(one.t)), kept.map((one) => one.whole.p50), kept.map((one) => one.whole.p99)];
  }
  const data = [[], [], []];
  for (let place = 0; place < run.points.length; place += 10) {
    const figures = percentiles(run.points.slice(place, place + 10));
    data[0].push(secondsOf(run.points[place].t));
    data[1].push(figures.p50);
    data[2].push(figures.p99);
  }
  return data;
}

function History() {
  const place = useRef(null);
  const chart = useRef(null);
  useEffect(() => {
    const axis = { stroke: () => colour['ink-2'], grid: { stroke: () => colour.line, width: 1 }, ticks: { show: false }, font: '10px system-ui', size: 26 };
    chart.current = new uPlot({
      width: 200, height: 84, legend: { show: false }, cursor: { show: false }, scales: { x: { time: false }, y: { range: (_, low, high) => [0, Math.max(high ?? 0, hello.value?.budgetMs ?? 0) * 1.1] } },
      axes: [{ ...axis, size: 20, values: (_, splits) => splits.map((s) => `${s} s`) }, { ...axis, size: 34 }],
      series: [{}, { stroke: () => colour.low, width: 1.5, points: { show: false } }, { stroke: () => colour.high, width: 1.5, dash: [4, 3], points: { show: false } }],
    }, [[], [], []], place.current);
    const fit = () => chart.current.setSize({ width: Math.max(120, place.current.clientWidth), height: 84 });
    const watch = new ResizeObserver(fit);
    watch.observe(place.current);
    const turn = setInterval(() => chart.current.setData(history()), 1000);
    chart.current.setData(history());
    return () => { clearInterval(turn); watch.disconnect(); chart.current.destroy(); };
  }, []);
  useEffect(() => chart.current?.redraw(), [theme.value]);
  return html`<div class="history" ref=${place} aria-hidden="true"></div>`;
}

export function Deadline() {
  const { tick, last } = view.value;
  const shown = tick ?? last;
  const place = shown ? placeAt(run.ticks, shown.t) : -1;
  const ticks = run.ticks.slice(Math.max(0, Math.min(place + COLUMNS / 2, run.ticks.length) - COLUMNS), Math.max(COLUMNS, Math.min(place + COLUMNS / 2, run.ticks.length)));
  const drawBars = useCallback((context, width, height) => tick?.note && bars(context, width, height, tick), [tick, theme.value]);
  const drawColumns = useCallback((context, width, height) => columns(context, width, height, ticks, shown), [shown, run.revision, theme.value]);
  const figures = percentiles(run.points.slice(-600));
  const left = tick?.note ? tick.note.deadline - workOf(tick) : null;
  return html`<${Panel} id="deadline" title="Deadline" aside=${html`<span class="sub">p50 <b>${figures.p50?.toFixed(0) ?? '–'}</b>, p99 <b>${figures.p99?.toFixed(0) ?? '–'}</b> ms of ${figures.count}${latency.value?.critical ? html`; critical: <b>${words(latency.value.critical)}</b>` : ''}</span>`}>
    ${tick?.note ? html`<p class="sub">Frame set ${tick.number}: ${!hello.value?.live ? html`<b>${workOf(tick).toFixed(0)} ms</b> of work, in a replay that waits for it` : left >= 0 ? html`<b>${left.toFixed(0)} ms</b> before its deadline` : html`<b class="alarm">${(-left).toFixed(0)} ms late</b>`}; rung ${tick.rung}${tick.note.lastCamera >= 0 ? html`; last camera ${words(hello.value?.cameras[tick.note.lastCamera] ?? '')}` : ''}.</p>
      <${Canvas} className="bars" draw=${drawBars} label=${`Stages: ${stagesOf(tick).map(([name, ms]) => `${name} ${ms.toFixed(1)} ms`).join(', ')}`} />` : html`<p class="empty bars">${shown ? 'No forecast' : 'Nothing was timed yet'}</p>`}
    <${Canvas} className="columns" draw=${drawColumns} label="Frame sets around this one, against the deadline; a press goes there"
      onPoint=${(x, y, width) => { const hit = ticks[Math.floor(ticks.length - (width - x) / (width / COLUMNS))]; if (hit) seek(hit.t); }} />
    <${History} />
  <//>`;
}
