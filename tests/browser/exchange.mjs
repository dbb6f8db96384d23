// What comes in and goes out by hand: addresses while typing, pasting and in the dialog; lists and words of other programs;
// what a mail program gets of what is copied.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { requireWeb } from '../../web-ui/scripts/pad-modules.mjs';
import { startBrowser } from './browser.mjs';
import { holds, same, suite, until } from './check.mjs';
import { startHouse } from './house.mjs';
import { inText, newPad, open, paste, person, png, saved, selectAll, text, words } from './pads.mjs';

const { check, report } = suite();
const house = await startHouse({ base: Number(process.env.HAMEAU_PORTS ?? 26100) });
const browser = await startBrowser();
const vectors = (name) => JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'));

try {
  await check('lists of other programs count as a browser shows them, and words are words', async () => {
    const { outputFiles: [{ text: script }] } = await requireWeb('esbuild').build({
      stdin: {
        contents: `import { DOMParser } from 'prosemirror-model'; import { clean } from './paste'; import { plainText } from './plain'; import { schema } from './schema';
window.pasted = (html) => { const place = document.createElement('div'); place.innerHTML = clean(html).html; return plainText(DOMParser.fromSchema(schema).parse(place).content); };`,
        resolveDir: new URL('../../web-ui/src/pad', import.meta.url).pathname, loader: 'ts',
      }, bundle: true, write: false, format: 'iife', logLevel: 'error',
    });
    const page = await browser.newPage();
    await page.addScriptTag({ content: script });
    for (const [name, given, wanted] of vectors('lists')) same(await page.evaluate((one) => window.pasted(one), given), wanted, name);
    same(await page.evaluate(() => window.pasted('<ul>a<li>b</li><p>c</p>d<li>e</ul>')), 'a\n- b\n  c\n  d\n- e\n', 'words without an item');
    await page.close();
  });

  const marie = await person(browser, house, 'manager');
  const { page } = marie;
  const fresh = async () => {
    await open(marie, await newPad(marie));
    await text(page).click();
  };
  const links = () => text(page).locator('a').evaluateAll((all) => all.map((one) => [one.textContent, one.getAttribute('href')]));

  await check('addresses become links while one types, at a blank and at Enter; Backspace takes it back; code stays', async () => {
    await fresh();
    await page.keyboard.type('Voir www.mairie.example, ou écrire à bureau@amis.example. Puis (https://exemple.org/a_(b))');
    await page.keyboard.press('Enter');
    await page.keyboard.type('suite `https://non.example` ');
    same(await links(), [['www.mairie.example', 'https://www.mairie.example'], ['bureau@amis.example', 'mailto:bureau@amis.example'], ['https://exemple.org/a_(b)', 'https://exemple.org/a_(b)']], 'links');
    await page.keyboard.type('www.a.example ');
    same((await links()).length, 4, 'one more');
    await page.keyboard.press('Backspace');
    same((await links()).length, 3, 'taken back');
    holds((await words(page)).endsWith('www.a.example '), 'its words are there');
  });

  await check('pasted: bare addresses are links, odd ones are kept, refused ones leave their words and a sentence', async () => {
    await fresh();
    await paste(page, { 'text/plain': 'a https://exemple.org/l\'eau b@c.example\u000bligne\fautre\ufffe' });
    same(await links(), [['https://exemple.org/l\'eau', 'https://exemple.org/l%27eau'], ['b@c.example', 'mailto:b@c.example']], 'plain');
    holds(!/[\u000b\f\ufffe]/.test(await words(page)), 'no controls');
    await fresh();
    await paste(page, { 'text/html': '<p><a href="https://exemple.org/l\'été (1), x">été</a> <a href="mailto:b@c.example?subject=Réunion du 5">b</a> <a href="file:///C:/x">fichier</a> online = oui</p>', 'text/plain': 'x' });
    same(await links(), [['été', 'https://exemple.org/l%27été%20(1),%20x'], ['b', 'mailto:b@c.example?subject=Réunion%20du%205']], 'html');
    holds((await words(page)).includes('fichier online = oui'), await words(page));
    await page.getByText('1 lien n’a pas été gardé').waitFor();
  });

  await check('the dialog keeps an address with blanks and apostrophes', async () => {
    await fresh();
    await page.keyboard.type('la mairie');
    await selectAll(page);
    await page.keyboard.press('Control+k');
    await page.getByLabel('Adresse').fill('mairie.example/l\'état civil');
    await page.keyboard.press('Enter');
    await until(async () => (await links())[0]?.[1] === 'https://mairie.example/l%27%C3%A9tat%20civil' || (await links())[0]?.[1] === 'https://mairie.example/l%27état%20civil', 'kept');
    await inText(page);
  });

  await check('a file that is no picture of ours gets a sentence, a picture from a page is pasted once and not complained about', async () => {
    await fresh();
    const drop = (name, type, bytes) => text(page).evaluate((dom, [file, kind, content]) => {
      const carried = new DataTransfer();
      carried.items.add(new File([content], file, { type: kind }));
      const { left, top } = dom.querySelector('p').getBoundingClientRect();
      dom.dispatchEvent(new DragEvent('drop', { dataTransfer: carried, bubbles: true, cancelable: true, clientX: left + 5, clientY: top + 5 }));
    }, [name, type, bytes]);
    for (const [name, type, bytes, sentence] of [['photo.jpg', 'image/jpeg', '\0\0\0\u0018ftypheic', 'HEIC'], ['plan.pdf', 'application/pdf', '%PDF-1.7', 'Un PDF'], ['fete.mp4', 'video/mp4', '\0\0\0\u0018ftypisom', 'Une vidéo'], ['x.doc', '', 'x', 'image lisible']]) {
      await drop(name, type, bytes);
      await page.getByText(sentence).waitFor();
      await page.getByRole('button', { name: 'Fermer' }).first().click();
    }
    await text(page).evaluate((dom, data) => {
      const carried = new DataTransfer();
      carried.setData('text/html', '<img src="https://ailleurs.example/p.png">');
      carried.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], 'p.png', { type: 'image/png' }));
      dom.dispatchEvent(new ClipboardEvent('paste', { clipboardData: carried, bubbles: true, cancelable: true }));
    }, png(120, 60).toString('base64'));
    await until(async () => (await text(page).locator('figure img').count()) === 1, 'pasted once');
    same(await page.getByText('venue d’ailleurs').count(), 0, 'complaints');
  });

  await check('a line runs as its first strong letter does', async () => {
    await fresh();
    await paste(page, { 'text/plain': '12 שלום\nBonjour' });
    const sides = await text(page).locator('p').evaluateAll((all) => all.map((one) => {
      const range = document.createRange();
      range.selectNodeContents(one);
      return range.getBoundingClientRect().left - one.getBoundingClientRect().left > 50;
    }));
    same(sides, [true, false], 'begins at the right');
    await paste(page, { 'text/html': '<p>x</p><p data-align="center">milieu</p><p>y</p>', 'text/plain': 'milieu' });
    same(await text(page).locator('[data-align=center]').evaluate((one) => getComputedStyle(one).textAlign), 'center', 'what was aligned stays so');
  });

  await check('on paper no column of a wide table is cut, printed from the text and from the page that is exported', async () => {
    const row = (tag) => `<tr>${Array.from({ length: 14 }, (_, i) => `<${tag}>Intercommunalite${i}</${tag}>`).join('')}</tr>`;
    const pad = await newPad(marie);
    await open(marie, pad);
    await text(page).click();
    await paste(page, { 'text/html': `<table>${row('th')}${row('td')}</table>`, 'text/plain': 'x' });
    await saved(page);
    const cutWords = (pdf) => {
      const seen = spawnSync('pdftotext', ['-bbox', '-', '-'], { input: pdf, encoding: 'utf8' }).stdout;
      const width = Number(/<page width="([\d.]+)"/.exec(seen)?.[1]);
      const all = [...seen.matchAll(/xMax="([\d.]+)"[^>]*>([^<]*)</g)];
      // A word may be broken: its letters are all there.
      holds(all.map((one) => one[2]).join('').match(/13/g)?.length >= 2, `the last column: ${seen.slice(0, 300)}`);
      return all.filter((one) => Number(one[1]) > width - 20).map((one) => one[2]);
    };
    same(cutWords(await page.pdf({ preferCSSPageSize: true })), [], 'printed from the text');
    const exported = await page.evaluate(async (id) => (await fetch(`/api/v1/pads/${id}/export?format=html`)).text(), pad.id);
    const paper = await browser.newPage();
    await paper.setContent(exported);
    same(cutWords(await paper.pdf({ preferCSSPageSize: true })), [], 'printed from the page');
    await paper.close();
  });

  await check('copied as plain text it is the export as text', async () => {
    await fresh();
    await paste(page, { 'text/html': '<h2>Titre</h2><ol start=3 type=a><li>un<ul><li>deux</li></ul></li></ol><ul><li><input type=checkbox checked>fait</li></ul><table><tr><td>x</td><td>y</td></tr></table><p>fin<br>suite</p>', 'text/plain': 'x' });
    await selectAll(page);
    const copied = await text(page).evaluate((dom) => {
      const data = new DataTransfer();
      dom.dispatchEvent(new ClipboardEvent('copy', { clipboardData: data, bubbles: true, cancelable: true }));
      return data.getData('text/plain');
    });
    same(copied.trim(), 'Titre\nc. un\n  - deux\n[x] fait\nx\ty\nfin\nsuite', 'copied');
  });
} finally {
  await browser.close();
  await house.stop?.();
}
report();
