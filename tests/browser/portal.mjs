// The pages of the portal, each in the states of pages.mjs: axe, 320 pixels, no complaint, light on the wire, keyboard.
import { axeFindings, openPage, overflow, settled, startBrowser } from './browser.mjs';
import { holds, same, suite } from './check.mjs';
import { startHouse } from './house.mjs';
import { newPad, person } from './pads.mjs';
import { cardsOf, pages, signIn } from './pages.mjs';
import { askingChecks, mailChecks, noticeChecks, peopleChecks, recoveryChecks, setupChecks, usageChecks } from './truth.mjs';
import { associationChecks } from './truth-associations.mjs';
import { bringChecks } from './truth-bring.mjs';
import { diagnosisChecks } from './truth-diagnosis.mjs';
import { siteChecks } from './truth-site.mjs';

const { check, report } = suite();
const base = Number(process.env.HAMEAU_PORTS ?? 26100);
const house = await startHouse({ base });
const browser = await startBrowser();
const page_bytes = 150_000;
const { services } = await (await (await openPage(browser)).page.request.get(`${house.url}api/v1/house`)).json();
const has = (one) => services.mail || !one.name.startsWith('mail');

/** What happens when everything is reached with Tab: no stop without a visible sign, none twice before the end. */
async function tabs(page) {
  const wanted = await page.evaluate(() => {
    const seen = (dom) => dom.checkVisibility() && dom.getClientRects().length > 0 && getComputedStyle(dom).visibility !== 'hidden';
    const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary')].filter((dom) => seen(dom) && !dom.disabled && dom.tabIndex >= 0);
    // Of a group of radio buttons one is a stop.
    return all.filter((dom) => dom.type !== 'radio' || dom.checked).map((dom, i) => { dom.dataset.stop = String(i); return String(i); });
  });
  await page.evaluate(() => { document.activeElement?.blur(); scrollTo(0, 0); });
  const reached = new Set();
  for (let i = 0; i < wanted.length + 12; i += 1) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const dom = document.activeElement;
      if (!dom || dom === document.body) return null;
      const style = getComputedStyle(dom);
      return { stop: dom.dataset.stop ?? '', shown: style.outlineStyle !== 'none', what: dom.outerHTML.slice(0, 90) };
    });
    if (!stop) continue;
    holds(stop.shown, `the focus shows on ${stop.what}`);
    reached.add(stop.stop);
  }
  return wanted.filter((stop) => !reached.has(stop)).length;
}

async function visit(open, one, options) {
  const kind = `${one.who} ${options.language} ${options.width}`;
  if (!open.has(kind)) {
    const visitor = await openPage(browser, options);
    if (one.who) {
      const card = (await cardsOf(house.url, visitor.page))[one.who];
      await signIn(visitor.page, house.url, card.login, card.password);
    }
    open.set(kind, visitor);
  }
  const visitor = open.get(kind);
  visitor.complaints.length = 0;
  await visitor.page.goto(house.url + one.path);
  await settled(visitor.page);
  await one.act?.(visitor.page);
  return visitor;
}

try {
  const open = new Map();
  const marie = await person(browser, house, 'manager');
  await newPad(marie, { access: { members: 'write', link: 'write' } });
  await marie.context.close();
  for (const one of pages.filter(has)) {
    await check(`${one.name}: axe, keyboard, no complaint`, async () => {
      const { page, complaints } = await visit(open, one, { language: 'fr', width: 1280 });
      same(await axeFindings(page), [], 'findings');
      same(await tabs(page), 0, 'places that Tab does not reach');
      same(complaints, [], 'complaints');
    });
    await check(`${one.name}: 320 pixels, in English`, async () => {
      const { page, complaints } = await visit(open, one, { language: 'en', width: 320, height: 640 });
      same(await overflow(page), '', 'sideways');
      same(await page.evaluate(() => document.documentElement.lang), 'en', 'language');
      same((await axeFindings(page)).filter((line) => !line.startsWith('target-size')), [], 'findings');
      same(complaints, [], 'complaints');
    });
  }
  await check('pages, their files and calls of the API come by HTTP/2', async () => {
    const { page } = await openPage(browser);
    await page.goto(house.url);
    await settled(page);
    const seen = await page.evaluate(() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
      .map((one) => [one.nextHopProtocol, new URL(one.name).pathname]));
    same([...new Set(seen.map(([protocol]) => protocol))], ['h2'], JSON.stringify(seen));
    holds(seen.some(([, path]) => path.startsWith('/api/')) && seen.some(([, path]) => path.startsWith('/assets/')), JSON.stringify(seen));
    await page.context().close();
  });
  await check(`no page takes more than ${page_bytes / 1000} kB on the wire, nothing outside`, async () => {
    const said = [];
    for (const role of [null, 'manager', 'admin']) {
      const card = role && (await cardsOf(house.url, (await openPage(browser)).page))[role];
      for (const one of pages.filter((page) => page.who === role && !page.act && has(page))) {
        const fresh = await openPage(browser);
        if (card) {
          // Signed in by the API, so that the page itself comes to an empty cache.
          await fresh.page.request.post(`${house.url}api/v1/session`, { data: { login: card.login, password: card.password }, headers: { Origin: new URL(house.url).origin } });
        }
        await fresh.page.goto(house.url + one.path);
        await settled(fresh.page);
        await fresh.page.waitForLoadState('networkidle');
        holds(fresh.wire.bytes < page_bytes && fresh.wire.bytes > 10_000, `${one.name}: ${fresh.wire.bytes} bytes`);
        same(fresh.wire.outside, [], `calls outside of ${one.name}`);
        said.push(fresh.wire.bytes);
        await fresh.context.close();
      }
    }
    return `${Math.round(Math.min(...said) / 1000)} to ${Math.round(Math.max(...said) / 1000)} kB`;
  });
  if (house.real) {
    for (const checks of [recoveryChecks, peopleChecks, noticeChecks, askingChecks, usageChecks, siteChecks, bringChecks, associationChecks, diagnosisChecks, ...(services.mail ? [mailChecks] : [])]) await checks({ check, house, browser });
  }
  if (house.real) {
    await house.stop();
    const fresh = await startHouse({ base, fresh: true });
    await setupChecks({ check, house: fresh, browser }).finally(fresh.stop);
  }
} finally {
  await browser.close();
  await house.stop();
}
report();
