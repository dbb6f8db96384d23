// What the Site page says and does is true: portal.mjs runs these checks in the house that it has started.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { axeFindings, openPage, overflow, settled } from './browser.mjs';
import { holds, same, until } from './check.mjs';
import { cardsOf, signIn } from './pages.mjs';

const page_text = '<!doctype html><html lang="fr"><title>A</title><p>Bonjour</p></html>';
const text = (page) => page.evaluate(() => document.querySelector('main').innerText);
const press = (page, name) => page.getByRole('button', { name }).first().click();

export async function siteChecks({ check, house, browser }) {
  const folder = mkdtempSync(join(tmpdir(), 'hameau-site-'));
  mkdirSync(join(folder, 'photos/2026'), { recursive: true });
  writeFileSync(join(folder, 'accueil.html'), page_text);
  writeFileSync(join(folder, 'photos/2026/fete.txt'), 'la fête');
  const { page, context } = await openPage(browser);
  const card = (await cardsOf(house.url, page)).manager;
  await signIn(page, house.url, card.login, card.password);
  const open = async (path = 'site') => { await page.goto(house.url + path); await settled(page); };
  const deploys = 'api/v1/sites/amis.test/deploys';
  const get = async (path) => (await page.request.get(house.url + path)).json();
  const call = (method, path, data) => page.request.fetch(`${house.url}${path}`, { method, headers: { Origin: new URL(house.url).origin }, data: data ?? {} });
  const live = async () => (await get(deploys)).items.find((one) => one.live).number;
  const first = await live();

  await check('truth: a site without a secure connection says why on its page', async () => {
    // A trial certifies its sites itself: the response of a house on the internet is put in its place.
    const reason = "l'adresse ne mène encore nulle part.";
    await page.route('**/api/v1/associations/amis/sites?*', async (route) => {
      const answer = await route.fetch();
      const body = await answer.json();
      await route.fulfill({ response: answer, json: { ...body, items: body.items.map((one) => ({ ...one, certificate: false, certificate_reason: reason })) } });
    });
    await open();
    await until(async () => /connexion sûre de ce site n.est pas encore en place.: l.adresse ne mène/.test(await text(page)), 'the reason');
    holds((await axeFindings(page)).length === 0, 'axe');
    await page.unroute('**/api/v1/associations/amis/sites?*');
    await open();
    await until(async () => /est en ligne/.test(await text(page)), 'the page');
    holds(!/connexion sûre/.test(await text(page)), 'said no more');
  });

  await check('truth: a folder without a home page is asked about before it is on line, and its sub-folders stay', async () => {
    await open();
    same(await page.locator('[data-pick=folder]').evaluate((dom) => dom.webkitdirectory), true, 'the button chooses a folder');
    await page.locator('[data-pick=folder]').setInputFiles(folder);
    await until(async () => /Il manque la page d.accueil/.test(await text(page)), 'the question');
    same(await live(), first, 'nothing changed');
    holds((await axeFindings(page)).length === 0, 'axe');
    await press(page, /^Publier quand même$/);
    await until(async () => (await live()) !== first, 'the version');
    await until(async () => /Donnez|Renommez accueil\.html/.test(await text(page)), 'the remark');
    same((await get(deploys)).items[0].files, 2, 'files, the one two folders down too');
    same((await call('POST', `api/v1/sites/amis.test/live`, { number: await live() })).status(), 422, 'the API asks too');
    // The way back goes back to the version of before.
    await press(page, /^Annuler$/);
    await until(async () => (await live()) === first, 'the version of before');
  });

  await check('truth: a program that publishes gets a password of its own, with the command that uses it', async () => {
    await open();
    await page.locator('summary', { hasText: 'Publier depuis un programme' }).click();
    await page.getByLabel('Nom du programme').fill('générateur');
    await press(page, /^Créer un mot de passe$/);
    await until(async () => /curl -u/.test(await text(page)), 'the command');
    const shown = await text(page);
    holds(shown.includes(`curl -u ${card.login} -X POST -T site.zip ${new URL(house.url).origin}/${deploys}`), shown);
    const password = shown.match(/ap-[a-z2-7]{8}-[a-z2-7]{26}/)?.[0];
    holds(password, 'the password');
    holds((await axeFindings(page)).length === 0, 'axe');
    same((await get('api/v1/me/app-passwords')).items.map((one) => one.scopes.join()), ['deploy']);
    await open('mail');
    holds(!/générateur/.test(await text(page)), 'it is none of the mail programs');
    await open();
    await page.locator('summary', { hasText: 'Publier depuis un programme' }).click();
    await until(async () => /générateur/.test(await text(page)), 'the list');
    await page.getByRole('button', { name: 'Retirer le mot de passe : générateur' }).click();
    await until(async () => (await get('api/v1/me/app-passwords')).items.length === 0, 'revoked');
  });

  await check('truth: a publishing key is shown once, with its last use, and says why it ended', async () => {
    const unfold = async () => { await open(); await page.locator('summary', { hasText: 'Publier depuis un programme' }).click(); };
    await unfold();
    await press(page, /^Faire une clé$/);
    await until(async () => /Donnez un nom à la clé/.test(await text(page)), 'the name is asked for');
    await page.getByLabel('Nom de la clé').fill('générateur');
    await press(page, /^Faire une clé$/);
    await until(async () => /hameau_[a-z2-7]{52}/.test(await text(page)), 'the key');
    const key = (await text(page)).match(/hameau_[a-z2-7]{52}/)[0];
    holds(/Jamais utilisée/.test(await text(page)), 'never used');
    same(await axeFindings(page), [], 'axe');
    same(await overflow(page), '', 'width');
    // A program of elsewhere: no cookie.
    const program = await browser.newContext({ ignoreHTTPSErrors: true, storageState: undefined });
    same((await program.request.get(house.url + deploys, { headers: { Authorization: `Bearer ${key}` } })).status(), 200, 'the key opens');
    await unfold();
    await until(async () => /Dernier usage/.test(await text(page)), 'the last use');
    holds(!(await text(page)).includes(key), 'never shown again');
    await page.getByRole('button', { name: 'Retirer la clé générateur' }).click();
    await until(async () => /Finie le .*Elle a été retirée\./.test(await text(page)), 'why it ended');
    same((await program.request.get(house.url + deploys, { headers: { Authorization: `Bearer ${key}` } })).status(), 401, 'it opens nothing');
    same(await axeFindings(page), [], 'axe');
    await page.getByRole('button', { name: 'Enlever de la liste : générateur' }).click();
    await until(async () => (await get('api/v1/sites/amis.test/tokens')).items.length === 0, 'forgotten');
    await program.close();
  });

  await check('truth: a sending goes on while another page is looked at, and its remarks are shown afterwards', async () => {
    writeFileSync(join(folder, 'index.html'), page_text.replace('</p>', '</p><img src="x.png">'));
    await open();
    const before = (await get(deploys)).items[0].number;
    let release;
    const held = new Promise((done) => { release = done; });
    await page.route(/\/deploys\?/, async (route) => { if (route.request().method() === 'POST') await held; await route.continue(); });
    await page.locator('[data-pick=folder]').setInputFiles(folder);
    await until(async () => /Gardez cet onglet ouvert/.test(await text(page)), 'the word about the tab');
    await page.locator('nav a[href="/account"], a[href="/account"]').first().click();
    await until(async () => new URL(page.url()).pathname === '/account', 'another page');
    // The browser asks before a reload drops it.
    same(await page.evaluate(() => { const event = new Event('beforeunload', { cancelable: true }); dispatchEvent(event); return event.defaultPrevented; }), true, 'asked before it is dropped');
    release();
    await until(async () => (await get(deploys)).items[0].number > before, 'the version');
    await page.locator('nav a[href="/site"], a[href="/site"]').first().click();
    await until(async () => /sans texte de remplacement/.test(await text(page)), 'the remark');
    await page.unroute(/\/deploys\?/);
    same(await page.evaluate(() => { const event = new Event('beforeunload', { cancelable: true }); dispatchEvent(event); return event.defaultPrevented; }), false, 'nothing is asked any more');
    await call('POST', 'api/v1/sites/amis.test/live', { number: first });
  });

  await check('truth: two people publish one site: the second is told by whom and when, and replaces only when that is meant', async () => {
    writeFileSync(join(folder, 'index.html'), page_text);
    await open();
    const seen = await live();
    // Another person publishes while this page is open.
    const other = await openPage(browser);
    const admin = (await cardsOf(house.url, other.page)).admin;
    await signIn(other.page, house.url, admin.login, admin.password);
    await other.page.goto(`${house.url}site`);
    await settled(other.page);
    await other.page.locator('[data-pick=folder]').setInputFiles(folder);
    await until(async () => (await live()) !== seen, 'the other version');
    const theirs = await live();
    await page.locator('[data-pick=folder]').setInputFiles(folder);
    await until(async () => new RegExp(`Rien n.a été remplacé[^]*${admin.name} a mis en ligne la version ${theirs}, aujourd.hui à`).test(await text(page)), 'by whom and when');
    same(await live(), theirs, 'nothing was replaced');
    holds((await axeFindings(page)).length === 0, 'axe');
    // The page shows what is so, with names, not logins.
    await until(async () => new RegExp(`Version ${theirs}\\s*en ligne\\s*${admin.name},`, 'i').test(await text(page)), 'the list');
    await press(page, /^Remplacer cette version$/);
    await until(async () => (await live()) > theirs, 'replaced');
    holds((await get(deploys)).items.some((one) => one.number === theirs), 'the other version is kept');
    await call('POST', 'api/v1/sites/amis.test/live', { number: first });
    await other.context.close();
  });

  await check('truth: a site that is removed comes back from the bin', async () => {
    await call('POST', 'api/v1/associations/amis/sites', { host: 'bin.amis.test' });
    await open();
    await page.locator('.pick select').selectOption('bin.amis.test');
    await press(page, /^Retirer bin\.amis\.test$/);
    await until(async () => !(await get('api/v1/associations/amis/sites')).items.some((one) => one.host === 'bin.amis.test'), 'gone');
    await press(page, /^Voir la corbeille$/);
    await until(async () => /Effacé pour de bon le/.test(await text(page)), 'the bin');
    same(await overflow(page), '', 'overflow');
    await press(page, /bin\.amis\.test en ligne/);
    await until(async () => (await get('api/v1/associations/amis/sites')).items.some((one) => one.host === 'bin.amis.test'), 'back');
    await call('DELETE', 'api/v1/sites/bin.amis.test');
    await call('DELETE', 'api/v1/sites/bin.amis.test?purge=1');
  });
  await context.close();
  rmSync(folder, { recursive: true });
}
