// Tables of which two people changed rows and columns at the same time may lack cells. They are shown as they are, and made
// whole only by who works in them: what everybody mended by themselves would be mended twice.
import { type Command, type EditorState, type Plugin, Selection, type Transaction } from 'prosemirror-state';
import { fixTables, tableEditing } from 'prosemirror-tables';
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

export function tables(): Plugin {
  const plugin = tableEditing() as Plugin;
  const append = plugin.spec.appendTransaction!.bind(plugin);
  plugin.spec.appendTransaction = (trs: readonly Transaction[], old: EditorState, state: EditorState) => (
    append(trs, trs.every((tr) => !tr.docChanged || isRemote(tr)) ? state : old, state));
  return plugin;
}
