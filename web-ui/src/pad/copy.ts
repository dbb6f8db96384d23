// This browser's copy of a text, in IndexedDB: what a page without network opens, and what words wait in until the house has
// them. Knows at each moment whether it really keeps what is written: a full disk, a refusal, a cleared storage is said, and
// tried again. Its stores are those of y-indexeddb, which made the copies of before. Several tabs write in one copy: nothing
// that stands in it is taken out before it was read.
import * as Y from 'yjs';

const again_ms = 5_000;
const answer_ms = 3_000;        // a browser that does not confirm a write by then does not keep it
const entries_max = 500;        // then they are made one

const soon = <T>(work: Promise<T>) => new Promise<T>((resolve, reject) => {
  const timer = setTimeout(() => reject(new Error('no answer')), answer_ms);
  void work.then(resolve, reject).finally(() => clearTimeout(timer));
});
const done = (transaction: IDBTransaction) => new Promise<void>((resolve, reject) => {
  transaction.oncomplete = () => resolve();
  transaction.onabort = transaction.onerror = () => reject(transaction.error ?? new Error('aborted'));
});
const answer = <T>(request: IDBRequest<T>) => new Promise<T>((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error ?? new Error('refused'));
});

function openDatabase(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name);
  request.onupgradeneeded = () => {
    request.result.createObjectStore('updates', { autoIncrement: true });
    request.result.createObjectStore('custom');
  };
  return answer(request);
}

/** What a copy tells its page. */
interface CopyListener {
  changed: () => void;
  /** What stood in it, before it is taken into the text of the page. */
  read: (kept: Uint8Array[]) => void;
}

export class LocalCopy {
  /** Something that was written is not in it, and the browser has refused it. */
  failing = false;
  /** What it held has been read. */
  loaded = false;
  readonly whenLoaded: Promise<void>;
  private database: IDBDatabase | null = null;
  private waiting: Uint8Array[] = [];
  private title: string | null = null;
  private entries = 0;
  private busy = false;
  /** It was removed, or this page is done with it. */
  gone = false;
  private timer = 0;
  /** More is missing in it than `waiting`: the whole text is to be written. */
  private whole = false;
  private held = false;
  private came: () => void = () => undefined;

  constructor(readonly name: string, private readonly doc: Y.Doc, private readonly listener: CopyListener) {
    this.whenLoaded = new Promise((resolve) => { this.came = resolve; });
    doc.on('update', this.onUpdate);
    void this.begin();
  }

  /** What is written is in it. */
  get keeps(): boolean {
    return this.loaded && !this.failing && !this.gone;
  }

  /** Opens it and reads it, however often that has to be tried. */
  private async begin(): Promise<void> {
    if (this.gone) return;
    try {
      const database = await openDatabase(this.name);
      if (this.gone) return database.close();
      // Somebody empties this browser: the copy is not made again, and nothing is kept any more.
      database.onversionchange = () => {
        void this.destroy();
        this.listener.changed();
      };
      database.onclose = () => {
        this.database = null;
        this.whole = true;
        this.failed();
      };
      const updates = database.transaction('updates').objectStore('updates');
      const kept = await answer(updates.getAll() as IDBRequest<Uint8Array[]>);
      this.entries = kept.length;
      if (this.gone) return;
      // What the page holds already is not in it.
      this.whole ||= this.doc.store.clients.size > 0;
      this.listener.read(kept);
      this.take(kept);
      this.database = database;
      this.loaded = true;
      this.came();
      await this.write();
    } catch {
      this.failed();
    }
  }

  private take(kept: Uint8Array[]): void {
    this.doc.transact(() => { for (const update of kept) Y.applyUpdate(this.doc, update, this); }, this);
  }

  private readonly onUpdate = (update: Uint8Array, origin: unknown) => {
    if (origin === this) return;
    // A copy that refuses for hours gathers nothing: the text itself is written when it takes it again.
    if (!this.database || this.failing) this.whole = true;
    else if (!this.whole) this.waiting.push(update);
    if (!this.failing) void this.write();
  };

  /** A sign is being composed: words that another tab has put into the copy wait. */
  hold(on: boolean): void {
    this.held = on;
  }

  private failed(): void {
    if (this.gone) return;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void (this.database ? this.write() : this.begin()), again_ms);
    if (this.failing) return;
    this.failing = true;
    this.listener.changed();
  }

  private async write(): Promise<void> {
    const { database } = this;
    if (this.busy || this.gone || !database) return;
    this.busy = true;
    try {
      while (this.whole || this.waiting.length > 0 || this.title !== null) {
        const { title, whole } = this;
        const now = this.waiting.splice(0);
        this.title = null;
        this.whole = false;
        try {
          await this.put(database, now, whole, title);
        } catch (error) {
          this.waiting = [];
          this.whole = true;
          this.title ??= title;
          throw error;
        }
      }
      if (this.failing) {
        this.failing = false;
        this.listener.changed();
      }
    } catch {
      this.failed();
    } finally {
      this.busy = false;
    }
  }

  /** In one transaction: no other tab writes in between. */
  private async put(database: IDBDatabase, now: Uint8Array[], whole: boolean, title: string | null): Promise<void> {
    const transaction = database.transaction(['updates', 'custom'], 'readwrite');
    const updates = transaction.objectStore('updates');
    const one = (whole || this.entries >= entries_max) && !this.held;
    if (one) {
      // Words of another tab stand in it too: they are taken into the text that replaces them.
      this.take(await soon(answer(updates.getAll() as IDBRequest<Uint8Array[]>)));
      updates.clear();
    }
    if (one || whole) updates.add(Y.encodeStateAsUpdate(this.doc));
    else if (now.length > 0) updates.add(now.length === 1 ? now[0] : Y.mergeUpdates(now));
    if (title !== null) transaction.objectStore('custom').put(title, 'title');
    await soon(done(transaction));
    this.entries = one ? 1 : this.entries + (whole || now.length > 0 ? 1 : 0);
  }

  async readTitle(): Promise<string | undefined> {
    return this.database ? answer(this.database.transaction('custom').objectStore('custom').get('title') as IDBRequest<string | undefined>).catch(() => undefined) : undefined;
  }

  setTitle(title: string): void {
    this.title = title;
    if (!this.failing) void this.write();
  }

  async destroy(): Promise<void> {
    this.gone = true;
    this.failing = false;
    this.waiting = [];
    clearTimeout(this.timer);
    this.doc.off('update', this.onUpdate);
    this.database?.close();
    this.database = null;
  }
}
