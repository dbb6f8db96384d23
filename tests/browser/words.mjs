// Nobody's words are lost: one writes in a line while another changes what that line is. Live, with the house asleep between
// them, undone; the caret of who writes stays; the cursor of another is in nobody's way; what is composed stays whole.
import { startBrowser } from './browser.mjs';
import { holds, same, suite, until } from './check.mjs';
import { startHouse } from './house.mjs';
import { html, inText, newPad, open, person, saved, text, words, write } from './pads.mjs';

const { check, report } = suite();
const house = await startHouse({ base: Number(process.env.HAMEAU_PORTS ?? 26100) });
const browser = await startBrowser();
const sentence = 'il faut que chaque mot reste ici ';

try {
  const marie = await person(browser, house, 'manager');
  const yann = await person(browser, house, 'member');
  const both = [marie, yann];
  // What another has selected is drawn in the text, for who sees it.
  const seen = async (page) => (await html(page)).replace(/<\/?span>/g, '');
  const alike = (what) => until(async () => (await seen(marie.page)) === (await seen(yann.page)), what)
    .catch(async (error) => { throw new Error(`${error.message}\n${await seen(marie.page)}\n${await seen(yann.page)}`); });

  /** A text of three lines for both; the caret of each at the end of the second one. */
  const begin = async () => {
    const pad = await newPad(marie);
    await open(marie, pad);
    await write(marie.page, 'Avant.');
    await marie.page.keyboard.press('Enter');
    await marie.page.keyboard.type('Ordre du jour : ');
    await marie.page.keyboard.press('Enter');
    await marie.page.keyboard.type('Après.');
    await open(yann, pad);
    await until(async () => (await words(yann.page)) === 'Avant.\nOrdre du jour : \nAprès.', 'the three lines');
    for (const { page } of both) {
      await page.bringToFront();
      await text(page).focus();
      await inText(page);
      await page.keyboard.press('Control+Home');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('End');
    }
  };
  // The browser tells of a moved cursor with its next picture; nobody presses the next key before that.
  const picture = (page) => page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0))); }));
  const keys = (...all) => async (page) => {
    for (const key of all) {
      await page.keyboard.press(key);
      await picture(page);
    }
  };
  const changes = {
    'a heading': keys('Control+Alt+1'),
    'a list': keys('Control+Shift+8'),
    'a numbered list, then a task list': keys('Control+Shift+7', 'Control+Shift+9'),
    'a list, taken back': keys('Control+Shift+8', 'Control+z'),
    'Enter at its beginning': keys('Home', 'Enter'),
    'Enter at its end': keys('End', 'Enter'),
    'joined to the line before': keys('Home', 'Backspace'),
    'the line behind joined to it': keys('ArrowDown', 'Home', 'Backspace'),
    'bold from end to end': keys('Home', 'Shift+End', 'Control+b'),
  };
  for (const [what, change] of Object.entries(changes)) {
    for (const asleep of [false, true]) {
      await check(`one writes, the other makes of the line: ${what}${asleep ? '; neither hears of the other meanwhile' : ''}`, async () => {
        await begin();
        if (asleep) house.pausePads();
        try {
          await Promise.all([yann.page.keyboard.type(sentence, { delay: asleep ? 0 : 12 }), (async () => {
            if (!asleep) await marie.page.waitForTimeout(120);
            await change(marie.page);
          })()]);
        } finally {
          if (asleep) house.resumePads();
        }
        await alike('both see the same');
        // The caret stayed where it was in the sentence.
        await yann.page.keyboard.type('et là.');
        await until(async () => (await words(marie.page)).split(`${sentence}et là.`).length === 2, 'the sentence, once and whole');
        holds((await words(marie.page)).includes(`Ordre du jour : ${sentence}et là.`), `in its line: ${JSON.stringify(await words(marie.page))}`);
        await alike('and again');
        for (const { page } of both) await saved(page);
      });
    }
  }

  await check('a list that one made and the other wrote in becomes plain text with both their words when it is taken back; and a list again', async () => {
    await begin();
    await marie.page.keyboard.press('Control+Shift+8');
    await yann.page.locator('#text li').waitFor();
    await yann.page.keyboard.type('de Yann');
    await until(async () => (await words(marie.page)).includes('Ordre du jour : de Yann'), 'his words');
    await marie.page.keyboard.press('Control+z');
    await until(async () => (await yann.page.locator('#text li').count()) === 0, 'no list');
    same(await words(yann.page), 'Avant.\nOrdre du jour : de Yann\nAprès.', 'words');
    await marie.page.keyboard.press('Control+y');
    await yann.page.locator('#text li').waitFor();
    same(await words(yann.page), 'Avant.\nOrdre du jour : de Yann\nAprès.', 'words in the list');
    await alike('the same');
  });

  await check('a table that one made and the other wrote in, taken back: the words of the other stay', async () => {
    await begin();
    await marie.page.keyboard.press('Control+End');
    await marie.page.keyboard.press('Enter');
    await marie.page.waitForTimeout(700);
    await marie.page.getByRole('button', { name: 'Tableau', exact: true }).click();
    await yann.page.locator('#text td').first().click();
    await yann.page.keyboard.type('de Yann');
    await until(async () => (await words(marie.page)).includes('de Yann'), 'his words');
    await marie.page.locator('#text p').first().click();
    await inText(marie.page);
    await marie.page.keyboard.press('Control+z');
    await until(async () => (await yann.page.locator('#text table').count()) === 0, 'no table');
    holds((await words(yann.page)).includes('de Yann'), `words: ${JSON.stringify(await words(yann.page))}`);
    await alike('the same');
  });

  await check('a click beside, on and behind the cursor or the name of another puts the caret there, in a paragraph, a list, a cell', async () => {
    for (const kind of ['p', 'li', 'td']) {
      await begin();
      if (kind === 'li') await marie.page.keyboard.press('Control+Shift+8');
      if (kind === 'td') await marie.page.getByRole('button', { name: 'Tableau', exact: true }).click();
      const place = yann.page.locator(kind === 'p' ? '#text p:nth-child(2)' : `#text ${kind}`).first();
      await place.click();
      await inText(yann.page);
      await yann.page.keyboard.type('ici');
      const mine = marie.page.locator(kind === 'p' ? '#text p:nth-child(2)' : `#text ${kind}`).first();
      await marie.page.locator('#text p').first().click();
      const cursor = marie.page.locator('.cursor');
      await cursor.waitFor({ state: 'attached' });
      await until(async () => (await cursor.boundingBox())?.x > 0, 'it is drawn');
      const name = marie.page.locator('.cursor-name');
      let turn = 0;
      for (const way of ['on', 'behind', 'beside', 'name']) {
        const line = await cursor.boundingBox();
        const flag = await name.boundingBox();
        const at = { on: [line.x + 1, line.y + line.height / 2], behind: [line.x + 60, line.y + line.height / 2], beside: [line.x - 3, line.y + line.height / 2], name: [flag.x + 2, flag.y + flag.height / 2] }[way];
        const before = await words(marie.page);
        await marie.page.mouse.click(...at);
        turn += 1;
        await marie.page.keyboard.type(`${turn}`);
        await until(async () => (await words(marie.page)) !== before, `${kind}, ${way}: typing shows`);
        await until(async () => (await words(yann.page)) === (await words(marie.page)), `${kind}, ${way}: and is sent`);
        if (way !== 'name') holds((await mine.innerText()).includes(String(turn)), `${kind}, ${way}: in that place: ${JSON.stringify(await words(marie.page))}`);
      }
      await alike('the same');
    }
  });

  await check('what is composed stays whole while another writes in the line and changes what it is', async () => {
    await begin();
    const ime = await yann.context.newCDPSession(yann.page);
    for (const part of ['n', 'no', 'noë']) await ime.send('Input.imeSetComposition', { text: part, selectionStart: part.length, selectionEnd: part.length });
    await marie.page.keyboard.press('Home');
    await marie.page.keyboard.type('Marie, ');
    await marie.page.keyboard.press('Control+Alt+2');
    await marie.page.waitForTimeout(400);
    await ime.send('Input.imeSetComposition', { text: 'noël', selectionStart: 4, selectionEnd: 4 });
    await ime.send('Input.insertText', { text: 'Noël' });
    await until(async () => (await words(marie.page)).includes('Marie, Ordre du jour : Noël'), 'both');
    await alike('the same');
    await yann.page.keyboard.type(' suit');
    await until(async () => (await words(marie.page)) === 'Avant.\nMarie, Ordre du jour : Noël suit\nAprès.', 'and goes on behind it');
  });

  await check('a house that was renewed meanwhile: the page says to load it again, and shows the words that it has alone', async () => {
    const one = await person(browser, house, 'member', { shared: true }).catch(() => person(browser, house, 'member'));
    const pad = await newPad(marie);
    let close = () => undefined;
    await one.page.routeWebSocket(/\/pads\/ws\//, (socket) => {
      const server = socket.connectToServer();
      close = () => socket.close({ code: 4426, reason: 'reload' });
      void server;
    });
    await open(one, pad);
    await write(one.page, 'Mes mots.');
    await saved(one.page);
    await close();
    await one.page.getByRole('heading', { name: 'Hameau a été mis à jour' }).waitFor();
    await one.page.unrouteAll?.();
    await one.page.getByRole('button', { name: 'Recharger' }).waitFor();
    await one.context.close();
  });
} finally {
  await browser.close();
  await house.stop();
}
report();
