// What was written on the first sheet, before the editor had come, moves into the text; the cursor with it.
import { TextSelection } from 'prosemirror-state';
import type { EditorView } from 'prosemirror-view';
import type { Editor } from './editor';
import { schema } from './schema';

const settle_ms = 50;

/** Calls `made` with the editor when the sheet (if there is one) is gone; a sign that is being composed is waited for. */
export function takeOver(make: () => Editor, made: (editor: Editor) => void): void {
  const sheet = document.getElementById('first');
  const field = sheet?.querySelector('textarea');
  const paper = window.hameauPaper?.view;
  if (field?.dataset.composing || paper?.composing) {
    (field ?? paper!.dom).addEventListener('compositionend', () => setTimeout(() => takeOver(make, made), settle_ms), { once: true });
    return;
  }
  const focused = sheet?.contains(document.activeElement);
  const top = scrollY;
  const editor = make();
  if (field?.value) tell(editor.view, field);
  if (sheet) {
    sheet.remove();
    scrollTo({ top, behavior: 'instant' });
    if (focused) editor.view.focus();
  }
  made(editor);
}

function tell(view: EditorView, { value, selectionStart }: HTMLTextAreaElement): void {
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

/** Nothing can be moved into a text that is not open: an empty sheet goes, written words can be read and copied. */
export function endSheet(): void {
  const sheet = document.getElementById('first');
  if (!sheet) return;
  const field = sheet.querySelector('textarea');
  if (!field?.value && !window.hameauPaper?.written) return sheet.remove();
  if (field) field.readOnly = true;
  window.hameauPaper?.setWrites(false);
  // Beside the page that says why: a part of it, no second page.
  const rest = document.createElement('section');
  rest.id = 'first';
  rest.className = 'ended';
  rest.setAttribute('aria-labelledby', 'first-title');
  const title = document.createElement('p');
  title.id = 'first-title';
  title.className = 'paper-title';
  title.textContent = sheet.querySelector('h1')!.textContent;
  rest.append(title, sheet.querySelector('.paper')!);
  sheet.replaceWith(rest);
}
