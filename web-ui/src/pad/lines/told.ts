// What somebody is told of words of theirs that another took out without having seen them (taken.ts shows it).
import * as Y from 'yjs';
import { markerOf } from './read';

/** Text that somebody took out around words of mine which they had not seen. `whole`: how it read for me. Each piece stood
 * right before this letter of mine (the last one may have stood behind it). */
export interface Taken { whole: string; pieces: { text: string; mine: Y.ID; behind: boolean }[] }
/** The beginning of a word of mine was taken out by somebody who had not seen its end. */
export interface Torn { word: string; missing: string; taken: Taken }
/** A line in which I was writing was taken out by somebody who had not seen that: these words stand in a line of their own. */
export interface Kept { words: string; taken: Taken }

/** `writes`: whether this person may write now. */
export interface Told { writes?: () => boolean; torn?: (what: Torn) => void; kept?: (what: Kept) => void }

const steps_max = 100_000;     // from item to item, for one message

export const right = (item: Y.Item) => item.right as Y.Item | null;
export const textOf = (item: Y.Item) => (item.content instanceof Y.ContentString ? item.content.str : '');
export const left = (item: Y.Item) => item.left as Y.Item | null;
export const stands = (item: Y.Item) => !item.deleted && item.countable;
export const holds = (item: Y.Item, id: Y.ID | null) => id !== null && item.id.client === id.client && item.id.clock <= id.clock && id.clock < item.id.clock + item.length;
export const lastId = (item: Y.Item) => Y.createID(item.id.client, item.id.clock + item.length - 1);

/** What another just took out of the line of this marker, in which I was writing. */
export function lineTaken(transaction: Y.Transaction, marker: Y.Item, me: number): Kept | null {
  let [words, whole, open] = ['', '', ''];
  let last: Y.ID | null = null;
  const pieces: Taken['pieces'] = [];
  for (let one = right(marker); one && !markerOf(one); one = right(one)) {
    const text = textOf(one);
    if (one.deleted) {
      if (!Y.isDeleted(transaction.deleteSet, one.id)) continue;
      open += text;
      whole += text;
    } else if (one.countable) {
      words += text;
      whole += text;
      if (one.id.client !== me) continue;
      last = lastId(one);
      if (open) pieces.push({ text: open, mine: one.id, behind: false });
      open = '';
    }
  }
  if (!last) return null;
  if (open) pieces.push({ text: open, mine: last, behind: true });
  // Without them nothing of it was taken out beside my words.
  return pieces.length > 0 ? { words, taken: { whole, pieces } } : null;
}

/** Says it, of each transaction of others. */
export class Teller {
  /** Of half words that were told: by the clock of what is left, what is missing so far and where that began. */
  private readonly halves = new Map<number, { from: number; text: string }>();

  private steps = 0;

  constructor(private readonly root: Y.XmlText, private readonly told: Told) {}

  tell(transaction: Y.Transaction): void {
    const { torn, kept } = this.told;
    this.steps = 0;
    const lines = new Set<Y.Item | null>();
    for (const [type, keys] of kept ? transaction.changed : []) {
      const item = type._item;
      if (!item || !keys.has('gone') || !markerOf(item)?.getAttribute('gone')) continue;
      const line = lineTaken(transaction, item, this.root.doc!.clientID);
      if (!line) continue;
      lines.add(item);
      kept!(line);
    }
    if (!torn) return;
    const gone: Y.Item[] = [];
    Y.iterateDeletedStructs(transaction, transaction.deleteSet, (struct) => {
      if (struct instanceof Y.Item && struct.parent === this.root && struct.id.client === this.root.doc!.clientID) gone.push(struct);
    });
    // From the end of a word to its beginning, as Backspace goes.
    for (const one of gone.reverse()) this.tellTorn(one, lines, torn);
  }

  private tellTorn(gone: Y.Item, told: ReadonlySet<Y.Item | null>, torn: (what: Torn) => void): void {
    let next = right(gone);
    while (next && !stands(next)) next = right(next);
    if (!next || next.id.client !== gone.id.client) return;
    const end = lastId(gone).clock;
    const known = this.halves.get(next.id.clock);
    const goesOn = known?.from === end + 1;
    if (!goesOn && (!holds(gone, next.origin) || end !== next.origin!.clock)) return;
    const letters = /[\p{L}\p{N}]+$/u.exec(textOf(gone))?.[0] ?? '';
    const rest = /^[\p{L}\p{N}]+/u.exec(textOf(next))?.[0] ?? '';
    if (!letters || !rest) return;
    let line = left(gone);
    while (line && !markerOf(line) && (this.steps += 1) < steps_max) line = left(line);
    if (told.has(line)) return;      // that says it already
    const missing = letters + (goesOn ? known.text : '');
    this.halves.set(next.id.clock, { from: end + 1 - letters.length, text: missing });
    torn({ word: missing + rest, missing, taken: { whole: missing + rest, pieces: [{ text: missing, mine: next.id, behind: false }] } });
  }
}
