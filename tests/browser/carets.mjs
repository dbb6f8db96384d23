// Where the caret is, for tests in which several people write in one line.
import { html, text } from './pads.mjs';
import { until } from './check.mjs';

/** The browser tells of a moved caret with its next picture; nobody presses the next key before that. */
export const picture = (page) => page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0))); }));

export async function press(page, ...keys) {
  for (const key of keys) {
    await page.keyboard.press(key);
    await picture(page);
  }
}

/** The place of a word on the screen; the page is scrolled to it. */
export const boxOf = (page, word) => text(page).evaluate((dom, what) => {
  const walk = document.createTreeWalker(dom, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const at = node.data.indexOf(what);
    if (at < 0) continue;
    node.parentElement.scrollIntoView({ block: 'center' });
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + what.length);
    const { left, right, top, bottom } = range.getBoundingClientRect();
    return { left, right, middle: (top + bottom) / 2 };
  }
  throw new Error(`no "${what}" in ${dom.innerText}`);
}, word);

/** A click behind (or `before`) this word, as one makes it with the mouse; `shift`: selects up to there. */
export async function click(page, word, { before = false, shift = false } = {}) {
  const { left, right, middle } = await boxOf(page, word);
  if (shift) await page.keyboard.down('Shift');
  await page.mouse.click(before ? left : right, middle);
  if (shift) await page.keyboard.up('Shift');
  await picture(page);
}

/** The text as it is drawn. What another has selected is drawn in it too, for who sees that. */
const drawn = async (page) => (await html(page)).replace(/<\/?span>/g, '');

/** Waits until these people see the same. */
export async function alike(people, what) {
  const all = () => Promise.all(people.map(({ page }) => drawn(page)));
  await until(async () => new Set(await all()).size === 1, what).catch(async (error) => { throw new Error([error.message, ...await all()].join('\n')); });
}

export const times = (all, word) => all.split(word).length - 1;
