// Every page of the portal, who sees it, and how to bring it into the states worth looking at.
import { settled } from './browser.mjs';

export async function signIn(page, url, login, password) {
  await page.goto(`${url}sign-in`);
  await settled(page);
  await page.locator('#field-login').fill(login);
  await page.locator('#field-password').fill(password);
  await page.locator('form button[type=submit]').click();
  await page.waitForURL((where) => where.pathname === '/');
  await settled(page);
}

export async function cardsOf(url, page) {
  const answer = await page.request.get(`${url}api/v1/house`);
  const house = await answer.json();
  return Object.fromEntries((house.people ?? []).map((one) => [one.role, one]).reverse());
}

const press = (name) => async (page) => { await page.getByRole('button', { name }).first().click(); await settled(page); };

/** `who`: role of the card; null: signed out. `act`: what to press before looking. */
export const pages = [
  { name: 'sign-in', path: 'sign-in', who: null },
  { name: 'sign-in-error', path: 'sign-in', who: null, act: async (page) => { await page.locator('form button[type=submit]').click(); } },
  { name: 'invitation', path: 'invitation', who: null },
  { name: 'recovery', path: 'recovery', who: null },
  { name: 'help', path: 'help', who: null },
  { name: 'home', path: '', who: 'manager' },
  { name: 'pads', path: 'pads', who: 'manager' },
  { name: 'pads-new', path: 'pads', who: 'manager', act: press(/^(Nouveau texte|New text)$/) },
  { name: 'pads-share', path: 'pads', who: 'manager', act: press(/^(Partager|Share)/) },
  { name: 'pads-bin', path: 'pads', who: 'manager', act: press(/^(Voir la corbeille|See the bin)$/) },
  { name: 'site', path: 'site', who: 'manager' },
  { name: 'site-new', path: 'site', who: 'manager', act: press(/^(Ajouter un site|Add a site)$/) },
  { name: 'mail', path: 'mail', who: 'manager' },
  { name: 'mail-add', path: 'mail', who: 'manager', act: press(/^(Ajouter une adresse de redirection|Add a forwarding address)$/) },
  { name: 'mail-bin', path: 'mail', who: 'manager', act: press(/^(Voir la corbeille|See the bin)$/) },
  { name: 'domains', path: 'domains', who: 'manager' },
  { name: 'domains-open', path: 'domains', who: 'manager', act: async (page) => {
    for (const summary of await page.locator('main details > summary').all()) await summary.click();
  } },
  { name: 'members', path: 'members', who: 'manager' },
  { name: 'members-invite', path: 'members', who: 'manager', act: press(/^(Inviter une personne|Invite a person)$/) },
  { name: 'members-namesake', path: 'members', who: 'manager', act: async (page) => {
    await press(/^(Inviter une personne|Invite a person)$/)(page);
    await page.locator('#field-name').fill('Yann Kervella');
    await page.getByText(/porte ce nom ici|has this name here/).waitFor();
  } },
  { name: 'members-change', path: 'members', who: 'manager', act: press(/^(Changer|Change)\s?:/) },
  { name: 'account', path: 'account', who: 'manager' },
  { name: 'not-found', path: 'nowhere', who: 'manager' },
  { name: 'home-member', path: '', who: 'member' },
  { name: 'members-member', path: 'members', who: 'member' },
  { name: 'site-member', path: 'site', who: 'member' },
  { name: 'home-admin', path: '', who: 'admin' },
  { name: 'status', path: 'status', who: 'admin' },
  { name: 'news', path: 'news', who: 'admin' },
  { name: 'energy', path: 'energy', who: 'admin' },
  { name: 'diagnosis', path: 'diagnosis', who: 'admin', act: async (page) => {
    await press(/^(Regarder maintenant|Look now)$/)(page);
    await page.locator('section[aria-labelledby=all]').waitFor();
  } },
  { name: 'diagnosis-open', path: 'diagnosis', who: 'admin', act: async (page) => {
    await press(/^(Regarder maintenant|Look now)$/)(page);
    for (const summary of await page.locator('details > summary').all()) await summary.click();
  } },
];
