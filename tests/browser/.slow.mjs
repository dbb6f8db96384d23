import { openPage, startBrowser } from './browser.mjs';
import { startHouse } from './house.mjs';
import { firstLetter, longPad } from './long.mjs';
import { newPad, person } from './pads.mjs';
import { writeFileSync } from 'node:fs';
const what = process.argv[2] ?? 'long';
const runs = Number(process.argv[3] ?? 3);
const house = await startHouse({ base: 26300 });
const browser = await startBrowser();
try {
  const marie = await person(browser, house, 'manager');
  const cookies = await marie.context.cookies();
  const filled = what === 'long' ? await longPad(marie) : null;
  for (let i = 0; i < runs; i += 1) {
    const pad = filled ?? await newPad(marie, what === 'minutes' ? { template: 'minutes' } : {});
    const one = await openPage(browser);
    await one.context.addCookies(cookies);
    const last = i === runs - 1;
    if (last) await browser.startTracing(one.page, { path: '/tmp/lead/trace.json', categories: ['devtools.timeline', 'v8', 'v8.execute', 'disabled-by-default-devtools.timeline', 'disabled-by-default-v8.cpu_profiler', 'blink.user_timing', 'loading'] });
    { const ch = await one.context.newCDPSession(one.page); await ch.send('Network.enable'); await ch.send('Network.emulateNetworkConditions', { offline: false, latency: 150, downloadThroughput: 64_000, uploadThroughput: 64_000 }); }
    const seen = await firstLetter(one.page, `${house.url}pads/${pad.id}`);
    if (last) await browser.stopTracing();
    const res = await one.page.evaluate(() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].map((e) => `${e.name.split('/').pop().slice(0, 40)} ${Math.round(e.startTime)}-${Math.round(e.requestStart)}-${Math.round(e.responseStart)}-${Math.round(e.responseEnd)} ${e.transferSize}`).slice(0, 25));
    const cpu = await (async () => { const s = await one.context.newCDPSession(one.page); await s.send('Performance.enable'); const m = (await s.send('Performance.getMetrics')).metrics; return Object.fromEntries(m.filter((x) => /Duration/.test(x.name)).map((x) => [x.name, Math.round(x.value * 1000)])); })();
    console.log(JSON.stringify(seen), JSON.stringify(cpu));
    if (last) console.log(res.join('\n'));
    await one.context.close();
  }
} finally { await browser.close(); await house.stop(); }
