import { openPage, startBrowser } from './browser.mjs';
import { startHouse } from './house.mjs';
import { longPad } from './long.mjs';
import { inText, person, saved, text, open } from './pads.mjs';
const house = await startHouse({ base: 26300 });
const browser = await startBrowser();
try {
  const marie = await person(browser, house, 'manager');
  const pad = await longPad(marie);
  await open(marie, pad);
  const page = marie.page;
  await saved(page);
  await text(page).focus(); await inText(page);
  const say = async (w) => console.log(w, JSON.stringify(await page.evaluate(async () => { for (let i = 0; i < 6; i += 1) await new Promise(requestAnimationFrame); const s = getSelection(); const r = s.rangeCount && s.getRangeAt(0); const b = r && r.getClientRects()[0]; return { y: scrollY, h: document.documentElement.scrollHeight, inner: innerHeight, n: s.focusNode?.nodeName, t: s.focusNode?.textContent?.slice(0, 30), o: s.focusOffset, b: b && [b.top, b.bottom], hd: document.querySelector('header.top').getBoundingClientRect().bottom, nb: s.focusNode?.nodeType === 1 && [s.focusNode.getBoundingClientRect().top, s.focusNode.getClientRects()[0]?.bottom] }; })));
  const { placeCursor, typing } = await import('./long.mjs');
  await placeCursor(page, 0.5); await page.keyboard.type('Un peu de chauffe pour commencer. ');
  await browser.startTracing(page, { path: '/tmp/lead/type.json', categories: ['devtools.timeline', 'v8', 'v8.execute', 'disabled-by-default-devtools.timeline', 'disabled-by-default-v8.cpu_profiler', 'cc', 'blink', 'viz'] });
  const t = (await typing(page, 40)).sort((a, b) => a - b); await browser.stopTracing(); console.log(t[20], t[37], t[39]);
} finally { await browser.close(); await house.stop(); }
