// A short text before the rest of the editor has come: it is read and written in, and what was written stays where it
// was meant to be, whatever others do meanwhile.
import { axeFindings, openPage, overflow, startBrowser } from './browser.mjs';
import { same, suite, until } from './check.mjs';
import { startHouse } from './house.mjs';
import { api, html, inText, newPad, open, person, saved, text, words, write } from './pads.mjs';

const { check, report } = suite();
const house = await startHouse({ base: Number(process.env.HAMEAU_PORTS ?? 26100) });
const browser = await startBrowser();
const editor_file = /\/assets\/main-[\w-]+\.js$/;

try {
  const marie = await person(browser, house, 'manager');
  const yann = await person(browser, house, 'member');

  const textOf = async (content, access = { members: 'write', link: 'none' }) => {
    const pad = await marie.page.evaluate(async (body) => {
      const answer = await fetch(`/api/v1/associations/amis/pads/import?format=html&slug=papier-${Math.random().toString(36).slice(2)}&title=Un%20papier`,
        { method: 'POST', headers: { 'Content-Type': 'text/html' }, body });
      if (answer.status !== 201) throw new Error(await answer.text());
      return answer.json();
    }, `<!doctype html><body>${content}</body>`);
    same((await api(marie.page, 'PATCH', `/api/v1/pads/${pad.id}`, { access })).status, 200, 'access');
    return pad;
  };
  /** Yann at this text in a new page, whose rest comes when it is let. */
  const held = async (pad, options = {}) => {
    const one = await openPage(browser, options);
    await one.context.addCookies(await yann.context.cookies());
    let release;
    const gate = new Promise((done) => { release = done; });
    await one.page.route(editor_file, async (route) => { await gate; await route.continue(); });
    await one.page.goto(`${house.url}pads/${pad.id}`, { waitUntil: 'commit' });
    const paper = one.page.locator('#first-text');
    await paper.waitFor();
    return { ...one, paper, release };
  };
  const whole = async (page) => {
    await text(page).waitFor();
    await until(async () => (await page.locator('#first').count()) === 0, 'the sheet goes');
  };
  const lines = async (page) => (await words(page)).split('\n');
  /** Behind these words, by the keyboard. */
  const behind = async (page, paper, what) => {
    await paper.getByText(what, { exact: true }).click();
    await page.waitForTimeout(250);      // see inText()
    await page.keyboard.press('End');
  };

  /** Yann has written behind the second of three lines; Marie, who has the whole editor, is about to. */
  const besideMarie = async (written) => {
    const pad = await textOf('<p>Un.</p><p>Deux.</p><p>Trois.</p>');
    await open(marie, pad);
    const one = await held(pad);
    await behind(one.page, one.paper, 'Deux.');
    await one.page.keyboard.type(written);
    await text(marie.page).focus();
    await inText(marie.page);
    return one;
  };

  await check('what is written before the rest has come stays in its place; the cursor, undo and the house know it', async () => {
    const pad = await textOf('<h2>Réunion</h2><p>Un.</p><p>Deux.</p><ul><li>Trois</li></ul><p>Quatre.</p>');
    const { page, paper, release, complaints, context } = await held(pad);
    same(await paper.evaluate((dom) => dom.innerText.split('\n').filter(Boolean)), ['Réunion', 'Un.', 'Deux.', 'Trois', 'Quatre.'], 'what one reads');
    await behind(page, paper, 'Deux.');
    await page.keyboard.type(' Et deux bis.');
    await page.keyboard.press('Enter');
    await page.keyboard.type('Une ligne de plus');
    same(await text(page).count(), 0, 'editors');
    release();
    await whole(page);
    await page.locator('#text.ProseMirror-focused').waitFor();
    await page.keyboard.type(', et sa fin.');
    const expected = ['Réunion', 'Un.', 'Deux. Et deux bis.', 'Une ligne de plus, et sa fin.', 'Trois', 'Quatre.'];
    await until(async () => JSON.stringify(await lines(page)) === JSON.stringify(expected), 'words').catch(async () => same(await lines(page), expected, 'words'));
    await saved(page);
    await open(marie, pad);
    same(await lines(marie.page), expected, 'the house');
    for (let i = 0; i < 3; i += 1) await page.keyboard.press('Control+z');
    await until(async () => (await lines(page)).includes('Deux.'), 'undo');
    same(complaints, [], 'complaints');
    await context.close();
  });

  await check('lists and bold are known to the paper; the browser\'s own undo is not', async () => {
    const pad = await textOf('<ul><li>Un</li></ul>');
    const { page, paper, release, context } = await held(pad);
    await behind(page, paper, 'Un');
    await page.keyboard.press('Enter');
    await page.keyboard.type('Deux');
    await page.keyboard.press('Control+z');
    await page.keyboard.press('Control+b');
    await page.keyboard.type(' gras');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('x');
    release();
    await whole(page);
    await until(async () => (await html(page)).startsWith('<ul><li><p>Un</p></li><li><p>Deux<strong> gras<br>x</strong></p></li></ul>'), 'the list')
      .catch(async () => same(await html(page), '', 'the list'));
    await context.close();
  });

  await check('others write before and behind, meanwhile', async () => {
    const { page, release, context } = await besideMarie(' Ici Yann.');
    await marie.page.keyboard.press('Control+Home');
    await marie.page.keyboard.type('Ici Marie. ');
    await write(marie.page, ' Et ici.');
    await saved(marie.page);
    release();
    await whole(page);
    await page.keyboard.type(' Encore.');
    const expected = ['Ici Marie. Un.', 'Deux. Ici Yann. Encore.', 'Trois. Et ici.'];
    for (const one of [page, marie.page]) await until(async () => JSON.stringify(await lines(one)) === JSON.stringify(expected), 'words').catch(async () => same(await lines(one), expected, 'words'));
    await context.close();
  });

  await check('words whose place others have taken away are kept, behind it', async () => {
    const { page, release, context } = await besideMarie(' Des mots à moi.');
    await marie.page.keyboard.press('Control+a');
    await marie.page.keyboard.type('Tout autre chose.');
    await saved(marie.page);
    release();
    await whole(page);
    await until(async () => (await words(marie.page)).includes('Des mots à moi.'), 'words').catch(async () => same(await lines(marie.page), ['Tout autre chose.', 'Des mots à moi.'], 'words'));
    same((await lines(page)).includes('Tout autre chose.'), true, 'the others\' words');
    await context.close();
  });

  await check('whoever may only read reads; axe, 320 px; tables, tasks and images have their place', async () => {
    const content = '<h1>Réunion</h1><p>Un <strong>mot</strong>.</p><table><tr><th>Nom</th><th>Tâche</th></tr><tr><td>Yann</td><td>Clés</td></tr></table>';
    const pad = await textOf(content, { members: 'read', link: 'none' });
    const { page, paper, release, context, complaints } = await held(pad, { width: 320, height: 640 });
    same(await paper.getAttribute('contenteditable'), 'false', 'editable');
    same(await axeFindings(page), [], 'findings');
    same(await overflow(page), '', 'sideways');
    release();
    await whole(page);
    same(await lines(page), ['Réunion', 'Un mot.', 'Nom', 'Tâche', 'Yann', 'Clés'], 'words');
    same(complaints, [], 'complaints');
    await context.close();
  });

  await check('access that ends meanwhile: what was written can be read and copied', async () => {
    const pad = await textOf('<p>Un.</p>');
    const { page, paper, release, context } = await held(pad);
    await behind(page, paper, 'Un.');
    await page.keyboard.type(' Et mes mots.');
    same((await api(marie.page, 'PATCH', `/api/v1/pads/${pad.id}`, { access: { members: 'none', link: 'none' } })).status, 200, 'access');
    release();
    await page.locator('.refused').waitFor();
    same(await paper.innerText(), 'Un. Et mes mots.', 'words');
    same(await paper.getAttribute('contenteditable'), 'false', 'editable');
    same(await axeFindings(page), [], 'findings');
    await context.close();
  });

  await check('a long text and a new one wait for no paper', async () => {
    const long = await textOf(`<p>${'Beaucoup de mots. '.repeat(40)}</p>`.repeat(60));
    const one = await openPage(browser);
    await one.context.addCookies(await yann.context.cookies());
    const seen = one.page.waitForResponse((answer) => answer.url().includes('?content=1'));
    await one.page.goto(`${house.url}pads/${long.id}`, { waitUntil: 'commit' });
    same('content' in await (await seen).json(), false, 'content');
    await text(one.page).waitFor();
    same((await api(one.page, 'GET', `/api/v1/pads/${(await newPad(marie)).id}?content=1`)).body.content, { type: 'doc', content: [{ type: 'paragraph' }] }, 'new');
    await one.context.close();
  });
} finally {
  await browser.close();
  await house.stop();
}
report();
