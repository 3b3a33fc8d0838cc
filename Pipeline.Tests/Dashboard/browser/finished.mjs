// A finished run, at the address given: everything that can be pressed, and what the page may not do. The second argument is a folder for pictures.
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createRequire } from 'node:module';
import { clock, equal, mode, open, run, that, until, visit } from './kit.mjs';

const [url, pictures] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const browser = await open();
const page = await visit(browser, url);
const output = (id) => page.locator(id).textContent();
const goTo = async (seconds) => {
  await page.keyboard.press('g');
  await page.locator('#goto input').fill(String(seconds));
  await page.keyboard.press('Enter');
  await page.locator('#goto').waitFor({ state: 'hidden' });
  await until(() => clock(page), (at) => Math.abs(at - seconds) < 0.002, 'go to');
};

/** A press at these shares of an element's width and height. */
const press = async (selector, x, y) => {
  const element = page.locator(selector);
  await element.scrollIntoViewIfNeeded();
  const { width, height } = await element.boundingBox();
  await element.click({ position: { x: width * x, y: height * y } });
};

const answer = (path, headers = {}, method = 'GET') => new Promise((done, failed) => {
  const { hostname, port } = new URL(url);
  const asked = request({ hostname, port, path, method, headers }, (response) => {
    let bytes = 0;
    response.on('data', (part) => { bytes += part.length; if (path === '/stream') response.destroy(); });
    response.on('close', () => done({ status: response.statusCode, headers: response.headers, bytes }));
  });
  asked.on('error', failed);
  asked.end();
});

/** Axe's own checks, run in the page; the page's policy holds for the page, not for its tester. */
async function violations() {
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: axe });
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return found.violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => `${node.target} ${node.any.map((check) => check.message).join(' ')}`).join('; ')}`);
}

await run({
  'opens at its riskiest moment with every panel filled': async () => {
    await until(() => mode(page), (text) => text.startsWith('LOOKING BACK'), 'the page looks back');
    equal(await page.locator('#risk .level b').textContent(), 'high', 'the level');
    equal(await page.locator('#fan tbody tr').count(), 16, 'manoeuvres');
    equal(await page.locator('.tile').count(), 6, 'cameras');
    for (const canvas of await page.locator('canvas').all()) {
      const colours = await until(() => canvas.evaluate((element) => {
        const { width, height } = element;
        return new Set(new Uint32Array(element.getContext('2d').getImageData(0, 0, width, height).data.buffer)).size;
      }), (count) => count > 3, `${await canvas.getAttribute('aria-label')} is drawn`);
      that(colours > 3, 'drawn');
    }
  },
  'the ledger adds up on screen': async () => {
    const marks = await page.locator('.ledger .adds').allTextContents();
    equal(marks, Array(7).fill('✓ adds up'), 'marks');
  },
  'keys step, jump, loop and play': async () => {
    await goTo(5);
    const from = await clock(page);
    await page.keyboard.press('ArrowRight');
    await until(() => clock(page), (at) => at > from && at < from + 0.2, 'a step on');
    await page.keyboard.press('ArrowLeft');
    await until(() => clock(page), (at) => at <= from, 'a step back');
    await page.keyboard.press('n');
    const event = await until(() => clock(page), (at) => at > from + 0.2, 'the next event');
    await page.keyboard.press('n');
    await until(() => clock(page), (at) => at > event, 'the one after it');
    await page.keyboard.press('N');
    await until(() => clock(page), (at) => Math.abs(at - event) < 0.002, 'the one before');
    await goTo(3);
    await page.keyboard.press('a');
    await goTo(3.4);
    await page.keyboard.press('b');
    for (const key of [']', ']', ']']) await page.keyboard.press(key);
    equal(await page.locator('#speed').inputValue(), '8', 'the speed');
    await page.keyboard.press(' ');
    for (let look = 0; look < 8; look++) {
      await page.waitForTimeout(60);
      const at = await clock(page);
      that(at >= 2.9 && at <= 4.3, `the loop keeps to A and B: ${at}`);
    }
    await page.keyboard.press(' ');
    for (const key of ['[', '[', '[', 'c']) await page.keyboard.press(key);
    await page.keyboard.press('?');
    await page.locator('#help').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('#help').waitFor({ state: 'hidden' });
  },
  'scrubbing the horizon and playing the future': async () => {
    await goTo(7.2);
    await page.locator('#horizon').fill('2');
    await until(() => output('#birdseye .figures'), (text) => text.includes('in 2.0 s') && /until 2 s: \d+ %/.test(text), 'the figures');
    await until(() => page.url(), (text) => text.includes('h=2.0'), 'the link');
    await page.locator('#horizon').blur();
    await page.keyboard.press('ArrowUp');
    await until(() => output('#birdseye .figures b'), (text) => text === 'in 2.5 s', 'a further horizon');
    const before = await page.locator('canvas.birdseye').screenshot();
    await page.locator('#play-future').click();
    await until(() => output('#birdseye .figures b'), (text) => text !== 'in 2.5 s', 'the future plays');
    await page.locator('#play-future').click();
    that(!before.equals(await page.locator('canvas.birdseye').screenshot()), 'the map has changed');
    await page.locator('#horizon').fill('0');
  },
  'presses go where they point': async () => {
    await page.locator('#fan button', { hasText: /^brake hard$/ }).click();
    await until(() => page.url(), (text) => text.includes('m=brake_hard'), 'the manoeuvre is in the link');
    await page.locator('.tile button').nth(1).click();
    await until(() => page.url(), (text) => text.includes('camera=front_left'), 'the camera is in the link');
    const before = await clock(page);
    await press('canvas.lanes', 0.3, 0.1);
    const after = await until(() => clock(page), (at) => at < before - 0.5, 'the axis');
    await press('canvas.columns', 0.95, 0.8);
    await until(() => clock(page), (at) => at > after + 0.5, 'a column of the deadline panel');
  },
  'a link brings another reader to the same moment': async () => {
    await goTo(7.5);
    await page.locator('#horizon').fill('1.5');
    await until(() => page.url(), (text) => /t=7\.5\d*/.test(text) && text.includes('h=1.5') && text.includes('m=brake_hard') && text.includes('camera=front_left'), 'the link holds it all');
    const second = await visit(browser, page.url());
    await until(() => mode(second), (text) => text === 'LOOKING BACK · 7.50 s', 'the moment');
    equal(await second.locator('#birdseye .figures b').textContent(), 'in 1.5 s', 'the horizon');
    equal(await second.locator('#fan tr.chosen button').textContent(), 'brake hard', 'the manoeuvre');
    equal(await second.locator('.tile.chosen .caption b').textContent(), 'front left', 'the camera');
    equal(await second.locator('#risk .figure').textContent(), await page.locator('#risk .figure').textContent(), 'the figure');
    await until(() => new URL(second.url()).hash, (hash) => hash === new URL(page.url()).hash, 'the link, written again');
    equal(second.faults.concat(second.outside), [], 'faults and requests elsewhere');
    await second.context().close();
    const stranger = await visit(browser, `${url}#run=another&t=3`);
    await until(() => stranger.locator('.notice').textContent(), (text) => text.includes('another run'), 'a link of another run is refused');
    await stranger.context().close();
  },
  'a picture is drawn over only by the forecast made from it': async () => {
    await goTo(7.2);
    const labels = await page.locator('.tile canvas').evaluateAll((tiles) => tiles.map((tile) => tile.getAttribute('aria-label')));
    equal(labels.filter((label) => label.includes('of this frame')).length, 6, 'tiles with an overlay');
  },
  'a second run on the axis, differences first': async () => {
    await page.locator('#other').setInputFiles({ name: 'other.jsonl', mimeType: 'text/plain', buffer: Buffer.from(Array.from({ length: 100 }, (_, tick) => JSON.stringify({
      topic: 'risk', message: { envelope: { frame_set: { reference_time_ns: String(1e9 + tick * 1e8) } }, level_horizon_s: 2, horizons: [{ horizon_s: 2, probability: 0.01 }] },
    })).join('\n')) });
    const first = page.locator('.differences button').first();
    await until(() => first.textContent(), (text) => /here, 1\.0 % there/.test(text), 'the largest difference');
    await first.click();
    await until(() => output('#risk .figure'), (text) => Number(text.replace(' %', '')) > 80, 'it is where the risk is');
    await page.locator('.differences button', { hasText: 'close' }).click();
    await page.locator('#other').setInputFiles({ name: 'no<b>run', mimeType: 'text/plain', buffer: Buffer.from('{"topic":"risk",nonsense\n') });
    await until(() => output('#axis'), (text) => text.includes('no<b>run holds no risk messages'), 'what is no run is refused in words');
  },
  'everybody can use it, in the dark and in the light': async () => {
    for (const scheme of ['dark', 'light']) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.waitForTimeout(300);
      equal(await violations(), [], `axe, ${scheme}`);
    }
    await page.keyboard.press('t');
    await page.keyboard.press('?');
    await page.locator('#help').waitFor();
    equal(await violations(), [], 'axe, with the keys open');
    await page.keyboard.press('Escape');
    await page.keyboard.press('t');
  },
  'it is small, guarded, and asks nobody else': async () => {
    let bytes = 0;
    for (const path of ['/', '/page.js', '/page.css', '/icon.svg']) {
      const got = await answer(path, { 'Accept-Encoding': 'gzip' });
      equal(got.status, 200, path);
      that(got.headers['content-security-policy'].startsWith("default-src 'none'") && got.headers['x-content-type-options'] === 'nosniff', `${path} is guarded`);
      bytes += got.bytes;
    }
    console.log(`# ${bytes} bytes compressed`);
    that(bytes < 150_000, `${bytes} bytes`);
    equal((await answer('/stream', { 'Sec-Fetch-Site': 'cross-site' })).status, 421, 'another site');
    equal((await answer('/stream', { Host: 'evil.example' })).status, 421, 'another name');
    equal((await answer('/stream', {}, 'POST')).status, 405, 'anything but reading');
    equal((await answer('/../package.json')).status, 404, 'another file');
    equal(page.outside, [], 'requests elsewhere');
    equal(page.faults, [], 'faults');
  },
  'pictures for the README': async () => {
    if (!pictures) return;
    await page.setViewportSize({ width: 1600, height: 1420 });
    await page.locator('#other').setInputFiles([]);
    await goTo(6.6);
    if (await page.locator('.tile.chosen').count()) await page.locator('.tile.chosen button').click();
    const chosen = page.locator('#fan tr.chosen button');
    if (await chosen.count()) await chosen.click();
    await page.locator('#horizon').fill('0');
    await page.locator('#horizon').blur();
    await page.mouse.move(2, 2);
    await page.locator('.rows').first().evaluate((rows) => rows.scrollTo(0, 0));
    await page.evaluate(() => scrollTo(0, 0));
    for (const scheme of ['dark', 'light']) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.waitForTimeout(900);
      await page.screenshot({ path: `${pictures}/dashboard-${scheme}.png` });
    }
  },
});
await browser.close();
