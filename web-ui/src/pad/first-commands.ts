// Commands that even the paper knows on which the rest of the editor is not yet (commands.ts has the others).
import { toggleMark } from 'prosemirror-commands';
import type { MarkType, Node, NodeType } from 'prosemirror-model';
import { liftListItem } from 'prosemirror-schema-list';
import type { Command, EditorState } from 'prosemirror-state';
import { schema } from './schema';

export const mark = (name: string): MarkType => schema.marks[name]!;
export const node = (name: string): NodeType => schema.nodes[name]!;

/** The innermost node of one of these types around the selection. */
export function around(state: EditorState, ...names: string[]): { node: Node; pos: number; depth: number } | null {
  const { $from } = state.selection;
  for (let depth = $from.depth; depth > 0; depth -= 1) {
    const one = $from.node(depth);
    if (names.includes(one.type.name)) return { node: one, pos: $from.before(depth), depth };
  }
  return null;
}

export const toggle = (name: string): Command => toggleMark(mark(name), null, { removeWhenPresent: false });

/** Enter in a list: a new item; a task begins unticked. In an empty item: out of the list. */
export const splitItem: Command = (state, dispatch) => {
  const item = around(state, 'listItem', 'taskItem');
  const { $from, $to } = state.selection;
  if (!item || !$from.sameParent($to) || $from.depth !== item.depth + 1) return false;
  if ($from.parent.content.size === 0 && item.node.childCount === 1) return liftListItem(item.node.type)(state, dispatch);
  if (dispatch) {
    const tr = state.tr.delete($from.pos, $to.pos);
    const end = $from.pos === $from.end();
    dispatch(tr.split(tr.mapping.map($from.pos), 2, [
      { type: item.node.type, attrs: item.node.type === schema.nodes.taskItem ? { checked: false } : null },
      end ? { type: node('paragraph') } : null,
    ] as Parameters<typeof tr.split>[2]).scrollIntoView());
  }
  return true;
};

export const hardBreak: Command = (state, dispatch) => {
  if (state.selection.$from.parent.type.spec.code) return false;
  dispatch?.(state.tr.replaceSelectionWith(node('hardBreak').create(), true).scrollIntoView());
  return true;
};

/** The browser's own undo knows nothing of the text's structure: it never gets a turn. */
const nothing: Command = () => true;

export const firstKeys: Record<string, Command> = {
  Enter: splitItem, 'Shift-Enter': hardBreak, 'Mod-b': toggle('bold'), 'Mod-i': toggle('italic'), 'Mod-u': toggle('underline'),
  'Mod-z': nothing, 'Mod-y': nothing, 'Mod-Shift-z': nothing,
};
