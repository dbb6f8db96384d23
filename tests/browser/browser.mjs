// Chromium for the tests: one context per person and language; counts what is transferred, keeps every complaint.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
export const browserPath = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path));

/** HAMEAU_SLOW=6 makes every page at least six times slower: what races on a loaded machine then races here. */
const slowAll = Number(process.env.HAMEAU_SLOW ?? 1);

/** Without a look at certificates: a service worker is refused by the browser where one must be waved through. */
export const startBrowser = () => chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-dev-shm-usage', '--ignore-certificate-errors'] });

/** A page (`slow` times slower than this machine) that notes console errors, policy violations, failed requests and bytes on the wire. */
export async function openPage(browser, { language = 'fr', width = 1280, height = 900, dark = false, slow = 1, zone, touch = false } = {}) {
  const context = await browser.newContext({
    locale: language === 'fr' ? 'fr-FR' : 'en-GB', viewport: { width, height }, ignoreHTTPSErrors: true, colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce', hasTouch: touch, ...(zone ? { timezoneId: zone } : {}), permissions: ['clipboard-read', 'clipboard-write'],
  });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => {
    // A refused sign-in or a visit without a session is a response of the API, which the browser also writes here.
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  const wire = { bytes: 0, requests: 0, outside: [] };
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  const rate = Math.max(slow, slowAll);
  if (rate > 1) await session.send('Emulation.setCPUThrottlingRate', { rate });
  session.on('Network.loadingFinished', (event) => { wire.bytes += event.encodedDataLength; wire.requests += 1; });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (/^(https?|wss?):$/.test(url.protocol) && !/(^|\.)localhost$/.test(url.hostname)) wire.outside.push(request.url());
  });
  return { page, context, complaints, wire };
}

/** What axe finds, as lines. */
export async function axeFindings(page) {
  // Over the debugging channel, as the page's policy allows no script of ours.
  await page.evaluate(axe);
  const found = await page.evaluate(async () => (await globalThis.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'],
  })).violations);
  return found.map((one) => `${one.id}: ${one.help} (${one.nodes.slice(0, 3).map((node) => node.target.join(' ')).join(' | ')})`);
}

export const overflow = (page) => page.evaluate(() => {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide <= 0) return '';
  const culprit = [...document.querySelectorAll('body *')].find((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1);
  return `${wide} px too wide: ${culprit?.tagName}.${culprit?.className}`;
});

/** Quiet: nothing is loading and nothing says "one moment". */
export async function settled(page) {
  await page.waitForFunction(() => document.querySelector('h1') && !/Un instant…|One moment…/.test(document.body.innerText), null, { timeout: 20_000 });
}
