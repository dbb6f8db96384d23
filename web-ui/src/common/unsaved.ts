// Which copies of this browser hold words that the house has not: a mark of each tab in localStorage, as each knows only what
// it has sent itself. Signing out removes the copies without a mark (leaving.ts); the editor sets them (pad/session.ts).
const prefix = 'hameau.unsaved.';
const marks = () => Object.keys(localStorage).filter((key) => key.startsWith(prefix));
/** `#` stands in no name of a copy. */
const copyMarked = (key: string) => key.slice(prefix.length).split('#')[0]!;
const marksOf = (database: string) => marks().filter((key) => copyMarked(key) === database);

/** Copies that hold text which the house has not. */
export const unsavedCopies = (): Set<string> => new Set(marks().map(copyMarked));

/** What a tab says of a local copy: it holds text that the house has not. */
export class UnsavedMark {
  private readonly key: string;
  private isSet = false;
  /** Marks of tabs that were here before, and may have crashed. Their words are in the copy that this tab reads. */
  private readonly seen: string[] = [];

  /** Before the copy is read. */
  constructor(database: string, private readonly tab: string) {
    this.key = `${prefix}${database}#${tab}`;
    try {
      for (const key of marksOf(database)) {
        // Its tab, if it lives, writes the mark again with its next word.
        localStorage.setItem(key, tab);
        this.seen.push(key);
      }
      addEventListener('storage', this.onStorage);
    } catch {
      // Without storage there is no local copy either.
    }
  }

  private readonly onStorage = (event: StorageEvent) => {
    if (this.isSet && event.key === this.key && event.newValue === null) this.set();
  };

  set(): void {
    this.isSet = true;
    try {
      if (localStorage.getItem(this.key) !== this.tab) localStorage.setItem(this.key, this.tab);
    } catch {
      // As above.
    }
  }

  /** The house has all words of this tab. `read`: and all that was in the copy. */
  clear(read = false): void {
    try {
      if (this.isSet) localStorage.removeItem(this.key);
      this.isSet = false;
      if (read) for (const key of this.seen.splice(0)) if (localStorage.getItem(key) === this.tab) localStorage.removeItem(key);
    } catch {
      // As above.
    }
  }
}

/** The copy is gone: nothing of it is waiting. */
export function forgetUnsaved(database: string): void {
  try {
    for (const key of marksOf(database)) localStorage.removeItem(key);
  } catch {
    // As above.
  }
}

export function holdsUnsaved(database: string): boolean {
  try {
    return marksOf(database).length > 0;
  } catch {
    return false;
  }
}
