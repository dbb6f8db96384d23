// The editor itself: the paper bound to the shared text. Begins with what the first letter needs; the rest
// (keys, tables, pasting, images) is added when it has come.
import { EditorState, type Plugin, TextSelection } from 'prosemirror-state';
import type { EditorView } from 'prosemirror-view';
import { initProseMirrorDoc, ySyncPlugin, yUndoPlugin } from 'y-prosemirror';
import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';
import { cursors } from './cursors';
import { Paper, type PaperParts } from './paper';
import type { People } from './people';
import { safeAddress } from './clamp';
import { rootName, schema } from './schema';

export interface EditorParts {
  doc: Y.Doc; awareness: Awareness; people: People; padKey: string; writes: boolean; label: string; describedBy: string;
  changed: (view: EditorView, docChanged: boolean) => void;
}

export interface Editor {
  view: EditorView;
  setWrites: (writes: boolean) => void;
  /** Once: everything that the text can do besides taking letters. */
  grow: (rest: Plugin[]) => void;
}

/** Undo lives as long as the page, though the views of plugins end and begin anew when the editor grows. */
function lastingUndo(): Plugin {
  const undo = yUndoPlugin() as Plugin;
  const begin = undo.spec.view!;
  let begun = false;
  undo.spec.view = (view) => {
    if (!begun) begin(view);
    begun = true;
    return {};
  };
  return undo;
}

export function makeEditor(place: HTMLElement, parts: EditorParts): Editor {
  const fragment = parts.doc.getXmlFragment(rootName);
  const { doc, mapping } = initProseMirrorDoc(fragment, schema);
  const shared = [ySyncPlugin(fragment, { mapping }) as Plugin, cursors(parts.awareness, parts.people), lastingUndo()];
  // A text without any paragraph would start with everything selected, and keep that while others fill it: the first key
  // here would replace what they wrote.
  const first = doc.childCount > 0 ? doc : schema.topNodeType.createAndFill()!;
  const bound: PaperParts = {
    writes: parts.writes, padKey: parts.padKey,
    changed: (docChanged) => parts.changed(paper.view, docChanged),
    attributes: () => ({ id: 'text', 'aria-label': parts.label, ...(bound.writes ? { 'aria-describedby': parts.describedBy } : {}) }),
  };
  const paper = window.hameauPaper ?? new Paper(place, first, bound);
  const { view, waiting, base } = paper;
  place.append(view.dom);
  paper.bind(EditorState.create({ doc: first, plugins: [...shared, waiting.plugin, ...base] }), bound);
  return {
    view,
    setWrites: (on) => paper.setWrites(on),
    grow(rest) {
      // A sign that is being composed keeps its place; the rest comes when it is done.
      const now = () => {
        view.updateState(view.state.reconfigure({ plugins: [...shared, ...rest, ...base] }));
        waiting.give(view);
      };
      if (view.composing) view.dom.addEventListener('compositionend', () => setTimeout(now, 0), { once: true });
      else now();
    },
  };
}

export function openLink(href: string): void {
  if (safeAddress(href)) open(href, '_blank', 'noopener,noreferrer');
}

/** Moves the cursor to a place of the text and shows it. */
export function goTo(view: EditorView, pos: number): void {
  const at = Math.min(pos + 1, view.state.doc.content.size);
  view.dispatch(view.state.tr.setSelection(TextSelection.near(view.state.doc.resolve(at))).scrollIntoView());
  view.focus();
}

