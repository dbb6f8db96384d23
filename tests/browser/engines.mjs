// Not Chromium alone: somebody writes in Firefox, then somebody in WebKit, together with somebody in Chromium. Keys, lists, copy and
// paste, undo; a line that another changes while one writes in it; clicks at another's cursor; a line that breaks.
import { startBrowser } from './browser.mjs';
import { click, picture, press } from './carets.mjs';
import { holds, same, suite, until } from './check.mjs';
import { startFirefox } from './engines/firefox.mjs';
import { startWebKit } from './engines/webkit.mjs';
import { startHouse } from './house.mjs';
import { cardsOf } from './pages.mjs';
import { newPad, open, person, saved, words, write } from './pads.mjs';

const { check, report } = suite();
const house = await startHouse({ base: Number(process.env.HAMEAU_PORTS ?? 26100) });
const browser = await startBrowser();
const engines = { Firefox: startFirefox, WebKit: startWebKit };
const slow_ms = 30_000;

/** What is done in the page of an engine that is not Chromium. */
const inPage = {
  signIn: async ({ login, password }) => (await fetch('/api/v1/session', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ login, password, shared_computer: false }),
  })).status,
  words: () => [...document.querySelectorAll('#text p, #text h2, #text h3, #text h4, #text pre')].map((one) => one.textContent).join('\n'),
  ready: () => document.querySelector('#text')?.isContentEditable === true && document.querySelector('.toolbar') !== null,
  html: () => document.querySelector('#text').innerHTML,
  saving: () => document.querySelector('.saving')?.textContent ?? '',
  picture: () => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0))); }),
  cursor: () => {
    const box = document.querySelector('.cursor')?.getBoundingClientRect();
    return box ? { x: box.x, y: box.y, height: box.height } : null;
  },
  boxOf: (what) => {
    const walk = document.createTreeWalker(document.querySelector('#text'), NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      const at = node.data.indexOf(what);
      if (at < 0) continue;
      node.parentElement.scrollIntoView({ block: 'center' });
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + what.length);
      const { right, top, bottom } = range.getBoundingClientRect();
      return { right, middle: (top + bottom) / 2 };
    }
    throw new Error(`no "${what}" in ${document.querySelector('#text').innerText}`);
  },
};

/** Somebody in that engine, who writes in texts. */
async function writer(engine, card) {
  const one = await engine.person();
  await one.go(`${house.url}sign-in`);
  same(await one.evaluate(inPage.signIn, { login: card.login, password: card.password }), 200, 'signed in');
  return {
    ...one,
    words: () => one.evaluate(inPage.words),
    html: () => one.evaluate(inPage.html),
    async open(pad) {
      await one.go(`${house.url}pads/${pad.id}`);
      await until(() => one.evaluate(inPage.ready), 'the text is open', slow_ms);
    },
    async keys(...all) {
      for (const key of all) {
        await one.press(key);
        await one.evaluate(inPage.picture);
      }
    },
    async behind(word) {
      const { right, middle } = await one.evaluate(inPage.boxOf, word);
      await one.click(right, middle);
      await one.evaluate(inPage.picture);
    },
    async at(x, y) {
      await one.click(x, y);
      await one.evaluate(inPage.picture);
    },
    cursor: () => one.evaluate(inPage.cursor),
    saved: () => until(async () => /^(Enregistré|Saved)$/.test(await one.evaluate(inPage.saving)), 'saved', slow_ms),
    has: (word) => until(async () => (await one.evaluate(inPage.words)).includes(word), `"${word}" has come`, slow_ms),
  };
}

async function scenarios(name, marie, yann) {
  const hers = marie.page;
  const has = (word) => until(async () => (await words(hers)).includes(word), `"${word}" has come to Chromium`, slow_ms);
  const alike = (what) => until(async () => (await words(hers)) === (await yann.words()), what, slow_ms)
    .catch(async (error) => { throw new Error([error.message, await words(hers), await yann.words()].join('\n---\n')); });
  const newText = async () => {
    const pad = await newPad(marie);
    await open(marie, pad);
    await write(hers, 'Avant.');
    await press(hers, 'Enter');
    await hers.keyboard.type('Ordre du jour.');
    await press(hers, 'Enter');
    await hers.keyboard.type('Fin.');
    await yann.open(pad);
    await yann.has('Fin.');
    await hers.locator('.toolbar').waitFor();
    await click(hers, 'Ordre du jour.');
    await yann.behind('Ordre du jour.');
  };

  await check(`${name}: letters, Enter, Backspace, a list by its sign, further in and out, bold, taken back and redone`, async () => {
    await newText();
    await yann.keys('Enter');
    await yann.type('- un été');
    await yann.keys('Enter');
    await yann.type('deuxx');
    await yann.keys('Backspace', 'Tab');
    await until(async () => (await hers.locator('#text li li').count()) === 1, 'an item in an item');
    await yann.keys('Shift+Tab', 'Enter', 'Enter');
    await yann.type('Après la ');
    await yann.keys('Control+b');
    await yann.type('liste');
    await alike('the same');
    same(await words(hers), 'Avant.\nOrdre du jour.\nun été\ndeux\nAprès la liste\nFin.', 'words');
    same(await hers.locator('#text > ul > li').allInnerTexts(), ['un été', 'deux'], 'items');
    same(await hers.locator('#text strong').innerText(), 'liste', 'bold');
    await yann.saved();
    await yann.evaluate(() => new Promise((done) => { setTimeout(done, 600); }));       // a step of undo of its own
    await yann.type('XYZ');
    await has('XYZ');
    await yann.keys('Control+z');
    await until(async () => !(await words(hers)).includes('XYZ'), 'taken back');
    await yann.keys('Control+y');
    await has('listeXYZ');
    await alike('the same');
  });

  await check(`${name}: a line copied and pasted, cut and pasted`, async () => {
    await newText();
    await yann.keys('Home', 'Shift+End', 'Control+c', 'End', 'Enter', 'Control+v');
    await until(async () => (await words(hers)) === 'Avant.\nOrdre du jour.\nOrdre du jour.\nFin.', 'copied');
    await yann.keys('Home', 'Shift+End', 'Control+x');
    await until(async () => (await words(hers)) === 'Avant.\nOrdre du jour.\n\nFin.', 'cut');
    await yann.type('Puis : ');
    await yann.keys('Control+v');
    await until(async () => (await words(hers)) === 'Avant.\nOrdre du jour.\nPuis : Ordre du jour.\nFin.', 'pasted');
    await alike('the same');
  });

  const changes = {
    'a heading, a list, a task list': ['Control+Alt+2', 'Control+Shift+8', 'Control+Shift+9'],
    'two lines, then one again': ['Home', 'Enter', 'Backspace'],
    'one line with that before it': ['Home', 'Backspace'],
  };
  for (const [what, all] of Object.entries(changes)) {
    await check(`${name}: one writes in a line, of which another makes ${what}: each word once, the caret stays`, async () => {
      await newText();
      await yann.type(' un');
      await has('jour. un');
      await Promise.all([(async () => { for (const letter of ' deux trois') await yann.type(letter); })(), press(hers, ...all)]);
      await alike('the same');
      await yann.type(' quatre');
      await has('Ordre du jour. un deux trois quatre');
      await alike('and again');
    });
  }

  // The page moves when the caret goes elsewhere (tools of a table) and when a letter comes in (a centred cell), and the cursor is
  // drawn anew behind that: nobody clicks on what moves.
  const standing = async (one) => {
    let last = '';
    let times = 0;
    await until(async () => {
      const now = JSON.stringify(await one.cursor());
      times = now === last ? times + 1 : 0;
      last = now;
      return times >= 4 && now !== 'null';
    }, 'her cursor stands still', slow_ms);
    return JSON.parse(last);
  };

  await check(`${name}: a click on, beside and behind another's cursor puts the caret there; typing shows and is sent`, async () => {
    for (const kind of ['p', 'li', 'th']) {
      await newText();
      if (kind === 'li') await press(hers, 'Control+Shift+8');
      if (kind === 'th') await hers.getByRole('button', { name: 'Tableau', exact: true }).click();
      await picture(hers);
      await hers.keyboard.type('Ici');
      await yann.has('Ici');
      await until(async () => {
        const cursor = await yann.cursor();
        return cursor && Math.abs(cursor.x - (await yann.evaluate(inPage.boxOf, 'Ici')).right) < 3;
      }, 'her cursor is drawn behind what she wrote', slow_ms);
      let n = 0;
      for (const [dx, dy] of [[1, 0.5], [-2, 0.5], [60, 0.5]]) {
        await yann.behind('Avant.');
        const { x, y, height } = await standing(yann);
        await yann.at(x + dx, y + height * dy);
        n += 1;
        await yann.type(`${n}`);
        await has(`${n}`);
        holds((await hers.locator(`#text ${kind}`).filter({ hasText: /I\d?c\d?i/ }).innerText()).includes(`${n}`), `${kind}, ${dx}: in that place: ${await words(hers)}`);
      }
      await alike('the same');
    }
  });

  await check(`${name}: the line breaks while both write; what was written meanwhile is there once`, async () => {
    await newText();
    await yann.saved();
    house.pausePads();
    try {
      await yann.type(' Sans ligne.');
      await press(hers, 'Control+Shift+8', 'Home', 'Enter');
    } finally {
      house.killPads();
    }
    await has('Ordre du jour. Sans ligne.');
    await alike('the same');
    await yann.type(' Et là.');
    await has('Ordre du jour. Sans ligne. Et là.');
    await yann.saved();
    await saved(hers);
  });
}

try {
  const marie = await person(browser, house, 'manager');
  const card = (await cardsOf(house.url, marie.page)).member;
  for (const [name, start] of Object.entries(engines)) {
    let engine = null;
    let yann = null;
    let wrong = null;
    // Not within the check: one of the others may be asked for alone.
    try {
      engine = await start();
      yann = await writer(engine, card);
    } catch (error) {
      wrong = error;
    }
    await check(`${name} starts, signs in`, async () => { if (wrong) throw wrong; });
    try {
      if (!yann) continue;
      await scenarios(name, marie, yann);
    } finally {
      await engine?.stop();
    }
  }
} finally {
  await browser.close();
  await house.stop();
}
report();
