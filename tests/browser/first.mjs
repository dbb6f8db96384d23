// The first letters: the sheet that takes them before the editor has come, a slow line, a text of 200 pages. What must
// hold; how long it takes is measured by tests/bench/editor.
import { axeFindings, openPage, overflow, startBrowser } from './browser.mjs';
import { holds, same, suite, until } from './check.mjs';
import { startHouse } from './house.mjs';
import { firstLetter, longPad, placeCursor } from './long.mjs';
import { api, inText, newPad, open, person, saved, text, words } from './pads.mjs';
import { slowLink } from './slow-link.mjs';

const { check, report } = suite();
const base = Number(process.env.HAMEAU_PORTS ?? 26100);
const house = await startHouse({ base });
const browser = await startBrowser();
const editor_file = /\/assets\/main-[\w-]+\.js$/;

try {
  const marie = await person(browser, house, 'manager');
  const cookies = await marie.context.cookies();
  /** Somebody new at this text, whose browser gets the editor when it is let. */
  const held = async (pad, options = {}) => {
    const one = await openPage(browser, options);
    await one.context.addCookies(cookies);
    let release;
    const gate = new Promise((done) => { release = done; });
    await one.page.route(editor_file, async (route) => { await gate; await route.continue(); });
    await one.page.goto(`${house.url}pads/${pad.id}`, { waitUntil: 'commit' });
    return { ...one, release };
  };

  await check('a new text takes letters before the editor has come; they and the cursor move into it', async () => {
    const pad = await newPad(marie);
    const { page, context, release, complaints } = await held(pad);
    const sheet = page.getByRole('textbox', { name: pad.title });
    await sheet.waitFor();
    await sheet.click();
    await page.keyboard.type('Bonsoir\n\nà tous');
    for (let i = 0; i < 4; i += 1) await page.keyboard.press('ArrowLeft');
    same(await text(page).count(), 0, 'editors before it came');
    release();
    await text(page).waitFor();
    await until(async () => (await page.locator('#first').count()) === 0, 'the sheet goes');
    await page.locator('#text.ProseMirror-focused').waitFor();
    await page.keyboard.type('vous ');
    await until(async () => (await words(page)) === 'Bonsoir\n\nà vous tous', 'words').catch(async (error) => { throw new Error(`${error.message}: ${JSON.stringify(await words(page))}`); });
    await saved(page);
    await page.keyboard.press('Control+z');
    await page.keyboard.press('Control+z');
    await until(async () => !(await words(page)).includes('vous'), 'undo reaches what was written first');
    await open(marie, pad);
    await until(async () => (await words(marie.page)).startsWith('Bonsoir') || (await words(marie.page)) === '', 'the house has it');
    same(complaints, [], 'complaints');
    await context.close();
  });

  await check('two people on the first sheet at once end up in one paragraph', async () => {
    const pad = await newPad(marie);
    const both = [await held(pad), await held(pad)];
    for (const [i, { page }] of both.entries()) {
      await page.getByRole('textbox', { name: pad.title }).click();
      await page.keyboard.type(['Bonjour ', 'Salut '][i]);
    }
    house.pausePads();      // neither knows of the other when the words move
    try {
      for (const { page, release } of both) {
        release();
        await until(async () => (await page.locator('#first').count()) === 0 && (await text(page).count()) === 1, 'the sheet goes');
      }
    } finally {
      house.resumePads();
    }
    for (const { page } of both) await until(async () => /^(Bonjour Salut|Salut Bonjour) $/.test(await words(page)), 'one paragraph');
    for (const { context } of both) await context.close();
  });

  await check('the sheet looks like the page that follows: axe, 320 px, nothing typed is nothing written', async () => {
    const pad = await newPad(marie);
    const { page, context, release } = await held(pad, { width: 320, height: 640 });
    await page.getByRole('textbox', { name: pad.title }).waitFor();
    same(await axeFindings(page), [], 'findings');
    same(await overflow(page), '', 'sideways');
    release();
    await text(page).waitFor();
    await saved(page);
    same(await words(page), '', 'words');
    await context.close();
  });

  await check('over a slow line the first letters arrive in the house', async () => {
    const pad = await newPad(marie);
    const line = await slowLink({ port: base + 20, to: Number(new URL(house.url).port) });
    const one = await openPage(browser);
    await one.context.addCookies(cookies);
    await firstLetter(one.page, `${line.url}pads/${pad.id}`);
    await saved(one.page);
    await open(marie, pad);
    await until(async () => (await words(marie.page)) === 'z', 'the letter');
    same(one.complaints, [], 'complaints');
    await one.context.close();
    await line.stop();
  });

  await check('200 pages: nothing jumps, images come when they are near, letters land where they are written', async () => {
    const pad = await longPad(marie);
    const one = await openPage(browser);
    await one.context.addCookies(cookies);
    const { page } = one;
    await page.addInitScript(() => {
      globalThis.moved = 0;
      new PerformanceObserver((seen) => { for (const shift of seen.getEntries()) if (!shift.hadRecentInput) moved += shift.value; }).observe({ type: 'layout-shift', buffered: true });
    });
    const images = new Set();
    page.on('request', (request) => { if (/\/images\//.test(request.url())) images.add(request.url()); });
    await page.goto(`${house.url}pads/${pad.id}`);
    await text(page).waitFor();
    await page.getByRole('toolbar').first().waitFor();
    // From here on somebody reads: what moves before that is the sentence "one moment" making room.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => { globalThis.moved = 0; done(); }, 0))));
    await saved(page);
    same([await text(page).locator('table').count(), await text(page).locator('figure').count()], [30, 50], 'tables and images');
    holds(await text(page).locator('figure img').evaluateAll((all) => all.every((img) => img.width > 0 && img.height > 0)), 'each image has its size before it comes');
    holds(images.size < 25, `${images.size} images were fetched at once`);
    // What is far away has not been drawn yet: a jump there must end where it was meant to.
    const inSight = async (find, what) => {
      let seen;
      await until(async () => {
        seen = await page.evaluate(async (name) => {
          for (let i = 0; i < 6; i += 1) await new Promise(requestAnimationFrame);
          const { focusNode } = getSelection();
          // Between two nodes the cursor has no box of its own.
          const place = name !== 'cursor' ? document.querySelector(name) : focusNode.nodeType === 1 ? focusNode : getSelection().getRangeAt(0);
          const box = place?.getClientRects()[0];
          return { top: box?.top, bottom: box?.bottom, from: document.querySelector('header.top').getBoundingClientRect().bottom, to: innerHeight, at: scrollY, in: (place?.textContent ?? '').slice(0, 40) };
        }, find);
        return seen.top >= seen.from && seen.bottom <= seen.to;
      }, what).catch((error) => { throw new Error(`${error.message} ${JSON.stringify(seen)}`); });
    };
    await text(page).focus();
    await inText(page);
    for (const key of ['Control+End', 'Control+Home', 'Control+End']) {
      await page.keyboard.press(key);
      await inSight('cursor', `the cursor after ${key}`);
    }
    for (const key of ['PageUp', 'PageUp', 'ArrowUp', 'ArrowUp', 'PageDown']) await page.keyboard.press(key);
    await inSight('cursor', 'the cursor after some pages');
    await page.keyboard.press('Control+f');
    for (const what of ['97.3 ', '12.1 ', '188.5 ']) {
      await page.locator('form.find input[type="search"]').fill(what);
      await inSight('.match.current', `the place of ${what}`);
    }
    await page.keyboard.press('Escape');
    await placeCursor(page, 0.5);
    await page.keyboard.type('Ici au milieu. ');
    await placeCursor(page, 1);
    await page.keyboard.type('Et à la fin. ');
    await saved(page);
    holds(await page.evaluate(() => globalThis.moved) < 0.1, `layout shift ${await page.evaluate(() => globalThis.moved)}`);
    await open(marie, pad);
    const written = async () => (await words(marie.page)).split('\n').filter((line) => /Ici au milieu\. |Et à la fin\. /.test(line));
    await until(async () => (await written()).length === 2, 'the house has both');
    same((await api(marie.page, 'DELETE', `/api/v1/pads/${pad.id}`)).status, 204, 'into the bin');
    await one.context.close();
  }, { most_ms: 240_000 });  // making the text takes most of it
} finally {
  await browser.close();
  await house.stop();
}
report();
