// START HERE: the page. The stream fills the store, the player says which forecast is looked at, ten times a second the panels are drawn.
import { render } from 'preact';
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Axis } from './axis.js';
import { BirdsEye, maps as unpacked } from './birdseye.js';
import { Cameras } from './cameras.js';
import { html } from './canvas.js';
import { Deadline } from './deadline.js';
import { Health, Mark, verdict } from './health.js';
import { Hindsight } from './hindsight.js';
import { onMap } from './maps.js';
import { readPalette, words } from './palette.js';
import * as play from './player.js';
import { Fan, Risk } from './risk.js';
import { ended, hello, run, secondsOf, timeOf } from './store.js';
import { forgetNewest, link, listen } from './stream.js';

const TURN_MS = 100;
const LINK_MS = 500;
const MOST_LINKS_MS = 250;
const help = signal(false);
const going = signal(false);
const notice = signal('');
const scheme = signal(localStorage.getItem('forecast-theme') ?? 'auto');

const KEYS = [['space', 'pause and look back; play'], ['← →', 'one frame set back, on'], ['↑ ↓', 'a further, a nearer horizon'], ['f', 'play the future'], ['n N', 'next, previous event'],
  ['d', 'next deadline miss'], ['g', 'go to a time'], ['a b c', 'loop from, to, none'], ['[ ]', 'slower, faster'], ['l', 'follow the newest'], ['t', 'light, dark'], ['?', 'these keys']];

function setScheme(next) {
  scheme.value = next;
  localStorage.setItem('forecast-theme', next);
  if (next === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  readPalette();
}

const dark = () => (scheme.value === 'auto' ? matchMedia('(prefers-color-scheme: dark)').matches : scheme.value === 'dark');
const turnScheme = () => {
  const next = dark() ? 'light' : 'dark';
  setScheme(matchMedia('(prefers-color-scheme: dark)').matches === (next === 'dark') ? 'auto' : next);
};

function Head() {
  const said = verdict();
  const { live, tick } = play.view.value;
  const source = hello.value?.source ?? '';
  return html`<header class="head">
    <h1><img src="/icon.svg" alt="" width="22" height="22" />Forecast</h1>
    <span class="who"><b>${hello.value?.vehicle ?? '…'}</b>${source ? html`<span class="chip source">${source}</span>` : ''}<span class="sub">${hello.value && hello.value.title !== source ? words(hello.value.title) : ''}</span></span>
    <p class=${`sentence ${said.state}`} id="sentence"><${Mark} state=${said.state} />${said.text}</p>
    <span class=${`mode ${live ? 'live' : 'review'}`} id="mode">${live ? (ended.value ? 'ENDED' : tick ? 'LIVE' : 'NO FORECAST') : `LOOKING BACK · ${secondsOf(play.view.value.t).toFixed(2)} s`}</span>
    <button type="button" onClick=${turnScheme} aria-label="Light or dark (t)" title="Light or dark (t)">◐</button>
    <button type="button" onClick=${() => { help.value = !help.value; }} aria-label="Keys (?)" title="Keys (?)" aria-expanded=${help.value}>?</button>
  </header>`;
}

function Dialog({ open, id, title, children }) {
  const dialog = useRef(null);
  useEffect(() => {
    if (open.value && !dialog.current.open) dialog.current.showModal();
    if (!open.value && dialog.current.open) dialog.current.close();
  }, [open.value]);
  return html`<dialog id=${id} ref=${dialog} onClose=${() => { open.value = false; }} aria-labelledby=${`${id}-title`}><h2 id=${`${id}-title`}>${title}</h2>${children}</dialog>`;
}

function goTo(event) {
  event.preventDefault();
  const seconds = Number(new FormData(event.target).get('seconds'));
  event.target.closest('dialog').close();
  going.value = false;
  if (Number.isFinite(seconds)) play.seek(timeOf(seconds));
}

/** What changed, for whoever hears the page: level and state only, not every figure. */
function Spoken() {
  const { tick } = play.view.value;
  return html`<p class="hidden" aria-live="polite" id="spoken">${tick ? `Risk ${words(tick.risk.level)}${tick.risk.alarm ? ', alarm' : ''}` : 'No forecast'}. ${words(verdict().state)}.</p>`;
}

function Page() {
  const { tick, live, last } = play.view.value;
  return html`<div class=${`page ${tick === null && (last !== null || live) ? 'stale' : ''} ${live ? '' : 'review'}`}>
    <${Head} />
    ${notice.value ? html`<p class="notice" role="status">${notice.value} <button type="button" onClick=${() => { notice.value = ''; }}>close</button></p>` : ''}
    <main>
      <${Cameras} /><${BirdsEye} /><div class="side"><${Risk} /><${Fan} /></div>
      <${Axis} />
      <${Deadline} /><${Hindsight} /><${Health} />
    </main>
    <${Spoken} />
    <${Dialog} open=${help} id="help" title="Keys"><dl>${KEYS.map(([key, does]) => html`<dt><kbd>${key}</kbd></dt><dd>${does}</dd>`)}</dl>
      <p class="sub">The address of this page holds the run, the time, the camera, the horizon and the manoeuvre: copy it to show somebody this very moment.</p>
      <form method="dialog"><button>close</button></form><//>
    <${Dialog} open=${going} id="goto" title="Go to"><form onSubmit=${goTo}><label>Seconds since the run began <input name="seconds" type="number" step="any" required /></label> <button>go</button></form><//>
  </div>`;
}

const faster = (by) => play.setSpeed(play.SPEEDS[Math.min(Math.max(play.SPEEDS.indexOf(play.player.value.speed) + by, 0), play.SPEEDS.length - 1)]);
const further = (by) => {
  play.future.value = false;
  play.select({ horizon: Math.min(Math.max(Math.round((play.selection.value.horizon + by) * 10) / 10, 0), run.ticks.at(-1)?.scene.horizons.at(-1)?.s ?? 4) });
};
const ACTS = {
  ' ': play.togglePlay, ArrowLeft: () => play.step(-1), ArrowRight: () => play.step(1), ArrowUp: () => further(0.5), ArrowDown: () => further(-0.5),
  n: () => play.jumpEvent(1), N: () => play.jumpEvent(-1), d: play.jumpMiss, g: () => { going.value = true; }, l: play.goLive, f: () => { play.future.value = !play.future.value; },
  a: () => play.mark('a'), b: () => play.mark('b'), c: () => play.mark('clear'), '[': () => faster(-1), ']': () => faster(1), t: turnScheme, '?': () => { help.value = !help.value; },
};

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('dialog[open], select, input:not([type=range])')) return;
  if (event.key.startsWith('Arrow') && event.target.closest('input')) return; // a slider's own
  if (event.key === ' ' && event.target.closest('button')) return;
  const act = Object.hasOwn(ACTS, event.key) ? ACTS[event.key] : null;
  if (!act) return;
  event.preventDefault();
  act();
});

let opened = false; // a finished run shows itself once, to whoever did not see it live
let seenLive = false;
let linked = 0;

function turn() {
  if (play.linkIsOpen()) notice.value = play.followLink() || notice.value;
  if (!opened && ended.value && run.points.length > 0) {
    opened = true;
    if (!seenLive && play.player.value.live && !play.linkIsOpen()) play.openFinished();
  }
  play.advance();
  seenLive ||= play.view.value.live && play.view.value.tick !== null;
  if (link.value.state === 'lost') link.value = { ...link.value }; // so that "since" goes on
  const now = performance.now();
  if (now - linked > LINK_MS && !play.linkIsOpen() && hello.value) {
    linked = now;
    const next = play.linkText();
    if (next !== location.hash) history.replaceState(null, '', next);
  }
}

function begin() {
  opened = seenLive = false;
  forgetNewest();
  if (!play.linkIsOpen()) play.player.value = { ...play.player.value, live: true, playing: false, a: null, b: null };
}

setScheme(scheme.value);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', readPalette);
play.readLink(location.hash);
addEventListener('hashchange', () => play.readLink(location.hash));
const root = document.getElementById('page');
root.replaceChildren();
render(html`<${Page} />`, root);
let unpackedAt = 0;
onMap(() => {
  unpacked.revision++;
  if (performance.now() - unpackedAt > MOST_LINKS_MS / 5) { // a map is drawn when it is there, not a turn later
    unpackedAt = performance.now();
    play.redraw();
  }
});
listen(begin, () => {});
setInterval(turn, TURN_MS);
