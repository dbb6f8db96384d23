// The first thing of the editor's page that runs: while the editor itself is on its way, it asks the house who is here
// and for the text, and opens the line. Stays tiny; session.ts and provider.ts take over what it began.
import { insist, keyIn, nameIn, socketAddress } from './address';

/** What was asked before the editor came. `null`: no answer; the editor asks again. */
export interface Early { session: Promise<Response | null>; pad: Promise<Response | null>; line: Promise<EarlyLine | null> }
/** A line with what has come over it. `asked`: the whole text was asked for. */
export interface EarlyLine { socket: WebSocket; frames: MessageEvent[]; asked: boolean }
declare global { interface Window { hameauEarly?: Early | undefined } }

// By its type only: the real one would bring all of leaving.ts along.
const padDatabasePrefix: typeof import('../common/leaving').padDatabasePrefix = 'hameau-pad-';
const sheet_within_ms = 10_000;
const ask_for_everything = new Uint8Array([0, 0, 1, 0]);     // sync, step 1, one byte: the empty state vector
const name = nameIn(location.pathname);
const key = keyIn(location.hash);

const ask = (path: string) => fetch(path, {
  credentials: 'same-origin', cache: 'no-store', headers: { Accept: 'application/json', ...(key ? { 'Pad-Key': key } : {}) },
}).catch(() => null);

/** A copy kept by this browser knows most of the text: then only what is missing is asked for, by the editor. */
const copied = async () => (await indexedDB?.databases?.().catch(() => []))?.some((one) => one.name === padDatabasePrefix + name) ?? false;

async function openLine(session: Promise<Response | null>, pad: Promise<Response | null>): Promise<EarlyLine | null> {
  const [who, text, copy] = await Promise.all([session, pad, copied()]);
  if (!text?.ok || (!who?.ok && !key) || !/^[a-z2-7]{26}$/.test(name)) return null;
  const line: EarlyLine = { socket: new WebSocket(socketAddress(name, key)), frames: [], asked: false };
  line.socket.binaryType = 'arraybuffer';
  line.socket.onmessage = (event) => line.frames.push(event);
  line.socket.onopen = () => {
    line.asked = !copy;
    if (line.asked) line.socket.send(ask_for_everything);
  };
  return line;
}

/** The house's answers to that when nobody has written yet: step 2 with no structs at all, or with the one empty paragraph
 * that a text begins with (blank_update in modules/pads/templates.cpp). */
const news = [
  '0,1,2,0,0',
  '0,1,39,1,2,165,211,238,200,6,0,7,1,7,100,101,102,97,117,108,116,3,9,112,97,114,97,103,114,97,112,104,7,0,165,211,238,200,6,0,6,0',
];
const nothing = ({ data }: MessageEvent<ArrayBuffer>) => data.byteLength < 64 && news.includes(new Uint8Array(data).join());

/** A new text is a sheet that takes letters before the editor has come; the editor moves them into the text. */
function offerSheet(title: string, line: EarlyLine): void {
  const app = document.getElementById('app')!;
  // One that has the text's own place already does not change it under somebody's hands.
  if (document.getElementById('text') || line.socket.readyState !== WebSocket.OPEN) return;
  const sheet = document.createElement('div');
  sheet.id = 'first';
  const head = document.createElement('h1');
  head.id = 'first-title';
  head.className = 'pad-title';
  head.textContent = title;
  const field = document.createElement('textarea');
  field.className = 'text';
  field.setAttribute('aria-labelledby', head.id);
  field.addEventListener('compositionstart', () => { field.dataset.composing = 'yes'; });
  field.addEventListener('compositionend', () => { delete field.dataset.composing; });
  sheet.innerHTML = '<header class="top"><div class="pad-head"><span class="home"></span></div><div class="tools tools-coming"></div></header><main><div class="paper"><div class="place"></div></div></main>';
  sheet.querySelector('.pad-head')!.append(head);
  sheet.querySelector('.place')!.append(field);
  app.before(sheet);
  addEventListener('beforeunload', (event) => { if (field.isConnected && field.value) event.preventDefault(); });
}

const session = ask('/api/v1/session');
const pad = ask(`/api/v1/pads/${encodeURIComponent(name)}`);
const item = pad.then((answer) => answer?.clone().json() as Promise<{ title: string; may: string } | undefined>).catch(() => undefined);
const line = openLine(session, pad);
window.hameauEarly = { session, pad, line };
void line.then(async (opened) => {
  const text = await item;
  if (!opened || text?.may !== 'write') return;
  const look = (frame: MessageEvent) => { if (nothing(frame)) offerSheet(text.title, opened); };
  opened.frames.forEach(look);
  opened.socket.addEventListener('message', look);
  setTimeout(() => opened.socket.removeEventListener('message', look), sheet_within_ms);
});
// This file runs as soon as it is here, be the page read to its end or not.
const begin = () => void insist(() => import('./main'));
if (document.readyState === 'loading') addEventListener('DOMContentLoaded', begin);
else begin();
