// A text of 200 pages with 30 tables and 50 images, made through the API as people's tools would; and how soon one can
// write in it. Used by the browser tests (what must hold) and by the benches (how long it takes).
import { api, newPad, text } from './pads.mjs';
import { until } from './check.mjs';

const pages = 200;
const tables = 30;
const images = 50;
const paragraphs_per_page = 5;
const sentence = 'La commission a examiné les devis reçus pour la réfection du toit de la salle des fêtes et demande une visite sur place avant la fin du mois. ';

/** Pictures that do not compress to nothing, drawn by the browser and stored by the house: their addresses and sizes. */
async function pictures(page, pad) {
  return page.evaluate(async ([id, count]) => {
    const stored = [];
    for (let i = 0; i < count; i += 1) {
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = i % 2 ? [900, 600] : [640, 800];
      const pen = canvas.getContext('2d');
      for (let k = 0; k < 1500; k += 1) {
        pen.fillStyle = `hsl(${(i * 37 + k * 11) % 360} ${30 + (k % 60)}% ${20 + (k * 7) % 60}%)`;
        pen.fillRect((k * 7919 + i * 13) % canvas.width, (k * 104729) % canvas.height, 5 + (k * 31) % 90, 5 + (k * 17) % 60);
      }
      const blob = await new Promise((done) => canvas.toBlob(done, 'image/jpeg', 0.85));
      const answer = await fetch(`/api/v1/pads/${id}/images`, { method: 'POST', headers: { 'Content-Type': 'image/jpeg' }, body: blob });
      if (answer.status !== 201) throw new Error(`image ${i}: ${answer.status}`);
      stored.push(await answer.json());
    }
    return stored;
  }, [pad.id, images]);
}

function page(i, shown) {
  const parts = [i % 4 === 0 ? `<h2>Point ${i / 4 + 1}</h2>` : `<h3>Page ${i + 1}</h3>`];
  for (let k = 0; k < paragraphs_per_page; k += 1) parts.push(`<p>${i + 1}.${k + 1} ${sentence.repeat(3)}<strong>Décision ${k + 1}.</strong></p>`);
  if (i % 6 === 3) parts.push(`<ul>${'<li>Un point de la liste, avec <em>quelques mots</em></li>'.repeat(4)}</ul>`);
  const table = Math.floor((i + 1) * tables / pages);
  if (table > Math.floor(i * tables / pages)) {
    parts.push(`<table><tr><th>Nom</th><th>Tâche</th><th>Date</th><th>Coût</th></tr>${'<tr><td>Marie</td><td>Appeler l’artisan</td><td>12 mars</td><td>120</td></tr>'.repeat(7)}</table>`);
  }
  const image = Math.floor((i + 1) * images / pages);
  if (image > Math.floor(i * images / pages)) {
    const one = shown[image - 1];
    parts.push(`<p><img src="${one.url}" width="${one.width}" height="${one.height}" alt="Photo ${image} du chantier"></p>`);
  }
  return parts.join('');
}

/** @returns the item of the new pad: 200 pages of about 2,200 signs */
export async function longPad(one, slug = `long-${process.pid}`) {
  const shown = await pictures(one.page, await newPad(one));
  const html = `<!doctype html><html><body>${Array.from({ length: pages }, (_, i) => page(i, shown)).join('')}</body></html>`;
  const made = await one.page.evaluate(async ([body, name]) => {
    const answer = await fetch(`/api/v1/associations/amis/pads/import?format=html&slug=${name}&title=Le%20grand%20dossier`,
      { method: 'POST', headers: { 'Content-Type': 'text/html' }, body });
    return { status: answer.status, body: await answer.json() };
  }, [html, slug]);
  if (made.status !== 201) throw new Error(`import: ${JSON.stringify(made)}`);
  await api(one.page, 'PATCH', `/api/v1/pads/${made.body.id}`, { access: { members: 'write', link: 'none' } });
  return made.body;
}

/** In the page: tells when the place to write is shown, and when it shows its first letter. Watches what is added and
 * looks at nothing else: reading a text of 200 pages again and again costs more than opening it. */
function watchPlace() {
  const tell = (what) => requestAnimationFrame(() => setTimeout(() => globalThis.hameauSeen(`${what} ${performance.now()}`), 0));
  let typed = false;
  addEventListener('input', (event) => {
    if (!typed && event.target.matches?.('#first textarea, #first-text, #text')) tell('letter');
    typed = true;
  }, true);
  const watch = new MutationObserver(() => {
    if (!document.querySelector('#first textarea, #first-text[contenteditable="true"], #text[contenteditable="true"]')) return;
    watch.disconnect();
    tell('able');
  });
  watch.observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ['id', 'contenteditable'] });
}

/** Milliseconds of the page's own clock, from the navigation: until one could write, until the picture that shows the
 * first letter typed, until the whole editor holds that letter. Speaks to the browser itself while the page opens:
 * playwright's own way into a page is a large script that would be waited for. */
export async function firstLetter(page, address, most_ms = 60_000) {
  const browser = await page.context().newCDPSession(page);
  const told = {};
  const waiting = {};
  for (const what of ['able', 'letter']) told[what] = new Promise((done) => { waiting[what] = done; });
  browser.on('Runtime.bindingCalled', ({ name, payload }) => {
    const [what, at] = payload.split(' ');
    if (name === 'hameauSeen') waiting[what](Number(at));
  });
  const within = (what) => Promise.race([told[what], new Promise((_, fail) => setTimeout(() => fail(new Error(`not ${what} within ${most_ms} ms`)), most_ms).unref())]);
  await browser.send('Runtime.enable');
  await browser.send('Runtime.addBinding', { name: 'hameauSeen' });
  await browser.send('Page.enable');
  await browser.send('Page.addScriptToEvaluateOnNewDocument', { source: `(${watchPlace})()` });
  await browser.send('Page.navigate', { url: address });
  const able = await within('able');
  await browser.send('Runtime.evaluate', { expression: "document.querySelector('#first textarea, #first-text, #text').focus()" });
  await page.keyboard.type('z');
  const letter = await within('letter');
  const editor = page.locator('#text[contenteditable="true"]');
  await editor.waitFor();
  await until(async () => (await editor.textContent()).includes('z'), 'the letter is in the text');
  return { able, letter, whole: await page.evaluate(() => performance.now()) };
}

/** For each key: milliseconds from the key to the next picture. Types where the cursor is. */
export async function typing(page, keys, pause_ms = 60) {
  await page.evaluate(() => {
    globalThis.keyTimes = [];
    globalThis.keyListener ??= addEventListener('keydown', (event) => {
      const pressed = event.timeStamp;
      requestAnimationFrame(() => { const { port1, port2 } = new MessageChannel(); port1.onmessage = () => keyTimes.push(performance.now() - pressed); port2.postMessage(0); });
    }, true) ?? true;
  });
  for (let i = 0; i < keys; i += 1) {
    await page.keyboard.type('abcdefgh '[i % 9]);
    await page.waitForTimeout(pause_ms);
  }
  return until(async () => {
    const times = await page.evaluate(() => keyTimes);
    return times.length >= keys ? times : null;
  }, 'a picture for each key', 60_000);
}

/** The cursor into the text at this part of its blocks (0 to 1), scrolled to. */
export async function placeCursor(page, part) {
  await text(page).evaluate((dom, where) => {
    const blocks = [...dom.children].filter((one) => one.tagName === 'P');
    const block = blocks[Math.min(blocks.length - 1, Math.floor(where * blocks.length))];
    block.scrollIntoView({ block: 'center', behavior: 'instant' });
  }, part);
  await page.waitForTimeout(300);
  const box = await text(page).evaluate((dom, where) => {
    const blocks = [...dom.children].filter((one) => one.tagName === 'P');
    const { left, top } = blocks[Math.min(blocks.length - 1, Math.floor(where * blocks.length))].getBoundingClientRect();
    return { left, top };
  }, part);
  await page.mouse.click(box.left + 60, box.top + 12);
}
