// The tree of the editor as lines (docs/pads-format.md): one for each paragraph, heading, code block, rule and image.
// What was asked of a block of the document once is remembered: nodes never change.
import type { Attrs, Node } from 'prosemirror-model';
import type { Line } from './form';

/** `pos`: where the line's text begins (for a rule or an image: the block itself), counted from the block's own position. */
export interface FlatLine extends Line { readonly pos: number }

const known = new WeakMap<Node, FlatLine[]>();
/** Of each node the one that it stands in, as last seen; build.ts uses unchanged nodes again. */
export const parents = new WeakMap<Node, Node>();

/** The lines of one block of the document. */
export function flattenBlock(top: Node): FlatLine[] {
  let lines = known.get(top);
  if (lines) return lines;
  known.set(top, lines = []);
  const path: string[] = [];
  const around: Attrs[] = [];
  let joins = 0;
  const walk = (node: Node, pos: number) => {
    if (node.isTextblock || node.isLeaf) {
      lines!.push({ path: [...path], joins, begun: around.slice(joins), node, pos: node.isTextblock ? pos + 1 : pos });
      joins = path.length;
      return;
    }
    path.push(node.type.name);
    around.push(node.attrs);
    let at = pos + 1;
    node.forEach((child) => {
      parents.set(child, node);
      walk(child, at);
      at += child.nodeSize;
    });
    path.pop();
    around.pop();
    joins = Math.min(joins, path.length);
  };
  walk(top, 0);
  return lines;
}

/** The lines of a whole document, with places of that document. */
export function flatten(doc: Node): FlatLine[] {
  const lines: FlatLine[] = [];
  doc.forEach((top, offset) => {
    for (const line of flattenBlock(top)) lines.push(offset === 0 ? line : { ...line, pos: line.pos + offset });
  });
  return lines;
}
