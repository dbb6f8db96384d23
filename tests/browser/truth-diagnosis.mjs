// The diagnosis on its page: what is really broken is shown, its button mends it, and what loses something is left to the command.
import { chmodSync, statSync } from 'node:fs';
import { axeFindings, openPage, overflow, settled } from './browser.mjs';
import { holds, same, until } from './check.mjs';
import { cardsOf, signIn } from './pages.mjs';

export async function diagnosisChecks({ check, house, browser }) {
  if (!house.real) return;
  await check('truth: the diagnosis shows what is broken, its button mends it, and the focus is not lost', async () => {
    const { page, context } = await openPage(browser);
    const card = (await cardsOf(house.url, page)).admin;
    await signIn(page, house.url, card.login, card.password);
    chmodSync(`${house.state}/people`, 0o755);
    await page.goto(`${house.url}status`);
    await settled(page);
    await page.getByRole('link', { name: 'Diagnostic complet' }).click();
    await page.getByRole('button', { name: 'Regarder maintenant' }).click();
    const mend = page.getByRole('button', { name: 'Réparer : Droits des dossiers' });
    await mend.waitFor();
    holds((await axeFindings(page)).length === 0, 'axe, something is broken');
    for (const width of [360, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      same(await overflow(page), '', `no scrolling sideways at ${width}`);
    }
    await mend.click();
    await page.getByText('Les dossiers reprennent leurs propriétaires').waitFor();
    await mend.waitFor({ state: 'detached' });
    same((statSync(`${house.state}/people`).mode & 0o777).toString(8), '700', 'and in fact');
    await until(async () => (await page.evaluate(() => document.activeElement?.tagName)) === 'H1', 'the focus is on the heading');
    await context.close();
  });
  await check('truth: a repair that loses something has no button, its command stands there', async () => {
    const { page, context } = await openPage(browser);
    const card = (await cardsOf(house.url, page)).admin;
    await signIn(page, house.url, card.login, card.password);
    await page.route('**/api/v1/diagnosis', async (route) => {
      const answer = await route.fetch({ method: 'GET', postData: undefined });
      const document = await answer.json();
      document.checks = [{ id: 'mail.hold', group: 'mail', title: 'Messages retenus', state: 'attention', code: 'mail.hold.held', text: 'Messages retenus : 2.', advice: '', at: null, repair: 'asks', repair_text: 'Les messages retenus sont remis en route.' }];
      document.counts = { fine: 0, attention: 1, broken: 0, unknown: 0 };
      document.repair = null;
      await route.fulfill({ json: document });
    });
    await page.goto(`${house.url}diagnosis`);
    await settled(page);
    await page.getByText('hameau diagnose --repair mail.hold --yes').waitFor();
    same(await page.getByRole('button', { name: 'Réparer : Messages retenus' }).count(), 0, 'no button');
    holds((await axeFindings(page)).length === 0, 'axe, what the command does');
    same(await overflow(page), '', 'no scrolling sideways');
    await context.close();
  });
}
