// What the shared text holds, as it is shown: stretches in order, kept up to date by reading again only those that a
// transaction touched; and places of the editor's document in places of the shared text, both ways.
import type { Node, Schema } from 'prosemirror-model';
import * as Y from 'yjs';
import { buildBlocks } from './build';
import { flattenBlock } from './flatten';
import type { Line } from './form';
import type { Moves } from './moves';
import { type Shown, type Stretch, markerOf, readFrom, readLines, sameFormats } from './read';

export interface Place { line: Shown; stretch: number; /** Where the line's lead begins in the shared text. */ y: number; /** Of its text in the document. */ pos: number }

/** Units of a line's text in front of this sign. `after`: with units that are not shown right there. */
export function unitsAt(line: Shown, offset: number, after = false): number {
  let units = offset;
  for (const hidden of line.hidden ?? []) {
    if (after ? hidden > units : hidden >= units) break;
    units += 1;
  }
  return units;
}
const signsAt = (line: Shown, units: number) => units - (line.hidden ?? []).filter((hidden) => hidden < units).length;

const structs_max = 5_000;       // more changed at once: all is read again
const few_stretches = 8;         // are looked for one by one

export class Model {
  stretches: Stretch[];
  /** What is shown, block by block. */
  blocks: Node[];
  /** Items that were looked at to find the stretches of changed ones; for tests. */
  steps = 0;
  private of = new Map<Y.XmlElement | null, Stretch>();
  /** For each stretch, and one more: units of the shared text and blocks of the document before it. */
  private units: number[] = [];
  private tops: number[] = [];

  /** `moves`: places go with the text that was moved. */
  constructor(readonly schema: Schema, readonly root: Y.XmlText, private readonly moves: Moves | null = null) {
    this.stretches = readLines(schema, root);
    for (const stretch of this.stretches) this.of.set(stretch.marker, stretch);
    this.blocks = buildBlocks(schema, this.stretches.flatMap((one) => one.lines));
    this.count(0);
  }

  /** Counts stretches [from, to) again; what follows moves. */
  private count(from: number, to = this.stretches.length, before = this.stretches.length): void {
    const { stretches, units, tops } = this;
    const [newUnits, newTops]: [number[], number[]] = [[], []];
    let [unit, top] = from === 0 ? [0, 0] : [units[from]!, tops[from]!];
    for (let s = from; s < to; s += 1) {
      newUnits.push(unit);
      newTops.push(top);
      unit += stretches[s]!.length;
      for (const line of stretches[s]!.lines) if (line.joins === 0) top += 1;
    }
    if (to === stretches.length) {
      newUnits.push(unit);
      newTops.push(top);
      units.splice(from, units.length, ...newUnits);
      tops.splice(from, tops.length, ...newTops);
      return;
    }
    const [moreUnits, moreTops] = [unit - units[before]!, top - tops[before]!];
    units.splice(from, before - from, ...newUnits);
    tops.splice(from, before - from, ...newTops);
    for (let s = to; s < units.length && (moreUnits || moreTops); s += 1) {
      units[s]! += moreUnits;
      tops[s]! += moreTops;
    }
  }

  /** The stretch in which block `top` begins. */
  private stretchOfTop(top: number): number {
    let [low, high] = [0, this.stretches.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.tops[middle]! <= top) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private beginsTop(s: number, top: number): boolean {
    return this.tops[s] === top && this.stretches[s]!.lines[0]!.joins === 0;
  }

  /** Whole stretches that hold the blocks [from, to), and the blocks that these hold. */
  around(from: number, to: number): { from: number; to: number; first: number; last: number } {
    let first = this.stretchOfTop(from);
    while (!this.beginsTop(first, from)) {
      from = this.stretches[first]!.lines[0]!.joins === 0 ? this.tops[first]! : this.tops[first]! - 1;
      first = this.stretchOfTop(from);
    }
    let last = to < this.blocks.length ? this.stretchOfTop(to) : this.stretches.length;
    while (last < this.stretches.length && !this.beginsTop(last, to)) {
      last += 1;
      to = this.tops[last]!;
    }
    return { from, to, first, last };
  }

  /** Lines of these stretches, whose first block stands at `pos` in the document. */
  places(first: number, last: number, from: number, pos: number): Place[] {
    const found: Place[] = [];
    let top = from - 1;
    let [flat, at, begin] = [flattenBlock(this.blocks[Math.min(from, this.blocks.length - 1)]!), 0, pos];
    for (let s = first; s < last; s += 1) {
      let y = this.units[s]!;
      for (const line of this.stretches[s]!.lines) {
        if (line.joins === 0) {
          if (top >= from) begin += this.blocks[top]!.nodeSize;
          top += 1;
          flat = flattenBlock(this.blocks[top]!);
          at = 0;
        }
        found.push({ line, stretch: s, y, pos: begin + flat[at]!.pos });
        at += 1;
        y += line.lead + line.units;
      }
    }
    return found;
  }

  /** Nothing of the root's own line is shown: a foreign tree begins the text. */
  get rootHidden(): boolean {
    return !this.stretches[0]!.lines[0]!.own;
  }

  unitsBefore(s: number): number {
    return this.units[s]!;
  }

  lastLine(s: number): Line | null {
    const lines = this.stretches[s]?.lines;
    return lines ? lines[lines.length - 1]! : null;
  }

  // --- Places ---

  private topAt(pos: number): [top: number, begin: number] {
    let begin = 0;
    for (let top = 0; top < this.blocks.length; top += 1) {
      const end = begin + this.blocks[top]!.nodeSize;
      if (pos < end || top === this.blocks.length - 1) return [top, begin];
      begin = end;
    }
    return [0, 0];
  }

  private blockPlaces(top: number, begin: number): Place[] {
    const { from, first, last } = this.around(top, top + 1);
    for (let i = top - 1; i >= from; i -= 1) begin -= this.blocks[i]!.nodeSize;
    return this.places(first, last, from, begin);
  }

  /** The unit of the shared text in front of which this place of the document is. */
  unitAt(pos: number): { y: number; stretch: number } {
    const places = this.blockPlaces(...this.topAt(pos));
    let place = places[0]!;
    for (const one of places) {
      if (one.pos > pos) break;
      place = one;
    }
    const { line, stretch, y } = place;
    if (line.foreign) return { y, stretch };
    const offset = Math.max(0, Math.min(pos - place.pos, line.node.content.size));
    return { y: y + line.lead + unitsAt(line, offset), stretch };
  }

  posAt(y: number): number {
    let [low, high] = [0, this.stretches.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.units[middle]! < y) low = middle;
      else high = middle - 1;
    }
    const { lines } = this.stretches[low]!;
    let top = this.tops[low]! - (lines[0]!.joins === 0 ? 0 : 1);
    let begin = 0;
    for (let i = 0; i < top; i += 1) begin += this.blocks[i]!.nodeSize;
    const places = this.blockPlaces(top, begin).filter((one) => one.stretch >= low);
    for (const [i, { line, stretch, y: from, pos }] of places.entries()) {
      // Signs behind a rule or an image stand in a line of their own.
      const behind = places[i + 1];
      if (line.node.isLeaf && behind?.stretch === stretch && behind.line.lead === 0) continue;
      const units = y - from - line.lead;
      if (stretch === low && units <= line.units && !(units < 0 && line.own)) return pos + (line.foreign || line.node.isLeaf ? 0 : signsAt(line, Math.max(0, units)));
      if (stretch > low) break;
    }
    const mine = places.filter((one) => one.stretch === low);
    const last = mine[mine.length - 1]!;
    return last.pos + last.line.node.content.size;
  }

  /** Sticks to what stands on the left. */
  relative(pos: number): Y.RelativePosition {
    const { y, stretch } = this.unitAt(pos);
    const marker = this.stretches[stretch]!.marker;
    let at = this.units[stretch]!;
    for (let item = (marker?._item ?? this.root._start) as Y.Item | null; item && y > at; item = item.right as Y.Item | null) {
      if (item.deleted || !item.countable) continue;
      if (at + item.length >= y) return new Y.RelativePosition(null, null, Y.createID(item.id.client, item.id.clock + y - at - 1), -1);
      at += item.length;
    }
    return Y.createRelativePositionFromTypeIndex(this.root, y, -1);
  }

  absolute(place: Y.RelativePosition): number | null {
    const { doc } = this.root;
    if (!place.item) {
      const found = Y.createAbsolutePositionFromRelativePosition(place, doc!);
      return found?.type === this.root ? this.posAt(found.index) : null;
    }
    // As Yjs does it, but no further to the left than the line begins.
    // What was moved does not stand where it was: a sign that stands went nowhere, whoever says so.
    let id: Y.ID | null = this.moves && this.moves.item(place.item)?.deleted !== false ? this.moves.end(place.item).id : place.item;
    let item: Y.Item | undefined;
    let units = 0;
    while (id) {
      if (Y.getState(doc!.store, id.client) <= id.clock) return null;
      const found = Y.getItem(doc!.store, id) as unknown;
      if (!(found instanceof Y.Item) || found.parent !== this.root) return null;
      item = found;
      units = id.clock - item.id.clock;
      id = item.redone && Y.createID(item.redone.client, item.redone.clock + units);
    }
    units = item!.deleted || !item!.countable ? 0 : units + (place.assoc >= 0 ? 0 : 1);
    let known: Stretch | undefined;
    for (let one: Y.Item | null = item!; one; one = one.left as Y.Item | null) {
      if (one !== item && !one.deleted && one.countable) units += one.length;
      const marker = markerOf(one);
      known = marker ? this.of.get(marker) : undefined;
      if (known) break;
    }
    return this.posAt(this.units[known ? this.stretches.indexOf(known) : 0]! + units);
  }

  // --- Changes ---

  /** The stretch, known and still there, that this item stands in. `walked`: items whose stretch is known: nobody walks twice. */
  private stretchOf(item: Y.Item | null, walked: Map<Y.Item, Stretch>): Stretch {
    const from = item;
    let found: Stretch | undefined;
    for (; item && !found; item = item.left as Y.Item | null) {
      this.steps += 1;
      const marker = markerOf(item);
      found = walked.get(item) ?? (marker ? this.of.get(marker) : undefined);
    }
    found ??= this.stretches[0]!;
    for (let one = from; one && one !== item; one = one.left as Y.Item | null) walked.set(one, found);
    return found;
  }

  /** Stretches that this transaction touched; null: so many that all is to be read again. */
  private touched(transaction: Y.Transaction): Set<Stretch> | null {
    const { root } = this;
    const found = new Set<Stretch>();
    const walked = new Map<Y.Item, Stretch>();
    let looked = 0;
    const look = (struct: unknown) => {
      looked += 1;
      if (struct instanceof Y.Item && struct.parent === root && struct.parentSub === null) found.add(this.stretchOf(struct, walked));
    };
    for (const [type, keys] of transaction.changed) {
      if ((type as unknown) === root) {
        for (const key of keys) if (key !== null) found.add(this.stretches[0]!);
        continue;
      }
      let item = type._item;
      while (item && item.parent !== root) item = (item.parent as Y.XmlElement)._item;
      if (item) found.add(this.stretchOf(item, walked));
    }
    if (!transaction.changed.has(root as never)) return found;
    for (const [client, structs] of root.doc!.store.clients) {
      const last = structs[structs.length - 1]!;
      const from = transaction.beforeState.get(client) ?? 0;
      if (last.id.clock + last.length <= from) continue;
      for (let i = Y.findIndexSS(structs, from); i < structs.length && looked < structs_max; i += 1) look(structs[i]);
    }
    if (looked < structs_max) Y.iterateDeletedStructs(transaction, transaction.deleteSet, look);
    return looked < structs_max ? found : null;
  }

  /** Takes in what a transaction did (it may still go on). Says whether anything that is shown became another. */
  take(transaction: Y.Transaction): boolean {
    const touched = this.touched(transaction);
    if (touched?.size === 0) return false;
    // A line taken out belongs to the one before, as long as it is empty.
    for (const one of touched ?? []) {
      if (one.marker?.getAttribute('gone')) touched!.add(this.stretches[this.stretches.indexOf(one) - 1]!);
    }
    const patches: { from: number; to: number; found: Stretch[] }[] = [];
    const few = touched && touched.size <= few_stretches ? [...touched].map((one) => this.stretches.indexOf(one)).sort((a, b) => a - b) : null;
    for (let s = few ? few[0]! : 0; s < this.stretches.length; s = few ? few.find((one) => one > s) ?? Infinity : s + 1) {
      const stretch = this.stretches[s]!;
      if (touched && !touched.has(stretch)) continue;
      let stop: Stretch | undefined;
      const found = readFrom(this.schema, this.root, stretch.marker, stretch.start, (marker) => this.of.get(marker), (marker, formats) => {
        const known = this.of.get(marker);
        const enough = touched !== null && known !== undefined && !touched.has(known) && sameFormats(known.start, formats);
        if (enough) stop = known;
        return enough;
      });
      let to = s + 1;
      while (to < this.stretches.length && this.stretches[to] !== stop) to += 1;
      patches.push({ from: s, to, found });
      s = to - 1;
    }
    for (const { from, to, found } of patches.reverse()) this.patch(from, to, found);
    return patches.length > 0;
  }

  private patch(from: number, to: number, found: Stretch[]): void {
    const { stretches } = this;
    const joined = new Map<Shown, number>();
    for (let s = from; s < to; s += 1) this.of.delete(stretches[s]!.marker);
    for (const stretch of found) this.of.set(stretch.marker, stretch);
    // The blocks that these stretches had, and have: both begin and end where a block of the document does.
    const before = this.lastLine(from - 1)?.path ?? null;
    const news = found.flatMap((one) => one.lines);
    let path = before;
    for (const line of news) {
      line.settle(this.schema, path);
      path = line.path;
    }
    const next = stretches[to]?.lines[0];
    if (next) {
      joined.set(next, next.joins);
      next.settle(this.schema, path);
    }
    const oldJoins = (line: Shown) => joined.get(line) ?? line.joins;
    const begins = (line: Shown) => line.joins === 0 && oldJoins(line) === 0;
    // Forward to where a block begins in both.
    let last = to;
    while (last < stretches.length && !begins(stretches[last]!.lines[0]!)) last += 1;
    let first = from;
    const beginsHere = () => {
      const old = stretches[first]!.lines[0]!;
      const now = first === from ? news[0]! : old;
      return first === 0 || (oldJoins(old) === 0 && now.joins === 0);
    };
    while (!beginsHere()) first -= 1;
    const topFrom = this.tops[first]!;
    const topTo = last < stretches.length ? this.tops[last]! : this.blocks.length;
    stretches.splice(from, to - from, ...found);
    const lines = stretches.slice(first, last + found.length - (to - from)).flatMap((one) => one.lines);
    this.blocks.splice(topFrom, topTo - topFrom, ...buildBlocks(this.schema, lines));
    this.count(first, last + found.length - (to - from), last);
  }

  /** The document holds these nodes now, which are alike: from now on they count. */
  adopt(doc: Node): void {
    const { blocks } = this;
    const news = doc.children;
    let from = 0;
    while (from < blocks.length && blocks[from] === news[from]) from += 1;
    let to = blocks.length;
    while (to > from && blocks[to - 1] === news[to - 1]) to -= 1;
    if (from === to) return;
    for (let top = from; top < to; top += 1) blocks[top] = news[top]!;
    const all = this.around(from, to);
    for (const { line, node } of this.nodes(all.first, all.last, all.from)) line.node = node;
  }

  private *nodes(first: number, last: number, from: number): Generator<{ line: Shown; node: Node }> {
    let top = from - 1;
    let at = 0;
    for (let s = first; s < last; s += 1) {
      for (const line of this.stretches[s]!.lines) {
        if (line.joins === 0) [top, at] = [top + 1, 0];
        yield { line, node: flattenBlock(this.blocks[top]!)[at++]!.node };
      }
    }
  }
}

/** What a shared text means. */
export const documentOf = (schema: Schema, root: Y.XmlText): Node => schema.topNodeType.create(null, [...new Model(schema, root).blocks]);
