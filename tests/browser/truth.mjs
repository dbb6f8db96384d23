// What the portal says to people is true: portal.mjs runs these checks in the house that it has started. Each one stands
// for a row of section H in tests/seams.md.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { axeFindings, openPage, overflow, settled } from './browser.mjs';
import { holds, same, until } from './check.mjs';
import { repository } from './house.mjs';
import { cardsOf, signIn } from './pages.mjs';

/** A message from outside, over the house's own port for other houses. */
function deliver(port, to, bytes) {
  const line = `${'x'.repeat(70)}\r\n`;
  const says = ['EHLO sender.test', 'MAIL FROM:<someone@sender.test>', `RCPT TO:<${to}>`, 'DATA',
    `From: <someone@sender.test>\r\nTo: <${to}>\r\nSubject: Gros message\r\n\r\n${line.repeat(Math.ceil(bytes / line.length))}.`, 'QUIT'];
  return new Promise((done, failed) => {
    let came = '';
    const socket = createConnection(port, '127.0.0.1');
    socket.on('error', failed);
    socket.on('close', () => (says.length === 0 ? done() : failed(new Error(`refused: ${came}`))));
    socket.on('data', (part) => {
      came += part;
      // The last line of an answer has a space after its number.
      const last = came.match(/^(\d)\d\d .*\r\n$/m);
      if (!last) return;
      if (last[1] > '3' || says.length === 0) return void socket.end();
      came = '';
      socket.write(`${says.shift()}\r\n`);
    });
  });
}

const bodyText = (page) => page.evaluate(() => document.querySelector('main').innerText);

/** A call of the API with the page's own session, as a script of another tab would make it. */
export async function api(house, page, method, path, data) {
  return page.request.fetch(house.url + path, { method, headers: { Origin: new URL(house.url).origin, 'Accept-Language': 'fr' }, ...(data ? { data } : {}) });
}

export async function signedIn(house, browser, role, options) {
  const visitor = await openPage(browser, options);
  const card = (await cardsOf(house.url, visitor.page))[role];
  await signIn(visitor.page, house.url, card.login, card.password);
  return { ...visitor, card };
}

/** As if everybody who is signed in had given the password eleven minutes earlier. */
function longAgo(house) {
  const words = 'import sqlite3, sys; db = sqlite3.connect(sys.argv[1], timeout=20); '
    + 'done = db.execute("UPDATE session SET proven_ms = proven_ms - 660000 WHERE proven_ms > 0").rowcount; db.commit(); sys.exit(done == 0)';
  const done = spawnSync('python3', ['-c', words, join(house.state, 'people/people.db')], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`no session was made older: ${done.stderr}`);
}

export async function recoveryChecks({ check, house, browser }) {
  await check('truth: a mistyped recovery code is named, what was typed stays, no word of a session', async () => {
    const { page, context } = await openPage(browser);
    await page.goto(`${house.url}recovery`);
    await settled(page);
    await page.locator('#field-login').fill('marie');
    await page.locator('#field-code').fill('page-mare');
    await page.locator('#field-password').fill('quatre mots sans rapport');
    await page.locator('form button[type=submit]').click();
    const said = await until(async () => { const text = await bodyText(page); return /code de secours n.est pas/.test(text) && text; }, 'the sentence');
    holds(!/session est finie/.test(said), 'no word of a session');
    same(new URL(page.url()).pathname, '/recovery', 'page');
    same(await page.locator('#field-code').inputValue(), 'PAGE-MARE', 'code kept');
    await context.close();
  });

  await check('truth: a password that everybody tries is refused in words, and the invitation stays good', async () => {
    const { page, context } = await signedIn(house, browser, 'manager');
    const made = await (await api(house, page, 'POST', 'api/v1/associations/amis/members', { login: 'truth.guest', name: 'Gaël Tanguy', invite: true })).json();
    const guest = await openPage(browser);
    await guest.page.goto(`${house.url}invitation`);
    await settled(guest.page);
    await guest.page.locator('#field-code').fill(made.invitation.code.toLowerCase().replace('-', ' '));
    await guest.page.locator('form button[type=submit]').click();
    await guest.page.locator('#field-password').fill('azertyuiop');
    await guest.page.locator('form button[type=submit]').click();
    await until(async () => /se suivent sur le clavier/.test(await bodyText(guest.page)), 'the sentence about the keyboard');
    same(await guest.page.locator('#field-password').inputValue(), 'azertyuiop', 'what was typed');
    await guest.page.locator('#field-password').fill('le vent dans les voiles');
    await guest.page.locator('form button[type=submit]').click();
    await guest.page.waitForURL((where) => where.pathname === '/');
    await guest.page.goto(`${house.url}account`);
    await settled(guest.page);
    await until(async () => /pas de code pour l.instant/.test(await bodyText(guest.page)), 'the word about codes that were never made');
    await api(house, page, 'DELETE', 'api/v1/associations/amis/members/truth.guest');
    await guest.context.close();
    await context.close();
  });
}

const members = 'api/v1/associations/amis/members';
const press = async (page, name) => { await page.getByRole('button', { name }).first().click(); };
const go = async (house, page, path) => { await page.goto(house.url + path); await settled(page); };
const itemsOf = async (house, page, path) => (await (await api(house, page, 'GET', path)).json()).items;

export async function peopleChecks({ check, house, browser }) {
  await check('truth: two people of one name get a login and an address each, and can be told apart', async () => {
    const { page, context } = await signedIn(house, browser, 'manager');
    await go(house, page, 'members');
    await press(page, /^Inviter une personne$/);
    await page.locator('#field-name').fill('Yann Kervella');
    await until(async () => (await page.locator('#field-mailbox').inputValue()) === 'yann.kervella2@amis.test', 'a free address');
    same(await page.locator('#field-login').inputValue(), 'yann.kervella2', 'a free login');
    holds(/Une autre personne porte ce nom ici.:.yann\.kervella@amis\.test/.test(await bodyText(page)), 'the other one is named');
    await page.locator('#field-login').fill('yann.le.jeune');
    same(await page.locator('#field-mailbox').inputValue(), 'yann.le.jeune@amis.test', 'the address follows the login');
    await press(page, /^Ajouter$/);
    await until(async () => /L.invitation de Yann Kervella est prête/.test(await bodyText(page)), 'the invitation');
    await press(page, /^Ajouter un groupe$/);
    const labels = await page.locator('fieldset.choice label').allInnerTexts();
    for (const one of ['Yann Kervella (yann.kervella@amis.test)', 'Yann Kervella (yann.le.jeune@amis.test)', 'Marie Le Goff']) holds(labels.includes(one), `${one} in ${labels}`);
    const taken = await api(house, page, 'POST', members, { login: 'yann', name: 'Yann Kervella', invite: true });
    const { detail } = await taken.json();
    holds(!/déjà membre/.test(detail) && /yann\.kervella\d/.test(detail), `what is said of a taken login: ${detail}`);
    // Removed: the invitation on the screen goes with the person; "removed" is said when it is true.
    const joined = async () => (await itemsOf(house, page, members)).some((one) => one.login === 'yann.le.jeune');
    const remove = async () => {
      await page.getByRole('button', { name: 'Changer : Yann Kervella' }).nth(1).click();
      await page.locator('.row-more').getByRole('button', { name: /^Retirer de l.association$/ }).click();
      await until(async () => /ne fait plus partie/.test(await bar.innerText()), 'the word when it is done');
      holds(!(await joined()), 'no member any more');
    };
    const bar = page.locator('.undo-place');
    await remove();
    holds(!/est prête/.test(await bodyText(page)), 'the invitation is gone');
    // Undone by the bar, then by the bin, then erased.
    await bar.getByRole('button', { name: /^Annuler$/ }).click();
    await until(async () => /fait de nouveau partie/.test(await bar.innerText()), 'back');
    holds(await joined(), 'a member again');
    await remove();
    await page.locator('section[aria-labelledby="member-bin"]').getByRole('button', { name: /^Voir la corbeille$/ }).click();
    const kept = page.locator('section[aria-labelledby="member-bin"] .rows li').filter({ hasText: 'yann.le.jeune' });
    await kept.getByRole('button', { name: /^Reprendre/ }).click();
    await until(joined, 'a member again, from the bin');
    await remove();
    await kept.getByRole('button', { name: /^Effacer maintenant/ }).click();
    await page.locator('#field-erase').fill('yann.le.jeune');
    await page.locator('dialog').getByRole('button', { name: /^Effacer/ }).click();
    await until(async () => (await kept.count()) === 0, 'erased');
    same((await itemsOf(house, page, `${members}?bin=1`)).filter((one) => one.login === 'yann.le.jeune').length, 0, 'in the bin');
    await context.close();
  });

  await check('truth: no verb that would be refused, names agree with their word, times are the reader\'s own', async () => {
    const { page, context } = await signedIn(house, browser, 'manager', { zone: 'Pacific/Auckland' });
    await go(house, page, 'members');
    await page.getByRole('button', { name: 'Changer : Annick Morvan' }).click();
    const more = page.locator('.row-more');
    holds(/Ce compte sert à toute la maison/.test(await more.innerText()), 'the reason');
    same(await more.getByRole('button', { name: /invitation|Empêcher/ }).count(), 0, 'verbs that a manager may not use on an admin');
    await go(house, page, 'mail');
    const text = await until(async () => { const now = await bodyText(page); return /boîte d’Annick Morvan/.test(now) && now; }, 'd’Annick');
    holds(/boîte de Yann Kervella/.test(text) && /boîte de Marie/.test(text), 'de Yann, de Marie');
    const [pad] = (await itemsOf(house, page, 'api/v1/associations/amis/pads')).sort((a, b) => b.updated.localeCompare(a.updated));
    await go(house, page, 'pads');
    const time = new Intl.DateTimeFormat('fr', { timeZone: 'Pacific/Auckland', hour: 'numeric', minute: '2-digit' }).format(new Date(pad.updated)).replace(':', '\u00a0h\u00a0');
    holds((await bodyText(page)).includes(time), `the time of ${pad.title} on a clock in Auckland: ${time}`);
    await context.close();
  });
}

export async function noticeChecks({ check, house, browser }) {
  await check('truth: what was restored from the bin is said, its undo bar goes; one "Annuler" at a time', async () => {
    const { page, context } = await signedIn(house, browser, 'manager');
    const made = await (await api(house, page, 'POST', 'api/v1/associations/amis/pads', { slug: 'truth-bin', title: 'À jeter' })).json();
    await go(house, page, 'pads');
    await press(page, /^Jeter : À jeter$/);
    const bar = page.locator('.undo-place');
    await bar.getByRole('button', { name: /^Annuler$/ }).waitFor();
    await press(page, /^Nouveau texte$/);
    same(await page.getByRole('button', { name: /^Annuler$/ }).count(), 1, 'buttons named "Annuler"');
    await press(page, /^Voir la corbeille$/);
    await page.getByRole('button', { name: 'Reprendre : À jeter' }).click();
    await until(async () => /est revenu dans la liste/.test(await bar.innerText()), 'a word that everybody sees');
    for (const width of [1280, 320]) {
      await page.setViewportSize({ width, height: 800 });
      same(await overflow(page), '', `sideways at ${width}`);
      same((await axeFindings(page)).filter((line) => width > 320 || !line.startsWith('target-size')), [], `findings at ${width}`);
    }
    same(await bar.getByRole('button', { name: /^Annuler$/ }).count(), 0, 'the undo of what is not in the bin');
    same((await (await api(house, page, 'GET', `api/v1/pads/${made.id}`)).json()).gone ?? null, null, 'restored');
    // The list of the bin is open: it tells what comes into it, and what goes by the undo bar.
    await press(page, /^Jeter : À jeter$/);
    const back = page.getByRole('button', { name: 'Reprendre : À jeter' });
    await back.waitFor();
    same(await page.locator('.undo-place .undo').count(), 1, 'bars at once');
    await bar.getByRole('button', { name: /^Annuler$/ }).click();
    await back.waitFor({ state: 'detached' });
    await until(async () => /est revenu dans la liste/.test(await bar.innerText()), 'the word after undoing');
    await api(house, page, 'DELETE', `api/v1/pads/${made.id}`);
    await context.close();
  });

  await check('truth: a removal that fails after the page has changed is told; a long list says how much is left', async () => {
    const { page, context } = await signedIn(house, browser, 'manager');
    const groups = 'api/v1/associations/amis/groups';
    for (let i = 0; i < 21; i += 1) same((await api(house, page, 'POST', groups, { slug: `truth-${i}`, name: `Vérité ${i}` })).status(), 201, 'group');
    await go(house, page, 'members');
    const rows = page.getByRole('button', { name: /^Retirer le groupe/ });
    await rows.first().waitFor();
    same(await rows.count(), 20, 'groups shown first');
    await press(page, /^Montrer \d+ de plus$/);
    const all = (await itemsOf(house, page, groups)).length;
    same(await rows.count(), all, 'groups after one more step');
    await press(page, /^Retirer le groupe Vérité 20$/);
    await api(house, page, 'DELETE', `${groups}/truth-20`);
    await page.getByRole('link', { name: 'Écrire', exact: true }).click();
    await page.locator('.undo-place .said.serious').waitFor();
    for (let i = 0; i < 20; i += 1) await api(house, page, 'DELETE', `${groups}/truth-${i}`);
    await context.close();
  });
}

export async function askingChecks({ check, house, browser }) {
  await check('truth: a session that ends in a form asks for the password in place, keeps what was typed, and goes on', async () => {
    const { page, context, card } = await signedIn(house, browser, 'manager');
    await go(house, page, 'members');
    await press(page, /^Inviter une personne$/);
    await page.locator('#field-name').fill('Rozenn Cadiou');
    await until(async () => (await page.locator('#field-login').inputValue()) === 'rozenn.cadiou', 'the login');
    await api(house, page, 'DELETE', 'api/v1/session');
    await press(page, /^Ajouter$/);
    const dialog = page.getByRole('dialog', { name: 'Votre session est finie' });
    await dialog.waitFor();
    same(await axeFindings(page), [], 'findings');
    same(await page.locator('#field-name').inputValue(), 'Rozenn Cadiou', 'what was typed');
    await page.keyboard.type('not the password');
    await page.keyboard.press('Enter');
    await until(async () => /mot de passe n.est pas le bon/.test(await dialog.innerText()), 'the sentence');
    await dialog.locator('#field-asked-password').fill(card.password);
    await page.keyboard.press('Enter');
    await until(async () => /L.invitation de Rozenn Cadiou est prête/.test(await bodyText(page)), 'it went on');
    same(await dialog.count(), 0, 'dialogs');
    await api(house, page, 'DELETE', `${members}/rozenn.cadiou`);
    // Whoever gives up is on the sign-in page, and nothing of the page is left.
    await api(house, page, 'DELETE', 'api/v1/session');
    await page.getByRole('link', { name: 'Courrier', exact: true }).click();
    await dialog.getByRole('button', { name: 'Renoncer' }).click();
    await page.waitForURL((where) => where.pathname === '/sign-in');
    await context.close();
  });

  await check('truth: more cookies than a request can carry are cleared, said, and one comes in again', async () => {
    // As a page on a domain above the house can set them, for a year: a few too many, and all that a browser keeps.
    for (const count of [9, 30, 170]) {
      const { page, context } = await openPage(browser);
      await context.addCookies(Array.from({ length: count }, (_, i) => ({ name: `trop${i}`, value: 'x'.repeat(4000), url: house.url })));
      const answer = await page.goto(house.url);
      same(answer.status(), 431, 'status');
      await until(async () => /trop de cookies[^]*rechargez la page|too many cookies[^]*load the page again/.test(await bodyText(page)), 'the sentence');
      await until(async () => (await context.cookies()).length === 0, 'they are gone');
      same((await page.reload()).status(), 200, 'the page, loaded again');
      await context.close();
    }
  });

  await check('truth: on a shared computer a session that has ended leaves nothing on the screen', async () => {
    const { page, context } = await openPage(browser);
    const card = (await cardsOf(house.url, page)).manager;
    await go(house, page, 'sign-in');
    await page.getByLabel(/ordinateur partagé/).check();
    await page.locator('#field-login').fill(card.login);
    await page.locator('#field-password').fill(card.password);
    await page.locator('form button[type=submit]').click();
    await page.waitForURL((where) => where.pathname === '/');
    // Its own questions are answered: what finds the session ended is the click.
    await settled(page);
    await page.waitForLoadState('networkidle');
    await api(house, page, 'DELETE', 'api/v1/session');
    await page.getByRole('link', { name: 'Membres', exact: true }).click();
    await page.waitForURL((where) => where.pathname === '/sign-in');
    same(await page.getByRole('dialog').count(), 0, 'dialogs');
    await context.close();
  });

  await check('truth: what needs the password again asks in place and sends it as `current`', async () => {
    const { page, context, card } = await signedIn(house, browser, 'manager');
    const sent = [];
    await page.route('**/api/v1/me/recovery-codes', (route) => {
      if (route.request().method() === 'POST') sent.push(route.request().postDataJSON());
      return route.continue();
    });
    longAgo(house);
    await go(house, page, 'account');
    await press(page, /^Faire de nouveaux codes$/);
    const dialog = page.getByRole('dialog', { name: 'Est-ce bien vous' });
    await dialog.locator('#field-asked-password').fill('wrong');
    await page.keyboard.press('Enter');
    await until(async () => /n.est pas le bon/.test(await dialog.innerText()), 'the sentence');
    await dialog.locator('#field-asked-password').fill(card.password);
    await page.keyboard.press('Enter');
    await until(async () => /[A-Z0-9]{4}-[A-Z0-9]{4}/.test(await bodyText(page)), 'the codes');
    same(sent, [{}, { current: 'wrong' }, { current: card.password }], 'bodies');
    // Given a moment ago, it is not asked for again.
    await press(page, /^Faire de nouveaux codes$/);
    await until(() => sent.length === 4, 'once more');
    same(await dialog.count(), 0, 'questions');
    longAgo(house);
    await press(page, /^Faire de nouveaux codes$/);
    await dialog.getByRole('button', { name: 'Renoncer' }).click();
    await until(async () => /Redonnez votre mot de passe/.test(await bodyText(page)), 'why nothing happened');
    await context.close();
  });
}

export async function mailChecks({ check, house, browser }) {
  await check('truth: a person, a mailbox and an address of redirection get another name; what stays is said', async () => {
    const { page, context } = await signedIn(house, browser, 'manager');
    const amis = 'api/v1/associations/amis';
    const list = async (what) => (await (await api(house, page, 'GET', `${amis}/${what}`)).json()).items;
    const open = async (path, what) => {
      await go(house, page, path);
      await page.getByRole('button', { name: `Changer : ${what}`, exact: true }).click();
    };
    same((await api(house, page, 'POST', `${amis}/members`, { login: 'truth.bride', name: 'Nolwenn Le Bras', mailbox: 'nolwenn.lebras@amis.test', password: 'le vent dans les voiles' })).status(), 201, 'member');
    same((await api(house, page, 'POST', `${amis}/aliases`, { address: 'truth-bal@amis.test', to: ['marie.legoff@amis.test'] })).status(), 201, 'alias');

    await open('members', 'Nolwenn Le Bras');
    await page.getByText('l’ancienne adresse arrive encore ici').waitFor();
    await page.getByLabel('Prénom et nom').fill('Nolwenn Kerdoncuff');
    await page.getByLabel('Adresse de courrier').fill('nolwenn.kerdoncuff@amis.test');
    same(await axeFindings(page), [], 'findings');
    await press(page, /^Enregistrer le nom et l.adresse$/);
    await until(async () => /Nolwenn Kerdoncuff[^]*nolwenn\.kerdoncuff@amis\.test/.test(await bodyText(page)), 'the new name');
    holds((await list('aliases')).some((one) => one.address === 'nolwenn.lebras@amis.test'), 'the old address stays');

    await open('mail', 'nolwenn.kerdoncuff@amis.test');
    // An address that somebody has is refused in the row, and nothing changes.
    await page.getByLabel('Adresse', { exact: true }).fill('marie.legoff@amis.test');
    await press(page, /^Changer l.adresse$/);
    await page.locator('.row-more [role=alert]').first().waitFor();
    await page.getByLabel('Adresse', { exact: true }).fill('nolwenn@amis.test');
    await page.getByLabel('Garder aussi l’adresse actuelle').uncheck();
    await page.getByText('Ce qui y arrive sera refusé').waitFor();
    same(await axeFindings(page), [], 'findings');
    await press(page, /^Changer l.adresse$/);
    await until(async () => /nolwenn\.kerdoncuff@amis\.test s.appelle maintenant nolwenn@amis\.test\. L.ancienne adresse ne reçoit plus rien/.test(await page.locator('.undo-place').innerText()), 'the sentence');
    holds(!(await list('aliases')).some((one) => one.address === 'nolwenn.kerdoncuff@amis.test'), 'the address in between has gone');
    holds((await list('mailboxes')).some((one) => one.address === 'nolwenn@amis.test'), 'the new address');

    await open('mail', 'truth-bal@amis.test');
    await page.getByLabel('Vers quelles adresses').fill('nolwenn@amis.test, marie.legoff@amis.test');
    await page.locator('.row-more').getByRole('button', { name: 'Enregistrer', exact: true }).click();
    await until(async () => /truth-bal@amis\.test\s+redirigée vers [^\n]*nolwenn@amis\.test/.test(await bodyText(page)), 'where it leads');
    for (const one of ['aliases/truth-bal@amis.test', 'members/truth.bride']) await api(house, page, 'DELETE', `${amis}/${one}`);
    await context.close();
  });

  await check('truth: a domain in letters is typed in letters and shown in letters', async () => {
    const admin = await signedIn(house, browser, 'admin');
    const { page, context } = await signedIn(house, browser, 'manager');
    const amis = 'api/v1/associations/amis';
    const domain = 'brest-été.example';
    const { domains } = await (await api(house, page, 'GET', amis)).json();
    same((await api(house, admin.page, 'PATCH', amis, { domains: [...domains, domain] })).status(), 200, 'the domain');
    await go(house, page, 'mail');
    await press(page, /^Ajouter une adresse de redirection$/);
    await page.locator('#field-address').fill(`contact@${domain}`);
    await page.locator('#field-to').fill('marie.legoff@amis.test');
    await page.locator('form.panel').getByRole('button', { name: 'Ajouter', exact: true }).click();
    await until(async () => /contact@brest-été\.example\s+redirigée vers/.test(await bodyText(page)), 'the redirection');
    holds(!/xn--/.test(await bodyText(page)), 'no other form on the page');
    const { items } = await (await api(house, page, 'GET', `${amis}/aliases`)).json();
    holds(items.some((one) => one.address === 'contact@xn--brest-t-gyab.example'), 'what is kept');
    same((await api(house, page, 'DELETE', `${amis}/aliases/${encodeURIComponent(`contact@${domain}`)}`)).status(), 204, 'removed, by the name in letters');
    same((await api(house, admin.page, 'PATCH', amis, { domains })).status(), 200, 'the domain is given up');
    await context.close();
    await admin.context.close();
  });

  await check('truth: a copy of one\'s messages that a manager asks for is shown to its owner, who decides', async () => {
    const manager = await signedIn(house, browser, 'manager');
    const owner = await signedIn(house, browser, 'member');
    const boxes = 'api/v1/associations/amis/mailboxes';
    const box = `${boxes}/copies@amis.test`;
    const add = () => api(house, manager.page, 'POST', boxes, { address: 'copies@amis.test', login: owner.card.login, forward: ['ailleurs@dehors.example'] });
    const state = async () => (await (await api(house, owner.page, 'GET', 'api/v1/me/mail')).json()).mailboxes.find((one) => one.address === 'copies@amis.test').forward[0].state;
    same((await add()).status(), 201, 'a new mailbox');
    // Nothing leaves unasked, however young the mailbox is, and the owner is asked on the first page.
    same(await state(), 'waiting', 'state');
    await go(house, owner.page, '');
    await until(async () => /copie de chaque message reçu à copies@amis\.test parte à ailleurs@dehors\.example/.test(await bodyText(owner.page)), 'the notice at home');
    await owner.page.getByRole('link', { name: 'Décider sur la page Courrier' }).click();
    await press(owner.page, /^Refuser les copies vers ailleurs@dehors\.example$/);
    await until(async () => /vous l.avez arrêtée/.test(await bodyText(owner.page)), 'the new state');
    same(await state(), 'ended', 'state');
    // Removed and made again: it comes back out of the bin, and the answer stands; nobody gets round it.
    same((await api(house, manager.page, 'DELETE', box)).status(), 204, 'removed');
    same((await add()).status(), 201, 'made anew');
    same(await state(), 'ended', 'state');
    // Taken back and asked for again: nothing leaves before the new answer.
    for (const forward of [[], ['ailleurs@dehors.example']]) same((await api(house, manager.page, 'PATCH', box, { forward })).status(), 200, 'asked again');
    same(await state(), 'waiting', 'state');
    await go(house, manager.page, 'mail');
    await until(async () => /rien ne part sans l.accord d/.test(await bodyText(manager.page)), 'what the manager sees');
    await go(house, owner.page, 'mail');
    for (const width of [1280, 360]) {
      await owner.page.setViewportSize({ width, height: 800 });
      same(await overflow(owner.page), '', `sideways at ${width}`);
      same(await axeFindings(owner.page), [], `findings at ${width}`);
      if (process.env.HAMEAU_LOOK) await owner.page.screenshot({ path: `${process.env.HAMEAU_LOOK}/copies-${width}.png`, fullPage: true });
    }
    await press(owner.page, /^Accepter les copies vers ailleurs@dehors\.example$/);
    await until(async () => (await state()) === 'agreed', 'the agreement');
    await go(house, owner.page, '');
    same(await owner.page.getByRole('link', { name: 'Décider sur la page Courrier' }).count(), 0, 'notices after the answer');
    await api(house, manager.page, 'DELETE', box);
    await api(house, manager.page, 'DELETE', `${box}?purge=1`);
    await manager.context.close();
    await owner.context.close();
  });

  await check('truth: a list that is cut says so, what erases does it once, no verb for an address without a domain', async () => {
    const { page, context, card } = await signedIn(house, browser, 'manager');
    // A house whose list of mailboxes never ends.
    const one = (i) => ({ address: `b${i}@amis.test`, login: card.login });
    let asked = 0;
    await page.route('**/api/v1/associations/amis/mailboxes?*', (route) => {
      asked += 1;
      return route.fulfill({ json: { items: Array.from({ length: 500 }, (_, i) => one(asked * 500 + i)), next: `b${asked}` } });
    });
    await go(house, page, 'mail');
    await until(async () => /seuls les 5.000 premiers éléments sont montrés/.test(await bodyText(page)), 'the sentence');
    same(asked, 10, 'calls');
    await page.getByRole('link', { name: 'Membres', exact: true }).click();
    await until(async () => !/premiers éléments/.test(await bodyText(page)), 'the sentence goes with its list');
    await page.unroute('**/api/v1/associations/amis/mailboxes?*');
    // A mailbox goes into the bin, comes back by the undo bar and from the bin; Enter twice in the dialog erases once.
    const boxes = 'api/v1/associations/amis/mailboxes';
    same((await api(house, page, 'POST', boxes, { address: 'deux.fois@amis.test', login: card.login })).status(), 201, 'a mailbox');
    let erased = 0;
    await page.route('**/api/v1/associations/amis/mailboxes/deux.fois*', async (route) => {
      if (route.request().method() === 'DELETE' && route.request().url().endsWith('purge=1')) erased += 1;
      await route.continue();
    });
    await go(house, page, 'mail');
    const listed = async (query = '') => (await (await api(house, page, 'GET', `${boxes}?limit=500${query}`)).json()).items.some((box) => box.address === 'deux.fois@amis.test');
    const remove = async () => {
      await page.getByRole('button', { name: 'Changer : deux.fois@amis.test' }).click();
      await page.getByRole('button', { name: 'Mettre à la corbeille la boîte deux.fois@amis.test' }).click();
      await until(async () => /deux\.fois@amis\.test est à la corbeille jusqu.au/.test(await page.locator('.undo-place').innerText()), 'in the bin, and until when');
      same(await listed(), false, 'among the mailboxes');
      same(await listed('&bin=1'), true, 'in the bin');
    };
    const back = () => until(async () => /deux\.fois@amis\.test est revenue, avec ses messages/.test(await bodyText(page)), 'it is said');
    await remove();
    await page.getByRole('button', { name: /^Annuler/ }).click();
    await back();
    same(await listed(), true, 'back by the undo bar');
    await remove();
    await page.getByRole('button', { name: /^Voir la corbeille$/ }).click();
    await page.getByRole('button', { name: 'Reprendre la boîte deux.fois@amis.test' }).click();
    await back();
    // Other checks may have left theirs in the bin.
    await until(async () => (await page.getByRole('button', { name: 'Reprendre la boîte deux.fois@amis.test' }).count()) === 0, 'the open bin follows');
    same(await page.getByRole('button', { name: /^Annuler/ }).count(), 0, 'undo bars of what is back');
    await remove();
    await page.getByRole('button', { name: 'Effacer pour de bon la boîte deux.fois@amis.test' }).click();
    await page.locator('#field-erase').fill('deux.fois@amis.test');
    await page.evaluate(() => { const form = document.querySelector('dialog form'); form.requestSubmit(); form.requestSubmit(); });
    await until(async () => /La boîte deux\.fois@amis\.test et ses messages sont effacés pour de bon/.test(await bodyText(page)), 'the word');
    same(erased, 1, 'calls that erase');
    same(await listed('&bin=1'), false, 'nothing is left in the bin');
    // An association without a domain.
    await page.route('**/api/v1/associations/amis', (route) => route.fulfill({ json: { slug: 'amis', name: 'Les Amis', domains: [] } }));
    await go(house, page, 'mail');
    await until(async () => /n.a pas encore de domaine/.test(await bodyText(page)), 'the reason');
    same(await page.getByRole('button', { name: /^Ajouter une (boîte|adresse de redirection)$/ }).count(), 0, 'verbs');
    await context.close();
  });
}

export async function usageChecks({ check, house, browser }) {
  await check('truth: how full the association is, for those who manage it, and what to do near the end', async () => {
    const admin = await signedIn(house, browser, 'admin');
    const marie = await signedIn(house, browser, 'manager');
    const block = marie.page.getByRole('region', { name: 'Place de l’association' });
    const used = async () => (await (await api(house, marie.page, 'GET', 'api/v1/associations/amis/usage')).json()).used_bytes;
    const limit = async (bytes) => {
      same((await api(house, admin.page, 'PATCH', 'api/v1/associations/amis', { quota: bytes })).status(), 200, 'quota');
      await marie.page.goto(house.url);
      await settled(marie.page);
    };
    const smtp = Number(process.env.HAMEAU_PORTS ?? 26100) + 2;
    await deliver(smtp, 'marie.legoff@amis.test', 400_000);
    await until(async () => (await used()) > 300_000, 'the message counts', 30_000);
    try {
      await limit(5 * 2 ** 30);
      await until(async () => /sur 5,4.Go, soit 0.%\./.test(await block.innerText()), 'the sentence');
      same(await block.locator('.notice').count(), 0, 'warnings');
      await limit(Math.floor((await used()) / 0.87));
      await until(async () => /moins d.un cinquième[^]*Effacez des textes de la corbeille/.test(await block.innerText()), 'the warning');
      same(await block.locator('.notice.attention').count(), 1, 'warnings');
      await limit(Math.floor((await used()) / 0.92));
      await until(async () => /La place des textes, des images et des sites est prise[^]*Le courrier arrive encore/.test(await block.innerText()), 'only mail');
      same(await block.locator('.notice.serious').count(), 1, 'warnings');
      await limit(Math.floor((await used()) / 0.97));
      await until(async () => /ne reste presque plus de place[^]*Effacez des textes de la corbeille/.test(await block.innerText()), 'the strong warning');
      same(await block.locator('.notice.serious').count(), 1, 'warnings');
      same(await axeFindings(marie.page), [], 'findings');
      const yann = await signedIn(house, browser, 'member');
      same(await yann.page.getByRole('region', { name: 'Place de l’association' }).count(), 0, 'what a member sees of it');
      await yann.context.close();
    } finally {
      await limit(5 * 2 ** 30);
    }
    await marie.context.close();
    await admin.context.close();
  });

  await check('truth: a text in the bin is erased for good by those who may, once its title is typed', async () => {
    const { page, context } = await signedIn(house, browser, 'manager');
    const made = await (await api(house, page, 'POST', 'api/v1/associations/amis/pads', { slug: 'truth-erased', title: 'À effacer' })).json();
    same((await api(house, page, 'DELETE', `api/v1/pads/${made.id}`)).status(), 204, 'binned');
    await page.goto(`${house.url}pads`);
    await settled(page);
    await page.getByRole('button', { name: 'Voir la corbeille' }).click();
    await page.getByRole('button', { name: 'Effacer pour de bon : À effacer' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox').fill('À effacer');
    await dialog.getByRole('button', { name: 'Effacer', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    same(await page.getByText('À effacer', { exact: true }).count(), 0, 'rows');
    same((await api(house, page, 'POST', `api/v1/pads/${made.id}/restore`, {})).status(), 404, 'nothing brings it back');
    await context.close();
  });
}

/** `house`: a fresh one, which waits for its first visit. */
export async function setupChecks({ check, house, browser }) {
  await check('truth: a new house is set up by its first visitor, who is told what is missing and keeps what was typed', async () => {
    const { page, context, complaints } = await openPage(browser);
    const say = (label, value) => page.getByLabel(label.replace(/'/g, '’'), { exact: true }).fill(value);
    const title = (name) => page.waitForFunction((wanted) => document.querySelector('h1')?.innerText.replace(/’/g, '\'').replace(/\s/g, ' ') === wanted, name);
    const names = JSON.parse(readFileSync(join(repository, 'web-ui/src/i18n/fr.json'), 'utf8'));
    const on = () => press(page, /^Continuer$/);
    await page.goto(house.setup);
    await title(names['setup.step.house']);
    holds(!page.url().includes('#'), 'the secret leaves the address');
    await on();
    await page.locator('#field-house-error').waitFor();
    await say(names['setup.house'], 'Maison du Bourg');
    await on();
    await title(names['setup.step.person']);
    await say(names['members.name'], 'Élodie Le Gall');
    same(await page.locator('#field-login').inputValue(), 'elodie.le.gall', 'the proposal');
    await say(names['sign_in.login'], '');
    same(await page.locator('#field-login').inputValue(), '', 'another one can be written');
    await say(names['sign_in.login'], 'elodie');
    await say(names['password.choose'], 'le vent dans les voiles');
    same(await axeFindings(page), [], 'findings');
    await on();
    await title(names['setup.step.association']);
    await press(page, /^Revenir$/);
    await title(names['setup.step.person']);
    same(await page.locator('#field-login').inputValue(), 'elodie', 'what was typed');
    await on();
    await say(names['setup.association'], 'Les Amis du Bourg');
    await page.locator('form button[type=submit]').click();
    await page.waitForURL((where) => where.pathname === '/');
    await page.getByRole('heading', { name: 'Bonjour Élodie.' }).waitFor();
    same(complaints, [], 'complaints');
    await page.goto(`${house.url}setup`);
    await page.getByText(names['setup.done'].replace(/'/g, '’')).waitFor();
    await context.close();
  });
}
