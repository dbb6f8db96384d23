// What the portal says to people is true: portal.mjs runs these checks in the house that it has started. Each one stands
// for a row of section H in tests/seams.md.
import { openPage, settled } from './browser.mjs';
import { holds, same, until } from './check.mjs';
import { cardsOf, signIn } from './pages.mjs';

const bodyText = (page) => page.evaluate(() => document.querySelector('main').innerText);

/** A call of the API with the page's own session, as a script of another tab would make it. */
async function api(house, page, method, path, data) {
  return page.request.fetch(house.url + path, { method, headers: { Origin: new URL(house.url).origin, 'Accept-Language': 'fr' }, ...(data ? { data } : {}) });
}

async function signedIn(house, browser, role, options) {
  const visitor = await openPage(browser, options);
  const card = (await cardsOf(house.url, visitor.page))[role];
  await signIn(visitor.page, house.url, card.login, card.password);
  return { ...visitor, card };
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
