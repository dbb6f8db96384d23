// A house to test against: a real trial house (build/release/hameau), or the one named by HAMEAU_URL, or the mock
// (--mock), which has a real hameau-pads behind it. The real one is started on ports of its own and stopped at the end.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const repository = resolve(here, '../..');
const ports = ['https', 'http', 'smtp', 'submission', 'submissions', 'imap', 'imaps', 'sieve'];
const ready_ms = 120_000;

const binaries = process.env.HAMEAU_BINARIES ?? join(repository, 'build/release');

/** The first line that a program prints. */
const firstLine = (child) => new Promise((done, failed) => {
  let text = '';
  child.once('exit', (code) => failed(new Error(`it stopped with ${code}`)));
  child.stdout.on('data', (part) => {
    text += part;
    if (text.includes('\n')) done(text.slice(0, text.indexOf('\n')));
  });
});

/** What may happen to the service of the pads. */
const signals = (pid) => ({
  killPads: () => process.kill(pid(), 'SIGKILL'),
  pausePads: () => process.kill(pid(), 'SIGSTOP'),
  resumePads: () => process.kill(pid(), 'SIGCONT'),
});

/** The mock of the other services around a real hameau-pads. */
async function mockHouse({ base, fresh }) {
  const { startMock } = await import(join(repository, 'web-ui/mock/server.mjs'));
  let pads = null;
  if (existsSync(join(binaries, 'hameau-pads'))) {
    const child = spawn('python3', [join(here, 'pads_module.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
    const gone = new Promise((done) => child.once('exit', done));
    pads = { ...JSON.parse(await firstLine(child)), child, gone };
  }
  const mock = await startMock({ port: base, setup: fresh, pads: pads?.socket ?? '' });
  return {
    ...mock, setup: `${mock.url}setup#MOCKTOKEN`, real: false, pads: pads !== null,
    ...signals(() => Number(readFileSync(pads.pid_file, 'utf8'))),
    async stop() {
      mock.stop();
      pads?.child.stdin.end();
      await pads?.gone;
    },
  };
}

async function realHouse({ base, apply, settings }) {
  const binary = join(binaries, 'hameau');
  if (!existsSync(binary)) throw new Error(`${binary} is missing: run make build first`);
  const state = mkdtempSync(join(tmpdir(), 'hameau-browser-'));
  chmodSync(state, 0o755);
  const words = ['trial', '--state', state];
  ports.forEach((name, i) => words.push(`--${name}-port`, String(base + i)));
  if (apply) words.push('--apply', apply);
  // The editor needs no mail; a house without its programs still has texts.
  const mail = existsSync(join(binaries, 'hameau-mail')) ? [] : ['mail.enabled=false'];
  for (const setting of [...mail, ...settings]) words.push('--set', setting);
  const child = spawn(binary, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = new Promise((done) => child.once('exit', done));
  const line = await new Promise((done, failed) => {
    let text = '';
    const timer = setTimeout(() => failed(new Error('the house did not get ready')), ready_ms);
    child.once('exit', (code) => failed(new Error(`the house stopped with ${code}`)));
    child.stdout.on('data', (part) => {
      text += part;
      if (text.includes('\n')) {
        clearTimeout(timer);
        done(text.slice(0, text.indexOf('\n')));
      }
    });
  }).catch((error) => {
    child.kill('SIGTERM');
    throw error;
  });
  const ready = JSON.parse(line);
  return {
    url: ready.portal, setup: ready.setup, real: true, state, pads: ready.services.pads === 'ready',
    ...signals(() => {
      const { processes } = JSON.parse(spawnSync(binary, ['status', '--json', '--state', state], { encoding: 'utf8' }).stdout);
      return processes.find((one) => one.name === 'pads').pid;
    }),
    async stop() {
      child.kill('SIGTERM');
      await gone;
      rmSync(state, { recursive: true, force: true });
    },
  };
}

/** `fresh`: a house without content, that waits for its first visit. */
export async function startHouse({ fresh = false, base = 23100, settings = [] } = {}) {
  if (process.argv.includes('--mock')) return mockHouse({ base, fresh });
  if (process.env.HAMEAU_URL && !fresh) return { url: process.env.HAMEAU_URL, real: true, pads: true, stop: async () => undefined };
  return realHouse({ base, apply: fresh ? null : join(repository, 'config/examples/trial.yaml'), settings });
}
