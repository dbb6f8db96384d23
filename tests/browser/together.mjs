// Several people in one text: cursors with names, convergence, own undo, "saved", losing the network, the house dying.
import { startBrowser } from './browser.mjs';
import { holds, same, suite, until } from './check.mjs';
import { startHouse } from './house.mjs';
import { cardsOf } from './pages.mjs';
import { api, linkKey, newPad, open, person, saved, saving, text, words, write } from './pads.mjs';

const { check, report } = suite();
const house = await startHouse({ base: Number(process.env.HAMEAU_PORTS ?? 26100) });
const browser = await startBrowser();
const equal = (people, what = 'everybody sees the same') => until(async () => {
  const seen = await Promise.all(people.map(({ page }) => words(page)));
  return seen.every((one) => one === seen[0]);
}, what);

try {
  const marie = await person(browser, house, 'manager');
  const yann = await person(browser, house, 'member');
  const annick = await person(browser, house, 'admin');
  const everybody = [marie, yann, annick];

  await check('three people write in one text and see the same', async () => {
    const pad = await newPad(marie);
    for (const one of everybody) await open(one, pad);
    await Promise.all(everybody.map(async (one, i) => {
      await text(one.page).click();
      for (let turn = 0; turn < 8; turn += 1) {
        await one.page.keyboard.type(`mot${i}-${turn} `);
        // One person only: a paragraph that two split at the same moment keeps what stood behind both places twice, in
        // every editor on y-prosemirror (a split takes the end of a text away and writes it again).
        if (turn === 4 && one === marie) await one.page.keyboard.press('Enter');
      }
    }));
    await equal(everybody);
    const seen = await words(marie.page);
    for (let i = 0; i < 3; i += 1) for (let turn = 0; turn < 8; turn += 1) holds(seen.includes(`mot${i}-${turn}`.slice(0, 3)), 'words of everybody');
    holds(seen.replace(/\s/g, "").length === 24 * 6, `nothing lost or doubled: ${seen}`);
    for (const one of everybody) await saved(one.page);
  });

  await check('two people write their first letters at once: one paragraph, whole words, one goes on in the other\'s', async () => {
    const pad = await newPad(marie);
    for (const one of [marie, yann]) await open(one, pad);
    house.pausePads();      // neither knows of the other
    try {
      await write(marie.page, 'Marie ');
      await write(yann.page, 'Yann ');
    } finally {
      house.resumePads();
    }
    await equal([marie, yann]);
    for (const one of [marie, yann]) await saved(one.page);
    holds(/^(Marie Yann|Yann Marie) $/.test(await words(yann.page)), `one paragraph: ${JSON.stringify(await words(yann.page))}`);
    await write(yann.page, 'ensemble');
    await until(async () => /^(Marie Yann|Yann Marie) ensemble$/.test(await words(marie.page)), 'and goes on');
  });

  await check('cursors carry the names that the house vouches for', async () => {
    const pad = await newPad(marie);
    await open(marie, pad);
    await open(yann, pad);
    await write(yann.page, 'Bonjour');
    const label = marie.page.locator('.cursor-name');
    await until(async () => (await label.allInnerTexts()).includes(yann.name), 'the name of Yann at his cursor');
    await yann.page.keyboard.press('Shift+Home');
    await marie.page.locator('.selected-by').first().waitFor();
    await until(async () => (await marie.page.locator('.people-button').innerText()).includes(yann.name), 'who is here');
    await marie.page.locator('.people-button').click();
    same(await marie.page.locator('.people-list li').count(), 2, 'people in the list');
    await marie.page.keyboard.press('Escape');
    await yann.page.goto('about:blank');
    await until(async () => (await label.count()) === 0, 'the cursor goes with its person');
  });

  await check('the session ends while somebody writes: the keys stay, the password is asked for in place', async () => {
    const anna = await person(browser, house, 'member');
    const pad = await newPad(marie);
    await open(anna, pad);
    await write(anna.page, 'Avant. ');
    await saved(anna.page);
    same((await api(anna.page, 'DELETE', '/api/v1/session')).status, 204, 'the session ends');
    // The line is asked for again, and refused; a machine that has no network but its own may say that it is off line.
    await anna.page.evaluate(() => {
      Object.defineProperty(navigator, 'onLine', { get: () => true });
      dispatchEvent(new Event('offline'));
    });
    await anna.page.getByText('Votre session est finie.').waitFor();
    await write(anna.page, 'Pendant. ');
    same(await words(anna.page), 'Avant. Pendant. ', 'the text takes letters');
    await anna.page.getByLabel('Mot de passe', { exact: true }).fill('pas le bon');
    await anna.page.getByRole('button', { name: 'Continuer', exact: true }).click();
    await anna.page.locator('form.again .error, form.again [role=alert]').nth(1).waitFor();
    await anna.page.getByLabel('Mot de passe', { exact: true }).fill((await cardsOf(house.url, marie.page)).member.password);
    await anna.page.getByRole('button', { name: 'Continuer', exact: true }).click();
    await saved(anna.page);
    await open(marie, pad);
    await until(async () => (await words(marie.page)) === 'Avant. Pendant. ', 'everything came');
    await anna.context.close();
  });

  await check('somebody else signs in in another tab: words of before are not sent in their name', async () => {
    const anna = await person(browser, house, 'member');
    const cards = await cardsOf(house.url, marie.page);
    const pad = await newPad(marie);
    await open(anna, pad);
    await write(anna.page, 'Avant. ');
    await saved(anna.page);
    const other = await anna.context.newPage();
    await other.goto(`${house.url}sign-in`);
    same((await api(other, 'POST', '/api/v1/session', { login: cards.manager.login, password: cards.manager.password, shared_computer: false })).status, 200, 'another person signs in');
    await anna.page.evaluate(() => {
      Object.defineProperty(navigator, 'onLine', { get: () => true });
      dispatchEvent(new Event('offline'));
    });
    await anna.page.getByText(/s.est ouverte ici depuis/).waitFor();
    await write(anna.page, 'Pendant. ');
    await open(marie, pad);
    same(await words(marie.page), 'Avant. ', 'nothing more was sent');
    await anna.page.getByLabel('Mot de passe', { exact: true }).fill(cards.member.password);
    await anna.page.getByRole('button', { name: 'Continuer', exact: true }).click();
    await saved(anna.page);
    await until(async () => (await words(marie.page)) === 'Avant. Pendant. ', 'the author came back');
    await anna.context.close();
  });

  await check('undo takes back what one wrote oneself, nothing of others', async () => {
    const pad = await newPad(marie);
    await open(marie, pad);
    await open(yann, pad);
    // At once: on a slow machine typed letters fall into several steps of undo.
    await text(marie.page).focus();
    await marie.page.keyboard.insertText('Marie écrit. ');
    await until(async () => (await words(yann.page)).includes('Marie écrit.'), 'arrives');
    await write(yann.page, 'Yann ajoute. ');
    await until(async () => (await words(marie.page)).includes('Yann ajoute.'), 'arrives');
    await text(marie.page).focus();
    await marie.page.keyboard.press('Control+z');
    await until(async () => !(await words(marie.page)).includes('Marie écrit.'), 'hers is gone');
    const left = await words(marie.page);
    holds(left.includes('Yann ajoute.'), `his stays: ${left} / ${await words(yann.page)}`);
    await equal([marie, yann]);
    await marie.page.keyboard.press('Control+y');
    await until(async () => (await words(yann.page)).includes('Marie écrit.'), 'redone');
  });

  await check('the first key in a text that was empty when it was opened replaces nothing of others', async () => {
    const pad = await newPad(marie);
    await open(yann, pad);
    await open(marie, pad);
    await text(marie.page).focus();
    await marie.page.keyboard.insertText('Marie écrit.');
    await until(async () => (await words(yann.page)).includes('Marie écrit.'), 'arrives');
    await text(yann.page).focus();
    await yann.page.keyboard.type('Yann.');
    await until(async () => (await words(marie.page)).includes('Yann.'), 'his arrives');
    await equal([marie, yann]);
    holds((await words(marie.page)).includes('Marie écrit.'), `hers stays: ${await words(marie.page)}`);
  });

  await check('"saved" is said only when it is on the disk', async () => {
    const pad = await newPad(marie);
    await open(marie, pad);
    await write(marie.page, 'Un. ');
    await saved(marie.page);
    house.pausePads();
    try {
      await marie.page.keyboard.type('Deux. ');
      for (let i = 0; i < 15; i += 1) {
        holds(!/^Enregistré$/.test(await saving(marie.page)), 'said saved while the house could not have it');
        await marie.page.waitForTimeout(100);
      }
    } finally {
      house.resumePads();
    }
    await saved(marie.page);
    // Deleting alone moves no clock: it must be covered all the same.
    house.pausePads();
    try {
      await marie.page.keyboard.press('Backspace');
      await marie.page.waitForTimeout(600);
      holds(!/^Enregistré$/.test(await saving(marie.page)), 'a deletion counts too');
    } finally {
      house.resumePads();
    }
    await saved(marie.page);
  });

  await check('ten minutes without network in ten seconds: go on writing, then everything merges', async () => {
    const pad = await newPad(marie);
    await open(marie, pad);
    await open(yann, pad);
    await write(marie.page, 'Avant. ');
    await equal([marie, yann]);
    await marie.context.setOffline(true);
    await write(marie.page, 'Pendant, Marie. ');
    await until(async () => /Pas de réseau/.test(await saving(marie.page)), 'no network, in words');
    same(await saving(marie.page), 'Pas de réseau. Votre texte est gardé sur cet ordinateur.', 'state');
    await write(yann.page, 'Pendant, Yann. ');
    holds(!(await words(yann.page)).includes('Pendant, Marie'), 'she is really cut off');
    await marie.page.waitForTimeout(1500);
    await marie.context.setOffline(false);
    await until(async () => (await words(yann.page)).includes('Pendant, Marie.'), 'her words arrive', 20_000);
    await equal([marie, yann]);
    await saved(marie.page);
    holds((await words(marie.page)).includes('Pendant, Yann.'), 'his are there');
  });

  await check('kill -9 of the service: nothing that was said saved is lost, and the page comes back by itself', async () => {
    const pad = await newPad(marie);
    await open(marie, pad);
    await write(marie.page, 'Gardé. ');
    await saved(marie.page);
    house.killPads();
    await marie.page.keyboard.type('Écrit pendant. ');
    await saved(marie.page);
    await open(annick, pad);
    await until(async () => (await words(annick.page)).includes('Gardé. Écrit pendant.'), 'a fresh visitor sees all');
  });

  await check('words that the house never got survive closing the page', async () => {
    const pad = await newPad(marie);
    await open(marie, pad);
    await write(marie.page, 'Su de tous. ');
    await saved(marie.page);
    await marie.page.routeWebSocket(/\/api\/v1\/pads\/ws\//, (socket) => socket.close());
    await marie.page.reload();
    await text(marie.page).waitFor();
    await write(marie.page, 'Su de moi seule.');
    await until(async () => (await saving(marie.page)) === 'Pas de réseau. Votre texte est gardé sur cet ordinateur.', 'no line, and kept');
    await marie.page.waitForTimeout(500);
    holds(await marie.page.evaluate(() => Object.keys(localStorage).some((key) => key.startsWith('hameau.unsaved.'))), 'marked as not saved');
    await marie.page.unrouteAll({ behavior: 'ignoreErrors' }).catch(() => undefined);
    const again = await marie.context.newPage();
    await marie.page.close();
    marie.page = again;
    await open(marie, pad);
    await until(async () => (await words(marie.page)).includes('Su de moi seule.'), 'kept by the browser');
    await saved(marie.page);
    await open(yann, pad);
    await until(async () => (await words(yann.page)).includes('Su de moi seule.'), 'and now by the house');
    holds(!(await marie.page.evaluate(() => Object.keys(localStorage).some((key) => key.startsWith('hameau.unsaved.')))), 'no longer marked');
  });

  await check('the title is changed in its place and others see it', async () => {
    const pad = await newPad(marie);
    await open(marie, pad);
    await open(yann, pad);
    const field = marie.page.locator('.pad-title input');
    await field.fill('Réunion de mars');
    await field.press('Enter');
    await until(async () => (await yann.page.locator('.pad-title input').inputValue()) === 'Réunion de mars', 'his title', 15_000);
    same((await api(marie.page, 'GET', `/api/v1/pads/${pad.id}`)).body.title, 'Réunion de mars', 'title');
    await until(async () => (await marie.page.title()).startsWith('Réunion de mars'), 'title of the page');
  });

  await check('a link to read: no buttons, no changes, and it says so', async () => {
    const pad = await newPad(marie, { access: { members: 'write', link: 'read' } });
    await open(marie, pad);
    await write(marie.page, 'À lire.');
    await saved(marie.page);
    const visitor = await person(browser, house, null);
    await open(visitor, pad, { key: await linkKey(marie.page, pad) });
    await until(async () => (await words(visitor.page)).includes('À lire.'), 'the text');
    same(await saving(visitor.page), 'Lecture seule', 'state');
    same(await visitor.page.locator('.toolbar').count(), 0, 'toolbars');
    holds(await visitor.page.getByText('Vous pouvez lire ce texte, pas le changer.').isVisible(), 'a sentence');
    await text(visitor.page).click();
    await visitor.page.keyboard.type('intrus');
    await visitor.page.waitForTimeout(400);
    holds(!(await words(visitor.page)).includes('intrus') && !(await words(marie.page)).includes('intrus'), 'nothing written');
    await write(marie.page, ' Encore.');
    await until(async () => (await words(visitor.page)).includes('Encore.'), 'it follows');
    same(visitor.complaints, [], 'complaints');
    await visitor.context.close();
  });

  await check('a link to write: a guest says a name, which only the tab keeps and the house beside the words', async () => {
    const pad = await newPad(marie, { access: { members: 'write', link: 'write' } });
    await open(marie, pad);
    const visitor = await person(browser, house, null);
    await open(visitor, pad, { key: await linkKey(marie.page, pad) });
    await visitor.page.locator('input[name=guest]').fill('Paul du cinéma');
    await visitor.page.locator('.guest button[type=submit]').click();
    await write(visitor.page, 'Bonsoir à tous.');
    await until(async () => (await words(marie.page)).includes('Bonsoir à tous.'), 'arrives');
    const label = async () => (await marie.page.locator('.cursor-name').allTextContents()).join();
    await until(async () => (await label()).startsWith('Paul du cinéma (invité'), 'a guest, by the name said').catch(async (error) => { throw new Error(`${error.message}; ${await label()}`); });
    await saved(visitor.page);
    const kept = await visitor.page.evaluate(async () => [(await indexedDB.databases()).length, JSON.stringify({ ...localStorage })]);
    same(kept[0], 0, 'databases');
    holds(!kept[1].includes('Paul'), 'no name kept beyond the tab');
    await visitor.page.reload();
    await text(visitor.page).waitFor();
    same(await visitor.page.locator('input[name=guest]').count(), 0, 'not asked again');
    const { clients } = (await api(marie.page, 'GET', `/api/v1/pads/${pad.id}/authors`)).body;
    holds(Object.values(clients).some((one) => one.name === 'Paul du cinéma (invité)' && one.login === ''), `who wrote: ${JSON.stringify(clients)}`);
    await visitor.context.close();
  });

  await check('access is taken away while somebody is there: the page changes at once', async () => {
    const pad = await newPad(marie);
    await open(marie, pad);
    await open(yann, pad);
    await write(yann.page, 'Tant que je peux. ');
    await saved(yann.page);
    await api(marie.page, 'PATCH', `/api/v1/pads/${pad.id}`, { access: { members: 'read', link: 'none' } });
    await until(async () => (await saving(yann.page)) === 'Lecture seule', 'read only');
    await until(async () => (await text(yann.page).getAttribute('contenteditable')) === 'false', 'not editable');
    await api(marie.page, 'PATCH', `/api/v1/pads/${pad.id}`, { access: { members: 'write', link: 'none' } });
    await until(async () => (await text(yann.page).getAttribute('contenteditable')) === 'true', 'and given back');
    await write(yann.page, 'De nouveau. ');
    await until(async () => (await words(marie.page)).includes('De nouveau.'), 'written');
    await api(marie.page, 'PATCH', `/api/v1/pads/${pad.id}`, { access: { members: 'none', link: 'none' } });
    await yann.page.getByRole('heading', { name: 'Ce texte ne vous est plus ouvert' }).waitFor();
    await open(yann, pad, { ready: false });
    await yann.page.getByRole('heading', { name: 'Ce texte ne vous est pas ouvert' }).waitFor();
  });

  await check('only these people: chosen by name with the keyboard, said in words; the others are told', async () => {
    const pad = await newPad(marie);
    await open(marie, pad);
    await open(yann, pad);
    const { page } = marie;
    await page.getByRole('button', { name: 'Partager', exact: true }).click();
    await page.getByRole('radio', { name: 'Seulement des personnes choisies' }).focus();
    await page.keyboard.press('Space');
    const him = page.getByRole('checkbox', { name: yann.name });
    await him.waitFor();
    await page.getByText('Personne d’autre que vous ne pourra l’ouvrir.').waitFor();
    await page.getByText(/Les responsables l’ouvrent toujours/).waitFor();
    await page.getByRole('button', { name: 'Enregistrer' }).press('Enter');
    await yann.page.getByRole('heading', { name: 'Ce texte ne vous est plus ouvert' }).waitFor();
    await him.focus();
    await page.keyboard.press('Space');
    await page.getByText(`Pourront le lire et l’écrire : ${yann.name}.`).waitFor();
    await page.getByRole('button', { name: 'Enregistrer' }).press('Enter');
    await page.getByText('Enregistré', { exact: false }).first().waitFor();
    await until(async () => JSON.stringify((await api(page, 'GET', `/api/v1/pads/${pad.id}`)).body.access) === JSON.stringify({ members: 'none', link: 'none', people: ['yann'] }), 'access');
    await open(yann, pad);
    await write(yann.page, 'Choisi.');
    await until(async () => (await words(page)).includes('Choisi.'), 'he writes');
    await page.keyboard.press('Escape');
    await page.goto(`${house.url}pads`);
    await page.getByText('seulement 1 personne choisie').waitFor();
  });

  await check('a text in the bin, one that never was, a wrong key, no session: each says what to do', async () => {
    const pad = await newPad(marie);
    await open(yann, pad);
    await api(marie.page, 'DELETE', `/api/v1/pads/${pad.id}`);
    await yann.page.getByRole('heading', { name: 'Ce texte est à la corbeille' }).waitFor();
    await open(yann, { id: 'aaaaaaaaaaaaaaaaaaaaaaaaaa' }, { ready: false });
    await yann.page.getByRole('heading', { name: 'Ce texte n’existe pas, ou plus' }).waitFor();
    const visitor = await person(browser, house, null);
    const other = await newPad(marie, { access: { members: 'write', link: 'read' } });
    await open(visitor, other, { key: 'aaaaaaaaaaaaaaaaaaaaaaaaaa', ready: false });
    await visitor.page.getByRole('heading', { name: 'Ce lien n’ouvre plus de texte' }).waitFor();
    await visitor.page.goto('about:blank');
    await open(visitor, other, { ready: false });
    await visitor.page.getByRole('heading', { name: 'Entrez pour ouvrir ce texte' }).waitFor();
    await visitor.page.getByRole('link', { name: 'Entrer' }).click();
    await visitor.page.locator('#field-login').waitFor();
    await visitor.page.evaluate(() => sessionStorage.getItem('hameau.next')).then((next) => same(next, `/pads/${other.id}`, 'where to return'));
    await visitor.context.close();
  });

  await check('on a shared computer nothing stays, and leaving waits for what is not saved', async () => {
    const pad = await newPad(marie);
    const shared = await person(browser, house, null);
    const { page } = shared;
    await page.goto(`${house.url}sign-in`);
    const card = (await (await page.request.get(`${house.url}api/v1/house`)).json()).people.find((one) => one.role === 'member');
    await page.locator('#field-login').fill(card.login);
    await page.locator('#field-password').fill(card.password);
    await page.getByLabel('Je suis sur un ordinateur partagé').check();
    await page.locator('form button[type=submit]').click();
    await page.waitForURL((where) => where.pathname === '/');
    await open(shared, pad);
    await write(page, 'Écrit au point d’accès.');
    await saved(page);
    same(await page.evaluate(async () => (await indexedDB.databases()).length), 0, 'databases');
    house.pausePads();
    try {
      await page.keyboard.type(' Pas encore.');
      await page.getByRole('button', { name: 'Quitter cet ordinateur' }).click();
      await page.getByRole('heading', { name: 'Des mots ne sont pas enregistrés' }).waitFor({ timeout: 15_000 });
      await page.getByRole('button', { name: 'Rester' }).last().click();
    } finally {
      house.resumePads();
    }
    await saved(page);
    await page.getByRole('button', { name: 'Quitter cet ordinateur' }).click();
    await page.waitForURL((where) => where.pathname === '/sign-in');
    same(await page.evaluate(async () => [(await indexedDB.databases()).length, localStorage.length, sessionStorage.length]), [0, 0, 0], 'what stays');
    await shared.context.close();
  });

  await check('no page complained and nothing outside was called', async () => {
    for (const one of everybody) {
      // A line that breaks is written to the console by the browser itself.
      same(one.complaints.filter((line) => !/WebSocket|ERR_INTERNET_DISCONNECTED|status of 50\d/.test(line)), [], `complaints of ${one.name}`);
      same(one.wire.outside, [], 'calls outside');
    }
  });
} finally {
  await browser.close();
  await house.stop();
}
report();
