// Nobody's words are lost: one writes in a line while another changes what that line is. Live, with 200 ms of network, and with
// nothing coming through meanwhile. Each word stands once, in its order, in its line; the caret of who writes stays where it
// was in the sentence; both pages, and one that comes later, show the same.
import { axeFindings, startBrowser } from './browser.mjs';
import { alike, boxOf, click, picture, press, times } from './carets.mjs';
import { holds, same, suite, until } from './check.mjs';
import { startHouse } from './house.mjs';
import { lineOf } from './line.mjs';
import { api, newPad, open, paste, person, saved, words, write } from './pads.mjs';

const { check, report } = suite();
const house = await startHouse({ base: Number(process.env.HAMEAU_PORTS ?? 26100) });
const browser = await startBrowser();
const far_ms = 200;
const own_step_ms = 600;      // what is done so much later is a step of undo of its own

try {
  const marie = await person(browser, house, 'manager');
  const yann = await person(browser, house, 'member', { touch: true });
  const annick = await person(browser, house, 'admin');
  const both = [marie, yann];
  for (const one of both) one.line = await lineOf(one.page);
  const hers = marie.page;
  const his = yann.page;

  const has = (page, word) => until(async () => (await words(page)).includes(word), `"${word}" has come`);
  const style = async (name) => {
    await hers.getByRole('button', { name: /^Style/ }).click();
    await hers.getByRole('menuitemradio', { name, exact: true }).click();
    await picture(hers);
  };
  const tool = async (...names) => {
    for (const name of names) {
      await hers.getByRole('toolbar', { name: 'Tableau' }).getByRole('button', { name, exact: true }).click();
      await picture(hers);
    }
  };
  const writeLine = async (line) => {
    await hers.keyboard.type(line);
    await press(hers, 'Enter');
  };

  let turn = 0;
  /** Three lines in front of the text's last one. Marie's caret stands in the second one. */
  async function threeLines() {
    turn += 1;
    const n = turn;
    await click(hers, 'Fin.', { before: true });
    await writeLine(`Avant${n}.`);
    await writeLine(`Debut${n}. Gauche${n}. Droite${n}. Bout${n}.`);
    await writeLine(`Apres${n}.`);
    await click(hers, `Bout${n}.`);
    return n;
  }
  /** A table in their place. */
  async function table() {
    turn += 1;
    const n = turn;
    await click(hers, 'Fin.', { before: true });
    await writeLine(`Avant${n}.`);
    await writeLine(`Apres${n}.`);
    await click(hers, `Avant${n}.`);
    await hers.getByRole('button', { name: 'Tableau', exact: true }).click();
    for (let cell = 1; cell < 5; cell += 1) {
      await hers.keyboard.type(`cellule${cell}`);
      await press(hers, 'Tab');
    }
    await hers.keyboard.type(`Debut${n}. Gauche${n}. Droite${n}. Bout${n}.`);
    await picture(hers);
    return n;
  }

  /** What must be true of the lines, whoever looks. */
  async function whole(page, n, { debut = `Debut${n}.`, moved = false } = {}) {
    const all = await words(page);
    for (const word of [...['Avant', 'Gauche', 'Droite', 'Bout', 'Apres', 'un', 'deux', 'trois', 'quatre'].map((one) => `${one}${n}.`), debut]) {
      same(times(all, word), 1, `"${word}" in ${JSON.stringify(all)}`);
    }
    const sentence = `Gauche${n}. un${n}. deux${n}. trois${n}. quatre${n}. Droite${n}.`;
    if (!moved) holds(all.split('\n').some((line) => line.includes(sentence)), `"${sentence}" in ${JSON.stringify(all)}`);
  }

  /** Yann writes behind "Gauche"; when he has begun, Marie makes her change. */
  async function writeInto(n, network, change) {
    await click(his, `Gauche${n}.`);
    const late = network === 'far' ? far_ms : 0;
    for (const one of both) one.line.delay = late;
    await his.keyboard.type(` un${n}.`);
    // What is moved as a whole is moved with the words that she sees.
    await has(hers, ` un${n}.`);
    if (network === 'apart') for (const one of both) one.line.hold();
    try {
      await Promise.all([his.keyboard.type(` deux${n}. trois${n}.`, { delay: 10 }), change(n)]);
    } finally {
      for (const one of both) one.line.release();
    }
    await alike(both, 'both see the same');
    // The caret stayed where it was in the sentence.
    await his.keyboard.type(` quatre${n}.`);
    await has(hers, ` quatre${n}.`);
    await alike(both, 'and again');
    for (const one of both) one.line.delay = 0;
  }

  const keys = (...all) => () => press(hers, ...all);
  const ownStep = (...all) => async () => {
    await hers.waitForTimeout(own_step_ms);
    await press(hers, ...all);
  };
  const select = async (n, from, to) => {
    await click(hers, `${from}${n}.`, { before: true });
    await click(hers, `${to}${n}.`, { shift: true });
  };
  // What Marie makes of the line: `change`, and how that looks to Yann (`shape`).
  const kinds = {
    'a heading, then a quote': { change: async () => { await press(hers, 'Control+Alt+2'); await style('Citation'); }, shape: 'blockquote' },
    'a list, a numbered list, a task list': { change: keys('Control+Shift+8', 'Control+Shift+7', 'Control+Shift+9'), shape: 'li' },
    'a block of code': { change: () => style('Code'), shape: 'pre' },
    'an item further in, out, in again': {
      prepare: async (n) => {
        await select(n, 'Avant', 'Apres');
        await press(hers, 'Control+Shift+8');
        await click(hers, `Bout${n}.`);
      },
      change: keys('Tab', 'Shift+Tab', 'Tab'), shape: 'li li',
    },
    // What stands behind his caret moves while he writes: Marie has clicked there before.
    'two lines, parted left of him': { prepare: (n) => click(hers, `Debut${n}.`), change: keys('Enter') },
    'two lines, parted right of him': { prepare: (n) => click(hers, `Droite${n}.`), change: keys('Enter') },
    'one line with that before it': { change: keys('Home', 'Backspace') },
    'one line with that behind it': { change: keys('End', 'Delete') },
    'a list, taken back, made again, taken back': { change: ownStep('Control+Shift+8', 'Control+z', 'Control+y', 'Control+z'), shape: 'p' },
    'bold from end to end': { change: keys('Home', 'Shift+End', 'Control+b') },
    'others words before him, pasted over those': {
      change: async (n) => {
        await select(n, 'Debut', 'Debut');
        await paste(hers, { 'text/plain': `Neuf${n}.` });
      },
      debut: 'Neuf',
    },
    'other words before him, found and replaced': {
      change: async (n) => {
        await press(hers, 'Control+f');
        await hers.getByRole('searchbox', { name: 'Chercher' }).fill(`Debut${n}.`);
        await hers.getByLabel('Remplacer par', { exact: true }).fill(`Neuf${n}.`);
        await hers.getByRole('button', { name: 'Tout remplacer', exact: true }).click();
        await press(hers, 'Escape');
      },
      debut: 'Neuf',
    },
    'a line behind which the one before it is moved': {
      change: async (n) => {
        await select(n, 'Avant', 'Avant');
        await press(hers, 'Control+x');
        await click(hers, `Apres${n}.`);
        await press(hers, 'Enter', 'Control+v');
      },
    },
    'a line elsewhere, by cut and paste': {
      change: async (n) => {
        await press(hers, 'Home', 'Shift+End', 'Control+x');
        await click(hers, `Apres${n}.`);
        await press(hers, 'Enter', 'Control+v');
      },
      // Live, she would cut a word in two that she sees half of.
      moved: true, only: 'apart',
    },
    'a cell under a new row, the last row going': {
      table: true, change: async () => { await tool('Ligne au-dessus'); await press(hers, 'ArrowDown'); await tool('Retirer la ligne'); }, shape: 'td',
    },
    'a cell behind a new column, the last column going': {
      table: true, change: async () => { await tool('Colonne à gauche'); await press(hers, 'Tab'); await tool('Retirer la colonne'); }, shape: 'td',
    },
  };

  const networks = { live: 'live', far: `with ${far_ms} ms of network`, apart: 'neither hearing of the other meanwhile' };
  for (const [network, said] of Object.entries(networks)) {
    const pad = await newPad(marie);
    const done = [];
    await open(marie, pad);
    await write(hers, 'Fin.');
    await open(yann, pad);
    await hers.locator('.toolbar').waitFor();
    await has(his, 'Fin.');
    for (const [what, kind] of Object.entries(kinds)) {
      if (kind.only && kind.only !== network) continue;
      await check(`one writes, ${said}; the other makes of the line ${what}`, async () => {
        const n = await (kind.table ? table() : threeLines());
        await kind.prepare?.(n);
        await has(his, `Apres${n}.`);
        await alike(both, 'before');
        await writeInto(n, network, kind.change);
        const asked = { debut: `${kind.debut ?? 'Debut'}${n}.`, moved: kind.moved };
        for (const { page } of both) await whole(page, n, asked);
        if (kind.shape) holds(await his.locator(`#text ${kind.shape}`).filter({ hasText: `Gauche${n}.` }).count() > 0, `it is a ${kind.shape}`);
        done.push([n, asked]);
      });
    }
    await check(`who comes later sees the same, ${said}`, async () => {
      for (const one of both) await saved(one.page);
      await open(annick, pad);
      await has(annick.page, 'Fin.');
      await alike([marie, yann, annick], 'all three');
      for (const [n, asked] of done) await whole(annick.page, n, asked);
    });
  }
  /** A new text of three lines for both; the caret of each stands at the end of the second one. */
  async function newText() {
    const pad = await newPad(marie);
    await open(marie, pad);
    await write(hers, 'Avant.');
    await press(hers, 'Enter');
    await writeLine('Ordre du jour.');
    await hers.keyboard.type('Fin.');
    await open(yann, pad);
    await has(his, 'Fin.');
    await hers.locator('.toolbar').waitFor();
    for (const { page } of both) await click(page, 'Ordre du jour.');
    return pad;
  }

  await check('a list that one made and the other wrote in is plain text with both their words when it is taken back; and a list again', async () => {
    await newText();
    await hers.waitForTimeout(own_step_ms);
    await press(hers, 'Control+Shift+8');
    await his.locator('#text li').waitFor();
    await his.keyboard.type(' De Yann.');
    await has(hers, 'Ordre du jour. De Yann.');
    for (const [key, lists] of [['Control+z', 0], ['Control+y', 1]]) {
      await press(hers, key);
      await until(async () => (await his.locator('#text li').count()) === lists, `${lists} list`);
      same(await words(his), 'Avant.\nOrdre du jour. De Yann.\nFin.', 'words');
    }
    await alike(both, 'the same');
  });

  await check('a table that one made and the other wrote in, taken back: the words of the other stay', async () => {
    await newText();
    await hers.waitForTimeout(own_step_ms);
    await hers.getByRole('button', { name: 'Tableau', exact: true }).click();
    await his.locator('#text td').first().click();
    await picture(his);
    await his.keyboard.type('De Yann.');
    await has(hers, 'De Yann.');
    await press(hers, 'Control+z');
    await until(async () => (await his.locator('#text table').count()) === 0, 'no table');
    same(times(await words(his), 'De Yann.'), 1, `words in ${JSON.stringify(await words(his))}`);
    await alike(both, 'the same');
  });

  await check('a line that both move at the same time, neither hearing of the other, stands once, with what each wrote in it', async () => {
    await newText();
    for (const one of both) one.line.hold();
    try {
      for (const [page, mine, to] of [[his, ' De Yann.', 'Avant.'], [hers, ' De Marie.', 'Fin.']]) {
        await page.keyboard.type(mine);
        await press(page, 'Home', 'Shift+End', 'Control+x');
        await click(page, to);
        await press(page, 'Control+v');
      }
    } finally {
      for (const one of both) one.line.release();
    }
    for (const page of [hers, his]) for (const word of [' De Yann.', ' De Marie.']) await has(page, word);
    await alike(both, 'the same');
    for (const one of both) await saved(one.page);
    const all = await words(hers);
    for (const word of ['Avant.', 'Ordre du jour.', ' De Yann.', ' De Marie.', 'Fin.']) same(times(all, word), 1, `"${word}" in ${JSON.stringify(all)}`);
    holds(all.split('\n').some((line) => ['Ordre du jour.', 'De Yann.', 'De Marie.'].every((word) => line.includes(word))), `one line in ${JSON.stringify(all)}`);
  });

  await check('hours without network on one side: what both wrote in one line, which is a list by then, is there once', async () => {
    await newText();
    await yann.context.setOffline(true);
    await until(async () => /Pas de réseau/.test(await his.locator('.saving').innerText()), 'no network');
    await his.keyboard.type(' Écrit sans réseau.');
    await press(hers, 'Control+Shift+8', 'Enter');
    await hers.keyboard.type('Un point de plus.');
    await click(hers, 'Ordre du jour.', { before: true });
    await press(hers, 'Enter');
    await yann.context.setOffline(false);
    await has(hers, 'Ordre du jour. Écrit sans réseau.');
    await has(his, 'Un point de plus.');
    for (const one of both) await saved(one.page);
    await alike(both, 'the same');
    await his.keyboard.type(' Et là.');
    await has(hers, 'Ordre du jour. Écrit sans réseau. Et là.');
    same(times(await words(hers), 'Écrit sans réseau.'), 1, 'once');
  });

  await check('the text is made again what it was while another writes: his unseen words are there once, for everybody', async () => {
    const pad = await newText();
    await saved(hers);
    const { items } = await until(async () => {
      const { body } = await api(hers, 'GET', `/api/v1/pads/${pad.id}/history`);
      return body.items?.length > 0 && body;
    }, 'a moment');
    await hers.keyboard.type(' Marie plus tard.');
    await has(his, ' Marie plus tard.');
    await click(his, 'Ordre du jour.');
    yann.line.hold();
    try {
      await his.keyboard.type(' Yann.');
      const { status } = await api(hers, 'POST', `/api/v1/pads/${pad.id}/history/${encodeURIComponent(items[0].moment)}/restore`, {});
      same(status, 200, 'restored');
    } finally {
      yann.line.release();
    }
    await has(hers, 'Yann.');
    await alike(both, 'the same');
    for (const one of both) await saved(one.page);
    await his.keyboard.type(' Encore.');
    await has(hers, ' Yann. Encore.');
    same(times(await words(hers), 'Yann.'), 1, `once in ${JSON.stringify(await words(hers))}`);
    await open(annick, pad);
    await has(annick.page, ' Yann. Encore.');
    await alike([marie, yann, annick], 'a third one too');
  });

  await check('what one takes out, and takes back while or after the house restores it, is there once', async () => {
    for (const held of [false, true]) {
      const pad = await newText();
      await saved(hers);
      // The last moment that has all of it.
      const moment = await until(async () => {
        const { body } = await api(hers, 'GET', `/api/v1/pads/${pad.id}/history`);
        for (const { moment: one } of body.items ?? []) {
          const then = await api(hers, 'GET', `/api/v1/pads/${pad.id}/history/${encodeURIComponent(one)}?format=json`);
          if (JSON.stringify(then.body).includes('Fin.')) return one;
        }
        return false;
      }, 'a moment with all of it');
      // What comes within half a second is one step of undo: the text itself and what is taken out of it must be two.
      await hers.waitForTimeout(800);
      await click(hers, 'Ordre du jour.');
      await press(hers, 'Shift+Home', 'Backspace');
      await until(async () => !(await words(his)).includes('Ordre du jour.'), 'it is taken out');
      await saved(hers);
      if (held) marie.line.hold();
      try {
        if (held) await press(hers, 'Control+z');
        const { status } = await api(hers, 'POST', `/api/v1/pads/${pad.id}/history/${encodeURIComponent(moment)}/restore`, {});
        same(status, 200, 'restored');
        await has(his, 'Ordre du jour.');
      } finally {
        if (held) marie.line.release();
      }
      if (!held) {
        await has(hers, 'Ordre du jour.');
        await press(hers, 'Control+z');
      }
      // (What was marked is marked again.)
      await press(hers, 'End');
      await hers.keyboard.type(' Encore.');
      await has(his, ' Encore.');
      await alike(both, 'the same');
      same(times(await words(his), 'Ordre du jour.'), 1, `once in ${JSON.stringify(await words(his))}`);
    }
  });

  await check('a click, a tap and the keys beside, on and behind another\'s cursor and name put the caret there: paragraph, list, cell', async () => {
    const ways = {
      on: ({ x, y, height }) => [x + 1, y + height / 2],
      beside: ({ x, y, height }) => [x - 2, y + height / 2],
      behind: ({ x, y, height }) => [x + 60, y + height / 2],
    };
    for (const kind of ['p', 'li', 'th']) {
      await newText();
      if (kind === 'li') await press(hers, 'Control+Shift+8');
      if (kind === 'th') {
        await hers.getByRole('button', { name: 'Tableau', exact: true }).click();
        await picture(hers);
        await hers.keyboard.type('Case.');
        await has(his, 'Case.');
      }
      const word = kind === 'th' ? 'Case.' : 'Ordre du jour.';
      await click(hers, word);
      await hers.keyboard.type('x');
      await has(his, `${word}x`);
      const place = his.locator(`#text ${kind}`).filter({ hasText: kind === 'th' ? 'Case' : 'Ordre' });
      const cursor = his.locator('.cursor');
      await until(async () => Math.abs((await cursor.boundingBox())?.x - (await boxOf(his, `${word}x`)).right) < 3, 'her cursor is drawn behind what she wrote');
      let n = 0;
      const typed = async (how, inPlace = true) => {
        n += 1;
        await picture(his);
        await his.keyboard.type(`${n}`);
        await has(his, `${n}`).catch(() => { throw new Error(`${kind}, ${how}: typing does not show`); });
        await has(hers, `${n}`);
        if (inPlace) holds((await place.innerText()).includes(`${n}`), `${kind}, ${how}: in that place: ${JSON.stringify(await words(his))}`);
      };
      for (const [how, at] of Object.entries(ways)) {
        await click(his, 'Avant.');
        await his.mouse.click(...at(await cursor.boundingBox()));
        await typed(`${how}, by mouse`);
        await click(his, 'Avant.');
        await his.touchscreen.tap(...at(await cursor.boundingBox()));
        await typed(`${how}, by touch`);
      }
      // The name stands over the line above: what lies under it is meant.
      await click(his, 'Fin.');
      const flag = await his.locator('.cursor-name').boundingBox();
      await his.mouse.click(flag.x + 3, flag.y + flag.height / 2);
      await typed('on the name, by mouse', false);
      await click(his, word);
      await press(his, 'ArrowLeft', 'ArrowRight', 'ArrowRight', 'ArrowLeft');
      await typed('past it, by keys');
      await alike(both, 'the same');
    }
  });

  await check('who wrote in what another deletes, unseen, is told: one press puts it back, and one undo takes it away', async () => {
    await newText();
    await click(his, 'Ordre');
    yann.line.hold();
    await his.keyboard.type(' nouveau');
    await click(hers, 'Avant.');
    await click(hers, 'Ordre du jour.', { shift: true });
    await press(hers, 'Backspace');
    yann.line.release();
    await has(hers, ' nouveau');
    const notice = his.locator('.notice[role=status]').filter({ hasText: /a supprimé «\s*Ordre … du jour\.\s*» sans voir/ });
    await notice.waitFor();
    same(await axeFindings(his), [], 'findings');
    // By keys alone, from within the text.
    await press(his, 'Escape', 'Shift+Tab', 'Shift+Tab', 'Enter');
    await has(hers, 'Ordre nouveau du jour.');
    same(await words(his), 'Avant.\nOrdre nouveau du jour.\nFin.', 'words');
    await notice.waitFor({ state: 'detached' });
    await his.locator('#text.ProseMirror-focused').waitFor();
    await press(his, 'Control+z');
    await until(async () => (await words(hers)) === 'Avant.\n nouveau\nFin.', 'one step of undo');
    await alike(both, 'the same');
  });

  await check('half of a word of his is deleted by who saw no more of it: he is told until it is whole again', async () => {
    await newText();
    await his.keyboard.type(' réu');
    await has(hers, ' réu');
    await hers.waitForTimeout(own_step_ms);
    yann.line.hold();
    await his.keyboard.type('nion');
    await click(hers, 'réu');
    await press(hers, 'Backspace', 'Backspace', 'Backspace');
    yann.line.release();
    const notice = his.locator('.notice[role=status]').filter({ hasText: /a supprimé «\s*réu\s*» sans voir/ });
    await notice.waitFor();
    await press(hers, 'Control+z');
    await has(his, 'jour. réunion');
    await notice.waitFor({ state: 'detached' });
    await alike(both, 'the same');
  });

  await check('what is composed stays whole while another writes in the line and changes what it is', async () => {
    await newText();
    const ime = await yann.context.newCDPSession(his);
    await his.keyboard.type(' ');
    for (const part of ['n', 'no', 'noë']) await ime.send('Input.imeSetComposition', { text: part, selectionStart: part.length, selectionEnd: part.length });
    await press(hers, 'Home');
    await hers.keyboard.type('Marie, ');
    await press(hers, 'Control+Alt+2');
    await saved(hers);
    await ime.send('Input.imeSetComposition', { text: 'noël', selectionStart: 4, selectionEnd: 4 });
    await ime.send('Input.insertText', { text: 'Noël' });
    await has(hers, 'Marie, Ordre du jour. Noël');
    await alike(both, 'the same');
    await his.keyboard.type(' suit');
    await until(async () => (await words(hers)) === 'Avant.\nMarie, Ordre du jour. Noël suit\nFin.', 'and goes on behind it');
    await until(async () => (await his.locator('#text h3').count()) === 1, 'a heading');
  });

  await check('no page complained', async () => {
    for (const one of [...both, annick]) {
      same(one.complaints.filter((line) => !/WebSocket|ERR_INTERNET_DISCONNECTED|status of 50\d/.test(line)), [], `complaints of ${one.name}`);
    }
  });
} finally {
  await browser.close();
  await house.stop();
}
report();
