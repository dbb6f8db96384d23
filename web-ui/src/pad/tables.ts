// Tables of which two people changed rows and columns at the same time may lack cells. They are shown as they are, and made
// whole only by who works in them: what everybody mended by themselves would be mended twice.
import { type Command, type EditorState, type Plugin, Selection, type Transaction } from 'prosemirror-state';
import { CellSelection, fixTables, isInTable, mergeCells, selectionCell, tableEditing, TableMap } from 'prosemirror-tables';
import { isRemote } from './binding';

/** A command on rows and columns, which counts on a whole table. */
export const whole = (command: Command): Command => (state, dispatch, view) => {
  const mended = fixTables(state);
  if (!mended) return command(state, dispatch, view);
  const { state: fixed, transactions } = state.applyTransaction(mended);
  const all = state.tr;
  for (const one of transactions) for (const step of one.steps) all.step(step);
  return command(fixed, dispatch && ((tr: Transaction) => {
    for (const step of tr.steps) all.step(step);
    dispatch(all.setSelection(Selection.fromJSON(all.doc, tr.selection.toJSON() as object)).scrollIntoView());
  }), view);
};

/** The cells that are selected become one; else the cell of the caret and the one on its right, or below it. The caret is then
 * in the text, so that what is typed next replaces nothing. */
export const mergeWith = (side: 'right' | 'below'): Command => (state, dispatch) => {
  if (!isInTable(state)) return false;
  let wanted = state.selection as Selection;
  if (!(wanted instanceof CellSelection)) {
    const cell = selectionCell(state);
    const start = cell.start(-1);
    const map = TableMap.get(cell.node(-1));
    const { left, right, top, bottom } = map.findCell(cell.pos - start);
    const [row, column] = side === 'right' ? [top, right] : [bottom, left];
    if (column >= map.width || row >= map.height) return false;
    wanted = CellSelection.create(state.doc, cell.pos, start + map.map[row * map.width + column]!);
  }
  return mergeCells(state.apply(state.tr.setSelection(wanted)), dispatch && ((tr: Transaction) => {
    const { selection } = tr;
    const end = selection instanceof CellSelection ? selection.$headCell.pos + selection.$headCell.nodeAfter!.nodeSize - 1 : selection.from;
    dispatch(tr.setSelection(Selection.near(tr.doc.resolve(end), -1)).scrollIntoView());
  }));
};

export function tables(): Plugin {
  const plugin = tableEditing() as Plugin;
  const append = plugin.spec.appendTransaction!.bind(plugin);
  plugin.spec.appendTransaction = (trs: readonly Transaction[], old: EditorState, state: EditorState) => (
    append(trs, trs.every((tr) => !tr.docChanged || isRemote(tr)) ? state : old, state));
  return plugin;
}
