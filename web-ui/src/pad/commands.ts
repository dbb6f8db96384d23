// What the buttons and the keys do. Pure ProseMirror commands: each says whether it can, and does it when asked to.
import { lift, setBlockType, wrapIn } from 'prosemirror-commands';
import { Fragment, type MarkType, type Node, type NodeType, type ResolvedPos } from 'prosemirror-model';
import { liftListItem, sinkListItem, wrapInList } from 'prosemirror-schema-list';
import { type Command, type EditorState, NodeSelection, TextSelection } from 'prosemirror-state';
import { liftTarget } from 'prosemirror-transform';
import { around, mark, node } from './first-commands';
import { schema } from './schema';

export { around, hardBreak, mark, node, splitItem, toggle } from './first-commands';

const { nodes, marks } = schema;

export function markActive(state: EditorState, type: MarkType): boolean {
  const { from, to, empty, $from } = state.selection;
  return empty ? Boolean(type.isInSet(state.storedMarks ?? $from.marks())) : state.doc.rangeHasMark(from, to, type);
}

export type Style = 'text' | 'h1' | 'h2' | 'h3' | 'quote' | 'code';
export function styleOf(state: EditorState): Style {
  const parent = state.selection.$from.parent;
  if (parent.type === nodes.heading) return `h${Math.min(3, Math.max(1, parent.attrs.level))}` as Style;
  if (parent.type === nodes.codeBlock) return 'code';
  return around(state, 'blockquote') ? 'quote' : 'text';
}

export function setStyle(style: Style): Command {
  return (state, dispatch, view) => {
    const inQuote = around(state, 'blockquote') !== null;
    if (style === 'quote') return inQuote ? lift(state, dispatch, view) : wrapIn(node('blockquote'))(state, dispatch, view);
    if (style === 'code') return setBlockType(node('codeBlock'))(state, dispatch, view);
    if (style !== 'text') return setBlockType(node('heading'), { level: Number(style[1]) })(state, dispatch, view);
    if (inQuote && state.selection.$from.parent.type === nodes.paragraph) return lift(state, dispatch, view);
    return setBlockType(node('paragraph'))(state, dispatch, view);
  };
}

export type ListName = 'bulletList' | 'orderedList' | 'taskList';
const lists: string[] = ['bulletList', 'orderedList', 'taskList'];
const itemOf = (list: NodeType) => (list.name === 'taskList' ? node('taskItem') : node('listItem'));

function convert(list: Node, to: NodeType): Node {
  const items: Node[] = [];
  list.forEach((item) => items.push(itemOf(to).create(null, item.content)));
  return to.create(null, items);
}

/** Makes a list of another kind, or takes the list away when it is this kind already. */
export function toggleList(name: ListName): Command {
  return (state, dispatch, view) => {
    const type = node(name);
    const present = around(state, ...lists);
    if (present?.node.type === type) return liftListItem(itemOf(type))(state, dispatch, view);
    if (!present) return wrapInList(type)(state, dispatch, view);
    if (dispatch) {
      const { anchor, head } = state.selection;
      const tr = state.tr.replaceWith(present.pos, present.pos + present.node.nodeSize, convert(present.node, type));
      dispatch(tr.setSelection(TextSelection.create(tr.doc, anchor, head)).scrollIntoView());
    }
    return true;
  };
}

export const inList = (state: EditorState) => around(state, 'listItem', 'taskItem') !== null;
const eachItem = (make: (type: NodeType) => Command): Command => (state, dispatch, view) => {
  const item = around(state, 'listItem', 'taskItem');
  return item ? make(item.node.type)(state, dispatch, view) : false;
};
export const indent = eachItem((type) => sinkListItem(type));
export const outdent = eachItem((type) => liftListItem(type));

/** Backspace at the start of an item: out of the list. */
export const backOut: Command = (state, dispatch) => {
  const { $cursor } = state.selection as TextSelection;
  if (!$cursor || $cursor.parentOffset > 0) return false;
  const item = around(state, 'listItem', 'taskItem');
  if (!item || $cursor.depth !== item.depth + 1 || $cursor.index(item.depth) > 0) return false;
  return liftListItem(item.node.type)(state, dispatch);
};

/** Backspace at the start of a heading: plain text again; of a quote: out of it. */
export const plainAgain: Command = (state, dispatch) => {
  const { $cursor } = state.selection as TextSelection;
  if (!$cursor || $cursor.parentOffset > 0) return false;
  if ($cursor.parent.type === nodes.heading || $cursor.parent.type === nodes.codeBlock) return setBlockType(node('paragraph'))(state, dispatch);
  const range = $cursor.blockRange();
  const target = range && $cursor.node(range.depth).type === nodes.blockquote && $cursor.index(range.depth) === 0 ? liftTarget(range) : null;
  if (range === null || target === null) return false;
  dispatch?.(state.tr.lift(range, target));
  return true;
};

/** Every task in the selection: all ticked, or none. */
export const toggleTask: Command = (state, dispatch) => {
  const found: { pos: number; node: Node }[] = [];
  state.doc.nodesBetween(state.selection.from, state.selection.to, (one, pos) => {
    if (one.type === nodes.taskItem) found.push({ pos, node: one });
  });
  const inner = state.selection.empty ? found.slice(-1) : found;
  if (inner.length === 0) return false;
  if (dispatch) {
    const checked = inner.some((one) => !one.node.attrs.checked);
    const tr = state.tr;
    for (const one of inner) tr.setNodeAttribute(one.pos, 'checked', checked);
    dispatch(tr);
  }
  return true;
};

export const insertRule: Command = (state, dispatch) => {
  if (state.selection.$from.parent.type.spec.code) return false;
  dispatch?.(afterBlock(state, node('horizontalRule').create()));
  return true;
};

/** Puts a block at the selection, with a line to go on writing behind it. */
export function afterBlock(state: EditorState, block: Node) {
  const { $from } = state.selection;
  const tr = state.tr;
  const parent = $from.parent;
  if (parent.isTextblock && parent.content.size === 0 && $from.node(-1).canReplaceWith($from.index(-1), $from.indexAfter(-1), block.type)) {
    tr.replaceWith($from.before(), $from.after(), block);
    tr.setSelection(TextSelection.near(tr.doc.resolve($from.before() + block.nodeSize), 1));
  } else {
    tr.replaceSelectionWith(block);
  }
  const place = tr.selection.$to;
  const end = place.depth === 0 ? place.pos : place.after(1);
  const last = tr.doc.lastChild;
  if (last && (last.type === block.type) && end >= tr.doc.content.size - 1) {
    tr.insert(tr.doc.content.size, node('paragraph').create());
    tr.setSelection(TextSelection.near(tr.doc.resolve(tr.doc.content.size - 1), -1));
  }
  return tr.scrollIntoView();
}

export function insertTable(rows: number, columns: number): Command {
  return (state, dispatch) => {
    if (around(state, 'table', 'codeBlock')) return false;
    if (dispatch) {
      const line = (type: NodeType) => node('tableRow').create(null, Array.from({ length: columns }, () => type.createAndFill()!));
      const table = node('table').create(null, [line(node('tableHeader')), ...Array.from({ length: rows - 1 }, () => line(node('tableCell')))]);
      const tr = afterBlock(state, table);
      let at = -1;
      tr.doc.descendants((one, pos) => {
        if (one === table || (at < 0 && one.eq(table))) at = pos;
        return at < 0;
      });
      if (at >= 0) tr.setSelection(TextSelection.near(tr.doc.resolve(at + 3), 1));
      dispatch(tr.scrollIntoView());
    }
    return true;
  };
}

/** The link around the cursor, whole. */
export function linkAround(state: EditorState): { from: number; to: number; href: string } | null {
  const { $from, empty, from, to } = state.selection;
  const type = marks.link!;
  const here = type.isInSet($from.marks()) ?? ($from.nodeAfter && type.isInSet($from.nodeAfter.marks)) ?? null;
  if (!here || (!empty && !state.doc.rangeHasMark(from, to, type))) return null;
  const [start, end] = reach($from, (one) => here.isInSet(one.marks));
  return { from: start, to: end, href: String(here.attrs.href ?? '') };
}

function reach($at: ResolvedPos, fits: (one: Node) => boolean): [number, number] {
  const parent = $at.parent;
  let index = $at.index();
  if (index >= parent.childCount || !fits(parent.child(index))) index = Math.max(0, index - 1);
  let first = index;
  let last = index + 1;
  while (first > 0 && fits(parent.child(first - 1))) first -= 1;
  while (last < parent.childCount && fits(parent.child(last))) last += 1;
  const sizeBefore = (count: number) => {
    let size = 0;
    for (let i = 0; i < count; i += 1) size += parent.child(i).nodeSize;
    return size;
  };
  return [$at.start() + sizeBefore(first), $at.start() + sizeBefore(last)];
}

export function setLink(href: string): Command {
  return (state, dispatch) => {
    const link = mark('link').create({ href });
    const { from, to, empty } = state.selection;
    const old = linkAround(state);
    const tr = state.tr;
    if (old && empty) tr.removeMark(old.from, old.to, mark('link')).addMark(old.from, old.to, link);
    else if (!empty) {
      // The cursor goes to the end of the new link: writing on must not replace the words that were chosen.
      tr.removeMark(from, to, mark('link')).addMark(from, to, link);
      tr.setSelection(TextSelection.near(tr.doc.resolve(to), -1));
    }
    else tr.replaceSelectionWith(schema.text(href.replace(/^mailto:/, ''), [link]), false).removeStoredMark(mark('link'));
    dispatch?.(tr.scrollIntoView());
    return true;
  };
}

export const removeLink: Command = (state, dispatch) => {
  const old = linkAround(state);
  const { from, to } = state.selection;
  const [start, end] = old ? [old.from, old.to] : [from, to];
  dispatch?.(state.tr.removeMark(start, end, mark('link')).removeStoredMark(mark('link')));
  return true;
};

export function selectedImage(state: EditorState): { pos: number; node: Node } | null {
  const { selection } = state;
  return selection instanceof NodeSelection && selection.node.type === nodes.image ? { pos: selection.from, node: selection.node } : null;
}

export function setImage(attributes: Record<string, unknown>): Command {
  return (state, dispatch) => {
    const image = selectedImage(state);
    if (!image) return false;
    if (dispatch) {
      const tr = state.tr;
      for (const [name, value] of Object.entries(attributes)) tr.setNodeAttribute(image.pos, name, value);
      dispatch(tr.setSelection(NodeSelection.create(tr.doc, image.pos)));
    }
    return true;
  };
}

/** All formats of the selection away; blocks stay. */
export const clearMarks: Command = (state, dispatch) => {
  const { from, to, empty } = state.selection;
  if (empty) return false;
  dispatch?.(state.tr.removeMark(from, to));
  return true;
};

export interface Heading { level: number; text: string; pos: number }
export function outlineOf(doc: Node): Heading[] {
  const found: Heading[] = [];
  doc.descendants((one, pos) => {
    if (one.type === nodes.heading && one.textContent.trim()) found.push({ level: Number(one.attrs.level) || 1, text: one.textContent.trim(), pos });
    return !one.isTextblock;
  });
  return found;
}

export interface Counts { words: number; signs: number; paragraphs: number }
export function countsOf(doc: Node): Counts {
  const counts = { words: 0, signs: 0, paragraphs: 0 };
  doc.descendants((one) => {
    if (!one.isTextblock) return true;
    const text = one.textBetween(0, one.content.size, undefined, ' ');
    counts.words += text.match(/[\p{L}\p{N}]+(?:[-'’.,][\p{L}\p{N}]+)*/gu)?.length ?? 0;
    counts.signs += text.length;
    counts.paragraphs += text.trim() ? 1 : 0;
    return false;
  });
  return counts;
}

export const emptyDoc = (doc: Node) => doc.childCount <= 1 && doc.textContent === '' && (doc.firstChild?.type === nodes.paragraph || doc.childCount === 0);
export const fragmentOf = (list: Node[]) => Fragment.fromArray(list);
