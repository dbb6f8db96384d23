// The associations of the house on its admin's page: what a removal does is said before it happens, the bin brings back, and
// erasing asks for the short name. portal.mjs runs this in the house that it has started.
import { readFileSync } from 'node:fs';
import { axeFindings, openPage, overflow, settled } from './browser.mjs';
import { holds, same, until } from './check.mjs';
import { cardsOf, signIn } from './pages.mjs';

export async function associationChecks({ check, house, browser }) {
  await check('truth: an association goes into the bin, comes back, and is erased once its short name is typed', async () => {
    const { page, context } = await openPage(browser);
    const card = (await cardsOf(house.url, page)).admin;
    await signIn(page, house.url, card.login, card.password);
    const call = (method, path, data) => page.request.fetch(`${house.url}api/v1/${path}`, { method, headers: { Origin: new URL(house.url).origin }, ...(data ? { data } : {}) });
    const text = () => page.evaluate(() => document.querySelector('main').innerText);
    const press = (name) => page.getByRole('button', { name }).first().click();
    same((await call('POST', 'associations', { slug: 'potager', name: 'Le Potager', domains: [] })).status(), 201, 'made');
    same((await call('POST', 'associations/potager/members', { login: 'seule', name: 'Anne Seule', role: 'manager' })).status(), 201, 'somebody who is only there');
    await page.goto(`${house.url}status`);
    await settled(page);
    await press(/^Mettre à la corbeille.: Le Potager$/);
    const dialog = page.getByRole('dialog');
    await until(async () => /1 membre, qui n.a aucune autre association/.test(await dialog.innerText()), 'what happens to whom');
    holds((await axeFindings(page)).length === 0, 'axe, the question');
    await dialog.getByRole('button', { name: 'Mettre à la corbeille', exact: true }).click();
    await until(async () => /Le Potager \(potager\)[\s\S]*1 compte n.a qu.elle/.test(await text()), 'in the bin, on the page');
    same((await call('GET', 'associations/potager')).status(), 404, 'and in fact');
    holds((await axeFindings(page)).length === 0, 'axe, the bin');
    for (const width of [360, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      same(await overflow(page), '', `no scrolling sideways at ${width}`);
    }
    await press('Reprendre Le Potager');
    await until(async () => (await call('GET', 'associations/potager')).status() === 200, 'back');
    await until(async () => !/compte n.a qu.elle/.test(await text()), 'the bin is empty');
    await press(/^Mettre à la corbeille.: Le Potager$/);
    await dialog.getByRole('button', { name: 'Mettre à la corbeille', exact: true }).click();
    await press('Effacer maintenant Le Potager');
    // Erased, though one service has yet to do its part: the page shows what is so, and says what the response says.
    await page.route(/potager\?purge=1/, async (route) => {
      await route.fetch();
      await route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify({ status: 503, code: 'association_erase_pending', title: '', detail: 'Les sites ont encore leur part à faire.' }) });
    });
    await dialog.getByRole('textbox').fill('potager');
    await dialog.getByRole('button', { name: /Effacer/ }).click();
    await until(async () => (await (await call('GET', 'associations?bin=1')).json()).items.length === 0, 'erased');
    await until(async () => !/Le Potager \(potager\)/.test((await text()).split('Certificats d')[0]), 'not on the page any more, but for its certificate');
    await until(async () => /Les sites ont encore leur part à faire/.test(await page.evaluate(() => document.body.innerText)), 'what is left to do is said');
    // The certificate says what was erased, and names nobody.
    await until(async () => /Certificats d.effacement[\s\S]*Le Potager \(potager\)[\s\S]*à la demande d.un administrateur[\s\S]*1 membre et 1 compte[\s\S]*Terminé partout/.test(await text()), 'the certificate');
    holds(!/Anne Seule|seule/.test((await text()).split('Certificats')[1]), 'nobody is named');
    holds((await axeFindings(page)).length === 0, 'axe, the certificates');
    await context.close();
  });

  await check('truth: whoever manages an association takes everything; on a shared computer nothing is left behind', async () => {
    const { page, context } = await openPage(browser);
    const cards = await cardsOf(house.url, page);
    await signIn(page, house.url, cards.manager.login, cards.manager.password);
    await page.goto(house.url);
    await settled(page);
    const block = page.getByRole('region', { name: 'Tout emporter' });
    await block.getByRole('checkbox').check();
    const [download] = await Promise.all([page.waitForEvent('download'), block.getByRole('button', { name: /Télécharger/ }).click()]);
    holds(/^[a-z-]+-\d{4}-\d\d-\d\d\.tar\.zst$/.test(download.suggestedFilename()), 'a name that says what and when');
    const bytes = readFileSync(await download.path());
    same(bytes.subarray(0, 4).toString('hex'), '28b52ffd', 'zstd');
    await until(async () => /Gardez l.archive en lieu sûr/.test(await page.evaluate(() => document.body.innerText)), 'what it holds is said');
    await page.route(/\/archive/, (route) => route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{}' }));
    await block.getByRole('button', { name: /Télécharger/ }).click();
    await until(async () => (await block.getByRole('alert').count()) > 0, 'a refusal is said, and no file of it is saved');
    holds((await axeFindings(page)).length === 0, 'axe');
    for (const width of [360, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      same(await overflow(page), '', `no scrolling sideways at ${width}`);
    }
    const call = (method, path, data) => page.request.fetch(`${house.url}api/v1/${path}`, { method, headers: { Origin: new URL(house.url).origin }, data });
    same((await call('POST', 'session', { login: cards.manager.login, password: cards.manager.password, shared_computer: true })).status(), 200, 'on a shared computer');
    await page.goto(house.url);
    await until(async () => /Téléchargez-la depuis le vôtre/.test(await block.innerText()), 'why not here');
    same(await block.getByRole('button').count(), 0, 'no button');
    await context.close();
  });
}
