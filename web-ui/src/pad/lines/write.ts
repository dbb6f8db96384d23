// Writes changes of the editor into the shared text, as little as possible: attributes of markers key by key, markers,
// signs. What comes stands in front of what goes, so that it sticks to what stays on its left.
import type { Node } from 'prosemirror-model';
import * as Y from 'yjs';
import type { Op, Placed } from './compare';
import { type Line, type Values, marker_clients, saidJoins, same, storedOf, valuesOf } from './form';
import { attributesOf, formatChange } from './hash';
import { type Place, unitsAt } from './model';
import { type Stretch, formatted, values } from './read';

type DeltaOp = { retain: number; attributes?: Values } | { insert: string | object; attributes: Values } | { delete: number };

const format_number = 2;
const seen_max = 16;             // people in one line; of more nobody keeps the order
/** What a node of a line is in the shared text. */
function inlineOf(node: Node): string | object {
  if (node.isText) return node.text!;
  const attrs = Object.fromEntries(Object.entries(node.attrs).filter(([, value]) => value !== null && value !== undefined));
  return Object.keys(attrs).length > 0 ? { type: node.type.name, attrs } : { type: node.type.name };
}

/** The formats that reign in front of a unit; asked in order. */
class Reign {
  constructor(private item: Y.Item | null, private y: number, private formats: Values) {}

  at(y: number): Values {
    for (; this.item && this.y < y; this.item = this.item.right as Y.Item | null) {
      const { item } = this;
      if (item.deleted) continue;
      if (item.content instanceof Y.ContentFormat) this.formats = formatted(this.formats, item.content);
      else if (item.countable) {
        if (this.y + item.length > y) break;
        this.y += item.length;
      }
    }
    return { ...this.formats };
  }
}

/** Runs the writing of a change, and sees what stood before and what stands after it (passages.ts). */
export interface Watch { watch: (change: Change, writing: () => void) => void }

export interface Change {
  root: Y.XmlText; ops: readonly Op[]; olds: readonly Place[]; news: readonly Placed[];
  /** Where the first of `olds` begins; a stretch there, or before it. */
  y: number; reign: { stretch: Stretch; y: number };
  before: readonly string[] | null;
  markerOf: (place: Place) => Y.XmlElement | null;
  /** The stretch that a place is in: where it begins. */
  stretchOf: (place: Place) => { marker: Y.XmlElement | null; y: number; start: Values };
  /** Sees what goes and what comes: text that is moved. */
  passages: Watch;
  /** The line behind `olds`, where it has a marker. */
  next: { line: Line; marker: Y.XmlElement } | null;
}

const put = (target: Y.XmlElement | Y.XmlText, key: string, value: unknown) => {
  if (value === undefined) target.removeAttribute(key);
  else (target as Y.XmlText).setAttribute(key, value as string);
};

/** One letter or word, typed or taken away: no walk through the text from its start. Says whether it was that. */
function writeSimply(change: Change): boolean {
  const ops = change.ops.filter((op) => op.kind !== 'keep' && op.kind !== 'mark');
  const [only] = ops;
  if (ops.length !== 1 || !only) return false;
  const { root, olds, news } = change;
  if (only.kind === 'cut') {
    const { line, y } = olds[only.i]!;
    const [from, to] = [unitsAt(line, only.from, true), unitsAt(line, only.to)];
    if (to > from) root.delete(y + line.lead + from, to - from);
    return true;
  }
  if (only.kind !== 'text') return false;
  const { node } = news[only.k]!;
  const come = node.nodeAt(only.from)!;
  if (!come.isText || node.slice(only.from, only.to).content.childCount !== 1) return false;
  // Typed into a run: the node is one with its left neighbour. Or plain, at the beginning of a line where no format reigns.
  const kept = change.ops[change.ops.indexOf(only) - 1];
  const begins = only.from === 0;
  if (!kept || (kept.kind !== 'mark' && kept.kind !== 'keep') || kept.k !== only.k || kept.i < 0) return false;
  if (begins ? kept.kind !== 'mark' : kept.kind !== 'keep' || come !== node.nodeAt(only.from - 1)) return false;
  const place = olds[kept.i]!;
  const stretch = change.stretchOf(place);
  if (place.line.foreign || (begins && (come.marks.length > 0 || Object.keys(stretch.start).length > 0 || place.y !== stretch.y))) return false;
  const y = kept.kind === 'mark' ? stretch.y + place.line.lead : place.y + place.line.lead + unitsAt(place.line, kept.to);
  insertBehind(root, stretch, y, node.textBetween(only.from, only.to));
  return true;
}

/** Puts text directly behind the sign (or marker) in front of this unit. Yjs itself would go behind what was deleted there: what others
 * put behind that sign meanwhile would stand between. */
function insertBehind(root: Y.XmlText, { marker, y: begin }: { marker: Y.XmlElement | null; y: number }, y: number, text: string): void {
  const doc = root.doc!;
  const transaction = doc._transaction!;
  let left: Y.Item | null = null;
  let at = begin;
  for (let item = (marker?._item ?? root._start) as Y.Item | null; item && at < y; item = item.right as Y.Item | null) {
    if (item.deleted || !item.countable) continue;
    if (at + item.length > y) Y.getItemCleanStart(transaction, Y.createID(item.id.client, item.id.clock + y - at));
    at += item.length;
    left = item;
  }
  const right = (left ? left.right : root._start) as Y.Item | null;
  const item = new Y.Item(
    Y.createID(doc.clientID, Y.getState(doc.store, doc.clientID)), left, left && Y.createID(left.id.client, left.id.clock + left.length - 1),
    right, right && right.id, root, null, new Y.ContentString(text),
  );
  item.integrate(transaction, 0);
  // Yjs remembers where some signs stand.
  const known = (root as unknown as { _searchMarker: unknown[] | null })._searchMarker;
  if (known) known.length = 0;
}

/** Puts a piece of a line in front of this unit, with these formats (null: those that reign there); in a transaction. As insertBehind, where
 * the formats let it. */
export function putPiece(root: Y.XmlText, y: number, piece: string | object, attributes: Values | null): void {
  let reign: Values = {};
  let at = 0;
  for (let item = root._start; item && at < y; item = item.right as Y.Item | null) {
    if (item.deleted) continue;
    if (item.content instanceof Y.ContentFormat) reign = formatted(reign, item.content);
    else if (item.countable) at += item.length;
  }
  if (typeof piece !== 'string') root.insertEmbed(y, piece, { ...attributes });
  else if (attributes === null || same(reign, attributes)) insertBehind(root, { marker: null, y: 0 }, y, piece);
  else root.insert(y, piece, { ...attributes });
}

/** Behind the unit at this index. */
export function placeAt(root: Y.XmlText, index: number): Y.RelativePosition {
  let at = 0;
  for (let item = root._start; item; item = item.right as Y.Item | null) {
    if (item.deleted || !item.countable) continue;
    if (at + item.length > index) return new Y.RelativePosition(null, null, Y.createID(item.id.client, item.id.clock + index - at), -1);
    at += item.length;
  }
  return Y.createRelativePositionFromTypeIndex(root, index, -1);
}

/** Applies a delta as `client`. */
function apply(root: Y.XmlText, delta: DeltaOp[], client: number): void {
  while (delta.length > 0 && 'retain' in delta[delta.length - 1]! && !(delta[delta.length - 1] as { attributes?: Values }).attributes) delta.pop();
  if (delta.length === 0) return;
  const doc = root.doc!;
  const own = doc.clientID;
  doc.clientID = client;
  try {
    root.applyDelta(delta);
  } finally {
    doc.clientID = own;
  }
}

/** Markers first, then signs: what comes in, for both, stands in front of what goes out. */
function writeInFull({ root, ops, olds, news, y, reign: from, before, markerOf }: Change): void {
  const delta: DeltaOp[] = y > 0 ? [{ retain: y }] : [];
  const markers: DeltaOp[] = [];
  let marked = 0;
  const reign = new Reign(from.stretch.marker?._item ?? root._start, from.y, from.stretch.start);
  let at = y;
  const keep = (units: number, attributes?: Values) => {
    at += units;
    const last = delta[delta.length - 1];
    if (!attributes && last && 'retain' in last && !last.attributes) last.retain += units;
    else if (units > 0) delta.push(attributes ? { retain: units, attributes } : { retain: units });
  };
  const goTo = (unit: number) => keep(unit - at);
  const cut = (from: number, to: number) => {
    if (to <= from) return;
    goTo(from);
    delta.push({ delete: to - from });
    at = to;
  };
  const taken: Y.XmlElement[] = [];
  for (const [n, op] of ops.entries()) {
    if (op.kind === 'begin') {
      const element = new Y.XmlElement('line');
      const stored = storedOf(news[op.k]!, op.k > 0 ? news[op.k - 1]!.path : before);
      for (const [key, value] of Object.entries(stored)) put(element, key, value);
      const seen = seenAt(root, from.stretch, from.y, at);
      if (seen) put(element, 'seen', seen);
      markers.push({ retain: at - marked }, { insert: element, attributes: reign.at(at) });
      marked = at;
      delta.push({ retain: 1 });
    } else if (op.kind === 'text') {
      news[op.k]!.node.slice(op.from, op.to).content.forEach((node) => void delta.push({ insert: inlineOf(node), attributes: attributesOf(node.marks) }));
    } else if (op.kind === 'mark') {
      const place = olds[op.i];
      if (place) goTo(place.y + place.line.lead);
    } else {
      const { line, y: begin } = olds[op.i]!;
      const text = begin + line.lead;
      if (op.kind === 'cut') {
        if (!line.foreign) cut(text + unitsAt(line, op.from, true), text + unitsAt(line, op.to));
      } else if (op.kind === 'end') {
        const marker = line.own ? markerOf(olds[op.i]!) : null;
        if (marker && !staysBehind(ops, n)) taken.push(marker);
        else if (marker || (line.foreign && line.lead > 0)) {
          // What stays moves up to the line before: no line that was taken out may stand between.
          const up = olds[op.i - 1];
          for (const one of up?.line.taken ?? []) cut(up!.y + up!.line.lead + one, up!.y + up!.line.lead + one + 1);
          cut(begin, begin + 1);
        }
      } else {
        goTo(text + unitsAt(line, op.from, true));
        eachChange(line.node, op.from, op.to, news[op.k]!.node, op.at, (from, to, attributes) => {
          goTo(text + unitsAt(line, from, true));
          keep(text + unitsAt(line, to) - at, attributes);
        });
        goTo(text + unitsAt(line, op.to));
      }
    }
  }
  const { clientID } = root.doc!;
  apply(root, markers.filter((op) => !('retain' in op) || op.retain > 0), clientID + marker_clients);
  apply(root, delta, clientID);
  for (const marker of taken) put(marker, 'gone', 1);
}

/** Of the others whose words stand in the line at this unit, what had come here of theirs (docs/pads-format.md, `seen`). */
function seenAt(root: Y.XmlText, stretch: Stretch, y: number, at: number): Values | null {
  const clients = new Set<number>();
  let unit = y;
  for (let item = (stretch.marker?._item ?? root._start) as Y.Item | null; item && clients.size < seen_max; item = item.right as Y.Item | null) {
    if (item.deleted || !item.countable) continue;
    if (item.content instanceof Y.ContentType && item !== stretch.marker?._item) {
      if (unit >= at) break;
      clients.clear();
    } else if (item.content instanceof Y.ContentString) clients.add(item.id.client);
    unit += item.length;
  }
  clients.delete(root.doc!.clientID);
  if (clients.size === 0) return null;
  return Object.fromEntries([...clients].map((client) => [client, Y.getState(root.doc!.store, client)]));
}

/** Of all whose words stand from that stretch on up to this unit, what had come here of theirs; my own too. */
export function clientsIn(root: Y.XmlText, { stretch, y }: Change['reign'], to: number): Values {
  const clients = new Set<number>();
  let unit = y;
  for (let item = (stretch.marker?._item ?? root._start) as Y.Item | null; item && unit < to && clients.size < seen_max; item = item.right as Y.Item | null) {
    if (item.deleted || !item.countable) continue;
    if (item.content instanceof Y.ContentString) clients.add(item.id.client);
    unit += item.length;
  }
  return Object.fromEntries([...clients].map((client) => [client, Y.getState(root.doc!.store, client)]));
}

/** Something of this line, or behind it, goes on standing there without a marker of its own: lines are joined. */
function staysBehind(ops: readonly Op[], end: number): boolean {
  for (let n = end + 1; n < ops.length; n += 1) {
    const op = ops[n]!;
    if (op.kind === 'mark' || op.kind === 'begin') return false;
    if ((op.kind === 'keep' || op.kind === 'text') && op.to > op.from) return true;
  }
  return false;
}

/** Runs of kept signs whose marks became others. */
function eachChange(old: Node, from: number, to: number, now: Node, at: number, found: (from: number, to: number, attributes: Values) => void): void {
  for (let offset = from; offset < to;) {
    const [one, other] = [old.childAfter(offset), now.childAfter(offset - from + at)];
    const end = Math.min(to, one.offset + one.node!.nodeSize, other.offset + other.node!.nodeSize - at + from);
    const change = one.node!.marks === other.node!.marks ? null : formatChange(one.node!.marks, other.node!.marks);
    if (change) found(offset, end, change);
    offset = end;
  }
}

/** In a transaction. */
export function write(change: Change): void {
  const { root, ops, olds, news, before, markerOf, next } = change;
  const marked = ops.every((op) => op.kind !== 'keep' || olds[op.i]!.line.node.content === news[op.k]!.node.content || !marksDiffer(olds[op.i]!.line.node, op, news[op.k]!.node));
  change.passages.watch(change, () => {
    if (!(marked && writeSimply(change))) writeInFull(change);
  });
  for (const op of ops) {
    if (op.kind !== 'mark') continue;
    const line = news[op.k]!;
    const place = olds[op.i];
    const target = (place && markerOf(place)) ?? root;
    const [had, has] = [place ? valuesOf(place.line) : {}, valuesOf(line)];
    for (const key in had) if (!(key in has)) put(target, key, undefined);
    for (const key in has) if (!same(had[key], has[key])) put(target, key, has[key]);
    say(target, line, op.k > 0 ? news[op.k - 1]!.path : before);
    if (target !== root && target.getAttribute('gone')) put(target, 'gone', undefined);
  }
  if (next) say(next.marker, next.line, news.length > 0 ? news[news.length - 1]!.path : before);
  if (root.getAttribute('format') === undefined) put(root, 'format', format_number);
}

function say(target: Y.XmlElement | Y.XmlText, line: Line, before: readonly string[] | null): void {
  const raw = values(target).joins;
  const said = before === null ? undefined : saidJoins(line, before, raw);
  if (said !== raw) put(target, 'joins', said);
}

function marksDiffer(old: Node, op: { from: number; to: number; at: number }, now: Node): boolean {
  let differ = false;
  eachChange(old, op.from, op.to, now, op.at, () => { differ = true; });
  return differ;
}
