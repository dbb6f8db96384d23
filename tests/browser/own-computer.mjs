// What a browser keeps on a person's own computer, and a line to the house that can be cut: nobody listens any more.
import { until } from './check.mjs';
import { slowLink } from './slow-link.mjs';

/** A way to the house at `url` that ends with cut() and is there again with mend(); it begins cut. */
export function cutLine(house, port) {
  const fast = { port, to: Number(new URL(house.url).port), kbit_per_s: 1_000_000, round_ms: 0 };
  let line = null;
  return {
    url: `https://localhost:${port}/`,
    async mend() { line ??= await slowLink(fast); },
    async cut() {
      await line?.stop();
      line = null;
    },
  };
}

/** What the browser keeps of the house at this page. */
export const kept = (page) => page.evaluate(async () => ({
  workers: (await navigator.serviceWorker.getRegistrations()).length,
  files: (await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map((one) => new URL(one.url).pathname)))).flat(),
  texts: (await indexedDB.databases()).map((one) => one.name.replace(/~.*/, '')),      // without whose they are
}));

/** Done when everything that was written before is in this browser's copy: its work is done one after the other. */
export const copied = (page, pad) => page.evaluate(async (name) => {
  const known = (await indexedDB.databases()).find((one) => one.name.startsWith(name));
  return new Promise((done, failed) => {
    const request = indexedDB.open(known.name);
    request.onerror = () => failed(request.error);
    request.onsuccess = () => {
      const work = request.result.transaction(['updates'], 'readwrite');
      work.objectStore('updates').count();
      work.oncomplete = () => { request.result.close(); done(); };
    };
  });
}, `hameau-pad-${pad.id}~`);

export const installed = (page) => until(() => page.evaluate(async () => (await navigator.serviceWorker.getRegistration('/pads/'))?.active?.state === 'activated'), 'the editor is kept', 30_000);

/** A member signs in at `url`, a way to that house. */
export async function signIn(house, one, url, shared) {
  const cards = (await (await one.page.request.get(`${house.url}api/v1/house`)).json()).people;
  const card = cards.find((who) => who.role === 'member');
  await one.page.goto(`${url}sign-in`);
  await one.page.locator('#field-login').fill(card.login);
  await one.page.locator('#field-password').fill(card.password);
  if (shared) await one.page.getByLabel('Je suis sur un ordinateur partagé').check();
  await one.page.locator('form button[type=submit]').click();
  await one.page.waitForURL((where) => where.pathname === '/');
}
