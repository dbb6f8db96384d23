// Recognises text that is moved, by its words: taken out and put in by one step (a drag, cells that become one), or cut here and
// pasted later. Tells moves.ts which new signs are which old ones. A second paste is a copy. Called by write.ts.
import * as Y from 'yjs';
import { type Values, marker_clients } from './form';
import { unitsAt } from './model';
import type { Moves, Range } from './moves';
import { isTaken, markerOf } from './read';
import { type Change, type Watch, clientsIn } from './write';

const least = 2;               // signs; less is a letter that was deleted, if it is not cut
const cuts_max = 4;            // passages that somebody may still paste
const letter = /[\p{L}\p{N}]/u;
const other_sign = '\ufffc';   // an embed
const line_sign = '\n';

/** Signs and markers in a row, each with what it is in the shared text. */
export interface Passage { text: string; ids: Y.ID[] }
/** Of lines whose marker stays, the sign of a line's end is nothing. */
interface Cut { text: string; ids: (Y.ID | null)[]; seen: Values }
/** A piece of what came; `marker`: it begins a new line. */
interface Come extends Passage { marker: Y.ID | null }
interface Passing { cut: Cut | null; clock: number; markerClock: number }

const idsOf = (item: Y.Item) => Array.from({ length: item.length }, (_, n) => Y.createID(item.id.client, item.id.clock + n));

function add(passage: { text: string; ids: (Y.ID | null)[] }, item: Y.Item): void {
  if (markerOf(item)) passage.text += line_sign;
  else if (item.content instanceof Y.ContentString) passage.text += item.content.str.replaceAll(line_sign, other_sign);
  else passage.text += other_sign.repeat(item.length);
  passage.ids.push(...idsOf(item));
}

function ranges(ids: readonly Y.ID[]): Range[] {
  const found: Range[] = [];
  for (const { client, clock } of ids) {
    const last = found[found.length - 1];
    if (last && last.client === client && last.clock + last.length === clock) last.length += 1;
    else found.push({ client, clock, length: 1 });
  }
  return found;
}

export class Passages implements Watch {
  /** What the editor says of the change that is being written: 'cut', 'paste', 'drop'. */
  event: unknown;
  private cuts: Cut[] = [];

  constructor(private readonly root: Y.XmlText, private readonly moves: Moves) {}

  /** What was cut and taken back is pasted as a copy. */
  forget(): void {
    this.cuts = [];
  }

  watch(change: Change, writing: () => void): void {
    const passing = this.before(change);
    writing();
    if (passing) this.after(passing);
  }

  /** Before it is written: what goes. Null: nobody moves anything here. */
  private before({ ops, olds, y, reign }: Change): Passing | null {
    const doc = this.root.doc!;
    const size = (kind: 'cut' | 'text') => ops.reduce((sum, op) => sum + (op.kind === kind ? op.to - op.from : 0), 0);
    const goes = size('cut') >= (this.event === 'cut' || this.event === 'drop' ? 1 : least);
    const comes = size('text') >= (this.event === 'paste' ? 1 : least);
    if (!goes && !(comes && this.cuts.length > 0)) return null;
    const passing: Passing = { cut: null, clock: Y.getState(doc.store, doc.clientID), markerClock: Y.getState(doc.store, doc.clientID + marker_clients) };
    if (!goes) return passing;
    const stretches: [from: number, to: number][] = [];
    for (const op of ops) {
      if (op.kind !== 'cut' && op.kind !== 'end') continue;
      const { line, y: begin } = olds[op.i]!;
      if (op.kind === 'cut' && !line.foreign) stretches.push([begin + line.lead + unitsAt(line, op.from, true), begin + line.lead + unitsAt(line, op.to)]);
      else if (op.kind === 'end' && line.own && line.lead > 0) stretches.push([begin, begin + 1]);
    }
    const last = olds[olds.length - 1]!;
    const cut: Cut = { text: '', ids: [], seen: clientsIn(this.root, reign, Math.max(y, last.y + last.line.lead + last.line.units)) };
    this.read(reign, stretches, cut);
    passing.cut = cut;
    return passing;
  }

  private read({ stretch, y }: Change['reign'], stretches: [number, number][], into: Cut): void {
    let unit = y;
    let n = 0;
    for (let item = (stretch.marker?._item ?? this.root._start) as Y.Item | null; item && n < stretches.length; item = item.right as Y.Item | null) {
      if (item.deleted || !item.countable) continue;
      const [begin, end] = [unit, unit + item.length];
      unit = end;
      // What stays parts what goes: a marker, or words.
      if (!isTaken(item) && into.text && !into.text.endsWith(line_sign) && stretches[n]![0] > begin) {
        into.text += line_sign;
        into.ids.push(null);
      }
      for (; n < stretches.length; n += 1) {
        const [from, to] = [Math.max(begin, stretches[n]![0]), Math.min(end, stretches[n]![1])];
        if (from < to && !isTaken(item)) {
          if (markerOf(item) || from === begin && to === end) add(into, item);
          else {
            const piece: Passage = { text: '', ids: [] };
            add(piece, item);
            into.text += piece.text.slice(from - begin, to - begin);
            into.ids.push(...piece.ids.slice(from - begin, to - begin));
          }
        }
        if (stretches[n]![1] > end) break;
      }
    }
  }

  /** In the same transaction, when it is written. */
  private after({ cut, clock, markerClock }: Passing): void {
    const come = this.come(clock, markerClock);
    const known = cut && come.length > 0 ? [cut] : this.event === 'paste' || this.event === 'drop' ? [...this.cuts].reverse() : [];
    for (const one of known) {
      const [from, to] = this.pairs(one, come);
      if (from.length === 0) continue;
      this.moves.add(ranges(from), ranges(to), one.seen);
      this.cuts = this.cuts.filter((other) => other !== one);
      return;
    }
    if (cut && this.event === 'cut') this.cuts = [...this.cuts, cut].slice(-cuts_max);
  }

  /** What was put in since these clocks, line by line. */
  private come(clock: number, markerClock: number): Come[] {
    const { clientID, store } = this.root.doc!;
    const news = new Set<Y.Item>();
    for (const [client, from] of [[clientID, clock], [clientID + marker_clients, markerClock]] as const) {
      if (Y.getState(store, client) <= from) continue;
      const structs = store.clients.get(client)!;
      for (let i = Y.findIndexSS(structs, from); i < structs.length; i += 1) {
        const item = structs[i];
        if (item instanceof Y.Item && item.parent === this.root && item.parentSub === null && !item.deleted && item.countable) news.add(item);
      }
    }
    const lines: Come[] = [];
    let line: Come | null = null;
    for (let item = this.root._start as Y.Item | null, left = news.size; item && left > 0; item = item.right as Y.Item | null) {
      if (!news.has(item)) {
        // What stood here already parts it as well: a marker, or words.
        if (!item.deleted && item.countable) line = null;
        continue;
      }
      left -= 1;
      if (markerOf(item)) lines.push(line = { text: '', ids: [], marker: item.id });
      else {
        if (!line) lines.push(line = { text: '', ids: [], marker: null });
        add(line, item);
      }
    }
    return lines;
  }

  /** Line by line: whole words of what came that were taken out, in their order. */
  private pairs(cut: Cut, come: readonly Come[]): [from: Y.ID[], to: Y.ID[]] {
    const [from, to]: [Y.ID[], Y.ID[]] = [[], []];
    let at = 0;
    for (const { text, ids, marker } of come) {
      const found = letter.test(text) ? this.find(cut.text, text, at) : -1;
      if (found < 0) continue;
      at = found + text.length;
      // Its marker, too.
      const begin = cut.text[found - 1] === line_sign ? cut.ids[found - 1] : null;
      if (marker && begin) {
        from.push(begin);
        to.push(marker);
      }
      from.push(...cut.ids.slice(found, at) as Y.ID[]);
      to.push(...ids);
    }
    return [from, to];
  }

  private find(text: string, line: string, from: number): number {
    for (let at = text.indexOf(line, from); at >= 0; at = text.indexOf(line, at + 1)) {
      const [before, behind] = [text[at - 1] ?? ' ', text[at + line.length] ?? ' '];
      if (!(letter.test(before) && letter.test(line[0]!)) && !(letter.test(behind) && letter.test(line.at(-1)!))) return at;
    }
    return -1;
  }
}
