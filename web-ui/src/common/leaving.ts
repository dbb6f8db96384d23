// What this browser keeps, and how it forgets. On a shared computer nothing may stay: no text, no name, no cookie.
// Text that has not reached the house is never thrown away on a person's own computer.
import { call, get, Problem } from './api';
import { holdsUnsaved, unsavedCopies } from './unsaved';

export const padDatabasePrefix = 'hameau-pad-';
/** A copy belongs to the member who made it: another one who signs in here neither sees nor sends it. */
export const copyOf = (pad: string, member: string) => `${padDatabasePrefix}${pad}~${member}`;
const partsOf = (database: string) => {
  const [pad = '', member = ''] = database.slice(padDatabasePrefix.length).split('~');
  return { pad, member };
};
const memberKey = 'hameau.member';
/** What the portal showed last, for a page without network (portal/seen.ts). Of one member: the one of `memberKey`. */
export const seenKey = 'hameau.seen';

/** Who is signed in here, for a page that opens without network; forgotten at sign-out. */
export function rememberMember(member: string): void {
  try {
    if (localStorage.getItem(memberKey) !== member) forgetSeen();
    localStorage.setItem(memberKey, member);
  } catch {
    // Without storage there is no local copy either.
  }
}
export function rememberedMember(): string {
  try {
    return localStorage.getItem(memberKey) ?? '';
  } catch {
    return '';
  }
}

/** What was shown last goes: another person is here, nobody is, or the computer is shared. */
export function forgetSeen(): void {
  try {
    localStorage.removeItem(seenKey);
  } catch {
    // Nothing was kept.
  }
}

async function databases(): Promise<string[]> {
  try {
    return (await indexedDB.databases()).map((one) => one.name ?? '').filter(Boolean);
  } catch {
    return [];
  }
}

/** Title of a copy, as the editor wrote it into y-indexeddb's store of its own keys; '' when there is none. */
const titleIn = (database: string) => new Promise<string>((resolve) => {
  const request = indexedDB.open(database);
  // It went in the meantime: asking for it must not make it again.
  request.onupgradeneeded = () => request.transaction?.abort();
  request.onerror = request.onblocked = () => resolve('');
  request.onsuccess = () => {
    const { result } = request;
    try {
      const asked = result.transaction(['custom'], 'readonly').objectStore('custom').get('title');
      asked.onsuccess = () => resolve(String(asked.result ?? ''));
      asked.onerror = () => resolve('');
    } catch {
      resolve('');      // a copy that was begun and holds nothing yet
    } finally {
      result.close();
    }
  };
});

export interface Copy { pad: string; title: string; unsaved: boolean }
/** The texts of the person who is here that this browser opens without network. */
export async function copiesHere(): Promise<Copy[]> {
  const member = rememberedMember();
  const names = (await databases()).filter((name) => name.startsWith(padDatabasePrefix) && member && partsOf(name).member === member);
  return Promise.all(names.map(async (name) => ({ pad: partsOf(name).pad, title: await titleIn(name), unsaved: holdsUnsaved(name) })));
}

export const removeDatabase = (name: string) => new Promise<void>((resolve) => {
  const request = indexedDB.deleteDatabase(name);
  request.onsuccess = request.onerror = request.onblocked = () => resolve();
});

/** The house itself says that this text is not, or no longer, for who asks; not a bin, a missing session or a trouble. */
export const saysNoMore = (problem: unknown) => problem instanceof Problem && ['pad_no_access', 'pad_wrong_key', 'pad_not_found'].includes(problem.code);

/** Copies of texts that the person who is here may no longer read go. `readable`: ids that need not be asked for. */
export async function forgetUnreadable(readable: string[]): Promise<void> {
  for (const name of await databases()) {
    const { pad, member } = partsOf(name);
    if (!name.startsWith(padDatabasePrefix) || readable.includes(pad) || holdsUnsaved(name)) continue;
    if (member && member !== rememberedMember()) continue;      // what this person may read says nothing about another's copy
    const answer = await get(`/api/v1/pads/${encodeURIComponent(pad)}`).catch((problem: unknown) => problem);
    if (saysNoMore(answer)) await removeDatabase(name);
  }
}

/** The pages that open without network (pad/worker.js): only on a person's own computer, only while signed in. */
export async function keepEditor(): Promise<void> {
  try {
    await navigator.serviceWorker.register('/sw.js', { scope: '/' });
    // The worker of older houses stood for the editor alone; the narrower place would win.
    await (await navigator.serviceWorker.getRegistrations()).find((one) => new URL(one.scope).pathname === '/pads/')?.unregister();
  } catch {
    // A browser without them opens nothing without network.
  }
}

export async function forgetEditor(): Promise<void> {
  try {
    for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
    for (const name of await caches.keys()) await caches.delete(name);
  } catch {
    // A browser without them keeps nothing.
  }
}

export async function forgetEverything(): Promise<void> {
  await forgetEditor();
  for (const name of await databases()) await removeDatabase(name);
  try {
    localStorage.clear();
    sessionStorage.clear();
  } catch {
    // Nothing was kept.
  }
}

/** Whether words that the house has not stay here, for their author. */
async function forgetSaved(): Promise<boolean> {
  await forgetEditor();
  localStorage.removeItem(memberKey);
  forgetSeen();
  const unsaved = unsavedCopies();
  for (const name of await databases()) {
    if (name.startsWith(padDatabasePrefix) && !unsaved.has(name)) await removeDatabase(name);
  }
  sessionStorage.removeItem('hameau.association');
  forgetSeen();
  return unsaved.size > 0;
}

const channel = 'BroadcastChannel' in window ? new BroadcastChannel('hameau') : null;
/** Other tabs of the same browser leave too. */
export function onLeftElsewhere(left: () => void): void {
  if (channel) channel.onmessage = (event) => event.data === 'left' && left();
}

/** Ends the session and goes to the sign-in page. `shared` also empties everything that this browser keeps. */
export async function leave(shared: boolean): Promise<void> {
  try {
    await call('DELETE', '/api/v1/session');
  } catch {
    if (!shared) throw new Error('offline');
    // Without network the browser still forgets; the session ends by itself.
  }
  let kept = false;
  if (shared) await forgetEverything();
  else kept = await forgetSaved();
  channel?.postMessage('left');
  location.replace(`/sign-in#${shared ? 'left' : kept ? 'kept' : 'out'}`);
}
