// Puts words that I wrote, and that another had not seen, back where I wrote them. Two people work at one place; Yjs brings
// what they wrote into an order, but it knows neither lines nor words: a new line of the other may come between my sentence
// and its last words, his words into the middle of one of mine. Only who wrote them moves them, hence once. The binding
// starts this; it never touches what another wrote.
import * as Y from 'yjs';
import type { Binding } from '../binding';
import { type Values, marker_clients } from './form';
import { type Step, looks_max } from './moves';
import { formatted, isRepair, isTaken, markerOf } from './read';
import { type Rest, adjoins, tornByMoves } from './torn';
import { type Told, Teller, holds, lastId, left, right, stands, textOf } from './told';
import { placeAt, putPiece } from './write';
import { type Ends, cameWhole, endsWord, lastBefore, wordBegin, wordEnd } from './word-ends';

const walk_max = 2_000;        // items between two places; more is no neighbourhood
const moves_max = 50;          // for one message
const steps_max = 100_000;     // from item to item, for one message: whoever writes must not keep everybody else from it
const remembered_max = 200;    // pieces that were moved
const letter = /[\p{L}\p{N}]/u;
const follows_max = 10;         // of one word: two pages never send each other's words to and fro
const no_items: ReadonlySet<Y.Item> = new Set();
const no_letter = /[^\p{L}\p{N}]/u;


/** Right behind this sign, or in front of it. */
interface Place { to: Y.ID; before: boolean }
interface Run extends Place { first: Y.Item; late?: boolean }
interface Piece { insert: string | object; attributes: Values; item: Y.Item }
const goesOnWord = (piece: Piece | undefined, item: Y.Item) => letter.test(piece ? textOf(piece.item).at(-1) ?? '' : '') && letter.test(textOf(item)[0] ?? '');

export class Reunion {
  private readonly doc: Y.Doc;
  private readonly root: Y.XmlText;
  private steps = 0;
  private readonly teller: Teller;
  private readonly ends: Ends;
  /** Of mine, while I follow others: with what it goes, or null. */
  private verdicts: ReadonlyMap<Y.Item, Place | null> = new Map();
  private readonly moves: { old: number; length: number; now: number }[] = [];

  constructor(private readonly binding: Binding, private readonly told: Told = {}, private readonly stacks: () => Y.UndoManager | null = () => null) {
    this.root = binding.root;
    this.doc = this.root.doc!;
    this.teller = new Teller(this.root, told);
    this.ends = { moves: binding.moves, me: this.doc.clientID, going: Infinity, fresh: new Set(), looks: 0 };
    this.doc.on('afterTransaction', this.after);
  }

  stop(): void {
    this.doc.off('afterTransaction', this.after);
  }

  private readonly after = (transaction: Y.Transaction) => {
    const { fresh } = this.binding.moves;
    if (transaction.local || (fresh.length === 0 && !transaction.changed.has(this.root as never))) return;
    this.steps = 0;
    try {
      // Who has written nothing here has no words to move, and is told nothing.
      const { clients } = this.doc.store;
      const wrote = clients.has(this.doc.clientID) || clients.has(this.doc.clientID + marker_clients);
      if (this.told.writes?.() ?? true) {
        if (fresh.length > 0) this.follow(fresh);
        const come = wrote ? this.come(transaction) : new Set<Y.Item>();
        if (fresh.length > 0) for (const rest of tornByMoves(this.binding.moves, fresh, this.doc.clientID)) this.bring(rest);
        for (let n = 0; wrote && n < moves_max && this.uniteOne(come); n += 1);
      }
      if (wrote) this.teller.tell(transaction);
    } catch (error) {
      // Said to whoever looks for faults; the line to the house goes on.
      queueMicrotask(() => { throw error; });
    }
  };

  /** One step more; true when this message has had its share: then nothing more is moved. */
  private spent(): boolean {
    this.steps += 1;
    return this.steps > steps_max;
  }

  /** What others moved stands once; what I wrote into it, and they had not seen, goes with it. */
  private follow(fresh: readonly Step[]): void {
    const { moves } = this.binding;
    this.ends.looks = moves.looks + 2 * looks_max;
    this.ends.going = Y.getState(this.doc.store, this.doc.clientID);
    this.doc.transact((transaction) => {
      moves.settle(fresh);
      // What was typed and what was put there by hand goes each its own way.
      for (const { to, length } of moves.byHand) {
        for (const clock of [to.clock, to.clock + length]) if (clock < Y.getState(this.doc.store, to.client)) Y.getItemCleanStart(transaction, Y.createID(to.client, clock));
      }
      const runs = this.runsThatFollow(this.ends.fresh = new Set(fresh));
      const go = ({ first, to, before }: Run) => this.goTo(transaction, first, to, before);
      // In front of a sign the first one first, behind it the last one first: so they keep their order.
      runs.filter((run) => run.before && !run.late).forEach(go);
      runs.filter((run) => !run.before).reverse().forEach(go);
      for (const run of runs) if (run.late) go({ ...run, to: moves.end(run.to).id });
      // Lines that my words kept are empty now.
      if (runs.length > 0) moves.settle(fresh);
    }, this);
    this.ends.going = Infinity;
    this.verdicts = new Map();
  }

  private runsThatFollow(fresh: ReadonlySet<Step>): Run[] {
    const { moves } = this.binding;
    const runs: Run[] = [];
    const known = this.verdicts = new Map<Y.Item, Place | null>();
    const most = moves.looks + looks_max;
    for (let item = this.root._start; item && moves.looks < most; item = right(item)) {
      if (!stands(item) || item.id.client !== this.doc.clientID || item.content instanceof Y.ContentType) continue;
      const goes = this.goesWith(item, fresh, known);
      known.set(item, goes);
      if (goes && moves.timesFollowed(item.id) < follows_max) runs.push({ first: item, ...goes });
    }
    return [...runs, ...this.inFrontOf(runs, known)];
  }

  /** What I wrote at the beginning of a line, in front of words of mine that go: it goes in front of them, when they are there. */
  private inFrontOf(runs: readonly Run[], known: ReadonlyMap<Y.Item, Place | null>): Run[] {
    const { moves, anchors } = this.binding;
    const going = new Set(runs.map(({ first }) => first));
    const found: Run[] = [];
    for (const { clock, id, before } of anchors) {
      if (!before || !id) continue;
      const [first, at] = [moves.item(moves.end(Y.createID(this.doc.clientID, clock)).id), moves.item(moves.end(id).id)];
      if (first && at && stands(first) && known.get(first) === null && going.has(at) && moves.timesFollowed(first.id) < follows_max) found.push({ first, to: id, before: true, late: true });
    }
    return found;
  }

  private goTo(transaction: Y.Transaction, first: Y.Item, to: Y.ID, inFront: boolean): void {
    const item = stands(first) ? this.binding.moves.item(to) : null;
    if (!item) return;
    let after: Y.Item | null;
    if (inFront) after = left(Y.getItemCleanStart(transaction, wordBegin(to, first, this.ends)));
    else {
      const id = lastBefore(wordEnd(to, first, this.ends), first, this.ends);
      after = Y.getItemCleanStart(transaction, id);
      if (after.length > 1) Y.getItemCleanStart(transaction, Y.createID(id.client, id.clock + 1));
    }
    let before = left(first);
    while (before && !stands(before)) before = left(before);
    const places = (this.root as unknown as { _searchMarker: unknown[] | null })._searchMarker;
    if (places) places.length = 0;
    if (before !== after) this.move(first, after, false, true);
  }

  /** The sign behind (or in front of) which this item of mine belongs, since others moved what it stood beside and had not seen it. */
  private goesWith(mine: Y.Item, fresh: ReadonlySet<Step>, known: ReadonlyMap<Y.Item, Place | null>): Place | null {
    const begun = endsWord(mine, this.ends);
    if (begun) return known.get(begun) ?? null;
    const { id: typed, passage } = this.binding.moves.typed(mine.id);
    // What I put there by hand stays there, or goes on with what I put there together with it.
    const beside = passage ? this.besideInPassage(typed, mine, passage, fresh, known) : this.besideTyped(typed, mine, fresh, known);
    if (beside !== undefined) return beside;
    let item = left(mine);
    for (let n = 0; item && n < walk_max; n += 1, item = left(item)) {
      if (this.spent()) return null;
      if (stands(item) && !markerOf(item)) return item.id.client === this.doc.clientID && !holds(item, mine.origin) ? known.get(item) ?? null : null;
      const to = this.carriedByHand(item, lastId(item), mine, fresh);
      if (to) return { to, before: false };
      if (markerOf(item)) break;
    }
    // At the beginning of a line: in front of what it was written in front of.
    for (let next = right(mine), n = 0; next && n < walk_max; n += 1, next = right(next)) {
      if (this.spent()) return null;
      if (stands(next)) {
        if (next.id.client === this.doc.clientID && !markerOf(next)) continue;
        return null;
      }
      const to = this.carriedByHand(next, next.id, mine, fresh);
      if (to) return { to, before: true };
    }
    return null;
  }

  /** Where the sign went beside which I wrote. Null: it stands where it was; undefined: it is gone, others know. */
  private besideTyped(typed: Y.ID, mine: Y.Item, fresh: ReadonlySet<Step>, known: ReadonlyMap<Y.Item, Place | null>): Place | null | undefined {
    const { moves, anchors } = this.binding;
    const item = moves.item(typed);
    if (!item) return undefined;
    const anchor = anchors.find(({ clock }) => typed.clock === clock);
    const origin = typed.clock > item.id.clock ? Y.createID(typed.client, typed.clock - 1) : item.origin;
    const before = anchor?.before === true && anchor.id !== null;
    // In an empty line: whatever others wrote and moved there, I did not write beside it.
    if (anchor && !anchor.id) return null;
    const id = anchor?.id ?? origin;
    if (!id) return undefined;
    const to = this.carried(id, mine, fresh) ?? this.carriedHome(id, mine, fresh);
    if (to) return { to, before };
    const at = moves.item(moves.end(id).id);
    // What I wrote before it goes: it goes behind that.
    const goes = at && !before ? known.get(at) : null;
    if (goes) return goes;
    const line = at && markerOf(at) !== null;
    // (Behind the beginning of a line stands what was in front of it, if nobody knows more.)
    return at && stands(at) && (!line || anchor) ? null : undefined;
  }

  private besideInPassage(id: Y.ID, mine: Y.Item, { begin, end }: Step, fresh: ReadonlySet<Step>, known: ReadonlyMap<Y.Item, Place | null>): Place | null {
    const { client } = id;
    let at = id.clock;
    for (; this.goesOnFrom(client, at, begin, end); at -= 1) {
      const to = this.carried(Y.createID(client, at - 1), mine, fresh);
      if (to) return { to, before: false };
      // What stands in front of it goes.
      const next = this.binding.moves.item(Y.createID(client, at - 1));
      const goes = next && known.get(next);
      if (goes && !goes.before) return goes;
      const there = this.standsIn(client, at - 1);
      if (there && (!there.mine || this.spent())) return null;
      if (!there) break;
    }
    // Nothing is left of what I put there in front of it, but words of mine. (What another had written stays where I put it.)
    for (at = id.clock + mine.length; this.wrote(id) && this.goesOnFrom(client, at, begin, end); at += 1) {
      const to = this.carried(Y.createID(client, at), mine, fresh);
      if (to) return { to, before: true };
      if (!this.standsIn(client, at)?.mine || this.spent()) return null;
    }
    return null;
  }

  /** Of what I put there at once, this sign follows the one before it, in the same line. */
  private goesOnFrom(client: number, clock: number, begin: number, end: number): boolean {
    const item = begin < clock && clock < end ? this.binding.moves.item(Y.createID(client, clock)) : null;
    return item !== null && (item.id.clock < clock || Y.compareIDs(item.origin, Y.createID(client, clock - 1)));
  }

  /** Null: it does not stand. `mine`: I wrote it. */
  private standsIn(client: number, clock: number): { mine: boolean } | null {
    const id = Y.createID(client, clock);
    const item = this.binding.moves.item(id);
    return item && stands(item) ? { mine: this.wrote(id) } : null;
  }

  private carriedByHand(item: Y.Item, id: Y.ID, mine: Y.Item, fresh: ReadonlySet<Step>): Y.ID | null {
    return item.countable || item.content instanceof Y.ContentDeleted ? this.carried(id, mine, fresh, true) : null;
  }

  /** Where this sign was carried by one of these steps, whose author had not seen `mine`. */
  private carried(id: Y.ID, mine: Y.Item, fresh: ReadonlySet<Step>, byHand = false, home = false): Y.ID | null {
    const { moves } = this.binding;
    const { id: end, steps } = moves.end(id);
    const unseen = (step: Step) => {
      const seen = step.seen[String(this.doc.clientID)];
      // (Words that went after others went without what somebody else wrote beside them, seen or not.)
      return fresh.has(step) && (home || !step.home) && step.author !== this.doc.clientID && (step.again ? !byHand : !(typeof seen === 'number' && seen > mine.id.clock));
    };
    if (!steps.some(unseen)) return null;
    const item = moves.item(end);
    return item && stands(item) && !isTaken(item) ? end : null;
  }

  /** Where this sign went home with the beginning of its word, if that is another line: within a line words find their order without that. (The
   * end of a word whose beginning stood elsewhere already goes alone: I did not write beside that word.) */
  private carriedHome(id: Y.ID, mine: Y.Item, fresh: ReadonlySet<Step>): Y.ID | null {
    const to = this.carried(id, mine, fresh, false, true);
    if (!to || this.lineOf(this.binding.moves.item(to)) === this.lineOf(mine)) return null;
    return cameWhole(to, mine, this.ends) ? to : null;
  }

  private lineOf(item: Y.Item | null): Y.Item | null {
    while (item && !(markerOf(item) && !isTaken(item)) && !this.spent()) item = left(item);
    return item;
  }

  /** I typed this sign, whoever put it where it is. */
  private wrote(id: Y.ID): boolean {
    return this.binding.moves.first(id).client === this.doc.clientID;
  }

  /** I typed it here, or put it here; this program did not bring it. */
  private putByHand(mine: Y.Item): boolean {
    return stands(mine) && Y.compareIDs(this.binding.moves.typed(mine.id).id, mine.id);
  }

  /** Mine: a word, or a marker (write.ts). */
  private own({ id: { client } }: Y.Item): boolean {
    return client === this.doc.clientID || client === this.doc.clientID + marker_clients;
  }

  /** What others put into the text. */
  private come(transaction: Y.Transaction): Set<Y.Item> {
    const found = new Set<Y.Item>();
    for (const [client, structs] of this.doc.store.clients) {
      const from = transaction.beforeState.get(client) ?? 0;
      if (client === this.doc.clientID || client === this.doc.clientID + marker_clients || (transaction.afterState.get(client) ?? 0) <= from) continue;
      for (let i = Y.findIndexSS(structs, from); i < structs.length; i += 1) {
        const item = structs[i];
        if (item instanceof Y.Item && item.parent === this.root && stands(item)) found.add(item);
      }
    }
    return found;
  }

  /** Moves one run of mine; true when there was one. */
  private uniteOne(come: ReadonlySet<Y.Item>): boolean {
    for (const one of come) {
      if (stands(one) && markerOf(one) && !isTaken(one) && this.uniteBehind(one, come)) return true;
    }
    // Mine, near behind something that came: in one walk, however much came.
    let near = 0;
    for (let item = this.root._start; item; item = right(item)) {
      if (come.has(item)) {
        if (stands(item)) near = walk_max;
      } else if (near > 0) {
        near -= 1;
        if (!stands(item)) continue;
        if (item.id.client === this.doc.clientID) {
          const wanted = this.wanted(item, come);
          if (wanted && this.move(item, wanted.after, wanted.wordOnly)) return true;
        } else if (markerOf(item)) near = 0;
      }
    }
    return false;
  }

  /** A new line came between the beginning of the first line, where I was writing, and the words in front of which I wrote. */
  private uniteBehind(line: Y.Item, come: ReadonlySet<Y.Item>): boolean {
    let first = left(line);
    // (What others wrote in the new line, too.)
    for (; first && (!stands(first) || (come.has(first) && !markerOf(first))); first = left(first)) if (this.spent()) return false;
    if (!first || first.id.client !== this.doc.clientID) return false;
    const run = new Set([first]);
    for (let item = left(first); item; item = left(item)) {
      if (this.spent()) return false;
      if (item.id.client === this.doc.clientID && holds(item, first.origin)) run.add(first = item);
      else if (stands(item)) break;
    }
    if (!this.beginsLine(first) || this.knew(line, first, no_items)) return false;
    const { clock } = this.binding.moves.typed(first.id).id;
    const behind = this.binding.anchors.find((one) => one.before && one.clock === clock)?.id ?? first.rightOrigin;
    if (!behind) return false;
    const knew = (id: Y.ID | null) => id !== null && [...run].some((item) => holds(item, id));
    for (let item: Y.Item | null = line, n = 0; item && n < walk_max; n += 1, item = right(item)) {
      if (this.spent()) return false;
      if (holds(item, behind)) return stands(item) && !markerOf(item) && this.move(first, left(item));
      if (stands(item) && (this.own(item) || knew(item.origin))) return false;
    }
    return false;
  }

  /** What I moved, and where to: the sign with this id is now that one. */
  private moved(id: Y.ID | null): Y.ID | null {
    for (const { old, length, now } of this.moves) {
      if (id && id.client === this.doc.clientID && old <= id.clock && id.clock < old + length) return this.moved(Y.createID(id.client, id.clock - old + now));
    }
    return id;
  }

  /** Behind which item this one of mine belongs, if it is not where it belongs now. Null: at the very beginning. */
  private wanted(mine: Y.Item, come: ReadonlySet<Y.Item>): { after: Y.Item | null; wordOnly: boolean } | undefined {
    const between: Y.Item[] = [];
    const origin = this.moved(mine.origin);
    let item = left(mine);
    for (; item && !holds(item, origin); item = left(item)) {
      if (between.push(item) > walk_max || this.spent()) return undefined;
    }
    const gone = item?.deleted === true;
    item = this.past(item, mine, come, between);
    if (!between.some((one) => come.has(one))) return undefined;
    const known = new Set(between);
    // What I put there by hand, or somebody who saw my words, stays in front of them. (My deleted words may have been moved.)
    let gap = between.length;
    for (let i = 0; i < between.length; i += 1) {
      if (this.own(between[i]!) ? this.putByHand(between[i]!) : this.knew(between[i]!, mine, known) && (markerOf(between[i]!) ? !isRepair(between[i]!) : !this.goesOn(between[i]!, mine, known))) {
        gap = i;
        break;
      }
    }
    const anchor = gap < between.length ? between[gap]! : item;
    const markers = between.filter((one, i) => i < gap && stands(one) && markerOf(one));  // of a line that was taken out too: my words show it
    const ends = (one: Y.Item | null): one is Y.Item => one !== null && stands(one) && this.wrote(lastId(one)) && letter.test(textOf(one).at(-1) ?? '') && letter.test(textOf(mine)[0] ?? '');
    const begun = ends(item) && holds(item, origin) && lastId(item).clock === origin!.clock;
    // Somebody wrote into a word whose end he did not see, whatever he did there since: the whole word goes to its beginning.
    if (begun && !between.some((one) => this.own(one) && this.putByHand(one)) && between.some((one) => !this.own(one) && stands(one) && !this.knew(one, mine, known))) {
      return { after: item, wordOnly: !between.some((one) => markerOf(one) && !isTaken(one)) };
    }
    if (!between.some((one, i) => i < gap && stands(one))) return undefined;
    const word = gap < between.length && ends(anchor) && adjoins(this.doc.store, anchor, mine);
    if (markers.length === 0) return word ? { after: anchor, wordOnly: true } : undefined;
    if (this.staysInFront(mine) || (gone && this.standsBeside(mine, come, markers))) return undefined;
    // To the end of the line that it was written in.
    return { after: word ? anchor : left(markers[markers.length - 1]!), wordOnly: false };
  }

  /** Who put this in front of `mine` had seen `mine`: its right neighbour then was that, or something in front of it whose author
   * had. */
  private knew(one: Y.Item, mine: Y.Item, between: ReadonlySet<Y.Item>): boolean {
    const marker = one.id.client >= marker_clients ? markerOf(one) : null;
    if (marker) {
      const seen = marker.getAttribute('seen') as unknown as Values | undefined;
      const state = seen?.[String(mine.id.client)];
      const before = this.moves.find(({ now, length }) => now <= mine.id.clock && mine.id.clock < now + length);
      return typeof state === 'number' && state > (before ? before.old : mine.id.clock);
    }
    for (let n = 0, id = one.rightOrigin; id && n < walk_max; n += 1) {
      if (this.spent()) return true;
      if (holds(mine, id)) return true;
      if (Y.getState(this.doc.store, id.client) <= id.clock) return false;
      const next = Y.getItem(this.doc.store, id) as unknown;
      // What is forgotten cannot say: then nothing is moved.
      if (!(next instanceof Y.Item)) return true;
      if (!between.has(next)) return false;
      id = next.rightOrigin;
    }
    return false;
  }

  /** Whoever put this in front of `mine` only went on with what he had put there before he saw `mine`. */
  private goesOn(one: Y.Item, mine: Y.Item, between: ReadonlySet<Y.Item>): boolean {
    const client = one.id.client % marker_clients;
    for (let item = one, n = 0; n < walk_max; n += 1) {
      const id = item.origin;
      if (this.spent() || !id || id.client % marker_clients !== client || Y.getState(this.doc.store, id.client) <= id.clock) return false;
      const before = Y.getItem(this.doc.store, id) as unknown;
      if (!(before instanceof Y.Item) || !between.has(before)) return false;
      if (!this.knew(before, mine, between)) return true;
      if (markerOf(before)) return false;      // it says what its author had seen
      item = before;
    }
    return false;
  }

  /** My words from `first` on, as they follow each other. */
  private runFrom(first: Y.Item, wordOnly: boolean, follows: boolean): Piece[] | null {
    const { moves } = this.binding;
    const passage = follows ? moves.typed(first.id).passage : null;
    let attributes: Values = {};
    for (let item = this.root._start; item && item !== first; item = right(item)) {
      if (!item.deleted && item.content instanceof Y.ContentFormat) attributes = formatted(attributes, item.content);
    }
    const pieces: Piece[] = [];
    let ids = [first];
    for (let item: Y.Item | null = first; item; item = right(item)) {
      if (item !== first && item.id.client === this.doc.clientID && ids.some((one) => holds(one, item!.origin))) ids = [...ids.slice(-8), item];
      else if (item !== first && stands(item)) break;
      if (item.deleted) continue;
      if (follows && item !== first && (moves.typed(item.id).passage?.begin !== passage?.begin || (this.verdicts.get(item) === null && !goesOnWord(pieces[pieces.length - 1], item)))) break;
      const end = wordOnly ? textOf(item).search(no_letter) : -1;
      if (wordOnly && (end === 0 || item.content instanceof Y.ContentEmbed)) break;
      if (item.content instanceof Y.ContentFormat) attributes = formatted(attributes, item.content);
      else if (item.content instanceof Y.ContentString) {
        pieces.push({ insert: end > 0 ? item.content.str.slice(0, end) : item.content.str, attributes, item });
        if (end > 0) break;
      }
      else if (item.content instanceof Y.ContentEmbed) pieces.push({ insert: item.content.embed as object, attributes, item });
      else if (item.countable) break;
    }
    return pieces.length > 0 ? pieces : null;
  }

  private unitsTo(stop: Y.Item | null): number {
    let units = 0;
    for (let item = stop; item; item = left(item)) if (stands(item)) units += item.length;
    return units;
  }

  private move(first: Y.Item, after: Y.Item | null, wordOnly = false, follows = false): boolean {
    const run = this.runFrom(first, wordOnly, follows);
    if (!run) return false;
    const { binding, root, doc } = this;
    doc.transact(() => {
      // `before` was taken when this transaction began; a cursor in these words goes with them.
      const places = binding.before;
      const seen = { ...binding.moves.seenAround(first), ...(after ? binding.moves.seenAround(after) : {}) };
      const [to, from] = [this.unitsTo(after), this.unitsTo(left(first))];
      const lengthOf = ({ insert }: Piece) => (typeof insert === 'string' ? insert.length : 1);
      const size = run.reduce((sum, piece) => sum + lengthOf(piece), 0);
      const clock = Y.getState(doc.store, doc.clientID);
      const old = run.map((piece) => ({ clock: piece.item.id.clock, length: lengthOf(piece) }));
      const steps: { old: number; now: number; length: number }[] = [];
      let at = to;
      for (const piece of run) {
        const { insert, attributes, item } = piece;
        const now = Y.getState(doc.store, doc.clientID);
        putPiece(root, at, insert, attributes);
        // Formats may have come in front of it.
        this.moves.push({ old: item.id.clock, length: lengthOf(piece), now: this.begunAt(now) });
        steps.push(this.moves[this.moves.length - 1]!);
        if (this.moves.length > remembered_max) this.moves.shift();
        at += lengthOf(piece);
      }
      root.delete(to > from ? from : from + size, size);
      const range = (side: 'old' | 'now') => steps.map((one) => ({ client: doc.clientID, clock: one[side], length: one.length }));
      // Who moved them at the same time moves the same signs.
      binding.moves.add(range('old'), range('now'), seen, follows ? 1 : 2);
      const begin = to > from ? to - size : to;
      this.remember(old, clock);
      if (places) {
        for (const end of ['anchor', 'head'] as const) {
          const id = places[end].item;
          let offset = 0;
          for (const one of old) {
            if (id && id.client === doc.clientID && one.clock <= id.clock && id.clock < one.clock + one.length) {
              places[end] = placeAt(this.root, begin + offset + id.clock - one.clock);
              break;
            }
            offset += one.length;
          }
        }
        binding.before = places;
      }
    }, this);
    return true;
  }

  /** Brings the rest of a word of mine, wherever others put it, to its beginning. */
  private bring({ ids, text, behind, typed }: Rest): void {
    const { binding: { moves }, doc, root } = this;
    if (moves.timesFollowed(ids[0]!) >= follows_max) return;
    doc.transact((transaction) => {
      const item = moves.item(behind);
      if (!item || item.deleted) return;
      const after = Y.getItemCleanStart(transaction, behind);
      if (after.length > 1) Y.getItemCleanStart(transaction, Y.createID(behind.client, behind.clock + 1));
      const clock = Y.getState(doc.store, doc.clientID);
      putPiece(root, this.unitsTo(after), text, null);
      const now = this.begunAt(clock);
      moves.add(ids.map((id) => ({ client: id.client, clock: id.clock, length: 1 })), [{ client: doc.clientID, clock: now, length: text.length }], moves.seenAround(after), 2);
      this.remember(typed.map((one) => ({ clock: one, length: 1 })), clock);
    }, this);
  }

  /** I wrote this at the beginning of a line. */
  private beginsLine({ origin }: Y.Item): boolean {
    if (!origin) return true;
    const item = Y.getItem(this.doc.store, origin) as unknown;
    return item instanceof Y.Item && item.content instanceof Y.ContentType;
  }

  /** What I wrote behind was taken out: further to the left, over what came, to what I knew and still stands in my line. */
  private past(origin: Y.Item | null, mine: Y.Item, come: ReadonlySet<Y.Item>, between: Y.Item[]): Y.Item | null {
    if (!origin?.deleted) return origin;
    const more: Y.Item[] = [];
    const home = this.binding.home(this.binding.moves.typed(mine.id).id.clock);
    let item: Y.Item | null = origin;
    for (; item && !(stands(item) && !come.has(item)); item = left(item)) {
      // My line begins here; or what stood here stands elsewhere, and mine goes with it.
      if ((home ? holds(item, home) : home === undefined && item.id.client >= marker_clients) || (item.deleted && this.standsElsewhere(item))) return origin;
      if (more.push(item) + between.length > walk_max || this.spent()) return origin;
    }
    // (Nothing that I knew is left of my line: my words may stand in any of these.)
    if (!item || markerOf(item)) return origin;
    between.push(...more);
    return item;
  }

  private standsElsewhere(item: Y.Item): boolean {
    const { id } = this.binding.moves.end(lastId(item));
    const now = this.binding.moves.item(id);
    return now !== null && stands(now);
  }

  /** Words stand behind mine, in its line, which I knew, and whoever put a line in front of them too. */
  private standsBeside(mine: Y.Item, come: ReadonlySet<Y.Item>, lines: readonly Y.Item[]): boolean {
    const seen = (item: Y.Item) => !this.own(item) || lines.some((line) => this.knew(line, item, no_items));
    for (let item = right(mine), n = 0; item && n < walk_max; n += 1, item = right(item)) {
      if (!stands(item)) continue;
      if (markerOf(item) && !isTaken(item)) return false;
      if (!come.has(item) && letter.test(textOf(item)) && seen(item)) return true;
    }
    return false;
  }

  /** It still stands in the line, in front of whose words I wrote it. */
  private staysInFront(mine: Y.Item): boolean {
    if (!mine.rightOrigin || !this.beginsLine(mine)) return false;
    for (let item = right(mine), n = 0; item && n < walk_max; n += 1, item = right(item)) {
      if (stands(item) && item.content instanceof Y.ContentType && !isTaken(item)) return false;
      if (holds(item, mine.rightOrigin)) return stands(item);
    }
    return false;
  }

  /** Where the text of mine begins that came since this clock. */
  private begunAt(clock: number): number {
    const structs = this.doc.store.clients.get(this.doc.clientID)!;
    for (let i = Y.findIndexSS(structs, clock); i < structs.length; i += 1) {
      const item = structs[i]!;
      if (item instanceof Y.Item && stands(item)) return Math.max(item.id.clock, clock);
    }
    return clock;
  }

  /** Undo takes moved words back as it would have where they stood. */
  private remember(old: readonly { clock: number; length: number }[], from: number): void {
    const { store, clientID } = this.doc;
    const length = Y.getState(store, clientID) - from;
    for (const { insertions } of this.stacks()?.undoStack ?? []) {
      const ranges = insertions.clients.get(clientID);
      if (ranges?.some((range) => old.some((one) => one.clock < range.clock + range.len && range.clock < one.clock + one.length))) {
        ranges.push({ clock: from, len: length });
      }
    }
  }
}
