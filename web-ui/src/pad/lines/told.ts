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

export const right = (item: Y.Item) => item.right as Y.Item | null;
export const textOf = (item: Y.Item) => (item.content instanceof Y.ContentString ? item.content.str : '');
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
