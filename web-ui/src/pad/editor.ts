// The editor itself: one ProseMirror view bound to the shared text. Begins with what the first letter needs; the rest
// (keys, tables, pasting, images) is added when it has come.
import { baseKeymap } from 'prosemirror-commands';
import { keymap } from 'prosemirror-keymap';
import { EditorState, Plugin, TextSelection } from 'prosemirror-state';
import { EditorView } from 'prosemirror-view';
import { initProseMirrorDoc, ySyncPlugin, yUndoPlugin } from 'y-prosemirror';
import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';
import { cursors } from './cursors';
import { farViews, holdInSight, isLong, jumps } from './far';
import type { People } from './people';
import { headHeight } from './head-room';
import { rootName, safeAddress, schema } from './schema';
import { ImageView, TableView, TaskView } from './views';

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

/** What is pasted before the cleaner has come waits for it; a file dropped must not lead away from the page. */
class Waiting {
  private readonly kept: { html: string; text: string }[] = [];
  readonly plugin = new Plugin({
    props: {
      handlePaste: (_view, event) => {
        const html = event.clipboardData?.getData('text/html') ?? '';
        this.kept.push({ html, text: event.clipboardData?.getData('text/plain') ?? '' });
        return true;
      },
      handleDrop: (_view, event) => {
        event.preventDefault();
        return true;
      },
    },
  });

  give(view: EditorView): void {
    for (const { html, text } of this.kept) {
      if (html) view.pasteHTML(html);
      else if (text) view.pasteText(text);
    }
  }
}

export function makeEditor(place: HTMLElement, parts: EditorParts): Editor {
  const fragment = parts.doc.getXmlFragment(rootName);
  const { doc, mapping } = initProseMirrorDoc(fragment, schema);
  let writes = parts.writes;
  const shared = [ySyncPlugin(fragment, { mapping }) as Plugin, cursors(parts.awareness, parts.people), lastingUndo()];
  const base = keymap(baseKeymap);
  const waiting = new Waiting();
  const attributes = ({ doc: shown }: EditorState): Record<string, string> => ({
    class: isLong(shown) ? 'text long' : 'text', 'aria-label': parts.label, lang: document.documentElement.lang, spellcheck: 'true',
    ...(writes ? { role: 'textbox', 'aria-multiline': 'true', 'aria-describedby': parts.describedBy } : { role: 'document', tabindex: '0' }),
  });
  const view: EditorView = new EditorView(place, {
    // A text without any paragraph would start with everything selected, and keep that while others fill it: the first
    // key here would replace what they wrote.
    state: EditorState.create({ doc: doc.childCount > 0 ? doc : schema.topNodeType.createAndFill()!, plugins: [...shared, waiting.plugin, base] }),
    editable: () => writes,
    attributes,
    scrollMargin: { get top() { return headHeight() + 30; }, bottom: 120, left: 0, right: 0 },
    scrollThreshold: { get top() { return headHeight() + 10; }, bottom: 100, left: 0, right: 0 },
    nodeViews: {
      ...(isLong(doc) ? farViews : {}),
      table: (one) => new TableView(one),
      taskItem: (one, it, getPos) => new TaskView(one, it, getPos),
      image: (one, it, getPos) => new ImageView(one, it, getPos, parts.padKey),
    },
    dispatchTransaction(tr) {
      const before = view.state;
      view.updateState(before.apply(tr));
      if (view.hasFocus() && jumps(tr, before)) holdInSight(view);
      parts.changed(view, tr.docChanged);
    },
  });
  return {
    view,
    setWrites(on) {
      writes = on;
      view.setProps({ attributes });
    },
    grow(rest) {
      // A sign that is being composed keeps its place; the rest comes when it is done.
      const now = () => {
        view.updateState(view.state.reconfigure({ plugins: [...shared, ...rest, base] }));
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

