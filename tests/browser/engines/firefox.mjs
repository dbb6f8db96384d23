// Firefox for the tests, by puppeteer over WebDriver BiDi: people at browsers of their own, who type and click.
import { existsSync } from 'node:fs';
import puppeteer from 'puppeteer-core';

const binary = process.env.FIREFOX ?? ['/usr/bin/firefox-esr', '/usr/bin/firefox'].find((path) => existsSync(path));

export async function startFirefox() {
  const browser = await puppeteer.launch({
    browser: 'firefox', executablePath: binary, headless: true, acceptInsecureCerts: true, timeout: 120_000,
    // A page that is not looked at must not be slowed down.
    extraPrefsFirefox: { 'intl.accept_languages': 'fr-FR', 'dom.min_background_timeout_value': 4, 'dom.timeout.enable_budget_timer_throttling': false },
  });
  return {
    async person() {
      const context = await browser.createBrowserContext();
      const page = await context.newPage();
      await page.setViewport({ width: 1280, height: 900 });
      return {
        go: (url) => page.goto(url, { waitUntil: 'domcontentloaded', timeout: 60_000 }),
        evaluate: (work, argument) => page.evaluate(work, argument),
        type: (letters) => page.keyboard.type(letters),
        /** "Control+Shift+8": the last one is pressed while the others are held. */
        async press(combination) {
          const all = combination.split('+');
          const key = all.pop();
          for (const one of all) await page.keyboard.down(one);
          await page.keyboard.press(key);
          for (const one of all.reverse()) await page.keyboard.up(one);
        },
        click: (x, y) => page.mouse.click(x, y),
      };
    },
    stop: () => browser.close(),
  };
}
