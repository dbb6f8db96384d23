// Where words begin and end: whoever follows another word stands in front of it or behind it, never in it (reunion.ts).
import * as Y from 'yjs';
import type { Moves, Step } from './moves';
import { lastId, left, right, stands, textOf } from './told';

const word_max = 100;          // letters
const passage_max = 1_000;     // signs that went from one place
const letter = /[\p{L}\p{N}]/u;
const letterAt = (item: Y.Item, clock: number) => letter.test(textOf(item)[clock - item.id.clock] ?? '');

/** `me`: my client. `fresh`: steps that just came. `looks`: what the places looked at may come to (moves.ts counts them). `going`: what I write
 * from this clock on is words on their way; none ends a word that stood there. */
export interface Ends { readonly moves: Moves; readonly me: number; going: number; fresh: ReadonlySet<Step>; looks: number }

/** This sign is no part of a word that `writer` wrote. */
function parts(id: Y.ID, item: Y.Item, mine: Y.Item, writer: number, { moves, me, going }: Ends): boolean {
  return item === mine || (id.client === me && id.clock >= going) || !letterAt(item, id.clock) || moves.first(id).client !== writer;
}

/** Somebody put one of these neighbours beside the other: two words without a space. (Of one word the letters came here together, or went to it.) */
function joint(one: Y.ID, other: Y.ID, { moves }: Ends): boolean {
  const [step, next] = [moves.broughtBy(one), moves.broughtBy(other)];
  if (step === next || (step?.home ?? next?.home)) return false;
  const [first, second] = [moves.first(one), moves.first(other)];
  // (The end of a word whose beginning was taken from in front of it was typed right after that, wherever it stands.)
  return first.client !== second.client || first.clock + 1 !== second.clock;
}

/** The first letter of the word to which this one belongs, as wordEnd. */
export function wordBegin(id: Y.ID, mine: Y.Item, ends: Ends): Y.ID {
  const { moves } = ends;
  const writer = moves.first(id).client;
  let item = moves.item(id);
  if (!item || !letterAt(item, id.clock)) return id;
  let begin = id;
  for (let n = 0; n < word_max; n += 1) {
    let next = Y.createID(begin.client, begin.clock - 1);
    if (begin.clock === item.id.clock) {
      let before = left(item);
      while (before && !stands(before) && n < word_max) [before, n] = [left(before), n + 1];
      if (!before || !stands(before)) break;
      [item, next] = [before, lastId(before)];
    }
    if (parts(next, item, mine, writer, ends) || joint(next, begin, ends)) break;
    begin = next;
  }
  return begin;
}

/** The last letter of the word to which this one belongs, if I did not write that word: its end may not have been there. */
export function wordEnd(id: Y.ID, mine: Y.Item, ends: Ends): Y.ID {
  const { moves, me } = ends;
  const writer = moves.first(id).client;
  let item = moves.item(id);
  if (!item || !letterAt(item, id.clock) || (writer === me && letter.test(textOf(mine)[0] ?? ''))) return id;
  let end = id;
  for (let n = 0; n < word_max; n += 1) {
    let next = Y.createID(end.client, end.clock + 1);
    if (next.clock >= item.id.clock + item.length) {
      let behind = right(item);
      while (behind && !stands(behind) && n < word_max) [behind, n] = [right(behind), n + 1];
      if (!behind || !stands(behind)) break;
      [item, next] = [behind, behind.id];
    }
    if (parts(next, item, mine, writer, ends) || joint(end, next, ends)) break;
    end = next;
  }
  return end;
}

/** A fresh step brought this sign with the beginning of its word, or what is no letter with the word in front of it. */
export function cameWhole(id: Y.ID, mine: Y.Item, ends: Ends): boolean {
  const { moves, fresh } = ends;
  const came = (one: Y.ID) => {
    const step = moves.broughtBy(one);
    return step !== null && fresh.has(step);
  };
  let item = moves.item(id);
  let at = id;
  for (let n = 0; item && !letterAt(item, at.clock) && came(at) && n < word_max; n += 1) {
    if (at.clock > item.id.clock) at = Y.createID(at.client, at.clock - 1);
    else {
      do item = left(item); while (item && !stands(item));
      if (item) at = lastId(item);
    }
  }
  return item !== null && came(wordBegin(at, mine, ends));
}

/** What stands in front of this item of mine, if that is the beginning of its word: they go, or stay, together. */
export function endsWord(mine: Y.Item, { moves, me }: Ends): Y.Item | null {
  let before = left(mine);
  for (let n = 0; before && !stands(before) && n < word_max; n += 1) before = left(before);
  if (!before || !stands(before) || !letter.test(textOf(before).at(-1) ?? '') || !letter.test(textOf(mine)[0] ?? '')) return null;
  const [one, other] = [moves.first(lastId(before)), moves.first(mine.id)];
  return one.client === me && one.client === other.client && one.clock + 1 === other.clock ? before : null;
}

/** `mine` follows what went to `to`. What stood between them went there too, and stands behind that: the last sign of it. */
export function lastBefore(to: Y.ID, mine: Y.Item, ends: Ends): Y.ID {
  const { moves, me, fresh } = ends;
  const between = new Set<string>();
  for (let item = left(mine), n = 0; item && n < passage_max && moves.looks < ends.looks; item = left(item)) {
    // (Other words of mine go there as well.)
    if (stands(item) && (item.id.client !== me || !textOf(item))) break;
    n += 1;
    if (stands(item)) continue;
    let here = false;
    for (let clock = item.id.clock + item.length - 1; clock >= item.id.clock && n < passage_max && !here; clock -= 1, n += 1) {
      moves.looks += 1;
      const { id, steps } = moves.end(Y.createID(item.id.client, clock));
      here = Y.compareIDs(id, to);
      if (!here && steps.some((step) => fresh.has(step))) between.add(`${id.client} ${id.clock}`);
    }
    if (here) break;
  }
  let last = to;
  let item = between.size > 0 ? moves.item(to) : null;
  while (item) {
    let next: Y.ID | null = Y.createID(last.client, last.clock + 1);
    if (next.clock >= item.id.clock + item.length) {
      do item = right(item); while (item && !stands(item));
      next = item && item.id;
    }
    if (!next || !between.has(`${next.client} ${next.clock}`)) break;
    last = next;
  }
  return last === to ? to : wordEnd(last, mine, ends);
}
