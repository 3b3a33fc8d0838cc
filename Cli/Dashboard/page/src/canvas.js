// A canvas that is as fine as the screen, drawn again when something that it shows has changed, and only then.
import { h } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import htm from 'htm';

export const html = htm.bind(h);

/** draw(context, width, height) in CSS pixels. */
export function Canvas({ draw, label, onPoint, className }) {
  const canvas = useRef(null);
  const latest = useRef(draw);
  latest.current = draw;
  useEffect(() => {
    const paint = () => {
      const element = canvas.current;
      if (!element) return;
      const { clientWidth: width, clientHeight: height } = element;
      const ratio = window.devicePixelRatio || 1;
      const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (wide === 0 || high === 0) return;
      if (element.width !== wide || element.height !== high) [element.width, element.height] = [wide, high];
      const context = element.getContext('2d');
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, height);
      latest.current(context, width, height);
    };
    paint();
    const watch = new ResizeObserver(paint);
    watch.observe(canvas.current);
    return () => watch.disconnect();
  }, [draw]);
  const point = onPoint && ((event) => {
    const box = canvas.current.getBoundingClientRect();
    onPoint(event.clientX - box.left, event.clientY - box.top, box.width, box.height, event);
  });
  return html`<canvas ref=${canvas} class=${className} role="img" aria-label=${label} onClick=${point}></canvas>`;
}

export function Panel({ title, id, aside, children, className }) {
  return html`<section class=${`panel ${className ?? ''}`} id=${id} aria-labelledby=${`${id}-title`}>
    <header><h2 id=${`${id}-title`}>${title}</h2><div class="aside">${aside}</div></header>
    ${children}
  </section>`;
}

export function noForecast(context, width, height, ink, why) {
  context.fillStyle = ink;
  context.textAlign = 'center';
  context.font = '600 15px system-ui, sans-serif';
  context.fillText('No forecast', width / 2, height / 2 - 4);
  context.font = '12px system-ui, sans-serif';
  context.fillText(why, width / 2, height / 2 + 15, width - 16);
}
