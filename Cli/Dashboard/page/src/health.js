// How it does, in a sentence; why, and what mends it. And the ledger, adding up.
import { html, Panel } from './canvas.js';
import { words } from './palette.js';
import { view } from './player.js';
import { ended, health, hello, lost, unreadable } from './store.js';
import { link } from './stream.js';

// Reasons of docs/states.md and of validity: what it means, what mends it.
const REASONS = {
  starting: ['no forecast yet', 'Wait: the first comes within 3 s.'],
  camera_silent: ['gives no frames', 'Look at its cable, its power and its address.'],
  camera_lost: ['is gone', 'It is opened again by itself; look at its cable and its power.'],
  camera_frozen: ['shows the same picture again and again', 'Restart the camera; look at its encoder.'],
  camera_black: ['is dark and flat all over', 'Clean or uncover its lens.'],
  camera_out_of_tolerance: ['captures too far from the others', 'Synchronise the cameras, or widen skew_tolerance_s in the rig.'],
  camera_shed: ['is left out for want of time', 'Give the machine more time: a larger budget, a GPU, or fewer other programs.'],
  camera_clock_jumped: ['has a clock that jumped', 'Look at its time source (NTP, PTP).'],
  broker_away: ['the broker is away', 'Start the broker, or look at broker.url; events are kept.'],
  outbox_memory_only: ['events wait in memory only', 'Free the disk of outbox.path, or let it be written.'],
  ego_missing: ['the vehicle’s motion is not heard', 'Publish in/ego at 20 to 100 Hz; the model’s estimate stands in.'],
  no_forecast: ['no forecast leaves', 'Look at the cameras; when none is left there is nothing to forecast from.'],
  journey_hung: ['the journey hangs', 'Let systemd restart it; keep the log.'],
  publish_hung: ['publishing hangs', 'Look at the broker and at the network.'],
  mqtt_hung: ['the MQTT connection hangs', 'Look at the broker and at the network.'],
  pipeline_broke: ['a thread broke', 'Restart it; keep the log.'],
  warming_up: ['its memory of the scene is filling', 'Wait: a second of frames is enough.'],
  calibration_assumed: ['the rig’s calibration is assumed', 'Measure the cameras’ calibration and say so in the rig.'],
  capture_time_unverified: ['capture times are not verified', 'Measure the camera’s latency and state it in the rig.'],
  camera_missing: ['a camera is missing', 'See the camera’s own reason.'],
  ego_estimated: ['the vehicle’s motion is estimated from pictures', 'Publish in/ego at 20 to 100 Hz.'],
  fewer_manoeuvres: ['fewer manoeuvres are imagined for want of time', 'Give the machine more time.'],
  deadline_missed: ['the deadline was missed', 'See the deadline panel for the stage that took it.'],
  surprised: ['the scene does what was not forecast', 'Nothing is broken: the bound’s guarantee is suspended meanwhile.'],
  new_scene: ['nothing like this scene is in the memory', 'Nothing is broken: the bound’s guarantee is suspended meanwhile.'],
  cameras_shed: ['cameras are left out for want of time', 'Give the machine more time.'],
};

function explain(reason) {
  const [code, ...camera] = reason.split(':');
  const known = Object.hasOwn(REASONS, code) ? REASONS[code] : [words(code), 'See docs/states.md.'];
  return { code: reason, what: camera.length ? `${words(camera.join(':'))} ${known[0]}` : known[0], mends: known[1] };
}

const MARKS = { nominal: '●', degraded: '▲', starting: '◌', stale: '∅', fault: '■', unknown: '?' };

/** The sentence of the head of the page: state and why. */
export function verdict() {
  const { tick, why, live } = view.value;
  const seconds = (ms) => (ms / 1000).toFixed(1);
  if (live && ended.value) return { state: 'stale', text: 'The run has ended: there is no forecast. Press space to look back.', reasons: [] };
  if (link.value.state === 'lost') return { state: 'stale', text: `The page lost the stream ${seconds(performance.now() - link.value.since)} s ago and is trying again.`, reasons: [] };
  const codes = new Set([...(live ? health.value?.reasons ?? [] : []), ...(tick?.reasons ?? [])]);
  // What a camera's own reason says already is not said again.
  if ([...codes].some((code) => code.startsWith('camera_shed:'))) codes.delete('cameras_shed');
  if ([...codes].some((code) => code.startsWith('camera_') && code.includes(':'))) for (const code of ['camera_missing', 'camera_frozen', 'camera_black']) codes.delete(code);
  if (codes.has('ego_missing')) codes.delete('ego_estimated');
  const reasons = [...codes].map(explain);
  const list = reasons.slice(0, 3).map((one) => one.what).join('; ') + (reasons.length > 3 ? `; and ${reasons.length - 3} more` : '');
  if (tick === null) return { state: 'stale', text: `No forecast: ${why.charAt(0).toLowerCase()}${why.slice(1)}${reasons.length ? `. ${list}` : ''}.`, reasons };
  const state = live && health.value && health.value.state !== 'starting' && health.value.state !== 'stale' ? health.value.state : 'nominal';
  if (reasons.length > 0) return { state: state === 'fault' ? 'fault' : 'degraded', text: `Degraded: ${list}.`, reasons };
  return { state: state === 'unspecified' ? 'unknown' : state, text: live ? 'All is well: every camera gives frames and forecasts are on time.' : 'All was well at this moment.', reasons };
}

export const Mark = ({ state }) => html`<span class=${`mark ${state}`} aria-hidden="true">${MARKS[state] ?? '?'}</span>`;

function Equation({ label, one, whole, done }) {
  const dropped = one.dropped.reduce((sum, [, count]) => sum + count, 0);
  const adds = one.whole === one.done + dropped + one.inFlight;
  return html`<tr><th scope="row">${label}</th><td>${one.whole}</td><td aria-hidden="true">=</td><td>${one.done}</td><td aria-hidden="true">+</td>
    <td title=${one.dropped.map(([reason, count]) => `${words(reason)} ${count}`).join(', ')}>${dropped}${dropped > 0 ? html` <small>${one.dropped.map(([reason, count]) => `${words(reason)} ${count}`).join(', ')}</small>` : ''}</td>
    <td aria-hidden="true">+</td><td>${one.inFlight}</td><td class=${adds ? 'adds' : 'adds not'}>${adds ? '✓' : `✗ ${one.whole - one.done - dropped - one.inFlight}`}<span class="hidden">${adds ? ' adds up' : ' does not add up'}</span></td></tr>`;
}

export function Health() {
  const { tick, last, live } = view.value;
  const said = verdict();
  const note = (tick ?? last)?.note;
  return html`<${Panel} id="health" title="Health and ledger" aside=${html`<span class="sub">${hello.value?.cameras.length ?? 0} cameras, ${(tick ?? last)?.provider ?? ''} ${(tick ?? last)?.model ?? ''}</span>`}>
    <p class=${`sentence ${said.state}`}><${Mark} state=${said.state} /> ${said.text}</p>
    ${said.reasons.length ? html`<ul class="remedies">${said.reasons.map((one) => html`<li><code>${one.code}</code> ${one.mends}</li>`)}</ul>` : ''}
    ${note ? html`<div class="rows"><table class="ledger"><caption class="hidden">The ledger</caption>
      <thead><tr><td></td><th scope="col">in</th><td></td><th scope="col">out</th><td></td><th scope="col">dropped</th><td></td><th scope="col">in flight</th><td></td></tr></thead>
      <tbody><${Equation} label="frame sets" one=${note.sets} />
        ${note.frames.map((one, camera) => html`<${Equation} key=${camera} label=${words(hello.value?.cameras[camera] ?? `camera ${camera}`)} one=${one} />`)}</tbody></table></div>` : html`<p class="empty">No ledger yet.</p>`}
    <p class="sub">${live && health.value ? html`Broker ${health.value.broker ? 'connected' : 'away'}; ${health.value.frameQueue ?? 0} frames and ${health.value.publishQueue ?? 0} forecasts wait; clock off by ${(health.value.clockOffsetMs ?? 0).toFixed(1)} ms. ` : ''}
      This page: ${lost.value.missed + lost.value.skipped} events missed, ${unreadable.value} unreadable.</p>
  <//>`;
}
