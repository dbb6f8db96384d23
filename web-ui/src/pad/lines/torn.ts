// Words of mine that two people tore: each moved a part of it, by hand or by program, and knew nothing of the other. The writer's program
// brings the end of the word, and what I typed on behind it, to its beginning (reunion.ts).
import * as Y from 'yjs';
import { type Moves, type Step, looks_max } from './moves';
import { right, textOf } from './told';

const letter = /[\p{L}\p{N}]/u;
const words_max = 50;          // of one message
const signs_max = 2_000;       // of one passage
const adjoins_max = 100;       // deleted items between two letters

/** Units in a row, which belong behind the unit `behind`. `typed`: the clocks under which I typed them. */
export interface Rest { ids: Y.ID[]; text: string; behind: Y.ID; typed: number[] }
interface Sign { id: Y.ID; item: Y.Item; text: string; steps: readonly Step[] }

/** When `one` was written, nothing stood between it and `mine`. */
export function adjoins(store: Y.Doc['store'], one: Y.Item, mine: Y.Item): boolean {
  for (let n = 0, id = one.rightOrigin; id && n < adjoins_max; n += 1) {
    if (id.client === mine.id.client && mine.id.clock <= id.clock && id.clock < mine.id.clock + mine.length) return true;
    const next = id.clock < Y.getState(store, id.client) ? Y.getItem(store, id) as unknown : null;
    if (!(next instanceof Y.Item) || !next.deleted) return false;
    id = next.rightOrigin;
  }
  return false;
}

/** Where this sign of mine stands now. */
function signOf(moves: Moves, typed: Y.ID): Sign | null {
  if (!Y.compareIDs(moves.first(typed), typed)) return null;
  const { id, steps } = moves.end(typed);
  const item = moves.item(id);
  const text = item && !item.deleted ? textOf(item)[id.clock - item.id.clock] ?? '' : '';
  return item && text ? { id, item, text, steps } : null;
}

/** Whoever typed this sign typed it behind that one. */
function typedBehind(moves: Moves, typed: Y.ID, before: Y.ID): boolean {
  const item = moves.item(typed);
  if (!item) return false;
  if (item.id.clock < typed.clock) return before.client === typed.client && before.clock === typed.clock - 1;
  return item.origin !== null && Y.compareIDs(moves.first(item.origin), before);
}

const nextOf = ({ item }: Sign) => {
  let next = right(item);
  while (next && (next.deleted || !next.countable)) next = right(next);
  return next;
};

function follows(one: Sign, other: Sign): boolean {
  const { id, item } = one;
  if (id.clock < item.id.clock + item.length - 1) return Y.compareIDs(other.id, Y.createID(id.client, id.clock + 1));
  const next = nextOf(one);
  return next !== null && Y.compareIDs(next.id, other.id);
}

/** The sign that stands behind `at`, the last one of these that I typed (clocks), if I typed it behind one of them: at once, when I went on
 * later, or before I wrote the others between. */
function goesOn(moves: Moves, at: Sign, these: readonly number[], me: number): { sign: Sign; clock: number } | null {
  const behind = at.id.clock < at.item.id.clock + at.item.length - 1 ? Y.createID(at.id.client, at.id.clock + 1) : nextOf(at)?.id;
  const typed = behind && moves.first(behind);
  if (!typed || typed.client !== me || !these.some((clock) => typedBehind(moves, typed, Y.createID(me, clock)))) return null;
  const sign = signOf(moves, typed);
  return sign && Y.compareIDs(sign.id, behind) ? { sign, clock: typed.clock } : null;
}

/** Somebody parted them who meant it: one person moved both, each by hand, and when he took the first one he had seen the other, which I
 * typed under this clock. */
function meant(one: Step, other: Step, me: number, clock: number): boolean {
  if (one === other) return true;
  const seen = one.seen[String(me)];
  return one.author === other.author && !one.again && !other.again && typeof seen === 'number' && seen > clock;
}

export function tornByMoves(moves: Moves, fresh: readonly Step[], me: number): Rest[] {
  const clocks = new Set<number>();
  const most = moves.looks + looks_max;
  for (const { from, length, author } of fresh) {
    for (let n = 0; author !== me && n < length && moves.looks < most; n += 1) {
      const first = moves.first(Y.createID(from.client, from.clock + n));
      if (first.client === me) clocks.add(first.clock).add(first.clock + 1);
    }
  }
  const found: Rest[] = [];
  for (const clock of clocks) {
    if (moves.looks > most || found.length >= words_max || clock === 0) continue;
    const [before, typed] = [Y.createID(me, clock - 1), Y.createID(me, clock)];
    const [one, other] = [signOf(moves, before), signOf(moves, typed)];
    const [last, lastOther] = [one?.steps.at(-1), other?.steps.at(-1)];
    if (!one || !other || !letter.test(one.text) || !letter.test(other.text) || !last || !lastOther || (meant(last, lastOther, me, clock) && !moves.overrules(lastOther, other.id)) || follows(one, other) || !typedBehind(moves, typed, before)) continue;
    const rest: Rest = { ids: [other.id], text: other.text, behind: one.id, typed: [clock] };
    for (let more = goesOn(moves, other, rest.typed, me); more && rest.ids.length < signs_max && moves.looks < most; more = goesOn(moves, more.sign, rest.typed, me)) {
      rest.ids.push(more.sign.id);
      rest.text += more.sign.text;
      rest.typed.push(more.clock);
    }
    found.push(rest);
  }
  return found;
}
