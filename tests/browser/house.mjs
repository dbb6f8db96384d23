// A house to test against: a real trial house (build/release/hameau), or the one named by HAMEAU_URL, or the mock
// (--mock). The real one is started on ports of its own with the example content and stopped at the end.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const repository = resolve(here, '../..');
const ports = ['https', 'http', 'smtp', 'submission', 'submissions', 'imap', 'imaps', 'sieve'];
const ready_ms = 120_000;

async function realHouse({ base, apply }) {
  const binary = join(process.env.HAMEAU_BINARIES ?? join(repository, 'build/release'), 'hameau');
  if (!existsSync(binary)) throw new Error(`${binary} is missing: run make build first`);
  const state = mkdtempSync(join(tmpdir(), 'hameau-browser-'));
  chmodSync(state, 0o755);
  const words = ['trial', '--state', state];
  ports.forEach((name, i) => words.push(`--${name}-port`, String(base + i)));
  if (apply) words.push('--apply', apply);
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
    url: ready.portal, setup: ready.setup, real: true, state,
    async stop() {
      child.kill('SIGTERM');
      await gone;
      rmSync(state, { recursive: true, force: true });
    },
  };
}

/** `fresh`: a house without content, that waits for its first visit. */
export async function startHouse({ fresh = false, base = 23100 } = {}) {
  if (process.argv.includes('--mock')) {
    const { startMock } = await import(join(repository, 'web-ui/mock/server.mjs'));
    const mock = await startMock({ port: base, setup: fresh });
    return { ...mock, setup: `${mock.url}setup#MOCKTOKEN`, real: false };
  }
  if (process.env.HAMEAU_URL && !fresh) return { url: process.env.HAMEAU_URL, real: true, stop: async () => undefined };
  return realHouse({ base, apply: fresh ? null : join(repository, 'config/examples/trial.yaml') });
}
