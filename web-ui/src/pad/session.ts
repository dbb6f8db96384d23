// One visit of one text: who is asking, may they, the local copy, the line to the house, the editor. The page draws what
// this says. Kept on this computer only for somebody who signed in on their own one.
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { call, get, type Pad, type Permission, Problem, read, type Session } from '../common/api';
import { asProblem, whenIdle } from '../common/hooks';
import { t } from '../common/i18n';
import { copyOf, rememberedMember, rememberMember, removeDatabase, saysNoMore } from '../common/leaving';
import { UnsavedMark, forgetUnsaved, holdsUnsaved } from '../common/unsaved';
import { guestHere, keepGuest, socketAddress } from './address';
import { LocalCopy } from './copy';
import type { Early, EarlyLine } from './early';
import { documentOf } from './lines/model';
import { OldCopy } from './old-copy';
import { People, guestName } from './people';
import { Provider, type Person, type Roster } from './provider';
import { rootName, schema } from './schema';

export type Phase = 'loading' | 'open' | 'refused';
export type Saving = 'saved' | 'saving' | 'offline_kept' | 'offline_unkept' | 'offline_open' | 'reading' | 'offline_reading' | 'signed_out' | 'denied';

const local_ms = 4_000;        // a browser that does not give its copy by then is not waited for
const offline_after_ms = 1_500;
const offer_again_ms = 30_000;
const saved_after_ms = 350;    // quiet for so long before "saved" is said, so that the word does not flicker
const temporary = new Set([0, 429, 502, 503, 504]);

/** What was asked before the editor came, else (no answer, or a passing trouble) asked now. */
async function firstAnswer<T>(early: Promise<Response | null> | undefined, path: string, headers?: Record<string, string>): Promise<T> {
  const answer = await early;
  return answer && answer.status < 500 ? read<T>(answer, path) : get<T>(path, headers);
}

export class Visit {
  phase: Phase = 'loading';
  problem: Problem | null = null;
  pad: Pad | null = null;
  session: Session | null = null;
  saving: Saving = 'saving';
  denied = '';
  /** Writing was taken away while words were on their way. */
  lostWords = false;
  /** The whole text when it was closed to who wrote words that the house has not. */
  words = '';
  /** These words are in this browser's copy, and stay there until their author lets them go. */
  wordsKept = false;
  writes = false;
  ready = false;
  announce = '';
  guest = guestHere();
  /** The session ended while the text was open: what is written stays in the page until its author signs in again. */
  signedOut = false;
  /** Then: who signed in here meanwhile. '' when nobody did. */
  otherHere = '';
  /** Something that others did to the whole text. */
  notice = '';
  readonly doc = new Y.Doc();
  readonly awareness = new Awareness(this.doc);
  readonly people = new People(this.awareness);
  private provider: Provider | null = null;
  private local: LocalCopy | null = null;
  /** Member id of who writes in this page: their words are never sent in another's name. '' for a guest. */
  private author = '';
  private copyName = '';
  private oldCopy: OldCopy | null = null;
  /** What the house had when this page met it first: a copy that comes later may hold more. */
  private met: Uint8Array | null = null;
  private listeners = new Set<() => void>();
  private lostAt = 0;
  private timer = 0;
  private offerTimer = 0;
  private dirtyAt = 0;
  private mark: UnsavedMark | null = null;
  private wasLost = false;
  private authorsAsked = 0;

  constructor(readonly name: string, readonly key: string) {}

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }

  private get headers(): Record<string, string> {
    return this.key ? { 'Pad-Key': this.key } : {};
  }

  private get path(): string {
    return `/api/v1/pads/${encodeURIComponent(this.pad?.id ?? this.name)}`;
  }

  /** What is written is in this browser's copy. */
  get kept(): boolean {
    return this.local?.keeps ?? false;
  }

  /** It should be there, and this browser refuses it. */
  get unkept(): boolean {
    return this.local?.failing ?? false;
  }

  /** Called before words of others come: what the browser has not told of yet (a moved cursor) counts first. */
  coming: () => void = () => undefined;

  /** A sign is being composed. */
  composing(on: boolean): void {
    this.provider?.hold(on);
    this.local?.hold(on);
  }

  get waiting(): boolean {
    return this.provider?.waiting ?? false;
  }

  async start(): Promise<void> {
    const early: Partial<Early> = window.hameauEarly ?? {};
    window.hameauEarly = undefined;
    const asProblemOf = (error: unknown) => asProblem(error);
    const asking = firstAnswer<Pad>(early.pad, this.path, this.headers).catch(asProblemOf);
    const who = await firstAnswer<Session>(early.session, '/api/v1/session').catch(asProblemOf);
    if (!(who instanceof Problem)) this.cameIn(who);
    else if (!this.key && !temporary.has(who.status)) return this.refuse(new Problem(401, 'signed_out', t('pad.refused.sign_in')));
    const pad = await asking;
    if (!(pad instanceof Problem)) this.pad = pad;
    else if (!temporary.has(pad.status) || !(await this.openLocal(this.name))) return this.refuse(pad);
    this.writes = (this.pad?.may ?? 'write') === 'write';
    if (this.pad && this.keeps) await this.openLocal(this.pad.id);
    if (this.pad) this.local?.setTitle(this.pad.title);
    this.awareness.setLocalState({ user: this.guest && !this.session ? { guest: this.guest } : {}, cursor: null, away: document.hidden });
    this.connect((await early.line) ?? null);
    this.show();
  }

  private cameIn(who: Session): void {
    this.author ||= who.member;
    if (who.member !== this.author) return;
    this.session = who;
    if (!who.shared_computer) rememberMember(who.member);
  }

  /** The author of this page is asked for the password in place. Throws a Problem when it is not right. */
  async signInAgain(password: string): Promise<void> {
    this.cameIn(await call<Session>('POST', '/api/v1/session', { login: this.session!.login, password, shared_computer: false }));
    this.signedOut = false;
    this.otherHere = '';
    this.provider?.reconnect();
    this.changed();
  }

  /** Opened from this browser's copy, without network: who is here is asked when it is back. */
  private async learnSession(): Promise<void> {
    if (this.session || this.key) return;
    const who = await get<Session>('/api/v1/session').catch(() => null);
    if (!who) return;
    this.cameIn(who);
    await this.mayRetry();
    this.changed();
  }

  /** Only on a computer of one's own. */
  get keeps(): boolean {
    return this.session !== null && !this.session.shared_computer;
  }

  /** The copy that this browser keeps; true when it holds something. `make`: begins one where there is none. */
  private async openLocal(id: string, make = false): Promise<boolean> {
    if (this.local || !('indexedDB' in window)) return this.local !== null;
    try {
      const member = this.session?.member ?? rememberedMember();
      if (!member) return false;
      this.author ||= member;
      const name = this.copyName = copyOf(id, member);
      const known = (await indexedDB.databases?.())?.some((one) => one.name === name) ?? this.pad !== null;
      if (!known && !make) return false;
      // Before it is read: what was marked by then is read too.
      this.mark = new UnsavedMark(name, String(this.doc.clientID));
      const local = this.local = new LocalCopy(name, this.doc, {
        changed: () => this.copyChanged(),
        read: (kept) => { if (holdsUnsaved(name)) this.oldCopy = OldCopy.in(kept, rootName, schema, this.met); },
      });
      await Promise.race([local.whenLoaded, new Promise((later) => { setTimeout(later, local_ms); })]);
      // Nobody waits longer for it; what is written is kept from when it comes.
      void local.whenLoaded.then(() => {
        this.lineChanged();
        this.show();
      });
      if (!local.loaded) return false;
      await local.whenLoaded;
      this.pad ??= { id, slug: '', title: await local.readTitle() ?? t('pad.untitled'), url: '', socket: '', access: { members: 'none', link: 'none' }, updated: '', updated_by: '', here: [] };
      return this.holdsText;
    } catch {
      return false;      // a private window: written on the house's disk only
    }
  }

  private get holdsText(): boolean {
    return this.doc.store.clients.size > 0;
  }

  private copyChanged(): void {
    if (this.unkept && this.writes) this.announce = t('pad.copy.failing');
    this.lineChanged();
    this.show();
    this.changed();
  }

  private refuse(problem: Problem): void {
    this.phase = 'refused';
    this.problem = problem;
    const unsaved = this.waiting;
    this.provider?.end();
    this.provider = null;
    if (unsaved) this.rescueWords();
    if (saysNoMore(problem)) void this.letCopyGo(unsaved);
    this.changed();
  }

  /** The house was renewed while this page was open. */
  private outdated(): void {
    const unsaved = this.waiting;
    this.provider?.end();
    this.provider = null;
    this.phase = 'refused';
    this.problem = new Problem(426, 'page_outdated', '');
    // What this browser keeps goes on its way by itself when the page is loaded again.
    if (unsaved && !this.kept) this.rescueWords();
    this.changed();
  }

  private rescueWords(): void {
    const doc = documentOf(schema, this.doc.get(rootName, Y.XmlText));
    this.words = doc.textBetween(0, doc.content.size, '\n\n', '\n').trim();
  }

  /** Who may no longer read a text keeps no copy of it; words of their own that are nowhere else first come to them. */
  private async letCopyGo(unsaved: boolean): Promise<void> {
    // Said to a visitor with an old link, it says nothing about the member whose copy this is.
    this.session ??= await get<Session>('/api/v1/session').catch(() => null);
    if (!this.session) return;
    this.copyName ||= copyOf(this.pad?.id ?? this.name, this.session.member);
    if (unsaved || holdsUnsaved(this.copyName)) {
      await this.openLocal(this.name);
      this.rescueWords();
      this.wordsKept = this.kept && this.words !== '';
    }
    if (!this.wordsKept) await this.removeCopy();
    this.changed();
  }

  async removeCopy(): Promise<void> {
    const { local } = this;
    this.local = null;
    await local?.destroy();
    await removeDatabase(this.copyName);
    this.mark?.clear();
    this.mark = null;
    forgetUnsaved(this.copyName);
    this.wordsKept = false;
    this.changed();
  }

  private connect(line: EarlyLine | null): void {
    this.provider = new Provider(this.doc, this.awareness, {
      address: () => socketAddress(this.pad!.id, this.key, this.author),
      early: () => {
        const once = line && line.socket.readyState <= WebSocket.OPEN ? line : null;
        line = null;
        return once;
      },
      mayRetry: () => this.mayRetry(),
      changed: () => this.lineChanged(),
      roster: (roster) => this.rosterCame(roster),
      restored: (by) => {
        this.notice = t('pad.history.restored_by', { name: by });
        this.say(this.notice);
      },
      denied: (reason) => this.wasDenied(reason),
      outdated: () => this.outdated(),
      coming: () => this.coming(),
      meeting: (state) => {
        this.met ??= state;
        this.oldCopy?.meet(state);
      },
    });
    this.provider.writes = this.writes;
    if (this.local?.loaded && this.holdsText) this.provider.noteUnsent();
    this.awareness.on('change', (_: unknown, origin: unknown) => origin !== 'local' && this.changed());
    this.provider.connect();
  }

  /** Somebody else may have signed in here since. Without an answer nobody has: the house compares once more (socketAddress). */
  private async authorHere(): Promise<boolean> {
    const who = this.author ? await get<Session>('/api/v1/session').catch(() => null) : null;
    this.otherHere = who && who.member !== this.author ? who.name : '';
    return !this.otherHere;
  }

  /** The author of this page is signed in no more. What was written stays in it, on a computer of one's own. */
  private authorLeft(problem: Problem): void {
    if (!this.ready || !this.session || this.session.shared_computer) return this.refuse(problem);
    this.signedOut = true;
    this.show();
    this.changed();
  }

  private async mayRetry(): Promise<boolean> {
    if (!(await this.authorHere())) {
      this.authorLeft(new Problem(401, 'signed_out', t('pad.refused.sign_in')));
      return false;
    }
    try {
      const pad = await get<Pad>(this.path, this.headers);
      this.setPad(pad);
      return true;
    } catch (error) {
      const problem = asProblem(error);
      if (temporary.has(problem.status) || problem.status >= 500) return true;
      if (problem.status === 401) this.authorLeft(problem);
      else this.refuse(problem);
      return false;
    }
  }

  setPad(pad: Pad): void {
    this.pad = pad;
    this.local?.setTitle(pad.title);
    this.changed();
  }

  private rosterCame(roster: Roster): void {
    const first = this.people.roster === null;
    const before = new Set(first ? [] : this.people.present().map((one) => one.name));
    this.people.setRoster(roster);
    if (this.pad && this.pad.title !== roster.title) this.setPad({ ...this.pad, title: roster.title });
    if (!first) {
      const came = this.people.present().filter((one) => !one.me && !before.has(one.name));
      if (came.length > 0) this.say(t('pad.arrived', { name: came.map((one) => one.name).join(', ') }));
    }
    this.setAccess(roster.you.access);
    void this.learnSession();
    this.changed();
  }

  private setAccess(access: Permission): void {
    const writes = access === 'write';
    if (writes === this.writes || !this.provider) return;
    this.lostWords = !writes && this.provider.waiting;
    this.writes = this.provider.writes = writes;
    if (writes) this.provider.reconnect();
    this.say(t(writes ? 'pad.now_writing' : 'pad.now_reading'));
    this.lineChanged();
  }

  private wasDenied(reason: string): void {
    // "Read only" arrives with the roster too, which says it better.
    if (!this.writes) return;
    this.denied = reason;
    // There may be room again: everything is offered once more.
    clearTimeout(this.offerTimer);
    this.offerTimer = window.setTimeout(() => this.provider?.reconnect(), offer_again_ms);
    this.lineChanged();
  }

  say(text: string): void {
    this.announce = text;
    this.changed();
  }

  forgetNotice(): void {
    this.notice = '';
    this.changed();
  }

  setGuest(name: string): void {
    this.guest = guestName(name);
    keepGuest(this.guest);
    this.awareness.setLocalStateField('user', { guest: this.guest });
    // The house hears the name with a line.
    this.provider?.reconnect();
    this.changed();
  }

  /** Waits until the house has everything; false when it does not by then. */
  async whenSaved(most_ms: number): Promise<boolean> {
    const until = Date.now() + most_ms;
    while (this.waiting && Date.now() < until) await new Promise((done) => setTimeout(done, 100));
    return !this.waiting;
  }

  async loadAuthors(): Promise<void> {
    if (Date.now() - this.authorsAsked < 5_000) return;
    this.authorsAsked = Date.now();
    try {
      const { clients } = await get<{ clients: Record<string, Person> }>(`${this.path}/authors`, this.headers);
      this.people.setAuthors(clients);
    } catch {
      // Those who are here still have their colours.
    }
  }

  private lineChanged(): void {
    const provider = this.provider;
    if (!provider) return;
    if (!this.ready && (provider.synced || (this.local?.loaded && this.holdsText))) {
      this.ready = true;
      this.phase = 'open';
      this.changed();
      // Nobody waits for a copy that holds nothing yet; writing a long text to it takes as long as some letters.
      if (!this.local && this.keeps) whenIdle(() => void this.openLocal(this.pad!.id, true).then(() => this.lineChanged()));
    }
    if (this.oldCopy && provider.synced) {
      if (this.writes && this.oldCopy.giveBack(this.doc.get(rootName, Y.XmlText))) this.notice = t('pad.old_words');
      this.oldCopy = null;
    }
    if (provider.line === 'open') this.lostAt = 0;
    else if (this.lostAt === 0) this.lostAt = Date.now();
    if (provider.waiting) this.dirtyAt = Date.now();
    if (provider.saved) this.denied = '';
    this.markCopy(provider);
    this.show();
  }

  /** Words that the house has not stand in the copy of this computer: signing out must not remove it. */
  private markCopy(provider: Provider): void {
    if (!this.local || !this.mark) return;
    if (this.local.gone) {
      this.mark.clear();
      this.mark = null;
    } else if (provider.waiting) this.mark.set();
    // Who may only read sends nothing: what was waiting goes on waiting.
    else if (this.writes && provider.saved) this.mark.clear(this.local.loaded);
  }

  private show(): void {
    clearTimeout(this.timer);
    const now = Date.now();
    const next = this.savingNow(now);
    const since = this.lostAt ? offline_after_ms - (now - this.lostAt) : 0;
    const quiet = this.provider?.saved ? saved_after_ms - (now - this.dirtyAt) : 0;
    const again = Math.max(since, quiet);
    if (again > 0) this.timer = window.setTimeout(() => this.show(), again + 10);
    if (next === this.saving) return;
    this.saving = next;
    const lost = next.startsWith('offline');
    if (lost && !this.wasLost) this.announce = t(`pad.state.${next}`);
    if (!lost && this.wasLost && (next === 'saved' || next === 'reading')) this.announce = t('pad.back');
    if (next !== 'saving') this.wasLost = lost;
    this.changed();
  }

  private savingNow(now: number): Saving {
    const provider = this.provider;
    if (!provider) return 'saving';
    if (this.signedOut) return 'signed_out';
    if (this.lostAt && now - this.lostAt >= offline_after_ms) return !this.writes ? 'offline_reading' : this.kept ? 'offline_kept' : this.unkept ? 'offline_unkept' : 'offline_open';
    if (!this.writes) return 'reading';
    if (this.denied && provider.waiting) return 'denied';
    return provider.saved && now - this.dirtyAt >= saved_after_ms ? 'saved' : 'saving';
  }
}
