// The shared text as lines: a stretch is what stands from one marker to the next. Whatever the text holds becomes lines that
// build.ts can use (docs/pads-format.md, Repairs); nothing here ever throws or writes.
import { type Attrs, Fragment, type Mark, type Node, type NodeType, type Schema } from 'prosemirror-model';
import * as Y from 'yjs';
import { formatted } from './formats';
import { type Line, type Values, attrsOf, begunOf, blockNames, joinsOf, marksOf, repairedPath, same } from './form';

export { formatted };

const foreign_depth_max = 64;
const cells = new Set(['tableCell', 'tableHeader']);

/** A line that is shown, and where it stands in the shared text. */
export class Shown implements Line {
  joins = 0;
  begun: Attrs[] = [];
  /** Units of the shared text in front of its signs: its marker, or a whole foreign tree. */
  lead = 0;
  /** Units of its signs; those that are not shown (places in `hidden`) among them. */
  units = 0;
  hidden: number[] | null = null;
  /** Those of them, behind its signs, that are markers of lines taken out. */
  taken: number[] | null = null;
  /** Its signs stand in a foreign tree. */
  foreign = false;
  private settled = false;

  /** `own`: it has a marker of its own, or is the first line. `said`: what it says under `joins`. */
  constructor(readonly path: string[], private readonly said: unknown, private readonly values: Values, public node: Node, readonly own: boolean) {}

  /** Looks at the line before; true when that made a difference. */
  settle(schema: Schema, before: readonly string[] | null): boolean {
    const joins = joinsOf(this.said, this.path, before);
    if (this.settled && joins === this.joins) return false;
    this.settled = true;
    this.joins = joins;
    this.begun = begunOf(schema, this.values, this.path, joins);
    return true;
  }
}

export interface Stretch {
  /** Null: the first one, whose attributes are the root's. */
  readonly marker: Y.XmlElement | null;
  /** The formats that reign where it begins. */
  readonly start: Values;
  /** One; more where a foreign tree stands in it, or signs behind a rule or an image. */
  readonly lines: Shown[];
  /** Units of the shared text, the marker's own among them. */
  readonly length: number;
}

type Inline = Node | null | 'taken';      // null: a unit that is not shown; 'taken': the marker of a line taken out
interface Reading { signs: Inline[]; units: number[] }

const isMarker = (type: unknown): type is Y.XmlElement => type instanceof Y.XmlElement && type.nodeName === 'line';
/** The marker that this item is, if it stands in the text now. */
export const markerOf = (item: Y.Item): Y.XmlElement | null => (
  !item.deleted && item.content instanceof Y.ContentType && isMarker(item.content.type) ? item.content.type : null);

/** This marker's line was taken out, and nothing stands in it: it is no line. */
export function isTaken(item: Y.Item): boolean {
  const marker = markerOf(item);
  if (!marker || !marker.getAttribute('gone')) return false;
  let next = item.right as Y.Item | null;
  while (next && (next.deleted || !next.countable)) next = next.right as Y.Item | null;
  return !next || markerOf(next) !== null;
}

/** This line was made of words behind a rule or an image, which hold none: nobody put its marker there by hand (docs/pads-format.md, Repairs). */
export function isRepair(marker: Y.Item): boolean {
  let before = marker.left as Y.Item | null;
  while (before && (before.deleted || !before.countable)) before = before.left as Y.Item | null;
  const type = before && markerOf(before)?.getAttribute('type');
  return type === 'horizontalRule' || type === 'image';
}

const marksKnown = new WeakMap<Values, readonly Mark[]>();
function marksIn(schema: Schema, formats: Values): readonly Mark[] {
  let marks = marksKnown.get(formats);
  if (!marks) marksKnown.set(formats, marks = marksOf(schema, formats));
  return marks;
}

export const values = (type: Y.XmlElement | Y.XmlText): Values => type.getAttributes() as Values;

/** The node that an embed means, null when it means nothing here. */
function embedded(schema: Schema, embed: unknown, marks: readonly Mark[]): Inline {
  if (typeof embed !== 'object' || embed === null) return null;
  const { type, attrs } = embed as { type?: unknown; attrs?: unknown };
  if (type === 'hardBreak') return schema.nodes.hardBreak!.create(null, null, marks);
  if (type !== 'mention') return null;
  const mention = schema.nodes.mention!;
  return mention.create(attrsOf(mention, typeof attrs === 'object' && attrs !== null ? attrs as Values : {}), null, marks);
}

/** Signs as the content of a block of this type, with the places of the units that are not shown. */
function contentFor(type: NodeType, { signs, units }: Reading): { content: Fragment; hidden: number[] | null; taken: number[] | null } {
  const { schema } = type;
  const shown: Node[] = [];
  let hidden: number[] | null = null;
  let taken: number[] | null = null;
  let at = 0;
  signs.forEach((sign, i) => {
    if (sign === 'taken') {
      (hidden ??= []).push(at);
      (taken ??= []).push(at);
    }
    else if (sign === null && type.spec.code) shown.push(schema.text('\ufffc'.repeat(units[i]!)));
    else if (sign === null) for (let k = 0; k < units[i]!; k += 1) (hidden ??= []).push(at + k);
    else if (!type.spec.code) shown.push(sign);
    else shown.push(schema.text(sign.isText ? sign.text! : sign.type === schema.nodes.hardBreak ? '\n' : '\ufffc'));
    at += units[i]!;
  });
  return { content: Fragment.fromArray(shown), hidden, taken };
}

const blockOf = (schema: Schema, name: unknown): NodeType => schema.nodes[typeof name === 'string' && blockNames.includes(name) ? name : 'paragraph']!;
const again = (node: Node, before: Node | undefined) => (before?.eq(node) ? before : node);

/** What a shared text holds, in order: strings, embeds, types; as toDelta(), but for the bound on formats. */
export function* insertsOf(text: Y.XmlText): Generator<{ insert: unknown; formats: Values }> {
  let formats: Values = {};
  for (let item = text._start; item; item = item.right as Y.Item | null) {
    const { content } = item;
    if (item.deleted) continue;
    if (content instanceof Y.ContentFormat) formats = formatted(formats, content);
    else if (content instanceof Y.ContentString) yield { insert: content.str, formats };
    else if (content instanceof Y.ContentEmbed) yield { insert: content.embed, formats };
    else if (content instanceof Y.ContentType) yield { insert: content.type, formats };
  }
}

/** A tree as y-prosemirror writes it, as lines; in order, each with what it joins. */
function foreignLines(schema: Schema, root: Y.XmlElement | Y.XmlText): Shown[] {
  const found: Shown[] = [];
  const path: string[] = [];
  const around: Values[] = [];
  let joins = 0;
  let reading: Reading = { signs: [], units: [] };
  const emit = (type: NodeType, own: Values) => {
    const line: Values = {};
    for (let depth = path.length - 1; depth >= joins; depth -= 1) {
      const outside = path.slice(depth + 1).filter((name) => name === path[depth]).length;
      for (const [key, value] of Object.entries(around[depth]!)) line[`${path[depth]}.${key}${outside ? `.${outside}` : ''}`] = value;
    }
    const node = type.create(attrsOf(type, own), type.isTextblock ? contentFor(type, reading).content : null);
    const shown = new Shown(repairedPath(path), joins, line, node, false);
    shown.foreign = true;
    found.push(shown);
    joins = path.length;
    reading = { signs: [], units: [] };
  };
  const loose = () => {
    if (reading.signs.length > 0) emit(schema.nodes.paragraph!, {});
  };
  const text = (one: Y.XmlText) => {
    for (const { insert, formats } of insertsOf(one)) {
      const marks = marksIn(schema, formats);
      if (insert instanceof Y.XmlText) text(insert);
      else if (insert instanceof Y.XmlElement) element(insert, path.length);
      else put(typeof insert === 'string' ? schema.text(insert, marks) : embedded(schema, insert, marks));
    }
  };
  const put = (sign: Inline) => {
    if (!sign || sign === 'taken') return;
    reading.signs.push(sign);
    reading.units.push(sign.nodeSize);
  };
  const children = (one: Y.XmlElement, depth: number) => {
    for (const child of one.toArray()) {
      if (child instanceof Y.XmlText) text(child);
      else if (child instanceof Y.XmlElement) element(child, depth);
    }
  };
  const element = (one: Y.XmlElement, depth: number) => {
    const name = one.nodeName;
    const type = Object.hasOwn(schema.nodes, name) ? schema.nodes[name]! : undefined;
    if (depth > foreign_depth_max) return;
    if (type?.isInline && !type.isText) return put(embedded(schema, { type: name, attrs: values(one) }, []));
    if (blockNames.includes(name)) {
      loose();
      children(one, depth + 1);
      return emit(type!, values(one));
    }
    if (!type || type.isText || type === schema.topNodeType) return children(one, depth + 1);
    loose();
    path.push(name);
    around.push(values(one));
    children(one, depth + 1);
    loose();
    path.pop();
    around.pop();
    joins = Math.min(joins, path.length);
  };
  if (root instanceof Y.XmlText) text(root);
  else element(root, 0);
  loose();
  return found;
}

/** Reads one stretch: `item` is the first behind its marker. Says where the next one begins. */
function readStretch(schema: Schema, marker: Y.XmlElement | null, root: Y.XmlText, item: Y.Item | null, start: Values, before?: Stretch) {
  const said = values(marker ?? root);
  const lead = marker ? 1 : 0;
  const lines: Shown[] = [];
  let formats = start;
  let length = lead;
  let reading: Reading = { signs: [], units: [] };
  const type = blockOf(schema, said.type);
  const path = repairedPath(said.path);
  const end = (beginsForeign: boolean) => {
    const own = lines.length === 0;
    const units = reading.units.reduce((sum, one) => sum + one, 0);
    const shownType = own && !(said.gone && !type.isTextblock) ? type : schema.nodes.paragraph!;
    const old = before?.lines[lines.length]?.node;
    if (!own && units === 0) return;
    if (own && !marker && beginsForeign && units === 0 && Object.keys(said).every((key) => key === 'format')) return;
    const attrs = own ? attrsOf(type, said) : {};
    const { content, hidden, taken } = contentFor(shownType, reading);
    // Words in a cell that was taken out go on in the one before.
    const joins = said.gone && path.some((name) => cells.has(name)) ? path.length : said.joins;
    const line = new Shown(own ? path : [], own ? joins : 0, said, again(shownType.create(attrs, shownType.isTextblock ? content : null), old), own);
    if (own) line.lead = lead;
    lines.push(line);
    let signs = line;
    if (!shownType.isTextblock && content.size > 0) {
      signs = new Shown(path, path.length, {}, again(schema.nodes.paragraph!.create(null, content), before?.lines[lines.length]?.node), false);
      lines.push(signs);
    }
    signs.units = units;
    signs.hidden = hidden;
    signs.taken = taken;
    reading = { signs: [], units: [] };
  };
  const put = (sign: Inline, units: number) => {
    reading.signs.push(sign);
    reading.units.push(units);
    length += units;
  };
  for (; item; item = item.right as Y.Item | null) {
    if (item.deleted) continue;
    const { content } = item;
    if (content instanceof Y.ContentString) put(schema.text(content.str, marksIn(schema, formats)), item.length);
    else if (content instanceof Y.ContentFormat) formats = formatted(formats, content);
    else if (content instanceof Y.ContentEmbed) put(embedded(schema, content.embed, marksIn(schema, formats)), 1);
    else if (isTaken(item)) put('taken', 1);
    else if (content instanceof Y.ContentType && isMarker(content.type)) break;
    else if (content instanceof Y.ContentType && (content.type instanceof Y.XmlElement || content.type instanceof Y.XmlText)) {
      const foreign = foreignLines(schema, content.type);
      if (foreign.length === 0) put(null, 1);
      else {
        end(true);
        foreign[0]!.lead = 1;
        lines.push(...foreign);
        length += 1;
      }
    } else if (item.countable) put(null, item.length);
  }
  end(false);
  return { stretch: { marker, start, lines, length } as Stretch, next: item, formats };
}

/** Reads from `from` (null: the beginning) on until `enough` says that what comes is known. */
export function readFrom(schema: Schema, root: Y.XmlText, marker: Y.XmlElement | null, start: Values,
  old: (marker: Y.XmlElement | null) => Stretch | undefined, enough: (marker: Y.XmlElement, formats: Values) => boolean): Stretch[] {
  const found: Stretch[] = [];
  let formats = start;
  let at = marker;
  for (;;) {
    const item = at ? at._item!.right as Y.Item | null : root._start;
    const { stretch, next, formats: after } = readStretch(schema, at, root, item, formats, old(at));
    found.push(stretch);
    formats = after;
    if (!next) return found;
    at = (next.content as Y.ContentType).type as unknown as Y.XmlElement;
    if (enough(at, formats)) return found;
  }
}

/** All lines of a shared text. */
export function readLines(schema: Schema, root: Y.XmlText): Stretch[] {
  const stretches = readFrom(schema, root, null, {}, () => undefined, () => false);
  let before: readonly string[] | null = null;
  for (const stretch of stretches) {
    for (const line of stretch.lines) {
      line.settle(schema, before);
      before = line.path;
    }
  }
  return stretches;
}

export const sameFormats = (one: Values, other: Values) => same(one, other);
