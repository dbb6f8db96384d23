// Letters written on the first sheet, before the editor had come, move into the text; the cursor with them.
import { TextSelection } from 'prosemirror-state';
import type { EditorView } from 'prosemirror-view';
import { schema } from './schema';

/** Calls `done` when the sheet (if there is one) is gone; a sign that is being composed is waited for. */
export function takeOver(view: EditorView, done: () => void): void {
  const sheet = document.getElementById('first');
  const field = sheet?.querySelector('textarea');
  if (!sheet || !field) return done();
  if (field.dataset.composing) {
    field.addEventListener('compositionend', () => setTimeout(() => takeOver(view, done), 0), { once: true });
    return;
  }
  const focused = document.activeElement === field;
  const { value, selectionStart } = field;
  if (value) {
    const lines = value.split('\n').map((line) => schema.nodes.paragraph!.create(null, line ? schema.text(line) : null));
    const { tr } = view.state;
    const first = tr.doc.firstChild;
    const empty = tr.doc.childCount === 1 && first?.type === schema.nodes.paragraph && first?.content.size === 0;
    tr.replaceWith(0, empty ? tr.doc.content.size : 0, lines);
    // Each line before the cursor adds the two edges of its paragraph, its own line one, where "\n" was one sign.
    const before = value.slice(0, selectionStart).split('\n').length;
    tr.setSelection(TextSelection.create(tr.doc, selectionStart + before));
    view.dispatch(tr);
  }
  sheet.remove();
  if (focused) view.focus();
  done();
}

/** Nothing can be moved into a text that is not open: an empty sheet goes, written words can be read and copied. */
export function endSheet(): void {
  const sheet = document.getElementById('first');
  const field = sheet?.querySelector('textarea');
  if (!sheet || !field) return;
  if (!field.value) return sheet.remove();
  field.readOnly = true;
  sheet.classList.add('ended');
}
