// What the browser tests share: Chromium without background traffic, a page that watches itself, and a line of result for each test.
import { chromium } from 'playwright-core';

const SWITCHES = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--js-flags=--expose-gc'];

export const open = () => chromium.launch({ executablePath: process.env.FORECAST_CHROMIUM ?? '/usr/bin/chromium', args: SWITCHES });

/** A page whose errors and whose requests to anywhere else are kept. */
export async function visit(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1600, height: 1000 }, colorScheme: 'dark', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.faults = [];
  page.outside = [];
  const origin = new URL(url).origin;
  page.on('pageerror', (error) => page.faults.push(error.message));
  page.on('console', (message) => { if (message.type() === 'error') page.faults.push(message.text()); });
  page.on('dialog', (dialog) => { page.faults.push('a dialog opened'); dialog.dismiss(); });
  page.on('request', (request) => { if (!request.url().startsWith(origin) && !request.url().startsWith('data:')) page.outside.push(request.url()); });
  await page.goto(url, { waitUntil: 'commit' });
  return page;
}

export function equal(actual, expected, what) {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) throw new Error(`${what}: ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
}

export function that(holds, what) {
  if (!holds) throw new Error(what);
}

/** Until it holds; the last thing seen is in the error. */
export async function until(seen, holds, what, limitMs = 20_000) {
  const end = Date.now() + limitMs;
  let last;
  do {
    last = await seen();
    if (holds(last)) return last;
    await new Promise((done) => { setTimeout(done, 40); });
  } while (Date.now() < end);
  throw new Error(`${what}: ${JSON.stringify(last)} after ${limitMs} ms`);
}

/** How much longer than on an idle machine things take here now: 1 and more. Limits that promise something to people are for an idle one. */
export const strain = (page) => page.evaluate(async () => {
  const began = performance.now();
  for (let turn = 0; turn < 10; turn++) await new Promise((done) => { setTimeout(done, 50); });
  return Math.max(1, (performance.now() - began) / 600);
});

export const clock = async (page) => Number((await page.locator('#clock').textContent()).replace(' s', ''));
export const mode = (page) => page.locator('#mode').textContent();

/** Runs the tests one by one: a line `ok NAME` or `not ok NAME: why` each. */
export async function run(tests) {
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      console.log(`ok ${name}`);
    } catch (fault) {
      console.log(`not ok ${name}: ${(fault.stack ?? String(fault)).split('\n').slice(0, 6).join(' | ')}`);
    }
  }
}
