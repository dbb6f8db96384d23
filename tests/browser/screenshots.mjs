// Screenshots of every page: node screenshots.mjs FOLDER [--mock] [--only NAME] [--widths 360,1280] [--languages fr] [--dark]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openPage, settled, startBrowser } from './browser.mjs';
import { startHouse } from './house.mjs';
import { cardsOf, pages, signIn } from './pages.mjs';

const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
};
const folder = process.argv[2] && !process.argv[2].startsWith('--') ? process.argv[2] : 'screenshots';
const widths = option('widths', '360,1280').split(',').map(Number);
const languages = option('languages', 'fr').split(',');
const only = option('only', '').split(',').filter(Boolean);
const dark = process.argv.includes('--dark');

mkdirSync(folder, { recursive: true });
const house = await startHouse({ base: Number(option('base', '23200')) });
const browser = await startBrowser();
try {
  for (const language of languages) {
    for (const width of widths) {
      const open = new Map();
      for (const one of pages.filter((p) => only.length === 0 || only.includes(p.name))) {
        if (!open.has(one.who)) {
          const visitor = await openPage(browser, { language, width, dark });
          if (one.who) {
            const card = (await cardsOf(house.url, visitor.page))[one.who];
            await signIn(visitor.page, house.url, card.login, card.password);
          }
          open.set(one.who, visitor);
        }
        const { page } = open.get(one.who);
        await page.goto(house.url + one.path);
        await settled(page);
        await one.act?.(page);
        const name = `${one.name}-${width}${languages.length > 1 ? `-${language}` : ''}${dark ? '-dark' : ''}.png`;
        await page.screenshot({ path: join(folder, name), fullPage: true });
      }
      for (const { context } of open.values()) await context.close();
    }
  }
} finally {
  await browser.close();
  await house.stop();
}
console.log(`screenshots in ${folder}`);
