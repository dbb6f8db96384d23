// Two builds of the pages, one after the other at the same house: who has the text open goes on with the files of the first,
// the next opening has the second, which then is the one that is kept.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openPage, startBrowser } from './browser.mjs';
import { holds, same, suite, until } from './check.mjs';
import { newPad, open, person, saved, text, words, write } from './pads.mjs';
import { copied, cutLine, installed, kept, signIn } from './own-computer.mjs';

const repository = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const folder = mkdtempSync(join(tmpdir(), 'hameau-builds-'));
const programs = join(folder, 'programs');

function run(command, words, options) {
  const done = spawnSync(command, words, { encoding: 'utf8', ...options });
  if (done.status !== 0) throw new Error(`${command} ${words.join(' ')}: ${done.stdout}${done.stderr}`);
}

/** The pages as they would be after a change in the editor. */
function buildSecond(out) {
  const source = join(folder, 'web-ui');
  const pages = join(repository, 'web-ui');
  cpSync(pages, source, { recursive: true, filter: (path) => !/\/(node_modules|screenshots|mock)$/.test(path) });
  symlinkSync(join(pages, 'node_modules'), join(source, 'node_modules'));
  for (const part of ['main.tsx', 'rest.ts']) {
    const file = join(source, 'src/pad', part);
    writeFileSync(file, `${readFileSync(file, 'utf8')}\ndocument.documentElement.dataset.build = 'second';\n`);
  }
  run('node', [join(pages, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'error'], { cwd: source, env: { ...process.env, HAMEAU_WEB_OUT: out } });
}

const shells = ['/', '/pad.html'];
const assets = (web) => readdirSync(join(web, 'assets')).filter((name) => !/\.(br|gz)$/.test(name)).map((name) => `/assets/${name}`);

// Programs of its own, so that their pages can be exchanged.
const given = process.env.HAMEAU_BINARIES ?? join(repository, 'build/release');
run('sh', ['-c', 'mkdir "$2" && { cp -al "$1"/hameau* "$2" 2>/dev/null || cp -a "$1"/hameau* "$2"; } && cp -a "$1"/web "$2"', 'sh', given, programs]);
for (const path of [folder, programs]) chmodSync(path, 0o755);
process.env.HAMEAU_BINARIES = programs;
const { startHouse } = await import('./house.mjs');

const { check, report } = suite();
const base = Number(process.env.HAMEAU_PORTS ?? 26100);
const house = await startHouse({ base });
const browser = await startBrowser();
const { url, cut, mend } = cutLine(house, base + 20);
await mend();

try {
  const marie = await person(browser, house, 'manager');

  if (house.real) await check('a new build: the open text goes on, the next opening has it, without network too, and the old files go', async () => {
    const web = join(programs, 'web');
    const pad = await newPad(marie);
    const yann = { ...(await openPage(browser)), house: { url } };
    const build = () => yann.page.evaluate(() => document.documentElement.dataset.build ?? 'first');
    await signIn(house, yann, url, false);
    await open(yann, pad);
    await write(yann.page, 'Avant. ');
    await saved(yann.page);
    await installed(yann.page);
    const first = assets(web);
    const before = (await kept(yann.page)).files.filter((one) => !shells.includes(one));
    holds(before.length > 0 && before.every((one) => first.includes(one)), `the first build is kept: ${before}`);

    buildSecond(join(folder, 'second'));
    const second = assets(join(folder, 'second'));
    renameSync(web, join(folder, 'first'));
    renameSync(join(folder, 'second'), web);
    run(join(programs, 'hameau'), ['restart', 'gate', '--state', house.state]);
    const news = second.find((one) => /\/main-/.test(one) && !first.includes(one));
    holds(news, 'the editor has another name');
    const page = readFileSync(join(web, 'pad.html'), 'utf8');
    await until(() => marie.page.request.get(`${house.url}pads/${pad.id}`).then(async (answer) => (await answer.text()) === page, () => false), 'the house serves the second build', 30_000);

    await write(yann.page, 'Pendant. ');
    await saved(yann.page);
    await yann.page.getByRole('button', { name: 'Partager', exact: true }).click();
    await yann.page.keyboard.press('Escape');
    same(await build(), 'first', 'build of the open text');

    await yann.page.reload();
    await text(yann.page).waitFor();
    await until(async () => (await build()) === 'second', 'the next opening has the second build', 30_000);
    await saved(yann.page);
    await until(() => yann.page.evaluate(async () => (await navigator.serviceWorker.getRegistration('/pads/'))?.waiting?.state === 'installed'), 'the second one is kept beside the first', 30_000);
    // What is kept changes some time after the last page of the house was left: who opens one before that still has the first.
    const workers = new Map();
    const watch = await yann.context.newCDPSession(yann.page);
    watch.on('ServiceWorker.workerVersionUpdated', ({ versions }) => { for (const one of versions) workers.set(one.versionId, one.status); });
    await watch.send('ServiceWorker.enable');
    const states = () => [...workers.values()].filter((state) => state !== 'redundant').join(' ');
    await until(() => states().includes('installed'), 'two workers are known', 30_000);
    await yann.page.goto('about:blank');
    await until(() => states() === 'activated', 'the second one took over', 60_000);
    await watch.detach();
    await open(yann, pad);
    await until(async () => {
      const { files } = await kept(yann.page);
      return files.includes(news) && files.every((one) => shells.includes(one) || second.includes(one));
    }, 'only the second is kept', 30_000);
    await write(yann.page, 'Après. ');
    await saved(yann.page);
    await copied(yann.page, pad);

    await cut();
    await yann.page.reload();
    await text(yann.page).waitFor();
    await until(async () => (await build()) === 'second', 'without network too', 30_000);
    await until(async () => (await words(yann.page)) === 'Avant. Pendant. Après. ', 'with the whole text');
    await mend();
    await yann.context.close();
  }, { most_ms: 600_000 });
} finally {
  await browser.close();
  await cut();
  await house.stop();
  rmSync(folder, { recursive: true, force: true });
}
report();
