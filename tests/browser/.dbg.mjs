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
  for (const visible of [false, true]) {
    if (visible) await page.addStyleTag({ content: '.long > * { content-visibility: visible !important; }' }).catch(async () => page.evaluate(() => { const c = new CSSStyleSheet(); c.replaceSync('.long > * { content-visibility: visible !important; }'); document.adoptedStyleSheets = [c]; }));
    for (let i = 0; i < 5; i++) { await page.keyboard.press(i % 2 ? 'Control+Home' : 'Control+End'); await say(`${visible} start`); for (const key of ['PageUp', 'PageUp', 'ArrowUp', 'ArrowUp', 'PageDown']) await page.keyboard.press(key); await page.waitForTimeout(1000); await say(`${visible} pages`); }
  }
} finally { await browser.close(); await house.stop(); }
