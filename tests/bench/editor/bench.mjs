// How soon one can write, seen from outside: real Chromium before a real house. Prints two tables; nothing fails here
// (what must hold stands in tests/browser/first.mjs). Ports from HAMEAU_PORTS (default 26300).
import { openPage, startBrowser } from '../../browser/browser.mjs';
import { startHouse } from '../../browser/house.mjs';
import { firstLetter, longPad, placeCursor, typing } from '../../browser/long.mjs';
import { newPad, person, saved } from '../../browser/pads.mjs';
import { slowLink } from '../../browser/slow-link.mjs';

const runs = Number(process.env.RUNS ?? 5);
const base = Number(process.env.HAMEAU_PORTS ?? 26300);
const sorted = (list) => [...list].sort((a, b) => a - b);
const at = (list, part) => sorted(list)[Math.min(list.length - 1, Math.floor(part * list.length))];
const ms = (value) => String(Math.round(value)).padStart(7);

const house = await startHouse({ base });
const browser = await startBrowser();
const cold = async (cookies) => {
  const one = await openPage(browser);
  await one.context.addCookies(cookies);
  return one;
};

/** Several cold visits, each of the text that `choose` answers; the bytes are those on the wire. */
async function visits(url, choose, cookies, prepare = async () => undefined) {
  const able = [];
  const letter = [];
  const whole = [];
  let bytes = 0;
  for (let i = 0; i < runs; i += 1) {
    const one = await cold(cookies);
    await prepare(one);
    const seen = await firstLetter(one.page, `${url}pads/${(await choose()).id}`);
    able.push(seen.able);
    letter.push(seen.letter);
    whole.push(seen.whole);
    bytes = one.wire.bytes;
    await one.context.close();
  }
  return { able, letter, whole, bytes };
}

const row = (name, { able, letter, whole, bytes }) => console.log(`${name.padEnd(52)}${ms(at(able, 0.5))}${ms(at(letter, 0.5))}${ms(Math.min(...letter))}${ms(Math.max(...letter))}${ms(at(whole, 0.5))}${ms(bytes / 1000)}`);

try {
  const marie = await person(browser, house, 'manager');
  const cookies = await marie.context.cookies();
  const filled = await longPad(marie);
  const long = async () => filled;
  // A letter written by the visit before would make it a text that holds something.
  const small = () => newPad(marie);
  const minutes = () => newPad(marie, { template: 'minutes' });

  console.log(`From the navigation to the first letter in the text (ms; ${runs} cold visits; medians; kB on the wire)`);
  console.log(`${''.padEnd(52)}   able letter  least   most  whole     kB`);
  row('200 pages, 30 tables, 50 images; this machine', await visits(house.url, long, cookies));
  row('new text; this machine', await visits(house.url, small, cookies));
  const emulate = async ({ context, page }) => {
    const channel = await context.newCDPSession(page);
    await channel.send('Network.enable');
    await channel.send('Network.emulateNetworkConditions', { offline: false, latency: 150, downloadThroughput: 64_000, uploadThroughput: 64_000 });
  };
  row('new text; 512 kbit/s, 150 ms, Chromium\'s emulation', await visits(house.url, small, cookies, emulate));
  row('minutes from the template; the same', await visits(house.url, minutes, cookies, emulate));
  const line = await slowLink({ port: base + 20, to: Number(new URL(house.url).port) });
  row('new text; 512 kbit/s, 150 ms, relay (TCP, TLS, WS)', await visits(line.url, small, cookies));
  row('minutes from the template; the same', await visits(line.url, minutes, cookies));
  await line.stop();

  console.log('\nFrom a key to the picture that shows it, in the 200 pages (ms)');
  console.log(`${''.padEnd(52)} median    p95   most`);
  const writer = await cold(cookies);
  await firstLetter(writer.page, `${house.url}pads/${filled.id}`);
  await saved(writer.page);
  for (const [name, part] of [['at the start', 0], ['in the middle', 0.5], ['at the end', 1]]) {
    await placeCursor(writer.page, part);
    const times = await typing(writer.page, 60);
    console.log(`${name.padEnd(52)}${ms(at(times, 0.5))}${ms(at(times, 0.95))}${ms(Math.max(...times))}`);
  }
} finally {
  await browser.close();
  await house.stop();
}
