// The editor for everybody: axe in each state, keyboard alone, 320 pixels, French and English, weight, motion.
import { axeFindings, openPage, overflow, startBrowser } from './browser.mjs';
import { holds, same, suite, until } from './check.mjs';
import { startHouse } from './house.mjs';
import { api, linkKey, newPad, open, person, png, saved, selectAll, text, words, write } from './pads.mjs';

const { check, report } = suite();
const house = await startHouse({ base: Number(process.env.HAMEAU_PORTS ?? 26100) });
const browser = await startBrowser();
const budget_bytes = 250_000;

const words_of = {
  fr: { menu: 'Menu', outline: 'Plan du texte', authors: 'Qui a écrit quoi', history: 'Revenir en arrière', download: 'Télécharger ou imprimer', keys: 'Aide du clavier', count: 'Compter les mots', share: 'Partager', table: 'Tableau', close: 'Fermer', chosen: 'Seulement des personnes choisies', later: 'Plus tard' },
  en: { menu: 'Menu', outline: 'Outline', authors: 'Who wrote what', history: 'Going back', download: 'Download or print', keys: 'Keyboard help', count: 'Count the words', share: 'Share', table: 'Table', close: 'Close', chosen: 'Only chosen people', later: 'Later' },
};

/** Every state of the page that looks different, and how to get there and back. */
const states = (page, say) => {
  const fromMenu = (name) => async () => {
    await page.getByRole('button', { name: say.menu, exact: true }).click();
    await page.getByRole('menu').getByText(name, { exact: true }).click();
  };
  const close = () => page.keyboard.press('Escape');
  return [
    ['plain', async () => undefined, async () => undefined],
    ['menu', () => page.getByRole('button', { name: say.menu, exact: true }).click(), close],
    ['outline', fromMenu(say.outline), () => page.getByRole('button', { name: say.close, exact: true }).first().click()],
    ['who wrote what', fromMenu(say.authors), fromMenu(say.authors)],
    ['find', () => page.keyboard.press('Control+f'), close],
    ['share', () => page.getByRole('button', { name: say.share, exact: true }).click(), close],
    ['only these people', async () => { await page.getByRole('button', { name: say.share, exact: true }).click(); await page.getByRole('radio', { name: say.chosen }).check(); await page.getByRole('checkbox').first().waitFor(); }, close],
    ['history', fromMenu(say.history), close],
    ['download', fromMenu(say.download), close],
    ['keys', fromMenu(say.keys), close],
    ['count', fromMenu(say.count), close],
    ['people', () => page.locator('.people-button').click(), close],
    ['table bar', async () => { const cell = text(page).locator('td').first(); await cell.evaluate((dom) => dom.scrollIntoView({ block: 'center' })); await cell.click(); await page.getByRole('toolbar', { name: say.table }).waitFor(); }, async () => undefined],
    ['link', async () => { await selectAll(page); await page.keyboard.press('Control+k'); }, close],
    ['an image asks', async () => { await page.locator('input[type=file]').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: png(90, 60) }); await page.locator('.describe').waitFor(); }, () => page.getByRole('button', { name: say.later }).click()],
  ];
};

try {
  for (const [language, width, dark] of [['fr', 1280, false], ['fr', 320, false], ['en', 320, true], ['en', 1280, true]]) {
    await check(`axe, no sideways scrolling, every state: ${language}, ${width} px, ${dark ? 'dark' : 'light'}`, async () => {
      const one = await person(browser, house, 'manager', { language, width, height: width === 320 ? 640 : 900, dark });
      const { page } = one;
      const pad = await newPad(one, { template: 'minutes', language, access: { members: 'write', link: 'write' } });
      await open(one, pad);
      await write(page, language === 'fr' ? 'La séance est levée.' : 'The meeting is over.');
      await page.keyboard.press('Enter');
      await page.getByRole('toolbar').first().waitFor();
      if (width === 320) await page.locator('.tool-more button').click();
      await page.getByRole('toolbar').first().getByRole('button', { name: words_of[language].table, exact: true }).click();
      if (width === 320) await page.locator('.tool-more button').click();
      for (const head of ['Nom', 'Tâche', 'Date']) {
        await page.keyboard.type(head);
        await page.keyboard.press('Tab');
      }
      await saved(page);
      const wrong = [];
      for (const [name, there, back] of states(page, words_of[language])) {
        await there();
        await page.waitForTimeout(250);
        wrong.push(...(await axeFindings(page)).map((line) => `${name}: ${line}`));
        const wide = await overflow(page);
        if (wide) wrong.push(`${name}: ${wide}`);
        await back();
        await page.waitForTimeout(100);
      }
      same(wrong, [], 'findings');
      same(one.complaints, [], 'complaints');
      await one.context.close();
    }, { most_ms: 180_000 });
  }

  await check('axe on pages that cannot be opened, and for a guest and a reader', async () => {
    const marie = await person(browser, house, 'manager');
    const pad = await newPad(marie, { access: { members: 'write', link: 'write' } });
    const key = await linkKey(marie.page, pad);
    const visitor = await person(browser, house, null, { width: 320, height: 640 });
    const wrong = [];
    const look = async (name) => {
      await visitor.page.waitForTimeout(300);
      wrong.push(...(await axeFindings(visitor.page)).map((line) => `${name}: ${line}`));
      const wide = await overflow(visitor.page);
      if (wide) wrong.push(`${name}: ${wide}`);
      await visitor.page.goto('about:blank');
    };
    await open(visitor, pad, { key });
    await look('guest');
    await api(marie.page, 'PATCH', `/api/v1/pads/${pad.id}`, { access: { members: 'write', link: 'read' } });
    await open(visitor, pad, { key });
    await look('reader');
    await open(visitor, pad, { key: 'aaaaaaaaaaaaaaaaaaaaaaaaaa', ready: false });
    await visitor.page.locator('.refused').waitFor();
    await look('wrong key');
    await open(visitor, pad, { ready: false });
    await visitor.page.locator('.refused').waitFor();
    await look('signed out');
    same(wrong, [], 'findings');
    await visitor.context.close();
    await marie.context.close();
  });

  await check('minutes written with the keyboard alone, on a slow computer', async () => {
    const one = await person(browser, house, 'manager', { slow: 6 });
    const { page } = one;
    const pad = await newPad(one, { title: 'Bureau' });
    await open(one, pad);
    await until(async () => (await page.locator('.toolbar button[tabindex="0"]').count()) === 1, 'one tab stop in the toolbar');
    // From the top of the page to the text with Tab alone.
    await page.evaluate(() => document.activeElement?.blur());
    const stops = [];
    for (let i = 0; i < 12; i += 1) {
      await page.keyboard.press('Tab');
      const where = await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '');
      const seen = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle !== 'none' || getComputedStyle(document.activeElement).boxShadow !== 'none');
      holds(seen, `the focus shows on ${where}`);
      stops.push(where);
      if (where === 'Texte') break;
    }
    same(stops.slice(0, 2), ['Aller au texte', 'Tous les textes'], 'first stops');
    holds(stops.at(-1) === 'Texte' && stops.length <= 9, `the text is reached: ${stops.join(' > ')}`);
    await page.keyboard.type('# Bureau de mars');
    await page.keyboard.press('Enter');
    // To the buttons and back; arrows move, one stop only.
    await page.keyboard.press('Alt+F10');
    await until(() => page.evaluate(() => document.activeElement?.closest('[role=toolbar]') !== null), 'in the toolbar');
    await page.keyboard.press('Home');
    for (let i = 0; i < 7; i += 1) await page.keyboard.press('ArrowRight');
    same(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Liste', 'eighth button');
    await page.keyboard.press('Enter');
    same(await page.evaluate(() => document.activeElement.getAttribute('aria-pressed')), 'true', 'pressed');
    await page.keyboard.press('Escape');
    await page.keyboard.type('Présents : Marie, Yann\nExcusée : Annick');
    await page.keyboard.press('Tab');
    await page.keyboard.type(' (train)');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await page.keyboard.type('[ ] Réserver la salle');
    await page.keyboard.press('Control+Enter');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Alt+F10');
    await until(() => page.evaluate(() => document.activeElement?.closest('[role=toolbar]') !== null), 'in the toolbar again');
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.locator('#text.ProseMirror-focused').waitFor();
    await page.keyboard.type('Décisions');
    await page.keyboard.press('Enter');
    await page.keyboard.type('Le budget est voté.');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
    same(await page.evaluate(() => document.getElementById('text').contains(document.activeElement)), false, 'no trap');
    await saved(page);
    const tree = await text(page).ariaSnapshot();
    for (const line of ['heading "Bureau de mars" [level=2]', 'heading "Décisions" [level=3]', 'checkbox "Réserver la salle" [checked]', 'listitem', 'paragraph: Le budget est voté.']) holds(tree.includes(line), `${line} in\n${tree}`);
    const all = await page.locator('body').ariaSnapshot();
    for (const line of ['banner', 'toolbar "Mise en forme"', 'main', 'contentinfo', 'heading "Bureau" [level=1]', 'button "Gras"', 'textbox "Titre du texte"', 'button "Partager"']) holds(all.includes(line), `${line} in\n${all}`);
    holds((await words(page)).includes('Excusée : Annick (train)'), 'words');
    same(one.complaints, [], 'complaints');
    await one.context.close();
  });

  await check('menus and dialogs by keyboard, on a slow computer: open, move, close, the focus comes back', async () => {
    const one = await person(browser, house, 'manager', { slow: 6 });
    const { page } = one;
    await open(one, await newPad(one));
    const menu = page.getByRole('button', { name: 'Menu', exact: true });
    await menu.focus();
    await page.keyboard.press('Enter');
    same(await page.evaluate(() => document.activeElement.textContent), 'Plan du texte', 'first entry');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Home');
    await page.keyboard.press('c');
    await page.keyboard.press('c');
    await page.keyboard.press('Escape');
    same(await menu.evaluate((button) => button === document.activeElement), true, 'back on the button');
    same(await menu.getAttribute('aria-expanded'), 'false', 'closed');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('a');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Aide du clavier' }).waitFor();
    await page.keyboard.press('Escape');
    await until(() => menu.evaluate((button) => button === document.activeElement), 'back on the button');
    await one.context.close();
  });

  await check('what happens is announced: losing the network, its return, who arrives', async () => {
    const one = await person(browser, house, 'manager');
    const { page } = one;
    const pad = await newPad(one);
    await open(one, pad);
    await saved(page);
    const live = page.locator('p[role=status][aria-live=polite]');
    await one.context.setOffline(true);
    await until(async () => /Pas de réseau/.test(await live.textContent()), 'announced');
    await one.context.setOffline(false);
    await until(async () => /Le réseau est revenu/.test(await live.textContent()), 'announced', 20_000);
    const yann = await person(browser, house, 'member');
    await open(yann, pad);
    await until(async () => (await live.textContent()).startsWith(yann.name), 'who arrives');
    await yann.context.close();
    await one.context.close();
  });

  await check(`the whole editor stays under ${budget_bytes / 1000} kB on the wire`, async () => {
    const one = await person(browser, house, 'manager');
    const pad = await newPad(one, { template: 'minutes' });
    const cookies = await one.context.cookies();
    const fresh = await openPage(browser);
    await fresh.context.addCookies(cookies);
    await fresh.page.goto(`${house.url}pads/${pad.id}`);
    await text(fresh.page).waitFor();
    await saved(fresh.page);
    const { bytes, requests, outside } = fresh.wire;
    holds(bytes < budget_bytes && bytes > 50_000, `${bytes} bytes`);
    holds(requests <= 12, `${requests} requests`);
    same(outside, [], 'calls outside');
    await fresh.context.close();
    await one.context.close();
    return `${Math.round(bytes / 1000)} kB in ${requests} requests`;
  });

  await check('large text and text spacing lose nothing', async () => {
    const one = await person(browser, house, 'manager', { width: 640, height: 480 });
    const { page } = one;
    await open(one, await newPad(one, { template: 'minutes' }));
    await page.evaluate(() => {
      document.documentElement.style.fontSize = '200%';
      for (const dom of document.querySelectorAll('*')) {
        dom.style.setProperty('line-height', '1.5', 'important');
        dom.style.setProperty('letter-spacing', '0.12em', 'important');
        dom.style.setProperty('word-spacing', '0.16em', 'important');
      }
    });
    await page.waitForTimeout(300);
    same(await overflow(page), '', 'sideways');
    const cut = await page.evaluate(() => [...document.querySelectorAll('button, .saving, h1:not(.hidden)')]
      .filter((dom) => dom.offsetParent && dom.scrollWidth > dom.clientWidth + 2 && getComputedStyle(dom).overflow !== 'visible').map((dom) => dom.textContent));
    same(cut, [], 'texts cut');
    await one.context.close();
  });
} finally {
  await browser.close();
  await house.stop();
}
report();
