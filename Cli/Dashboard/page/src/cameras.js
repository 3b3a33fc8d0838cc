// The cameras as the model sees them. What is drawn over a picture belongs to that very frame: its id must be the one that the forecast carries.
import { useCallback } from 'preact/hooks';
import { maps as unpacked } from './birdseye.js';
import { Canvas, html, Panel } from './canvas.js';
import { mapsAt, valueAt } from './maps.js';
import { classColour, colour, theme, words } from './palette.js';
import { player, select, selection, view } from './player.js';
import { health, hello, placeAt, run } from './store.js';

const MOST_PICTURES = 96;
const LEAST_SHOWN = 0.3;
const pictures = new Map();

/** The picture, once it is decoded; a few are kept. */
function pictureOf(run, camera, picture) {
  const key = `${run}:${camera}:${picture.frame}`;
  let image = pictures.get(key);
  if (!image) {
    image = new Image();
    image.src = `data:image/jpeg;base64,${picture.jpeg}`;
    image.decode().then(() => { unpacked.revision++; }, () => {});
    pictures.set(key, image);
    if (pictures.size > MOST_PICTURES) pictures.delete(pictures.keys().next().value);
  }
  return image.complete && image.naturalWidth > 0 ? image : null;
}

function overlay(context, width, height, camera, tick, seconds) {
  const { lift } = run;
  const grid = tick.scene.grid;
  const maps = lift && grid ? mapsAt(tick, seconds) : null;
  const cells = grid ? grid.nx * grid.ny : 0;
  if (!maps || lift.places.length < (camera + 1) * lift.heights.length * cells * 2) return;
  const at = (z, cell) => {
    const place = ((camera * lift.heights.length + z) * cells + cell) * 2;
    const [u, v] = [lift.places[place], lift.places[place + 1]];
    return u === lift.unseen ? null : [((u / lift.half + 1) / 2) * width, ((v / lift.half + 1) / 2) * height];
  };
  const top = lift.heights.length - 1;
  const rise = lift.heights[top] - lift.heights[0];
  for (let cell = cells - 1; cell >= 0; cell--) {
    let [best, p] = [0, 0];
    for (let c = 0; c < tick.scene.classes.length; c++) {
      const value = valueAt(maps, c * cells + cell);
      if (value > p) [best, p] = [c, value];
    }
    if (p < LEAST_SHOWN) continue;
    const [foot, head] = [at(0, cell), at(top, cell)];
    if (!foot || !head) continue;
    const tall = foot[1] - head[1];
    const wide = rise > 0 ? (tall / rise) * grid.cell : tall;
    if (tall < 1 || tall > height * 3) continue;
    context.fillStyle = classColour(tick.scene.classes[best]);
    context.globalAlpha = Math.min(0.5, 0.12 + p * 0.4);
    context.beginPath();
    context.roundRect(foot[0] - wide / 2, head[1], wide, tall, 3);
    context.fill();
    context.globalAlpha = Math.min(1, 0.3 + p * 0.7);
    context.strokeStyle = context.fillStyle;
    context.lineWidth = 1.25;
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** The newest picture of a camera at or before what is shown. */
function newestPicture(camera, last) {
  for (let place = last === null ? -1 : placeAt(run.ticks, last.t), tries = 0; place >= 0 && tries < 50; place--, tries++) {
    const picture = run.ticks[place].pictures.get(camera);
    if (picture && picture.jpeg) return { picture, tick: run.ticks[place] };
  }
  return null;
}

function Tile({ name, camera, shown, picked }) {
  const { tick, last } = shown;
  const found = newestPicture(camera, last);
  const reason = last?.missing.get(name) ?? '';
  const used = last?.used.get(name);
  const matches = tick !== null && found !== null && used !== undefined && found.picture.frame === used && found.tick === tick;
  const told = shown.live ? health.value?.cameras.get(name) : null;
  const badge = reason || (tick === null && last ? 'no forecast' : '');
  const age = found && last ? (last.t - found.tick.ref) / 1000 + (shown.live ? Math.max(0, shown.ageMs) / 1000 : (shown.t - last.t) / 1000) : null;
  const draw = useCallback((context, width, height) => {
    const image = found ? pictureOf(hello.value?.run, camera, found.picture) : null;
    if (image === null) {
      context.fillStyle = colour['ink-3'];
      context.font = '12px system-ui, sans-serif';
      context.textAlign = 'center';
      context.fillText(found ? '' : 'no picture yet', width / 2, height / 2);
      return;
    }
    context.imageSmoothingQuality = 'high';
    context.filter = tick === null || reason ? 'grayscale(1) brightness(0.7)' : 'none';
    context.drawImage(image, 0, 0, width, height);
    context.filter = 'none';
    if (matches) overlay(context, width, height, camera, tick, picked.horizon);
  }, [found?.picture, tick, matches, picked.horizon, theme.value, unpacked.revision]);
  const hazard = tick !== null && tick.risk.camera === name && tick.risk.level !== 'low';
  return html`<li class=${`tile ${reason ? 'missing' : ''} ${hazard ? `hazard ${tick.risk.level}` : ''} ${picked.camera === name ? 'chosen' : ''}`}>
    <button type="button" aria-pressed=${picked.camera === name} onClick=${() => select({ camera: picked.camera === name ? '' : name })}>
      <${Canvas} draw=${draw} label=${`Camera ${words(name)}${reason ? `: ${words(reason)}` : matches ? ', with the occupancy of this frame drawn over it' : ''}`} />
      ${badge ? html`<span class="badge">${badge === 'no forecast' ? '∅ ' : '⚠ '}${words(badge)}</span>` : ''}
      ${hazard ? html`<span class="badge sees">hazard</span>` : ''}
      <span class="caption"><b>${words(name)}</b><span data-frame=${found?.picture.frame ?? ''}>#${found?.picture.frame ?? '–'}</span>
        <span>${age === null ? '–' : `${age.toFixed(2)} s`}</span><span>${told?.rate === null || told?.rate === undefined ? '' : `${told.rate.toFixed(0)} Hz`}</span></span>
    </button></li>`;
}

export function Cameras() {
  const shown = view.value;
  const picked = selection.value;
  const names = hello.value?.cameras ?? [];
  player.value; // its age goes on while nothing else changes
  return html`<${Panel} id="cameras" title="Cameras" aside=${html`<span class="sub">as the model sees them; ${picked.horizon >= 0.05 ? `drawn over: in ${picked.horizon.toFixed(1)} s` : 'drawn over: now'}</span>`}>
    <ul class=${`tiles ${picked.camera && names.includes(picked.camera) ? 'one' : ''}`}>${names.map((name, camera) => html`<${Tile} key=${name} name=${name} camera=${camera} shown=${shown} picked=${picked} />`)}</ul>
  <//>`;
}
