// Streams that no Forecast would send, from a server of the test's own that hands out the page of the address given.
import { createServer } from 'node:http';
import { equal, mode, open, run, that, until, visit } from './kit.mjs';

const [url, hours] = process.argv.slice(2);
const files = {};
for (const path of ['/', '/page.js', '/page.css', '/icon.svg']) {
  const got = await fetch(new URL(path, url));
  files[path] = { type: got.headers.get('content-type'), policy: got.headers.get('content-security-policy'), body: Buffer.from(await got.arrayBuffer()) };
}

/** pour(say, response) writes the stream; its events go out as they are said. */
async function serve(pour) {
  const server = createServer((request, response) => {
    if (request.url === '/stream') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      const say = (kind, data) => response.write(`event: ${kind}\ndata: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
      pour(say, response);
      return;
    }
    const file = files[request.url];
    response.writeHead(file ? 200 : 404, file ? { 'Content-Type': file.type, 'Content-Security-Policy': file.policy } : {});
    response.end(file?.body);
  });
  await new Promise((ready) => { server.listen(0, '127.0.0.1', ready); });
  return { url: `http://127.0.0.1:${server.address().port}/`, end: () => { server.closeAllConnections(); server.close(); } };
}

const START = 1_700_000_000_000;
const hello = (more = {}) => ({ run: 'made', vehicle: 'v', session: 's', source: 'demo', title: 'made', pace: 'live', clock: 'unix', start_ns: `${START}000000`, period_ms: 100, silence_ms: 300, budget_ms: 100, cameras: ['front'], stages: [], ...more });
const model = { horizons_s: [1, 2], levels: { horizon_s: 2, elevated_rise: 0.25, high_rise: 0.5 } };
const ns = (ms) => `${Math.round(ms)}000000`;

function tick(n, more = {}) {
  const at = START + n * 100;
  const p = 0.5 + 0.4 * Math.sin(n / 20);
  return {
    sent_ms: Date.now(), note: { tick: n, stages_us: { encode: 9000, imagine: 12_000 }, dispatched_us: 20_000, judged_us: 45_000, handed_us: 46_000, deadline_us: 100_000, last_camera: 0, sets: { formed: n + 1, published: n, in_flight: 1, dropped: {} }, frames: [{ captured: n, used: n, in_flight: 0, dropped: {} }] },
    risk: { envelope: { publish_time_ns: ns(at + 45), valid_until_ns: ns(at + 300), ttl_ms: 255, validity: 'VALIDITY_VALID', validity_reasons: [], frame_set: { tick: String(n), capture_first_ns: ns(at), reference_time_ns: ns(at), deadline_met: true, rung: 16, age_ms: 46, cameras_used: [{ name: 'front', frame: String(n) }], cameras_missing: [] } },
      level: 'RISK_LEVEL_HIGH', level_horizon_s: 2, sector: 'SECTOR_FRONT', horizons: [{ horizon_s: 1, probability: p / 2 }, { horizon_s: 2, probability: p, upper_bound: 0.95 }] },
    plan: { horizons_s: [1, 2], manoeuvres: [{ name: 'intended', accelerations_mps2: [0, 0], curvatures_1pm: [0, 0], probabilities: [p / 2, p], in_support: true }], ranking: [0], tie: false },
    scene: { speed_mps: 8, yaw_rate_radps: 0, occupancy_classes: ['vehicle'], horizons: [{ horizon_s: 1, ego: { x_m: 8, y_m: 0, yaw_rad: 0 } }, { horizon_s: 2, ego: { x_m: 16, y_m: 0, yaw_rad: 0 } }], surprise: { score: 0.5, threshold: 6 } },
    events: [], pictures: [], ...more,
  };
}

const browser = await open();

const streams = {
  'a moment without a forecast is shown as one, in the past as well': async () => {
    const server = await serve((say) => {
      say('hello', hello());
      say('model', model);
      for (let n = 0; n < 60; n++) if (n < 20 || n >= 30) say('tick', tick(n));
      say('ended', {});
    });
    const page = await visit(browser, `${server.url}#run=made&t=2.5`);
    await until(() => mode(page), (text) => text === 'LOOKING BACK · 2.50 s', 'the gap');
    equal(await page.locator('#risk .level b').textContent(), 'No forecast', 'in the gap');
    await page.goto(`${server.url}#run=made&t=1.5`);
    await page.reload();
    await until(() => page.locator('#risk .level b').textContent(), (text) => text === 'high', 'before the gap');
    await page.context().close();
    server.end();
  },
  'what is older than its validity when it arrives is no forecast': async () => {
    let say;
    const server = await serve((speak) => {
      say = speak;
      say('hello', hello());
      say('model', model);
      say('beat', { sent_ms: Date.now(), missed: 0, skipped: 0 });
    });
    const page = await visit(browser, server.url);
    await until(() => say !== undefined, (open) => open, 'the stream');
    say('tick', tick(0, { sent_ms: Date.now() - 60_000 }));
    await until(() => page.locator('#risk').textContent(), (text) => /None came for \d\d/.test(text), 'delivered a minute late');
    let n = 1;
    const going = setInterval(() => say('tick', tick(n++)), 100);
    await until(() => mode(page), (text) => text === 'LIVE', 'in time');
    clearInterval(going);
    const late = tick(n);
    late.risk.envelope.validity = 'VALIDITY_STALE';
    say('tick', late);
    await until(() => page.locator('#risk').textContent(), (text) => text.includes('No forecast') && text.includes('after its deadline'), 'stale by its own word');
    await page.context().close();
    server.end();
  },
  'an overlay needs the frame whose id the forecast carries': async () => {
    const jpeg = '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AVN//2Q==';
    const server = await serve((say) => {
      say('hello', hello());
      say('model', model);
      for (let n = 0; n < 20; n++) say('tick', tick(n, { pictures: [{ camera: 0, frame: n === 10 ? n + 1 : n, jpeg }] }));
      say('ended', {});
    });
    const page = await visit(browser, `${server.url}#run=made&t=0.98`);
    const label = () => page.locator('.tile canvas').getAttribute('aria-label');
    await until(label, (text) => text.includes('of this frame'), 'its own frame');
    await page.keyboard.press('ArrowRight');
    await until(label, (text) => text === 'Camera front', 'another frame');
    await page.context().close();
    server.end();
  },
  'a hostile stream breaks nothing and is no markup': async () => {
    const evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    const server = await serve((say) => {
      say('hello', hello({ vehicle: evil, title: evil, cameras: [evil, '__proto__', { toString: 1 }, null] }));
      for (const kind of ['model', 'rig', 'lift', 'health', 'latency', 'ended', 'tick', 'beat', 'hello']) {
        for (const data of ['{', 'null', '[]', '7', '"x"', '{"__proto__":{"polluted":1}}', '{"run":{}}', `{"places":"${'A'.repeat(400)}","heights_m":[1e308],"places_per_half":1}`, '{"heights_m":"x","horizons_s":[null,-1,1e999]}']) if (kind !== 'ended') say(kind, data);
      }
      say('model', { horizons_s: [evil, NaN, 1, 2], levels: evil });
      say('health', { state: evil, reasons: [evil, 'constructor', '__proto__:x', 5, null], cameras: [evil, null, { name: evil, rate_hz: 'x' }] });
      let n = 0;
      const bad = [
        { plan: { manoeuvres: Array(5000).fill({ name: evil, probabilities: [evil, 9e99] }), ranking: [99, -1, evil], best: 1e9, horizons_s: [1, 2] } },
        { scene: { grid: { origin_x_m: 0, origin_y_m: 0, resolution_m: 1e-9, size_x: 1e9, size_y: 1e9 }, occupancy_classes: [evil], occupancy_now: { zlib: 'eJwDAAAAAAE=' }, horizons: Array(900).fill({ horizon_s: evil }) } },
        { scene: { grid: { origin_x_m: 0, origin_y_m: 0, resolution_m: 1, size_x: 4, size_y: 4 }, occupancy_classes: ['vehicle'], occupancy_now: { zlib: '!!!' }, horizons: [{ horizon_s: 1, occupancy: { zlib: 'AAAA' } }] } },
        { pictures: [{ camera: 0, frame: 1, jpeg: '"><img src=x onerror=1>' }, { camera: evil }, null, { camera: 0, frame: 2, jpeg: 'AAAA' }] },
        { events: [{ topic: evil, message: {} }, { topic: '__proto__', message: null }, { topic: 'risk/event', message: { edge: 'EDGE_RISING', event_id: evil } }], note: evil },
        { note: { stages_us: { [evil]: 1e300, encode: -5 }, sets: { dropped: { [evil]: 3 } }, frames: Array(999).fill(evil), deadline_us: 0, handed_us: 1e300 } },
      ];
      for (const more of bad) say('tick', tick(n++, more));
      const odd = tick(n++);
      Object.assign(odd.risk, { level: evil, sector: evil, camera: evil, horizons: [{ horizon_s: 2, probability: '9', upper_bound: -4 }], alarm: { event_id: evil, risen_ns: evil } });
      odd.risk.envelope.validity_reasons = [evil];
      say('tick', odd);
      const going = setInterval(() => say('tick', tick(n++)), 100);
      setTimeout(() => clearInterval(going), 60_000).unref();
    });
    const page = await visit(browser, server.url);
    await until(() => page.locator('.who b').textContent(), (text) => text === evil, 'the name is text');
    await until(() => mode(page), (text) => text === 'LIVE', 'it goes on');
    for (let step = 0; step < 8; step++) await page.keyboard.press('ArrowLeft');
    await page.locator('#horizon').fill('1');
    await page.waitForTimeout(500);
    equal(await page.evaluate(() => [document.title, document.querySelectorAll('img:not([src="/icon.svg"]), script:not([src="/page.js"])').length, {}.polluted ?? null]), ['Forecast', 0, null], 'nothing was let in');
    equal(page.faults, [], 'faults');
    await page.context().close();
    server.end();
  },
};

const heap = {
  'hours leave the heap flat': async () => {
    const ALL = Number(hours) * 36_000;
    const FIRST = 45_000; // by then every ring has been filled once
    const AHEAD = 4000; // of what the page has shown: it is to keep breathing
    let said = 0;
    let seen = 0;
    const server = await serve(async (say, response) => {
      say('hello', hello());
      say('model', model);
      while (said < ALL && !response.destroyed) {
        for (let some = 0; some < 400 && said < seen + AHEAD; some++) say('tick', tick(said++));
        await new Promise((later) => { setTimeout(later, 5); });
      }
      if (!response.destroyed) setInterval(() => say('tick', tick(said++)), 100);
    });
    const page = await visit(browser, server.url);
    const session = await page.context().newCDPSession(page);
    const heap = async () => {
      await session.send('HeapProfiler.collectGarbage');
      return (await session.send('Runtime.getHeapUsage')).usedSize / 1e6;
    };
    const shown = async () => {
      const seconds = Number((await page.locator('#clock').textContent()).replace(' s', ''));
      seen = Math.max(seen, seconds * 10);
      return seconds;
    };
    await until(shown, (seconds) => seconds > FIRST / 10, 'the first hour and a quarter', 60_000);
    const before = await heap();
    await until(shown, (seconds) => seconds > (ALL - 1000) / 10, 'all of them', 300_000);
    const after = await heap();
    console.log(`# heap ${before.toFixed(1)} MB after 1.25 hours, ${after.toFixed(1)} MB after ${hours}`);
    that(after < before * 1.1 + 2, `${before} MB grew to ${after} MB`);
    equal(page.faults, [], 'faults');
    await page.context().close();
    server.end();
  },
};

await run(hours ? heap : streams);
await browser.close();
process.exit(0);
