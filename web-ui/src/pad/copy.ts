// This browser's copy of a text, in IndexedDB: what a page without network opens, and what words wait in until the house has
// them. Knows at each moment whether it really keeps what is written: a full disk, a refusal, a cleared storage is said, and
// tried again. Its stores are those of y-indexeddb, which made the copies of before.
import * as Y from 'yjs';

const again_ms = 5_000;
const answer_ms = 3_000;        // a browser that does not confirm a write by then does not keep it
const entries_max = 500;        // then they are made one

const done = (transaction: IDBTransaction) => new Promise<void>((resolve, reject) => {
  const timer = setTimeout(() => reject(new Error('no answer')), answer_ms);
  const end = (act: () => void) => () => { clearTimeout(timer); act(); };
  transaction.oncomplete = end(resolve);
  transaction.onabort = transaction.onerror = end(() => reject(transaction.error ?? new Error('aborted')));
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
  private ended = false;
  private timer = 0;
  private whole = false;
  private came: () => void = () => undefined;

  constructor(readonly name: string, private readonly doc: Y.Doc, private readonly changed: () => void) {
    this.whenLoaded = new Promise((resolve) => { this.came = resolve; });
    doc.on('update', this.onUpdate);
    void this.begin();
  }

  /** Opens it and reads it, however often that has to be tried. */
  private async begin(): Promise<void> {
    if (this.ended) return;
    try {
      const database = await openDatabase(this.name);
      if (this.ended) return database.close();
      // Somebody empties this browser: the copy is not made anew.
      database.onversionchange = () => void this.destroy();
      database.onclose = () => {
        this.database = null;
        this.whole = true;
        this.failed();
      };
      const updates = database.transaction('updates').objectStore('updates');
      const kept = await answer(updates.getAll() as IDBRequest<Uint8Array[]>);
      this.entries = kept.length;
      // What the page holds already is not in it; what it holds comes last, in one piece.
      if (this.whole || this.doc.store.clients.size > 0) this.waiting = [Y.encodeStateAsUpdate(this.doc)];
      this.whole = false;
      this.doc.transact(() => { for (const update of kept) Y.applyUpdate(this.doc, update, this); }, this);
      this.database = database;
      this.loaded = true;
      this.came();
      await this.write();
    } catch {
      this.failed();
    }
  }

  private readonly onUpdate = (update: Uint8Array, origin: unknown) => {
    if (origin === this) return;
    this.waiting.push(update);
    if (!this.failing) void this.write();
  };

  private failed(): void {
    if (this.ended) return;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void (this.database ? this.write() : this.begin()), again_ms);
    if (this.failing) return;
    this.failing = true;
    this.changed();
  }

  private async write(): Promise<void> {
    const { database } = this;
    if (this.busy || this.ended || !database) return;
    this.busy = true;
    try {
      while (this.waiting.length > 0 || this.title !== null) {
        const now = this.waiting.splice(0);
        const { title } = this;
        this.title = null;
        try {
          const transaction = database.transaction(['updates', 'custom'], 'readwrite');
          const updates = transaction.objectStore('updates');
          const all = this.entries >= entries_max;
          if (all) updates.clear();
          if (all || now.length > 0) updates.add(all ? Y.encodeStateAsUpdate(this.doc) : now.length === 1 ? now[0] : Y.mergeUpdates(now));
          if (title !== null) transaction.objectStore('custom').put(title, 'title');
          await done(transaction);
          this.entries = all ? 1 : this.entries + 1;
        } catch (error) {
          this.waiting.unshift(...now);
          this.title ??= title;
          throw error;
        }
      }
      if (this.failing) {
        this.failing = false;
        this.changed();
      }
    } catch {
      this.failed();
    } finally {
      this.busy = false;
    }
  }

  async readTitle(): Promise<string | undefined> {
    return this.database ? answer(this.database.transaction('custom').objectStore('custom').get('title') as IDBRequest<string | undefined>).catch(() => undefined) : undefined;
  }

  setTitle(title: string): void {
    this.title = title;
    if (!this.failing) void this.write();
  }

  async destroy(): Promise<void> {
    this.ended = true;
    clearTimeout(this.timer);
    this.doc.off('update', this.onUpdate);
    this.database?.close();
    this.database = null;
  }
}
