// The house's HTTP API, as ARCHITECTURE.md describes it. Turns every failure into a Problem that a person can read.
// Never keeps a response; never puts a secret into an address.
import { language, t, typography } from './i18n';

export interface FieldProblem { field: string; message: string }

/** What went wrong: `detail` is a sentence for a person. status 0: no response at all. */
export class Problem extends Error {
  constructor(
    readonly status: number, readonly code: string, readonly detail: string,
    readonly fields: FieldProblem[] = [], readonly reference = '', readonly extra: unknown = null,
  ) {
    super(detail);
  }
}

export type Role = 'admin' | 'manager' | 'member';
export interface Membership { slug: string; name: string; role: Role }
export interface Session {
  login: string; name: string; member: string; admin: boolean; shared_computer: boolean; associations: Membership[];
}
export interface House {
  name: string; languages: string[]; services: { mail: boolean; sites: boolean; pads: boolean };
  memory_kb: number; memory_about?: boolean; asleep: number; trial: boolean;
  people?: { login: string; name: string; role: Role; password: string }[];
}
export type Permission = 'none' | 'read' | 'write';
export interface Pad {
  id: string; slug: string; title: string; url: string; socket: string; association?: string;
  access: { members: Permission; link: Permission; people?: string[] };
  updated: string; updated_by: string; here: string[]; may?: Permission; may_manage?: boolean; gone?: string;
}
export interface Member {
  id: string; login: string; name: string; role: Role; state: 'active' | 'invited' | 'disabled';
  contact?: string; mailbox?: string; may_change_account?: boolean;
}
export interface Invitation { url: string; code: string; expires: string }
export interface Group {
  slug: string; name: string; members: string[]; outside: string[]; address?: string | null; may_send: boolean;
}
export interface HomeWeight { bytes: number; requests: number; elements: number; grade?: string }
export interface Site {
  host: string; live: number | null; files: number; bytes: number; url: string; pages?: number; home?: HomeWeight | null;
  certificate?: boolean; certificate_reason?: string;
}
export interface Deploy { number: number; created: string; by: string; files: number; bytes: number; live: boolean }
export interface DeployReport { number: number; files: number; bytes: number; live: boolean; warnings?: string[] }
/** null: not known now (the mail engine does not answer). */
export interface MyMailbox { address: string; unread: number | null; used_bytes: number | null; quota_bytes: number; forward?: Forward[] }
/** A copy of one's messages that somebody asks for. running: it leaves, and one has not answered yet. */
export interface Forward { to: string; state: 'waiting' | 'running' | 'agreed' | 'ended' }
export interface ServerSettings { host: string; port: number; security: string }
export interface MyMail { mailboxes: MyMailbox[]; settings: { imap: ServerSettings; submission: ServerSettings }; spam_filter?: boolean }
export interface AppPassword { id: string; name: string; scopes?: string[]; created?: string; used?: string | null }
export interface Mailbox { address: string; login: string; used_bytes?: number | null; quota_bytes?: number; forward?: string[]; forward_waiting?: string[]; forward_ended?: string[] }
export interface Alias { address: string; to: string[]; may_send: boolean }
export interface Check { name: string; passed: boolean; advice: string }
export interface Process {
  name: string; state: string; pid: number; uptime_ms: number; restarts: number; pss_kb: number; memory?: string; cpu_ms: number; wakeups: number; text?: string;
}
export interface Status {
  processes: Process[]; services: { name: string; state: string; checks: Check[] }[]; walls: string[];
}
export interface Page<T> { items: T[]; next: string | null }

/** How long the house may be silent within a call, in milliseconds. */
const deadline_ms = 30_000;

let shown: ((text: string) => string) | null = null;
/** How texts of the house are shown: the portal puts letters in the place of A-labels (xn--...). */
export const setShown = (one: (text: string) => string) => { shown = one; };
/** `next` is the house's own word, to be given back as it came. */
function parse(text: string): unknown {
  const show = shown;
  if (!show || !text.includes('xn--')) return JSON.parse(text);
  return JSON.parse(text, (key, value: unknown) => (typeof value === 'string' && key !== 'next' ? show(value) : value));
}

function problemOf(status: number, text: string, type: string): Problem {
  if (/json/.test(type)) {
    try {
      const body = parse(text) as {
        code?: string; detail?: string; title?: string; reference?: string; errors?: FieldProblem[];
      };
      return new Problem(status, body.code ?? '', typography(body.detail ?? body.title ?? t('error.other')),
        (body.errors ?? []).map((e) => ({ field: e.field, message: typography(e.message) })), body.reference ?? '', body);
    } catch {
      // Falls through to the plain sentence.
    }
  }
  return new Problem(status, '', status === 404 ? t('error.not_found') : t('error.other'));
}

const no_body = [204, 205, 304];
async function send(method: string, path: string, body: unknown, headers: Record<string, string>): Promise<Response> {
  // A silence ends the call, not the whole time: an export of 4 MB on a slow line takes more than a minute.
  const silence = new AbortController();
  let timer = 0;
  const progress = () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => silence.abort(), deadline_ms);
  };
  progress();
  try {
    const response = await fetch(path, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      // What was thrown away goes even when the page is left at that moment.
      keepalive: method === 'DELETE',
      signal: silence.signal,
      headers: {
        Accept: 'application/json', 'Accept-Language': language,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    // A new Response with a body, be it an empty one, may not have these: 204 would be taken for no response.
    if (!response.body || no_body.includes(response.status)) {
      clearTimeout(timer);
      return response;
    }
    progress();
    const arriving = new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, out) { progress(); out.enqueue(piece); },
      flush() { clearTimeout(timer); },
    });
    return new Response(response.body.pipeThrough(arriving), response);
  } catch {
    clearTimeout(timer);
    throw new Problem(0, 'offline', t('error.offline'));
  }
}

/** Who can ask the person at the screen; the portal sets it, the editor has its own way. */
export interface Asker {
  /** The session has ended: true when the same person has signed in again. Null: this page cannot ask, it must go. */
  signIn: (() => Promise<boolean>) | null;
  /** Asks for the password until `attempt` does not throw; false when the person gave up. */
  password: (attempt: (password: string) => Promise<void>) => Promise<boolean>;
}
let asker: Asker | null = null;
export const setAsker = (one: Asker | null) => { asker = one; };
const session_path = '/api/v1/session';
const signedOut = () => window.dispatchEvent(new CustomEvent('hameau-signed-out'));
/** What a wrong password answers; everything else is not about the password. */
const about_password = ['password_needed', 'wrong_current', 'too_many'];

/**
 * Calls the API; the response's JSON, or a Problem. When the session has ended, or when the house asks for the password
 * (403 `password_needed`, then `current` in the body), the person is asked in place and the call is made once more.
 */
export async function call<T = void>(
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown, headers: Record<string, string> = {},
): Promise<T> {
  const once = async (what: unknown) => read<T>(await send(method, path, what, headers), path);
  try {
    return await once(body);
  } catch (error) {
    if (!(error instanceof Problem) || !asker) throw error;
    if (error.code === 'signed_out' && path !== session_path && asker.signIn) {
      if (await asker.signIn()) return call(method, path, body, headers);
      signedOut();
    }
    if (error.code !== 'password_needed') throw error;
    return withPassword(once, body, error, asker);
  }
}

async function withPassword<T>(once: (body: unknown) => Promise<T>, body: unknown, needed: Problem, person: Asker): Promise<T> {
  const outcome: { answer?: { value: T }; problem: Problem } = { problem: needed };
  await person.password(async (current) => {
    try {
      outcome.answer = { value: await once({ ...(body as object | undefined), current }) };
    } catch (error) {
      if (!(error instanceof Problem) || about_password.includes(error.code)) throw error;
      outcome.problem = error;
    }
  });
  if (!outcome.answer) throw outcome.problem;
  return outcome.answer.value;
}

/** What arrives of a response, or a Problem when it was cut. */
const whole = <T>(arriving: Promise<T>): Promise<T> => arriving.catch(() => { throw new Problem(0, 'offline', t('error.offline')); });

/** The JSON of a response to `path`, or a Problem. */
export async function read<T>(answer: Response, path: string): Promise<T> {
  const text = await whole(answer.text());
  const type = answer.headers.get('Content-Type') ?? '';
  if (!answer.ok) {
    const problem = problemOf(answer.status, text, type);
    // Only this code says that the session is over: a wrong recovery code is a 401 too.
    if (problem.code === 'signed_out' && path !== session_path && !asker?.signIn) signedOut();
    throw problem;
  }
  return (text && /json/.test(type) ? parse(text) : undefined) as T;
}

export const get = <T>(path: string, headers?: Record<string, string>) => call<T>('GET', path, undefined, headers);

/** A file of the API (an export), or a Problem. */
export async function getFile(path: string, headers: Record<string, string>): Promise<Blob> {
  const answer = await send('GET', path, undefined, { Accept: '*/*', ...headers });
  if (!answer.ok) throw problemOf(answer.status, await answer.text(), answer.headers.get('Content-Type') ?? '');
  return whole(answer.blob());
}

const pages_max = 10;
/** Told when a list was longer than this; its `detail` is how many items are shown. The portal says it below the page. */
export const listCut = 'hameau-list-cut';
/** All items of a list, at most pages_max times 500. */
export async function getAll<T>(path: string): Promise<T[]> {
  const items: T[] = [];
  let after = '';
  for (let page = 0; page < pages_max; page += 1) {
    const answer: Page<T> = await get(`${path}${path.includes('?') ? '&' : '?'}limit=500${after ? `&after=${encodeURIComponent(after)}` : ''}`);
    items.push(...answer.items);
    if (!answer.next) return items;
    after = answer.next;
  }
  window.dispatchEvent(new CustomEvent(listCut, { detail: items.length }));
  return items;
}

export interface Upload<Answer = DeployReport> { done: Promise<Answer>; cancel: () => void }
/** Sends a file and tells how far it is. */
export function upload<Answer = DeployReport>(path: string, body: Blob, type: string, progress: (part: number) => void): Upload<Answer> {
  const request = new XMLHttpRequest();
  const done = new Promise<Answer>((resolve, reject) => {
    request.open('POST', path);
    request.setRequestHeader('Content-Type', type);
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('Accept-Language', language);
    request.upload.onprogress = (event) => progress(event.lengthComputable ? event.loaded / event.total : 0);
    request.onload = () => {
      const kind = request.getResponseHeader('Content-Type') ?? '';
      if (request.status >= 200 && request.status < 300) resolve(parse(request.responseText) as Answer);
      else reject(problemOf(request.status, request.responseText, kind));
    };
    request.onerror = () => reject(new Problem(0, 'offline', t('error.upload_offline')));
    request.onabort = () => reject(new Problem(0, 'cancelled', t('site.cancelled')));
    request.send(body);
  });
  return { done, cancel: () => request.abort() };
}
