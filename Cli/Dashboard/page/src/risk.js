// The risk in one figure, and the fan of manoeuvres.
import { html, Panel } from './canvas.js';
import { pathOf } from './maps.js';
import { percent, riskColour, theme, words } from './palette.js';
import { select, selection, view } from './player.js';
import { model } from './store.js';

const SHAPES = { low: '●', elevated: '▲', high: '■', unknown: '?', unspecified: '?' };
const FAILED = { holds: 'its guarantee holds', suspended: 'its guarantee is suspended', not_established: 'no guarantee is established on this rig' };

export function Risk() {
  const { tick, why, last } = view.value;
  theme.value; // colours
  if (tick === null) {
    return html`<${Panel} id="risk" title="Risk of a collision" className="risk none">
      <p class="level"><span class="shape">∅</span><b>No forecast</b></p>
      <p class="sub">${why}.</p>
      <p class="sub">${last ? html`What was said before is no longer to be used.` : html`Unknown is never low.`}</p>
    <//>`;
  }
  const { risk } = tick;
  const at = risk.horizons.find((one) => one.s === risk.levelS) ?? risk.horizons[0];
  return html`<${Panel} id="risk" title="Risk of a collision" className=${`risk ${risk.level}`}
      aside=${html`<span class=${`chip ${tick.validity}`}>${tick.validity}</span>`}>
    <p class="level"><span class="shape">${SHAPES[risk.level] ?? '?'}</span><b>${words(risk.level)}</b><span class="figure">${percent(at?.p)}</span>
      <span class="sub">within ${at?.s} s${at?.upper !== null ? html`, at most ${percent(at.upper)}` : ''}</span></p>
    <table class="horizons"><caption class="hidden">Probability of a collision until each horizon</caption>
      <thead><tr><th scope="row">until</th>${risk.horizons.map((one) => html`<th scope="col">${one.s} s</th>`)}</tr></thead>
      <tbody>
        <tr><th scope="row">risk</th>${risk.horizons.map((one) => html`<td><i class="bar"><i style=${{ height: `${100 * (one.p ?? 0)}%`, background: riskColour(one.p, model.value?.levels) }}></i></i>${percent(one.p)}</td>`)}</tr>
        <tr><th scope="row">at most</th>${risk.horizons.map((one) => html`<td>${percent(one.upper)}</td>`)}</tr>
      </tbody></table>
    <p class="sub">${risk.alarm ? html`<b class="alarm">Alarm</b> since ${((tick.t - risk.alarm.risen) / 1000).toFixed(1)} s. ` : ''}
      ${risk.ttc !== null ? html`Collision expected in <b>${risk.ttc.toFixed(1)} s</b>` : 'No collision expected'},
      hazard: <b>${risk.sector === 'none' ? 'nowhere' : words(risk.sector)}</b>${risk.camera ? html`, best seen by <b>${words(risk.camera)}</b>` : ''}.
      Given: ${risk.given === 'plan' ? 'the vehicle’s plan' : 'driving on as now'}. The bound: ${FAILED[risk.guarantee] ?? 'unknown'}${risk.guaranteeReasons.length ? html` (${risk.guaranteeReasons.map(words).join(', ')})` : ''}.</p>
  <//>`;
}

function Glyph({ manoeuvre, horizons, speed, tone }) {
  const points = pathOf(manoeuvre, horizons, speed, 3);
  const far = Math.max(12, ...points.map(([x, y]) => Math.max(x, Math.abs(y) * 2)));
  const line = points.map(([x, y]) => `${(12 - (y / far) * 22).toFixed(1)},${(22 - (x / far) * 20).toFixed(1)}`).join(' ');
  return html`<svg class="glyph" viewBox="0 0 24 24" aria-hidden="true"><polyline points=${line} fill="none" stroke=${tone} stroke-width="2.5" stroke-linecap="round" /><circle cx="12" cy="22" r="2" /></svg>`;
}

export function Fan() {
  const { tick, why } = view.value;
  theme.value; // colours
  if (tick === null || tick.plan.manoeuvres.length === 0) {
    return html`<${Panel} id="fan" title="Manoeuvres"><p class="empty"><b>No forecast</b><br />${tick === null ? why : 'The message names no manoeuvre'}</p><//>`;
  }
  const { plan, risk } = tick;
  const levels = model.value?.levels;
  const level = Math.max(0, plan.horizons.indexOf(risk.levelS));
  const order = plan.ranking.filter((place) => plan.manoeuvres[place]);
  const rows = order.length === plan.manoeuvres.length ? order : plan.manoeuvres.map((_, place) => place);
  const chosen = selection.value.manoeuvre;
  return html`<${Panel} id="fan" title="Manoeuvres" aside=${html`<span class="sub">${rows.length} imagined, collision within ${plan.horizons[level]} s</span>`}>
    <p class=${plan.tie ? 'verdict tie' : 'verdict'} id="verdict">${plan.tie
      ? html`<b>≈ A tie:</b> the best two differ by ${percent(plan.margin)}, which is noise. There is no best.`
      : plan.best !== null && plan.manoeuvres[plan.best] ? html`<b>★ ${words(plan.manoeuvres[plan.best].name)}</b> is the best by ${percent(plan.margin)}.` : 'No best is named.'}</p>
    <div class="rows"><table class="fan"><caption class="hidden">Candidate manoeuvres, best first; a press on a name shows its path</caption>
      <thead class="hidden"><tr><th scope="col">Rank</th><th scope="col">Path</th><th scope="col">Manoeuvre</th><th scope="col">Risk</th><th scope="col">Probability</th><th scope="col">Against driving on</th></tr></thead>
      <tbody>${rows.map((place, rank) => html`<${Row} key=${plan.manoeuvres[place].name} one=${plan.manoeuvres[place]} place=${place} level=${level} plan=${plan}
        rank=${plan.tie && rank < 2 ? '≈' : rank + 1} best=${!plan.tie && plan.best === place} upper=${place === 0 ? risk.horizons[level]?.upper : null}
        tone=${riskColour(plan.manoeuvres[place].p[level], levels)} speed=${tick.scene.speed} chosen=${chosen === plan.manoeuvres[place].name} />`)}</tbody>
    </table></div>
  <//>`;
}

function Row({ one, place, rank, best, upper, tone, level, plan, speed, chosen }) {
  const p = one.p[level];
  const difference = one.differences[level];
  return html`<tr class=${`${chosen ? 'chosen' : ''} ${place === 0 ? 'intended' : ''}`}>
    <td class="rank">${best ? '★' : rank}</td>
    <td><${Glyph} manoeuvre=${one} horizons=${plan.horizons} speed=${speed} tone=${tone} /></td>
    <th scope="row"><button type="button" aria-pressed=${chosen} onClick=${() => select({ manoeuvre: chosen ? '' : one.name })}>${words(one.name)}</button>
      ${one.inSupport ? '' : html`<span class="chip outside" title="in_support is false: its controls lie outside what the model was trained on">untrained</span>`}</th>
    <td class="measure"><i class="bar wide"><i style=${{ width: `${100 * (p ?? 0)}%`, background: tone }}></i>${upper !== null ? html`<u style=${{ left: `${100 * upper}%` }}></u>` : ''}</i></td>
    <td class="p">${percent(p)}${upper !== null ? html`<small>≤ ${percent(upper)}</small>` : ''}</td>
    <td class="d">${place === 0 || difference === null || difference === undefined ? '' : `${difference > 0 ? '+' : '−'}${Math.abs(100 * difference).toFixed(0)}`}</td>
  </tr>`;
}
