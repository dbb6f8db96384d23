// The first thing of the editor's page that runs: while the editor itself is on its way, it asks the house who is here
// and for the text, and opens the line. Stays tiny; session.ts and provider.ts take over what it began.
import { insist, keyIn, nameIn, socketAddress } from './address';
import type { EarlyLine } from './early';

// By its type only: the real one would bring all of leaving.ts along.
const padDatabasePrefix: typeof import('../common/leaving').padDatabasePrefix = 'hameau-pad-';
const sheet_within_ms = 10_000;
const near_ms = 80;            // the page's own kilobyte takes longer on a slow line
const ask_for_everything = new Uint8Array([0, 0, 1, 0]);     // sync, step 1, one byte: the empty state vector
const name = nameIn(location.pathname);
const key = keyIn(location.hash);

const ask = (path: string) => fetch(path, {
  credentials: 'same-origin', cache: 'no-store', headers: { Accept: 'application/json', ...(key ? { 'Pad-Key': key } : {}) },
}).catch(() => null);

/** A copy kept by this browser knows most of the text: then only what is missing is asked for, by the editor. */
const copied = async () => (await indexedDB?.databases?.().catch(() => []))?.some((one) => one.name?.startsWith(`${padDatabasePrefix}${name}~`)) ?? false;

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

/** The house's answers to that when nobody has written yet: step 2 with no structs at all, or with the number of the form
 * that a text begins with (blank_update in modules/pads/documents/templates.cpp). */
const news = [
  '0,1,2,0,0',
  '0,1,29,1,1,165,211,238,200,6,0,40,1,7,100,101,102,97,117,108,116,6,102,111,114,109,97,116,1,125,2,0',
];
const nothing = ({ data }: MessageEvent<ArrayBuffer>) => data.byteLength < 64 && news.includes(new Uint8Array(data).join());

interface Item { title: string; may: string; content?: { content?: { type: string; content?: unknown }[] } }

/** Where the text will stand, with room for what belongs around it. Null where that has come already: nothing changes
 * under somebody's hands. */
function makeSheet(title: string): HTMLElement | null {
  if (document.getElementById('text') || document.getElementById('first')) return null;
  const sheet = document.createElement('div');
  sheet.id = 'first';
  const head = document.createElement('h1');
  head.id = 'first-title';
  head.className = 'pad-title';
  head.textContent = title;
  sheet.innerHTML = '<header class="top"><div class="pad-head"><span class="home"></span></div><div class="tools tools-coming"></div></header><main><div class="paper"><div class="place"></div></div></main>';
  sheet.querySelector('.pad-head')!.append(head);
  document.getElementById('app')!.before(sheet);
  return sheet.querySelector('.place');
}

/** A new text is a sheet that takes letters before the editor has come; the editor moves them into the text. */
function offerSheet(title: string, line: EarlyLine): void {
  const place = line.socket.readyState === WebSocket.OPEN ? makeSheet(title) : null;
  if (!place) return;
  const field = document.createElement('textarea');
  field.className = 'text';
  field.setAttribute('aria-labelledby', 'first-title');
  field.addEventListener('compositionstart', () => { field.dataset.composing = 'yes'; });
  field.addEventListener('compositionend', () => { delete field.dataset.composing; });
  place.append(field);
  addEventListener('beforeunload', (event) => { if (field.isConnected && field.value) event.preventDefault(); });
}

/** A short text is read, and written in, before the shared document and what belongs around it have come. */
async function offerText({ title, may, content }: Item): Promise<void> {
  const [first, ...more] = content?.content ?? [];
  const blank = more.length === 0 && (!first || (first.type === 'paragraph' && !first.content));
  if (blank || await copied()) return;
  const { layPaper } = await paper;
  // The main part asks for what was begun here: from then on the text itself is near.
  const place = window.hameauEarly ? makeSheet(title) : null;
  if (!place) return;
  try {
    layPaper(place, content, { writes: may === 'write', padKey: key, labelledBy: 'first-title' });
    addEventListener('beforeunload', (event) => { if (window.hameauPaper?.written) event.preventDefault(); });
  } catch (error) {
    console.warn(error);       // a node that this editor does not know: the editor itself takes it out, for everybody
    document.getElementById('first')?.remove();
  }
}

const session = ask('/api/v1/session');
const pad = ask(`/api/v1/pads/${encodeURIComponent(name)}?content=1`);
const item = pad.then((answer) => (answer?.ok ? answer.clone().json() as Promise<Item> : undefined)).catch(() => undefined);
const paper = insist(() => import('./paper'));
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
void item.then((text) => text && offerText(text));
// The paper first, and alone where the line is slow. This file runs as soon as it is here, be the page read to its end or
// not.
const [page] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
const near = page !== undefined && page.responseEnd - page.requestStart < near_ms;
const begin = () => void (near ? Promise.resolve() : paper).then(() => insist(() => import('./main')));
if (document.readyState === 'loading') addEventListener('DOMContentLoaded', begin);
else begin();
