// WebKitGTK for the tests: MiniBrowser on a screen of its own (Xvfb), driven through WebKitWebDriver by plain WebDriver. Knows
// as much of that as the tests need. Every person has a driver, as one driver runs one browser.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';

const ready_ms = 60_000;
const keyCodes = {
  Control: '\uE009', Shift: '\uE008', Alt: '\uE00A', Enter: '\uE007', Backspace: '\uE003', Tab: '\uE004', Escape: '\uE00C', Delete: '\uE017',
  ArrowLeft: '\uE012', ArrowUp: '\uE013', ArrowRight: '\uE014', ArrowDown: '\uE015', End: '\uE010', Home: '\uE011',
};

function miniBrowser() {
  const libraries = readdirSync('/usr/lib').map((one) => `/usr/lib/${one}`);
  for (const folder of libraries) {
    for (const version of ['4.1', '4.0', '6.0']) {
      const path = `${folder}/webkit2gtk-${version}/MiniBrowser`;
      if (existsSync(path)) return path;
    }
  }
  throw new Error('no MiniBrowser: install webkit2gtk-driver');
}

const freePort = () => new Promise((done) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => done(port));
  });
});

/** A screen that nobody sees; Xvfb writes its number when it is ready. */
function startScreen() {
  const child = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1400x1000x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  return new Promise((done, failed) => {
    let text = '';
    child.once('error', failed);
    child.once('exit', (code) => failed(new Error(`Xvfb stopped with ${code}`)));
    child.stdio[3].on('data', (part) => {
      text += part;
      if (text.includes('\n')) done({ display: `:${text.trim()}`, stop: () => child.kill('SIGTERM') });
    });
  });
}

async function call(base, method, path, body) {
  const answer = await fetch(base + path, { method, ...(body ? { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) } : {}) });
  const { value } = await answer.json();
  if (!answer.ok) throw new Error(`${path}: ${value?.error}: ${value?.message}`);
  return value;
}

async function startDriver(display) {
  const port = await freePort();
  const child = spawn('WebKitWebDriver', [`--port=${port}`], {
    stdio: 'ignore', env: { ...process.env, DISPLAY: display, GDK_BACKEND: 'x11', LIBGL_ALWAYS_SOFTWARE: '1', LANG: 'C.UTF-8', NO_AT_BRIDGE: '1' },
  });
  const base = `http://127.0.0.1:${port}`;
  const end = Date.now() + ready_ms;
  for (;;) {
    if (await fetch(`${base}/status`).then(() => true, () => false)) return { base, child };
    if (Date.now() > end || child.exitCode !== null) throw new Error('WebKitWebDriver did not get ready');
    await new Promise((done) => { setTimeout(done, 50); });
  }
}

async function person(display, stops) {
  const { base, child } = await startDriver(display);
  stops.push(() => child.kill('SIGTERM'));
  const { sessionId } = await call(base, 'POST', '/session', { capabilities: { alwaysMatch: {
    acceptInsecureCerts: true, 'webkitgtk:browserOptions': { binary: miniBrowser(), args: ['--automation'] },
  } } });
  const session = `${base}/session/${sessionId}`;
  stops.unshift(() => call(session, 'DELETE', '').catch(() => undefined));
  const act = (id, type, actions, more = {}) => call(session, 'POST', '/actions', { actions: [{ id, type, ...more, actions }] });
  const stroke = (key) => [{ type: 'keyDown', value: key }, { type: 'keyUp', value: key }];
  await call(session, 'POST', '/window/rect', { width: 1300, height: 950 }).catch(() => undefined);
  return {
    go: (url) => call(session, 'POST', '/url', { url }),
    async evaluate(work, argument) {
      const script = `const done = arguments[arguments.length - 1];
        Promise.resolve().then(() => (${work})(arguments[0])).then((value) => done({ value }), (error) => done({ error: String(error) }));`;
      const { value, error } = await call(session, 'POST', '/execute/async', { script, args: [argument ?? null] });
      if (error) throw new Error(error);
      return value;
    },
    type: (letters) => act('keys', 'key', [...letters].flatMap(stroke)),
    press(combination) {
      const all = combination.split('+').map((one) => keyCodes[one] ?? one);
      const key = all.pop();
      return act('keys', 'key', [...all.map((value) => ({ type: 'keyDown', value })), ...stroke(key), ...all.reverse().map((value) => ({ type: 'keyUp', value }))]);
    },
    click: (x, y) => act('mouse', 'pointer', [
      { type: 'pointerMove', x: Math.round(x), y: Math.round(y), duration: 0, origin: 'viewport' }, { type: 'pointerDown', button: 0 }, { type: 'pointerUp', button: 0 },
    ], { parameters: { pointerType: 'mouse' } }),
  };
}

export async function startWebKit() {
  const screen = await startScreen();
  const stops = [];
  return {
    person: () => person(screen.display, stops),
    async stop() {
      for (const stop of stops) await stop();
      screen.stop();
    },
  };
}
