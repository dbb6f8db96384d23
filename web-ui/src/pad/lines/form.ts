// What the attributes of a line mean (docs/pads-format.md): its block, the containers around it, and how many of those go
// on from the line before. Pure: flatten.ts, build.ts and the binding share it.
import type { Attrs, Mark, Node, NodeType, Schema } from 'prosemirror-model';

/** Markers are written under a client id of their own: of two things that come to one place, that with the higher id stands
 * behind. So what somebody writes at the end of a line stays in it when another begins a new one there. */
export const marker_clients = 2 ** 32;

/** The blocks that stand between two lines' beginnings: one leaf of the tree with the containers around it. */
export interface Line {
  /** Names of the containers around the block, outermost first. */
  readonly path: readonly string[];
  /** How many of them are those of the line before. */
  readonly joins: number;
  /** Attributes of the containers that begin here: `path[joins]`, `path[joins + 1]`, ... */
  readonly begun: readonly Attrs[];
  readonly node: Node;
}
export type Values = Record<string, unknown>;

const path_max = 64;
export const blockNames = ['paragraph', 'heading', 'codeBlock', 'horizontalRule', 'image'];
const many = new Set(['blockquote', 'bulletList', 'orderedList', 'taskList', 'table']);
const items: Record<string, string> = { bulletList: 'listItem', orderedList: 'listItem', taskList: 'taskItem', table: 'tableRow', tableRow: 'tableCell' };
const containers = new Set([...many, 'listItem', 'taskItem', 'tableRow', 'tableCell', 'tableHeader']);
const closing = new Set(['listItem', 'taskItem', 'tableCell', 'tableHeader']);

const mayStand = (here: string, name: string) => (here in items
  ? name === items[here] || (here === 'tableRow' && name === 'tableHeader')
  : many.has(name));

/** Repair 1. Never throws, whatever `raw` is. */
export function repairedPath(raw: unknown): string[] {
  const path: string[] = [];
  let here = 'doc';
  const enter = (name: string) => {
    path.push(name);
    here = name;
  };
  for (const name of Array.isArray(raw) ? raw.slice(0, path_max) as unknown[] : []) {
    if (typeof name !== 'string' || !containers.has(name)) continue;
    while (!mayStand(here, name) && here in items) enter(items[here]!);
    if (mayStand(here, name)) enter(name);
  }
  while (here in items) enter(items[here]!);
  return path;
}

/** What holds when a line does not say how many containers it joins. */
export function usualJoins(path: readonly string[]): number {
  for (let i = path.length - 1; i >= 0; i -= 1) if (closing.has(path[i]!)) return i;
  return path.length;
}

export function common(one: readonly string[], other: readonly string[]): number {
  let i = 0;
  while (i < one.length && i < other.length && one[i] === other[i]) i += 1;
  return i;
}

/** The number that holds, of what a line says (`raw`). `before`: the path of the line before, null for the first. */
export function joinsOf(raw: unknown, path: readonly string[], before: readonly string[] | null): number {
  if (before === null) return 0;
  const said = typeof raw === 'number' && Number.isInteger(raw) && raw >= 0 ? raw : usualJoins(path);
  return Math.min(said, common(before, path));
}

/** `NAME.ATTRIBUTE` of the container at `path[depth]`, counted among those of its name that begin on this line. */
function keyOf(path: readonly string[], depth: number): (attribute: string) => string {
  let outside = 0;
  for (let i = path.length - 1; i > depth; i -= 1) if (path[i] === path[depth]) outside += 1;
  return (attribute) => `${path[depth]}.${attribute}${outside ? `.${outside}` : ''}`;
}

/** Attributes of the containers that begin on a line, from what it says. */
export function begunOf(schema: Schema, values: Values, path: readonly string[], joins: number): Attrs[] {
  const found: Attrs[] = [];
  for (let depth = joins; depth < path.length; depth += 1) found.push(attrsOf(schema.nodes[path[depth]!]!, values, keyOf(path, depth)));
  return found;
}

/** Of `values` what a node of this type knows; brought into its bounds when the node is made (clamp.ts). */
export function attrsOf(type: NodeType, values: Values, key: (attribute: string) => string = (attribute) => attribute): Attrs {
  const attrs: Values = {};
  for (const attribute in type.spec.attrs) {
    const value = values[key(attribute)];
    if (value !== null && value !== undefined) attrs[attribute] = value;
  }
  return (type as NodeType & { computeAttrs: (attrs: Attrs) => Attrs }).computeAttrs(attrs);
}

export function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => key in other && same((one as Values)[key], (other as Values)[key]));
}

function keep(into: Values, type: NodeType, attrs: Attrs, key: (attribute: string) => string): void {
  for (const attribute in type.spec.attrs) {
    const value: unknown = attrs[attribute];
    if (value !== undefined && !same(value, type.spec.attrs[attribute]!.default)) into[key(attribute)] = value;
  }
}

/** What a line says of itself, but for `joins`, which needs the line before (saidJoins). */
export function valuesOf({ node, path, joins, begun }: Line): Values {
  const values: Values = {};
  if (node.type.name !== 'paragraph') values.type = node.type.name;
  keep(values, node.type, node.attrs, (attribute) => attribute);
  if (path.length > 0) values.path = path;
  for (let depth = joins; depth < path.length; depth += 1) keep(values, node.type.schema.nodes[path[depth]!]!, begun[depth - joins]!, keyOf(path, depth));
  return values;
}

/** What a line has to say under `joins`: undefined where the usual number holds by itself. `raw`: what it says now. */
export function saidJoins({ path, joins }: Line, before: readonly string[] | null, raw?: unknown): unknown {
  if (joinsOf(raw, path, before) === joins) return raw;
  return joinsOf(undefined, path, before) === joins ? undefined : joins;
}

/** All values of a line as they are stored. */
export function storedOf(line: Line, before: readonly string[] | null): Values {
  const joins = saidJoins(line, before);
  return { ...valuesOf(line), ...(joins === undefined ? {} : { joins }) };
}

// --- Text ---

const hashed = /^(.+)--[a-zA-Z0-9+/=]{8}$/;

/** The set of marks that formatting attributes mean. Of two that exclude each other the later one of the schema is shown. */
export function marksOf(schema: Schema, attributes: Values | undefined): readonly Mark[] {
  let marks: readonly Mark[] = [];
  if (!attributes) return marks;
  const found: Mark[] = [];
  // By name: several comments on one sign stand in the same order everywhere.
  for (const key of Object.keys(attributes).sort()) {
    const value = attributes[key];
    const type = schema.marks[key] ?? schema.marks[hashed.exec(key)?.[1] ?? ''];
    if (type && value !== null && value !== undefined) found.push(type.create(typeof value === 'object' ? value as Attrs : null));
  }
  const rank = (mark: Mark) => (mark.type as unknown as { rank: number }).rank;
  for (const mark of found.sort((a, b) => rank(a) - rank(b))) marks = mark.addToSet(marks);
  return marks;
}
