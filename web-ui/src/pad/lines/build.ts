// Lines as a tree of the editor. Lines that keep to Line's rules (form.ts; read.ts makes such lines of anything) always make
// a valid document. Nodes that are already there are used again, so that only what changed is drawn.
import { type Attrs, Fragment, type Node, type Schema } from 'prosemirror-model';
import { parents } from './flatten';
import { type Line, same } from './form';

interface Open { name: string; attrs: Attrs; children: Node[] }

/** A node with these children: the one that they stand in already, where that is the same. */
function container(schema: Schema, { name, attrs, children }: Open): Node {
  const type = schema.nodes[name]!;
  const before = parents.get(children[0]!);
  if (before && before.type === type && before.childCount === children.length && same(before.attrs, attrs)
      && children.every((child, i) => before.child(i) === child)) return before;
  const node = type.create(attrs, children);
  for (const child of children) parents.set(child, node);
  return node;
}

/** The blocks of the document that these lines make. The first one joins nothing. */
export function buildBlocks(schema: Schema, lines: readonly Line[]): Node[] {
  const blocks: Node[] = [];
  const open: Open[] = [];
  const put = (node: Node) => void (open.length > 0 ? open[open.length - 1]!.children : blocks).push(node);
  const closeTo = (depth: number) => {
    while (open.length > depth) put(container(schema, open.pop()!));
  };
  for (const { path, joins, begun, node } of lines) {
    closeTo(joins);
    for (let depth = open.length; depth < path.length; depth += 1) open.push({ name: path[depth]!, attrs: begun[depth - joins]!, children: [] });
    put(node);
  }
  closeTo(0);
  return blocks;
}

export const build = (schema: Schema, lines: readonly Line[]): Node => schema.topNodeType.create(null, Fragment.fromArray(buildBlocks(schema, lines)));
