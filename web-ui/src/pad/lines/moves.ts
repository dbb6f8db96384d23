// Text that was moved keeps its identity (docs/pads-format.md, Moves). Who takes text out at one place and puts it in at another makes new
// signs; beside the text the document says which sign is which. So a word that was moved twice at the same time stands once,
// carets go with their sentence, and who wrote into a moved line unseen can follow (reunion.ts). The binding holds one; never
// brings words back, never touches what nobody moved.
import * as Y from 'yjs';
import { type Values, marker_clients } from './form';
import { Allowance } from './allowance';
import { isTaken, markerOf } from './read';
import { Index, type Range, Signs, type Step, none } from './steps';

const root_name = 'moves';
const units_max = 50_000;      // of one entry; more is no passage that somebody moves
const ranges_max = 2_000;      // of one entry
const seen_max = 32;           // passages on each side
const way_max = 1_000;         // times that one sign was moved
export const looks_max = 500_000; // places that one message is worth; what is left stands twice, and no word is lost
const looks_at_once = 2_000_000;  // of many messages; and a second gives so many back:
const looks_a_second = 200_000;
const owed_max = 5_000;           // steps that wait for that
const all_units_max = 4_000_000;  // of all entries together
const free_reads = 1_000;         // entries and ranges of them: so many are read again for nothing
const reads_at_once = 50_000;
const reads_a_second = 20_000;

export type { Range, Step };
/** Where a sign was written, and how many moves ago. */
interface Origin { first: Y.ID; moves: number }
/** Where a sign was and is, from where it was written on; ids[n + 1] is where steps[n] brought ids[n]. */
interface Way { ids: Y.ID[]; steps: Step[] }
interface Entry { from: number[]; to: number[]; seen?: Values; again?: 1 | 2 }

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

function unitsOf(item: Y.Item): number {
  if (item.deleted || !(item.content instanceof Y.ContentAny)) return 0;
  return item.content.arr.reduce((sum: number, raw) => sum + (rangesOf((raw as Partial<Entry> | null)?.from) ?? []).reduce((all, { length }) => all + length, 0), 0);
}

export class Moves {
  /** What was put somewhere by hand here. */
  readonly byHand: Step[] = [];
  /** Mine that others moved. */
  private readonly mineMoved: Step[] = [];
  /** Places of signs that were looked at, in all. */
  looks = 0;
  /** Entries and their ranges that were read, in all. */
  reads = 0;
  /** What is known of the ways, until an entry comes that says otherwise: one sign may be named by thousands of entries. */
  private readonly best = new Signs<Step | null>();
  private readonly origins = new Signs<Origin | null>();
  private readonly ways = new Signs<Way>();
  /** How much of the list was read: entries, these and their ranges, units of them. */
  private entries = 0;
  private size = 0;
  private units = 0;
  /** Units of steps that count. */
  kept = 0;
  private stale = false;
  private readonly rereads = new Allowance(reads_at_once, reads_a_second);
  private readonly settling = new Allowance(looks_at_once, looks_a_second);
  /** Steps whose copies were not looked for yet. */
  private owed: Step[] = [];
  /** By client, up to where its signs must stand before entries that were read name one that stands. */
  private readonly awaited = new Map<number, number>();
  /** Came with the last transaction. */
  fresh: Step[] = [];
  private readonly doc: Y.Doc;
  private readonly list: Y.Array<Entry>;
  private byFrom = new Index('from');
  private byTo = new Index('to');

  constructor(private readonly root: Y.XmlText) {
    this.doc = root.doc!;
    this.list = this.doc.getArray(root_name);
    this.readAll();
    this.fresh = [];
    this.doc.on('beforeObserverCalls', this.take);
  }

  destroy(): void {
    this.doc.off('beforeObserverCalls', this.take);
  }

  private readonly take = (transaction: Y.Transaction) => {
    this.fresh = [];
    const listed = transaction.changed.has(this.list as never);
    for (const [client, structs] of listed ? this.doc.store.clients : []) {
      const from = transaction.beforeState.get(client) ?? 0;
      if ((transaction.afterState.get(client) ?? 0) <= from) continue;
      for (let i = Y.findIndexSS(structs, from); i < structs.length; i += 1) {
        const item = structs[i];
        if (item instanceof Y.Item && item.parent === this.list) this.read(item);
      }
    }
    const come = [...this.awaited].some(([client, clock]) => Y.getState(this.doc.store, client) >= clock);
    // Who opens the text from now on reads the entries that are left, and all their signs stand: here as there.
    if (come || (listed && (this.list.length !== this.entries || this.units > all_units_max))) this.stale = true;
    // No editor takes entries out: who makes us read a long list again and again waits.
    if (this.stale && (this.size <= free_reads || this.rereads.take(this.size))) this.readAgain();
  };

  /** Each author's entries in the order in which they were made, whatever their order in the list and on the line. Who says least comes
   * first: else one who says more than counts leaves nothing to the others. */
  private readAll(): void {
    const items: Y.Item[] = [];
    const said = new Map<number, number>();
    for (let item = this.list._start; item; item = item.right as Y.Item | null) {
      items.push(item);
      said.set(item.id.client, (said.get(item.id.client) ?? 0) + unitsOf(item));
    }
    const least = (one: Y.Item, other: Y.Item) => said.get(one.id.client)! - said.get(other.id.client)! || one.id.client - other.id.client;
    items.sort((one, other) => least(one, other) || one.id.clock - other.id.clock);
    for (const item of items) this.read(item);
  }

  private readAgain(): void {
    const [before, came] = [this.byTo, new Index('to')];
    for (const step of this.fresh) came.add(step);
    [this.byFrom, this.byTo] = [new Index('from'), new Index('to')];
    for (const known of [this.best, this.origins, this.ways, this.awaited]) known.clear();
    this.byHand.length = this.mineMoved.length = this.entries = this.size = this.units = this.kept = 0;
    this.stale = false;
    this.fresh = [];
    this.readAll();
    this.fresh = this.fresh.filter(({ to, length }) => came.names(to, length) || !before.names(to, length));
  }

  private grow(by: number): void {
    this.reads += by;
    this.size += by;
  }

  private read(item: Y.Item): void {
    if (item.deleted || item.parentSub !== null) return;
    this.grow(item.length);
    if (item.countable) this.entries += item.length;
    if (!(item.content instanceof Y.ContentAny)) return;
    item.content.arr.forEach((raw, n) => {
      const steps = stepsOf(raw, item.id.client);
      this.grow(steps.length);
      for (const { length } of steps) this.units += length;
      if (this.units > all_units_max) return;
      for (const step of steps) {
        if (!this.counts(step, item.id.clock + n)) continue;
        this.keep(step);
        this.fresh.push(step);
      }
    });
  }

  /** New signs stand in the text, and each is one old sign: so entries name no more than their author wrote, however many they are.
   * `made`: the clock of the entry. Depends on what is in the text, never on when it came. */
  private counts({ to, length, author }: Step, made: number): boolean {
    const end = to.clock + length;
    // Nobody but the author names them; so the first one is the first for everybody.
    if (author >= marker_clients || (to.client === author && end > made)) return false;
    if (Y.getState(this.doc.store, to.client) < end) {
      // (Markers have clocks of their own.)
      this.awaited.set(to.client, Math.min(end, this.awaited.get(to.client) ?? end));
      return false;
    }
    return !this.byTo.names(to, length);
  }

  private keep(step: Step): void {
    const { from, to, length } = step;
    this.kept += length;
    for (let n = 0; n < length; n += 1) this.best.delete(Y.createID(from.client, from.clock + n));
    this.ways.clear();
    // What went on from there was written elsewhere.
    if (this.byFrom.names(to, length)) this.origins.clear();
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
    let best = this.best.get(id);
    if (best === undefined) this.best.set(id, best = this.chosen(id));
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

  /** The step that brought this sign here. */
  broughtBy(id: Y.ID): Step | null {
    this.looks += 1;
    return this.byTo.near(id).find((one) => inside(id, one.to, one.length)) ?? null;
  }

  /** Null: counts as moved by nobody. Entries that somebody made by hand may close to a circle, or go on and on: from there nobody comes back to
   * where the sign was written, or only by a longer way than counts. */
  private origin(id: Y.ID): Origin | null {
    const open: Y.ID[] = [];
    let found: Origin | null | undefined;
    for (let at = id; found === undefined;) {
      found = this.origins.get(at);
      if (found !== undefined) break;
      const before = this.before(at);
      if (!before) found = { first: at, moves: 0 };
      else {
        open.push(at);
        this.origins.set(at, null);  // who comes here again goes in a circle
        at = before;
      }
    }
    // (Only of signs that were moved: of others there is nothing to forget when an entry comes.)
    if (found && open.length > 0) this.origins.set(found.first, { first: found.first, moves: 0 });
    for (const at of open.reverse()) {
      if (found) found = found.moves < way_max ? { first: found.first, moves: found.moves + 1 } : null;
      this.origins.set(at, found!);
    }
    return found!;
  }

  /** From where it was written on, by the steps that count. (Nobody comes from there into a circle: each sign has one before it.) */
  private wayFrom(first: Y.ID): Way {
    let way = this.ways.get(first);
    if (way) return way;
    way = { ids: [first], steps: [] };
    for (let step = this.next(first); step && way.steps.length < way_max; step = this.next(way.ids[way.steps.length]!)) {
      this.looks += 1;
      way.ids.push(Moves.along(way.ids[way.steps.length]!, step));
      way.steps.push(step);
    }
    this.ways.set(first, way);
    return way;
  }

  /** Where it was written, and on the way back there each place. */
  private wayBack(id: Y.ID): Y.ID[] {
    const way = [id];
    for (let left = this.origin(id)?.moves ?? 0; left > 0; left -= 1) way.push(this.before(way[way.length - 1]!)!);
    return way;
  }

  /** Where this sign is now (or was, if it was taken out there). */
  private now(id: Y.ID): Y.ID {
    if (!this.byFrom.has(id.client) && !this.byTo.has(id.client)) return id;
    const origin = this.origin(id);
    return origin ? this.wayFrom(origin.first).ids.at(-1)! : id;
  }

  /** That, and the steps by which it went from here. */
  end(id: Y.ID): { id: Y.ID; steps: readonly Step[] } {
    if (!this.byFrom.has(id.client) && !this.byTo.has(id.client)) return { id, steps: none };
    const origin = this.origin(id);
    if (!origin) return { id, steps: none };
    const { ids, steps } = this.wayFrom(origin.first);
    // Back to where the ways part: that of `id` and that which counts.
    let [at, moves] = [id, origin.moves];
    for (; moves > 0 && !(ids[moves] && Y.compareIDs(ids[moves]!, at)); moves -= 1) at = this.before(at)!;
    return { id: ids.at(-1)!, steps: moves < steps.length ? steps.slice(moves) : none };
  }

  /** Whoever brought this sign here by this step did not know that its writer's program had brought it elsewhere (or cut it before he knew). */
  overrules({ from, to, seen }: Step, id: Y.ID): boolean {
    const { client } = this.first(id);
    const known = seen[String(client)];
    const at = Y.createID(from.client, from.clock + id.clock - to.clock);
    const unseen = (one: Step) => one.author === client && one.again && !(typeof known === 'number' && known > one.to.clock);
    return this.nexts(at).some(unseen) || this.byTo.near(at).some((one) => inside(at, one.to, one.length) && unseen(one));
  }

  /** Where it was written. */
  first(id: Y.ID): Y.ID {
    return this.origin(id)?.first ?? id;
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
        const id = this.now(Y.createID(client, clock + n));
        const last = flat.length - 3;
        if (last >= 0 && flat[last] === id.client && flat[last + 1]! + flat[last + 2]! === id.clock) flat[last + 2]! += 1;
        else flat.push(id.client, id.clock, 1);
      }
    }
    const entry: Entry = { from: flat, to: to.flatMap(({ client, clock, length }) => [client, clock, length]) };
    if (Object.keys(seen).length > 0) entry.seen = seen;
    if (again) entry.again = again;
    const made = Y.getState(this.doc.store, this.doc.clientID);
    const steps = stepsOf(entry, this.doc.clientID).filter((step) => this.counts(step, made));
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
          if (!now || now.deleted || Y.compareIDs(this.now(item.id), item.redone)) continue;
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
    const known = new Signs<true>();
    const begin = this.looks;
    const most = begin + Math.min(looks_max, this.settling.left());
    const all = [...this.owed.splice(0), ...steps];
    for (const step of all) {
      const { from, length } = step;
      let n = this.noneStands(step) ? length : 0;
      for (; n < length && this.looks < most; n += 1) {
        this.looks += 1;
        const origin = this.origin(Y.createID(from.client, from.clock + n));
        if (!origin || known.get(origin.first)) continue;
        known.set(origin.first, true);
        const end = this.wayFrom(origin.first).ids.at(-1)!;
        // An entry may name an end that nobody can see. Twice is better than not at all.
        if (this.item(end)?.deleted !== false) continue;
        let places = [origin.first];
        for (let moves = 0; moves <= way_max && places.length > 0 && this.looks < most; moves += 1) {
          this.looks += places.length;
          for (const at of places) if (!Y.compareIDs(at, end) && this.item(at)?.deleted === false) extra.push(at);
          places = places.flatMap((at) => this.nexts(at).map((one) => Moves.along(at, one)));
        }
      }
      if (n < length && this.owed.length < owed_max) this.owed.push(step);
    }
    extra.sort((a, b) => a.client - b.client || a.clock - b.clock);
    this.takeOut(transaction, extra);
    for (const step of all) if (step.author !== this.doc.clientID) this.redo(transaction, step, most);
    this.settling.take(this.looks - begin);
  }

  private sole(step: Step): boolean {
    return !this.byTo.names(step.from, step.length) && !this.byFrom.names(step.to, step.length) && this.byFrom.alone(step);
  }

  /** Nobody else moved these signs, and none stands where it was: there is no copy. (The house brings back a whole text with one step.) */
  private noneStands(step: Step): boolean {
    const { from, length } = step;
    if (!this.sole(step)) return false;
    const structs = this.doc.store.clients.get(from.client) ?? [];
    const known = Y.getState(this.doc.store, from.client);
    for (let i = from.clock < known ? Y.findIndexSS(structs, from.clock) : structs.length; i < structs.length && structs[i]!.id.clock < from.clock + length; i += 1) {
      this.looks += 1;
      if (!structs[i]!.deleted) return false;
    }
    return true;
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

  /** Signs of mine that others moved end where they end for me, and at these clocks of mine; and mine where they stand side by side no more. (Undo
   * follows a sign of mine to where it is, and takes out all of the item that it finds there: it may be in one piece with words of others.) */
  part(transaction: Y.Transaction, clocks: readonly number[]): void {
    const { clientID, store } = this.doc;
    const structs = store.clients.get(clientID) ?? [];
    const most = this.looks + looks_max;
    for (const { from, length } of this.mineMoved) {
      const known = Y.getState(store, clientID);
      if (from.clock >= known) continue;
      const [begin, end] = [from.clock, Math.min(from.clock + length, known)];
      const ends = new Set([begin, end, ...clocks.filter((clock) => begin < clock && clock < end)]);
      for (let i = Y.findIndexSS(structs, begin); i < structs.length && structs[i]!.id.clock < end; i += 1) ends.add(Math.max(begin, structs[i]!.id.clock));
      let last: Y.ID | null = null;
      for (let clock = begin; clock < end && this.looks < most; clock += 1) {
        const here = this.lastCopy(Y.createID(clientID, clock));
        if (last && (ends.has(clock) || !Y.compareIDs(here, Y.createID(last.client, last.clock + 1)))) {
          this.cut(transaction, Y.createID(last.client, last.clock + 1));
          if (!ends.has(clock)) this.cut(transaction, Y.createID(clientID, clock));
        }
        if (!last || ends.has(clock) || !Y.compareIDs(here, Y.createID(last.client, last.clock + 1))) this.cut(transaction, here);
        last = here;
      }
      if (last) this.cut(transaction, Y.createID(last.client, last.clock + 1));
    }
  }

  private cut(transaction: Y.Transaction, id: Y.ID): void {
    if (this.item(id)) Y.getItemCleanStart(transaction, id);
  }

  /** Where Yjs comes to when it follows this sign to where it came back. */
  lastCopy(id: Y.ID): Y.ID {
    for (let n = 0; n < way_max; n += 1) {
      this.looks += 1;
      const item = this.item(id);
      if (!item?.redone) return id;
      id = Y.createID(item.redone.client, item.redone.clock + id.clock - item.id.clock);
    }
    return id;
  }

  /** Whether this sign, followed to where it came back, comes to that one (or goes on and on). Yjs follows it without end. */
  private comesTo(id: Y.ID, that: Y.ID): boolean {
    for (let n = 0, at = id; n < way_max; n += 1) {
      if (Y.compareIDs(at, that)) return true;
      const item = this.item(at);
      if (!item?.redone) return false;
      this.looks += 1;
      at = Y.createID(item.redone.client, item.redone.clock + at.clock - item.id.clock);
    }
    return true;
  }

  /** Who takes back what he took out gets what another moved, not one thing more. */
  private redo(transaction: Y.Transaction, step: Step, most: number): void {
    const { from, to, length } = step;
    const end = from.clock + Math.min(length, Y.getState(this.doc.store, from.client) - from.clock);
    const sole = this.sole(step);
    const counts = (clock: number) => {
      const id = Y.createID(from.client, clock);
      return clock < end && (sole || ((this.origin(id)?.moves ?? way_max) < way_max && this.next(id)?.to.client === to.client)) && !this.comesTo(Moves.along(id, step), id);
    };
    // Signs that stand came back nowhere: of many at once, too, none leads to another. (How many stand in a row there.)
    const stand = (clock: number) => {
      const at = to.clock + clock - from.clock;
      const item = this.item(Y.createID(to.client, at));
      return item?.deleted === false ? item.id.clock + item.length - at : 0;
    };
    for (let clock = from.clock; clock < end && this.looks < most; clock += 1) {
      this.looks += 1;
      if (!this.item(Y.createID(from.client, clock)) || !counts(clock)) continue;
      const item = Y.getItemCleanStart(transaction, Y.createID(from.client, clock));
      let size = 1;
      if (stand(clock) > 0) {
        if (sole) {
          size = stand(clock);
          for (let more = size; more > 0 && size < item.length; size += more) more = stand(clock + size);
        } else while (size < item.length && stand(clock + size) > 0 && counts(clock + size)) size += 1;
        size = Math.min(size, item.length, end - clock);
      }
      if (size < item.length) Y.getItemCleanStart(transaction, Y.createID(from.client, clock + size));
      if (item.deleted && !(item.content instanceof Y.ContentType)) item.redone = Y.createID(to.client, to.clock + clock - from.clock);
      clock += size - 1;
    }
  }
}
