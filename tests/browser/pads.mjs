// People at their browsers, and texts for them to write.
import { deflateSync } from 'node:zlib';
import { openPage } from './browser.mjs';
import { until } from './check.mjs';
import { cardsOf, signIn } from './pages.mjs';

let made = 0;

/** Somebody who has signed in: role of a card, or null for a visitor. */
export async function person(browser, house, role, options = {}) {
  const one = await openPage(browser, options);
  if (role) {
    const card = (await cardsOf(house.url, one.page))[role];
    one.name = card.name;
    await signIn(one.page, house.url, card.login, card.password);
  }
  one.house = house;
  return one;
}

export async function api(page, method, path, body) {
  return page.evaluate(async ([how, where, what]) => {
    const answer = await fetch(where, { method: how, headers: { 'Content-Type': 'application/json' }, ...(what ? { body: JSON.stringify(what) } : {}) });
    const text = await answer.text();
    return { status: answer.status, body: text ? JSON.parse(text) : null };
  }, [method, path, body]);
}

export async function newPad({ page }, fields = {}) {
  made += 1;
  const answer = await api(page, 'POST', '/api/v1/associations/amis/pads',
    { slug: `essai-${process.pid}-${made}`, title: `Essai ${made}`, access: { members: 'write', link: 'none' }, ...fields });
  if (answer.status !== 201) throw new Error(`no pad: ${JSON.stringify(answer)}`);
  return answer.body;
}

export const text = (page) => page.locator('#text');
export const words = (page) => text(page).evaluate((dom) => {
  // Names of cursors are not part of the text.
  const copy = dom.cloneNode(true);
  for (const one of copy.querySelectorAll('.cursor, .ProseMirror-widget, .image-coming')) one.remove();
  return [...copy.querySelectorAll('p, h2, h3, h4, pre')].map((one) => one.textContent).join('\n');
});
export const html = (page) => text(page).evaluate((dom) => {
  const copy = dom.cloneNode(true);
  for (const one of copy.querySelectorAll('.cursor, .ProseMirror-trailingBreak, img.ProseMirror-separator, li > label')) one.remove();
  return copy.innerHTML.replace(/ (style|class|contenteditable|draggable)="[^"]*"/g, '');
});
export const saving = (page) => page.locator('.saving').innerText();

export async function open(one, pad, { key = '', ready = true } = {}) {
  await one.page.goto(`${one.house.url}pads/${pad.id}${key ? `#key=${key}` : ''}`);
  if (ready) await text(one.page).waitFor();
}

export const saved = (page) => until(async () => /^(Enregistré|Saved)$/.test(await saving(page)), 'saved');

/**
 * The focus is in the text, and has been for a moment: for 200 ms ProseMirror takes a caret that goes to the start of
 * the text for the browser's doing, and puts it back.
 */
export async function inText(page) {
  await page.locator('#text.ProseMirror-focused').waitFor();
  await page.waitForTimeout(250);
}

async function focusText(page) {
  await text(page).focus();
  await inText(page);
}

/** Writes at the end of the text. */
export async function write(page, what) {
  await focusText(page);
  await page.keyboard.press('Control+End');
  // The browser tells of a moved cursor with its next picture; nobody types before that.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0)))));
  await page.keyboard.type(what);
}

export const selectAll = async (page) => { await focusText(page); await page.keyboard.press('Control+a'); };

/** As if another program had put this on the clipboard. */
export const paste = (page, data) => text(page).evaluate((dom, content) => {
  const carried = new DataTransfer();
  for (const [type, value] of Object.entries(content)) carried.setData(type, value);
  dom.focus();
  dom.dispatchEvent(new ClipboardEvent('paste', { clipboardData: carried, bubbles: true, cancelable: true }));
}, data);

export async function linkKey(page, pad) {
  const answer = await api(page, 'POST', `/api/v1/pads/${pad.id}/link`, {});
  if (answer.status !== 200) throw new Error(`no link: ${JSON.stringify(answer)}`);
  return answer.body.url.split('#key=')[1];
}

/** A picture of one colour, as a PNG file. */
export function png(width, height) {
  const part = (type, data) => {
    const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const out = Buffer.alloc(named.length + 8);
    out.writeUInt32BE(data.length, 0);
    named.copy(out, 4);
    out.writeUInt32BE(crc32(named), named.length + 4);
    return out;
  };
  const head = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  const line = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, 0x5f)]);
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), part('IHDR', head),
    part('IDAT', deflateSync(Buffer.concat(Array.from({ length: height }, () => line)))), part('IEND', Buffer.alloc(0))]);
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}
