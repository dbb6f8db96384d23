// Without network: on a person's own computer a text seen before opens again, after closing everything; on a shared one
// nothing of it stays. The network goes as a cut line does: nobody listens any more.
import { readFileSync } from 'node:fs';
import { axeFindings, openPage, settled, startBrowser } from './browser.mjs';
import { holds, same, suite, until } from './check.mjs';
import { startHouse } from './house.mjs';
import { api, newPad, open, person, saved, saving, text, words, write } from './pads.mjs';
import { cardsOf, signIn as enter } from './pages.mjs';
import { copied, cutLine, installed, kept, signIn } from './own-computer.mjs';

const { check, report } = suite();
const base = Number(process.env.HAMEAU_PORTS ?? 26100);
const house = await startHouse({ base });
const browser = await startBrowser();
const line = cutLine(house, base + 20);
const { url, cut, mend } = line;
await mend();

try {
  const marie = await person(browser, house, 'manager');
  /** Yann in a browser of his own. */
  const atHome = async () => {
    const one = { ...(await openPage(browser)), house: { url } };
    await signIn(house, one, url, false);
    return one;
  };
  /** The text is saved, and this browser keeps what opens it without network. */
  const writesAtHome = async (one, pad, what) => {
    await open(one, pad);
    await write(one.page, what);
    await saved(one.page);
    await installed(one.page);
  };

  await check('written without network, closed, opened again without network: it is there; then it merges', async () => {
    await mend();
    const pad = await newPad(marie);
    const yann = await atHome();
    await writesAtHome(yann, pad, 'Avant. ');
    const { files, texts } = await kept(yann.page);
    same(texts, [`hameau-pad-${pad.id}`], 'texts kept');
    holds(files.includes('/pad.html') && files.includes('/') && files.every((one) => ['/', '/pad.html'].includes(one) || /^\/assets\/[\w.-]+$/.test(one)), `only the pages' files: ${files}`);
    await cut();
    await until(async () => /Pas de réseau/.test(await saving(yann.page)), 'says so');
    await write(yann.page, 'Sans réseau. ');
    await copied(yann.page, pad);
    await yann.page.close();
    yann.page = await yann.context.newPage();
    await open(yann, pad);
    await until(async () => (await words(yann.page)) === 'Avant. Sans réseau. ', 'the text is there', 30_000);
    await until(async () => /Pas de réseau/.test(await saving(yann.page)), 'and says that there is no network');
    await write(yann.page, 'Rouvert. ');
    await open(marie, pad);
    await write(marie.page, 'De Marie. ');
    await saved(marie.page);
    await mend();
    await until(async () => { const seen = await words(marie.page); return ['Avant.', 'Sans réseau.', 'Rouvert.', 'De Marie.'].every((part) => seen.includes(part)); }, 'merged', 60_000);
    await saved(yann.page);
    await yann.page.getByRole('button', { name: 'Partager', exact: true }).waitFor();
    await yann.context.close();
  });

  /** What this browser keeps of lists; null: nothing. */
  const listsKept = (page) => page.evaluate(() => localStorage.getItem('hameau.seen'));
  const shows = (page, sentence) => until(async () => sentence.test(await page.locator('main').innerText()), String(sentence), 30_000);

  await check('home and the list of texts open without network: from when they are, what opens, and no verb that needs the house', async () => {
    await mend();
    const yann = await atHome();
    const [seen, unseen] = [await newPad(yann, { access: { members: 'none', link: 'none' } }), await newPad(marie)];
    await writesAtHome(yann, seen, 'Chez moi. ');
    await yann.page.goto(`${url}pads`);
    await yann.page.getByRole('link', { name: unseen.title, exact: true }).waitFor();
    // The network goes while the list is open, and another page was looked at in between.
    await yann.page.getByRole('navigation').getByRole('link', { name: 'Membres' }).click();
    await settled(yann.page);
    await cut();
    await yann.page.getByRole('navigation').getByRole('link', { name: 'Écrire' }).click();
    await shows(yann.page, /Pas de réseau\. Voici ce que la maison montrait aujourd.hui à \d+.h.\d\d\./);
    await yann.page.close();
    yann.page = await yann.context.newPage();
    for (const [path, title] of [['', 'Bonjour Yann.'], ['pads', 'Écrire']]) {
      await yann.page.goto(url + path);
      await yann.page.getByRole('heading', { name: title, exact: true }).waitFor({ timeout: 30_000 });
      await shows(yann.page, /Pas de réseau\. Voici ce que la maison montrait aujourd.hui à \d+.h.\d\d\./);
      await yann.page.getByRole('link', { name: seen.title, exact: true }).waitFor();
      await yann.page.getByText(unseen.title, { exact: true }).waitFor();
      same(await yann.page.getByRole('link', { name: unseen.title, exact: true }).count(), 0, 'a link to what does not open');
      same(await yann.page.locator('main button').allInnerTexts(), ['Réessayer'], 'verbs');
      same(await axeFindings(yann.page), [], 'findings');
    }
    await yann.page.getByRole('link', { name: seen.title, exact: true }).click();
    await until(async () => (await words(yann.page)) === 'Chez moi. ', 'the text', 30_000);
    await mend();
    await yann.page.goto(url);
    await yann.page.getByRole('heading', { name: 'Écrire ensemble' }).waitFor();
    const his = JSON.parse(await listsKept(yann.page)).member;
    // Another member signs in on this computer: nothing of Yann's list is shown, nor kept.
    await yann.page.goto('about:blank');
    await yann.context.clearCookies();
    const card = (await cardsOf(house.url, marie.page)).manager;
    await enter(yann.page, url, card.login, card.password);
    await until(async () => /"name":"Marie/.test(await listsKept(yann.page)), 'her list is kept');
    await cut();
    await yann.page.reload();
    await shows(yann.page, /Pas de réseau/);
    await yann.page.getByRole('heading', { name: 'Bonjour Marie.' }).waitFor();
    // A manager sees the title in her own list; his copy is not hers to open.
    same(await yann.page.getByRole('link', { name: seen.title, exact: true }).count(), 0, 'a link to his copy');
    holds(!(await listsKept(yann.page)).includes(his), 'his list is not kept');
    await mend();
    await yann.page.reload();
    await yann.page.getByRole('button', { name: 'Sortir', exact: true }).click();
    await yann.page.waitForURL((where) => where.pathname === '/sign-in');
    same(await listsKept(yann.page), null, 'after signing out');
    await cut();
    same(await yann.page.goto(url).then(() => 'opened', () => 'no network'), 'no network', 'home after signing out');
    await mend();
    await yann.context.close();
  });

  await check('a text never seen here does not open without network, and what is kept is never shown while it is there', async () => {
    await mend();
    const [seen, unseen] = [await newPad(marie), await newPad(marie)];
    const yann = await atHome();
    await open(yann, seen);
    await saved(yann.page);
    await installed(yann.page);
    // An old shell in the browser's hands: the house's page is shown all the same.
    await yann.page.evaluate(async () => { for (const name of await caches.keys()) await (await caches.open(name)).put('/pad.html', new Response('<p>old</p>', { headers: { 'Content-Type': 'text/html' } })); });
    await yann.page.reload();
    await text(yann.page).waitFor();
    await cut();
    await yann.page.reload({ waitUntil: 'commit' });
    await yann.page.getByText('old').waitFor();
    await mend();
    await yann.page.reload();
    await text(yann.page).waitFor();
    await cut();
    await yann.page.goto(`${url}pads/${unseen.id}`, { waitUntil: 'commit' }).catch(() => undefined);
    same(await yann.page.locator('#text').count(), 0, 'texts');
    await mend();
    await yann.context.close();
  });

  await check('a copy belongs to who made it: another member who signs in here neither sees nor sends it', async () => {
    await mend();
    const pad = await newPad(marie);
    const yann = await atHome();
    await writesAtHome(yann, pad, 'Avant. ');
    await cut();
    await until(async () => /Pas de réseau/.test(await saving(yann.page)), 'says so');
    await write(yann.page, 'De Yann. ');
    await copied(yann.page, pad);
    await yann.page.goto('about:blank');
    await mend();
    await yann.context.clearCookies();      // his session is over; nobody signed out
    const card = (await cardsOf(house.url, marie.page)).manager;
    await enter(yann.page, url, card.login, card.password);
    await open(yann, pad);
    await saved(yann.page);
    same(await words(yann.page), 'Avant. ', 'what the other one sees');
    await open(marie, pad);
    same(await words(marie.page), 'Avant. ', 'what the house has');
    await yann.page.goto('about:blank');
    await yann.context.clearCookies();
    await signIn(house, yann, url, false);
    await open(yann, pad);
    await until(async () => (await words(yann.page)) === 'Avant. De Yann. ', 'his words are still here');
    await until(async () => (await words(marie.page)) === 'Avant. De Yann. ', 'and go in his name');
    await yann.context.close();
  });

  const shut = (pad) => api(marie.page, 'PATCH', `/api/v1/pads/${pad.id}`, { access: { members: 'none', link: 'none' } });
  const gone = (page) => until(async () => (await kept(page)).texts.length === 0, 'the copy is gone');

  await check('access is taken away: the copy goes, at once or at the next visit; in the bin it stays, purged it goes', async () => {
    await mend();
    const yann = await atHome();
    const seen = async () => {
      const pad = await newPad(marie);
      await open(yann, pad);
      await write(yann.page, 'Écrit. ');
      await saved(yann.page);
      await until(async () => (await kept(yann.page)).texts.includes(`hameau-pad-${pad.id}`), 'a copy is kept');
      return pad;
    };
    await shut(await seen());
    await yann.page.getByRole('heading', { name: 'Ce texte ne vous est plus ouvert' }).waitFor();
    await gone(yann.page);
    const away = await seen();
    await yann.page.goto(`${url}help`);
    await shut(away);
    await open(yann, away, { ready: false });
    await yann.page.getByRole('heading', { name: 'Ce texte ne vous est pas ouvert' }).waitFor();
    await gone(yann.page);
    const thrown = await seen();
    await yann.page.goto(`${url}help`);
    await api(marie.page, 'DELETE', `/api/v1/pads/${thrown.id}`);
    const asked = () => yann.page.waitForResponse((answer) => answer.url().endsWith(`/api/v1/pads/${thrown.id}`));
    await Promise.all([asked(), yann.page.goto(`${url}pads`)]);
    same((await kept(yann.page)).texts, [`hameau-pad-${thrown.id}`], 'in the bin: it may come back');
    same((await api(marie.page, 'DELETE', `/api/v1/pads/${thrown.id}?purge=1`)).status, 204, 'purged');
    await Promise.all([asked(), yann.page.reload()]);
    await gone(yann.page);
    await yann.context.close();
  });

  await check('access is taken away while there are unsaved words: they are offered, kept until they are let go', async () => {
    await mend();
    const pad = await newPad(marie);
    const yann = await atHome();
    await writesAtHome(yann, pad, 'Avant. ');
    await cut();
    await until(async () => /Pas de réseau/.test(await saving(yann.page)), 'says so');
    await write(yann.page, 'Seulement ici.');
    await copied(yann.page, pad);
    await shut(pad);
    await mend();
    const words = yann.page.getByLabel('Votre texte, avec des mots qui ne sont pas enregistrés.');
    await words.waitFor({ timeout: 60_000 });
    same(await words.inputValue(), 'Avant. Seulement ici.', 'words');
    await open(yann, pad, { ready: false });
    await words.waitFor();
    same(await words.inputValue(), 'Avant. Seulement ici.', 'at the next visit');
    const [file] = await Promise.all([yann.page.waitForEvent('download'), yann.page.getByRole('button', { name: 'Télécharger (texte simple)' }).click()]);
    same(readFileSync(await file.path(), 'utf8'), 'Avant. Seulement ici.', 'file');
    same((await kept(yann.page)).texts.length, 1, 'copies');
    await yann.page.getByRole('button', { name: 'Effacer de cet ordinateur' }).click();
    await yann.page.getByText('Cet ordinateur ne garde plus le texte.').waitFor();
    await gone(yann.page);
    await yann.context.close();
  });

  await check('signing out leaves nothing; a shared computer never had anything', async () => {
    await mend();
    const pad = await newPad(marie);
    const yann = await atHome();
    await writesAtHome(yann, pad, 'Écrit chez moi. ');
    await yann.page.goto(`${url}account`);
    await yann.page.getByRole('button', { name: 'Sortir', exact: true }).click();
    await yann.page.waitForURL((where) => where.pathname === '/sign-in');
    same(await kept(yann.page), { workers: 0, files: [], texts: [] }, 'after signing out');
    await signIn(house, yann, url, true);
    await open(yann, pad);
    await write(yann.page, 'Au point d’accès. ');
    await saved(yann.page);
    same(await kept(yann.page), { workers: 0, files: [], texts: [] }, 'on a shared computer');
    same(await listsKept(yann.page), null, 'lists');
    await yann.page.getByRole('button', { name: 'Quitter cet ordinateur' }).click();
    await yann.page.waitForURL((where) => where.pathname === '/sign-in');
    same(await kept(yann.page), { workers: 0, files: [], texts: [] }, 'after leaving');
    same((await api(marie.page, 'GET', `/api/v1/pads/${pad.id}`)).status, 200, 'the house has the text');
    await yann.context.close();
  });
} finally {
  await browser.close();
  await cut();
  await house.stop();
}
report();
