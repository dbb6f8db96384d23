// Text that was moved keeps its identity (docs/pads-format.md, Moves). Who takes text out at one place and puts it in at another makes new
// signs; beside the text the document says which sign is which. So a word that was moved twice at the same time stands once,
// carets go with their sentence, and who wrote into a moved line unseen can follow (reunion.ts). The binding holds one; never
// brings words back, never touches what nobody moved.
import * as Y from 'yjs';
import { type Values, marker_clients } from './form';
import { isTaken, markerOf } from './read';

const root_name = 'moves';
const units_max = 50_000;      // of one entry; more is no passage that somebody moves
const ranges_max = 2_000;      // of one entry
const seen_max = 32;           // passages on each side
const way_max = 1_000;         // times that one sign was moved
const looks_max = 500_000;     // places that one message is worth; what is left stands twice, and no word is lost

/** Units that stand in a row under one client: first clock and how many. */
export interface Range { client: number; clock: number; length: number }
/** `again`: nobody took it there by hand: words that follow, or that undo brought back (`home`: that went back to where they were written). `begin`, `end`: clocks of all signs that went
 * with it. */
export interface Step { from: Y.ID; to: Y.ID; length: number; author: number; seen: Values; again: boolean; home: boolean; begin: number; end: number }
interface Entry { from: number[]; to: number[]; seen?: Values; again?: 1 | 2 }

const bucket_bits = 5;         // 32 signs are looked up together

/** Steps by the signs that they are about. */
class Index {
  private readonly clients = new Map<number, Map<number, Step[]>>();

  constructor(private readonly side: 'from' | 'to') {}

  has(client: number): boolean {
    return this.clients.has(client);
  }

  add(step: Step): void {
    const { client, clock } = step[this.side];
    let buckets = this.clients.get(client);
    if (!buckets) this.clients.set(client, buckets = new Map());
    for (let n = Math.floor(clock / 2 ** bucket_bits); n * 2 ** bucket_bits < clock + step.length; n += 1) {
      const known = buckets.get(n);
      if (known) known.push(step);
      else buckets.set(n, [step]);
    }
  }

  /** Whether a step is about one of these signs. */
  names({ client, clock }: Y.ID, length: number): boolean {
    const buckets = this.clients.get(client);
    for (let n = Math.floor(clock / 2 ** bucket_bits); buckets && n * 2 ** bucket_bits < clock + length; n += 1) {
      const near = buckets.get(n) ?? none;
      if (near.some((one) => one[this.side].clock < clock + length && clock < one[this.side].clock + one.length)) return true;
    }
    return false;
  }

  near({ client, clock }: Y.ID): readonly Step[] {
    return this.clients.get(client)?.get(Math.floor(clock / 2 ** bucket_bits)) ?? none;
  }
}
const none: readonly Step[] = [];

const inside = (id: Y.ID, of: Y.ID, length: number) => id.client === of.client && of.clock <= id.clock && id.clock < of.clock + length;

function rangesOf(flat: unknown): Range[] | null {
  if (!Array.isArray(flat) || flat.length % 3 !== 0 || flat.length > 3 * ranges_max) return null;
  const found: Range[] = [];
  let units = 0;
  for (let i = 0; i < flat.length; i += 3) {
    const [client, clock, length] = flat.slice(i, i + 3) as number[];
    if (![client, clock, length].every((one) => Number.isSafeInteger(one) && one! >= 0) || length === 0) return null;
    if ((units += length!) > units_max) return null;
    found.push({ client: client!, clock: clock!, length: length! });
  }
  return found;
}

/** Both sides cut at the same places. */
function stepsOf(raw: unknown, author: number): Step[] {
  const { from: flatFrom, to: flatTo, seen, again } = (raw ?? {}) as Partial<Entry>;
  const [from, to] = [rangesOf(flatFrom), rangesOf(flatTo)];
  if (!from || !to) return [];
  // Nobody moves text to where another wrote it.
  if (to.some(({ client }) => client !== author && client !== author + marker_clients)) return [];
  const signs = to.filter(({ client }) => client === author);
  const [begin, end] = [Math.min(...signs.map(({ clock }) => clock)), Math.max(...signs.map(({ clock, length }) => clock + length))];
  const steps: Step[] = [];
  let [i, j, a, b] = [0, 0, 0, 0];
  while (i < from.length && j < to.length) {
    const [one, other] = [from[i]!, to[j]!];
    const length = Math.min(one.length - a, other.length - b);
    steps.push({
      from: Y.createID(one.client, one.clock + a), to: Y.createID(other.client, other.clock + b), length, author, again: again === 1 || again === 2, home: again === 2, begin, end,
      seen: typeof seen === 'object' && seen !== null ? seen : {},
    });
    if ((a += length) === one.length) [i, a] = [i + 1, 0];
    if ((b += length) === other.length) [j, b] = [j + 1, 0];
  }
  return steps;
}

export class Moves {
  /** What was put somewhere by hand here. */
  readonly byHand: Step[] = [];
  /** Mine that others moved. */
  private readonly mineMoved: Step[] = [];
  /** Places of signs that were looked at, in all. */
  looks = 0;
  /** What `next` said since the last entry came: one sign may be named by thousands of entries. */
  private readonly best = new Map<number, Map<number, Step | null>>();
  /** Came with the last transaction. */
  fresh: Step[] = [];
  private readonly doc: Y.Doc;
  private readonly list: Y.Array<Entry>;
  private readonly byFrom = new Index('from');
  private readonly byTo = new Index('to');

  constructor(private readonly root: Y.XmlText) {
    this.doc = root.doc!;
    this.list = this.doc.getArray(root_name);
    for (let item = this.list._start; item; item = item.right as Y.Item | null) this.read(item);
    this.fresh = [];
    this.doc.on('beforeObserverCalls', this.take);
  }

  destroy(): void {
    this.doc.off('beforeObserverCalls', this.take);
  }

  private readonly take = (transaction: Y.Transaction) => {
    this.fresh = [];
    if (!transaction.changed.has(this.list as never)) return;
    for (const [client, structs] of this.doc.store.clients) {
      const from = transaction.beforeState.get(client) ?? 0;
      if ((transaction.afterState.get(client) ?? 0) <= from) continue;
      for (let i = Y.findIndexSS(structs, from); i < structs.length; i += 1) {
        const item = structs[i];
        if (item instanceof Y.Item && item.parent === this.list) this.read(item);
      }
    }
  };

  private read(item: Y.Item): void {
    if (item.deleted || !(item.content instanceof Y.ContentAny)) return;
    for (const raw of item.content.arr) {
      for (const step of stepsOf(raw, item.id.client)) {
        if (!this.isNew(step)) continue;
        this.keep(step);
        this.fresh.push(step);
      }
    }
  }

  /** New signs stand in the text, and each is one old sign: so entries name no more than their author wrote, however many they are.
   * What this page did itself it knows. */
  private isNew({ to, length }: Step): boolean {
    return Y.getState(this.doc.store, to.client) >= to.clock + length && !this.byTo.names(to, length);
  }

  private keep(step: Step): void {
    this.best.clear();
    this.byFrom.add(step);
    this.byTo.add(step);
    if (step.to.client === this.doc.clientID && !step.again) this.byHand.push(step);
    if (step.from.client === this.doc.clientID && step.author !== this.doc.clientID) this.mineMoved.push(step);
  }

  // --- Where a sign is ---

  private nexts(id: Y.ID): Step[] {
    return this.byFrom.near(id).filter((one) => inside(id, one.from, one.length));
  }

  /** The step that counts, of those from this sign: two that knew nothing of each other. What somebody moved by hand counts more than
   * what followed by itself (else two pages may follow each other); then the higher id, so that all choose the same. */
  private next(id: Y.ID): Step | null {
    let known = this.best.get(id.client);
    if (!known) this.best.set(id.client, known = new Map());
    let best = known.get(id.clock);
    if (best === undefined) known.set(id.clock, best = this.chosen(id));
    return best;
  }

  private chosen(id: Y.ID): Step | null {
    let best: Step | null = null;
    for (const one of this.byFrom.near(id)) {
      if (!inside(id, one.from, one.length)) continue;
      const more = best && (Number(best.again) - Number(one.again) || one.to.client - best.to.client || one.to.clock - best.to.clock);
      if (more === null || more > 0) best = one;
    }
    return best;
  }

  private static along(id: Y.ID, { from, to }: Step): Y.ID {
    return Y.createID(to.client, to.clock + id.clock - from.clock);
  }

  private before(at: Y.ID): Y.ID | null {
    this.looks += 1;
    const step = this.byTo.near(at).find((one) => inside(at, one.to, one.length));
    return step ? Y.createID(step.from.client, step.from.clock + at.clock - step.to.clock) : null;
  }

  /** Where it was written, and on the way back there each place. Entries that somebody made by hand may close to a circle: a sign has
   * one place before it at most, so nobody's way leads into one from outside. Signs on a circle count as moved by nobody
   * (`closed`), and what was moved away from one begins there. */
  private way(id: Y.ID): { way: Y.ID[]; closed: boolean } {
    const way = [id];
    let mark = id;  // Brent: a circle comes back to one of the places whose number is a power of two
    for (let n = 1; n <= way_max; n += 1) {
      const at = this.before(way[way.length - 1]!);
      if (!at) break;
      if (Y.compareIDs(at, mark)) {
        const circle = new Set<string>();
        for (let one: Y.ID | null = at; one && !circle.has(`${one.client} ${one.clock}`); one = this.before(one)) circle.add(`${one.client} ${one.clock}`);
        const outside = way.findIndex((one) => circle.has(`${one.client} ${one.clock}`));
        return outside === 0 ? { way: [id], closed: true } : { way: way.slice(0, outside), closed: false };
      }
      way.push(at);
      if ((n & (n - 1)) === 0) mark = at;
    }
    return { way, closed: false };
  }

  private wayBack(id: Y.ID): Y.ID[] {
    return this.way(id).way;
  }

  /** Where this sign is now (or was, if it was taken out there), and the steps by which it went from here. */
  end(id: Y.ID): { id: Y.ID; steps: readonly Step[] } {
    if (!this.byFrom.has(id.client) && !this.byTo.has(id.client)) return { id, steps: none };
    const { way: back, closed } = this.way(id);
    if (closed) return { id, steps: none };
    let at = back[back.length - 1]!;
    const steps: Step[] = [];
    for (let n = 0; n < way_max; n += 1) {
      this.looks += 1;
      const step = this.next(at);
      if (!step) break;
      const next = Moves.along(at, step);
      // Here the ways part: that of `id` and that which counts.
      if (steps.length > 0 || !(n < back.length - 1 && Y.compareIDs(back[back.length - 2 - n]!, next))) steps.push(step);
      at = next;
    }
    return { id: at, steps };
  }

  /** Where it was written. */
  first(id: Y.ID): Y.ID {
    const way = this.byTo.has(id.client) ? this.wayBack(id) : [id];
    return way[way.length - 1]!;
  }

  /** How often its writer moved this sign. */
  timesFollowed(id: Y.ID): number {
    return this.wayBack(id).filter(({ client }) => client === id.client).length - 1;
  }

  /** The sign as whoever wrote this copy typed it, or put it somewhere by hand (`passage`: with what). */
  typed(id: Y.ID): { id: Y.ID; passage: Step | null } {
    const way = this.wayBack(id);
    for (const one of way) {
      const passage = one.client === id.client ? this.byTo.near(one).find((step) => inside(one, step.to, step.length) && !step.again) : null;
      if (passage) return { id: one, passage };
    }
    return { id: way[way.length - 1]!, passage: null };
  }

  item(id: Y.ID): Y.Item | null {
    if (Y.getState(this.doc.store, id.client) <= id.clock) return null;
    const found = Y.getItem(this.doc.store, id) as unknown;
    return found instanceof Y.Item && found.parent === this.root ? found : null;
  }

  /** Of all whose words stand around this item in its line, what has come here of theirs. */
  seenAround(item: Y.Item): Values {
    const clients = new Set<number>();
    for (const side of ['left', 'right'] as const) {
      for (let one: Y.Item | null = item, n = 0; one && n < seen_max; one = one[side] as Y.Item | null) {
        if (one !== item && markerOf(one)) break;
        if (one.deleted || !(one.content instanceof Y.ContentString)) continue;
        clients.add(one.id.client);
        n += 1;
      }
    }
    return Object.fromEntries([...clients].map((client) => [client, Y.getState(this.doc.store, client)]));
  }

  // --- Changes ---

  /** In a transaction: `from` became `to`. */
  add(from: readonly Range[], to: readonly Range[], seen: Values, again: 0 | 1 | 2 = 0): void {
    const flat: number[] = [];
    for (const { client, clock, length } of from) {
      // It goes on from where it is now.
      for (let n = 0; n < length; n += 1) {
        const { id } = this.end(Y.createID(client, clock + n));
        const last = flat.length - 3;
        if (last >= 0 && flat[last] === id.client && flat[last + 1]! + flat[last + 2]! === id.clock) flat[last + 2]! += 1;
        else flat.push(id.client, id.clock, 1);
      }
    }
    const entry: Entry = { from: flat, to: to.flatMap(({ client, clock, length }) => [client, clock, length]) };
    if (Object.keys(seen).length > 0) entry.seen = seen;
    if (again) entry.again = again;
    const steps = stepsOf(entry, this.doc.clientID);
    if (steps.length === 0) return;
    this.list.push([entry]);
    for (const step of steps) this.keep(step);
    this.settle(steps);
  }

  /** What was taken out in these ranges and is there again by undo. */
  undone(ranges: Map<number, { clock: number; len: number }[]>): void {
    const [from, to]: [Range[], Range[]] = [[], []];
    let seen: Values = {};
    for (const [client, list] of ranges) {
      const structs = this.doc.store.clients.get(client) ?? [];
      for (const { clock, len } of list) {
        for (let i = structs.length > 0 ? Y.findIndexSS(structs, clock) : 0; i < structs.length && structs[i]!.id.clock < clock + len; i += 1) {
          const item = structs[i];
          if (!(item instanceof Y.Item) || item.parent !== this.root || !item.countable || !item.redone || item.redone.client !== this.doc.clientID) continue;
          const now = this.item(item.redone);
          if (!now || now.deleted || Y.compareIDs(this.end(item.id).id, item.redone)) continue;
          seen = { ...seen, ...this.seenAround(now) };
          from.push({ client, clock: item.id.clock, length: item.length });
          to.push({ client: item.redone.client, clock: item.redone.clock, length: item.length });
        }
      }
    }
    if (from.length > 0) this.doc.transact(() => this.add(from, to, seen, 1), this);
  }

  /** In a transaction: of signs that these steps moved each stands once. */
  settle(steps: readonly Step[]): void {
    const transaction = this.doc._transaction!;
    const extra: Y.ID[] = [];
    // Each place of each sign is looked at once, however often it was moved: many steps of one message are about the same sign.
    const known = new Map<number, Set<number>>();
    const isKnown = ({ client, clock }: Y.ID) => known.get(client)?.has(clock) === true;
    const know = ({ client, clock }: Y.ID) => {
      const clocks = known.get(client);
      if (clocks) clocks.add(clock);
      else known.set(client, new Set([clock]));
    };
    const most = this.looks + looks_max;
    for (const { from, length } of steps) {
      for (let n = 0; n < length && this.looks < most; n += 1) {
        const id = Y.createID(from.client, from.clock + n);
        if (isKnown(id)) continue;
        const { way, closed } = this.way(id);
        if (closed) {
          know(id);
          continue;
        }
        const first = way[way.length - 1]!;
        const { id: end } = this.end(first);
        const all = [first];
        for (let i = 0; i < all.length && i < way_max; i += 1) {
          const at = all[i]!;
          know(at);
          this.looks += 1;
          if (!Y.compareIDs(at, end) && this.item(at)?.deleted === false) extra.push(at);
          for (const step of this.nexts(at)) if (all.length < way_max) all.push(Moves.along(at, step));
        }
        know(id);
      }
    }
    extra.sort((a, b) => a.client - b.client || a.clock - b.clock);
    this.takeOut(transaction, extra);
    for (const step of steps) if (step.author !== this.doc.clientID) this.redo(transaction, step);
  }

  private takeOut(transaction: Y.Transaction, extra: readonly Y.ID[]): void {
    const markers: Y.Item[] = [];
    let some = false;
    for (let i = 0; i < extra.length; i += 1) {
      const id = extra[i]!;
      const item = this.item(id);
      if (!item || item.deleted) continue;
      if (markerOf(item)) markers.push(item);
      else if (item.countable) {
        const one = Y.getItemCleanStart(transaction, id);
        let length = 1;
        while (length < one.length && extra[i + length]?.client === id.client && extra[i + length]!.clock === id.clock + length) length += 1;
        if (one.length > length) Y.getItemCleanStart(transaction, Y.createID(id.client, id.clock + length));
        one.delete(transaction);
        some = true;
      }
    }
    const known = (this.root as unknown as { _searchMarker: unknown[] | null })._searchMarker;
    if (some && known) known.length = 0;
    for (const item of markers) {
      const marker = markerOf(item)!;
      if (marker.getAttribute('gone')) continue;
      let next = item.right as Y.Item | null;
      while (next && (next.deleted || !next.countable)) next = next.right as Y.Item | null;
      if (!next || (markerOf(next) && !isTaken(next))) marker.setAttribute('gone', 1 as unknown as string);
    }
  }

  /** Signs of mine that others moved end where they end for me, and at these clocks of mine. */
  part(transaction: Y.Transaction, clocks: readonly number[]): void {
    const { clientID, store } = this.doc;
    const structs = store.clients.get(clientID) ?? [];
    for (const { from, to, length } of this.mineMoved) {
      const ends = new Set([0, length, ...clocks.map((clock) => clock - from.clock)]);
      for (let i = structs.length > 0 ? Y.findIndexSS(structs, from.clock) : 0; i < structs.length && structs[i]!.id.clock < from.clock + length; i += 1) ends.add(structs[i]!.id.clock - from.clock);
      for (const end of ends) {
        const id = Y.createID(to.client, to.clock + end);
        if (end >= 0 && end <= length && this.item(id)) Y.getItemCleanStart(transaction, id);
      }
    }
  }

  /** Who takes back what he took out gets what another moved, not one thing more. */
  private redo(transaction: Y.Transaction, { from, to, length }: Step): void {
    const end = from.clock + Math.min(length, Y.getState(this.doc.store, from.client) - from.clock);
    const counts = (clock: number) => clock < end && this.next(Y.createID(from.client, clock))?.to.client === to.client;
    for (let clock = from.clock; clock < end; clock += 1) {
      if (!counts(clock) || !this.item(Y.createID(from.client, clock))) continue;
      const item = Y.getItemCleanStart(transaction, Y.createID(from.client, clock));
      let size = 1;
      while (size < item.length && counts(clock + size)) size += 1;
      if (size < item.length) Y.getItemCleanStart(transaction, Y.createID(from.client, clock + size));
      if (item.deleted && !(item.content instanceof Y.ContentType)) item.redone = Y.createID(to.client, to.clock + clock - from.clock);
      clock += size - 1;
    }
  }
}
