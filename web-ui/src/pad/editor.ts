// The editor itself: one ProseMirror view bound to the shared text.
import { dropCursor } from 'prosemirror-dropcursor';
import { gapCursor } from 'prosemirror-gapcursor';
import type { Slice } from 'prosemirror-model';
import { EditorState, type Plugin, TextSelection } from 'prosemirror-state';
import { tableEditing } from 'prosemirror-tables';
import { EditorView } from 'prosemirror-view';
import { initProseMirrorDoc, ySyncPlugin, yUndoPlugin } from 'y-prosemirror';
import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';
import { tn } from '../common/i18n';
import { authors } from './authors';
import { linkAround } from './commands';
import { cursors } from './cursors';
import { finder } from './find';
import { blobOf, Images, imagesOnTheWay } from './images';
import { type KeyActions, keys } from './keys';
import { clean } from './paste';
import type { People } from './people';
import { rootName, safeAddress, schema } from './schema';
import { ImageView, TaskView } from './views';

export interface EditorParts {
  doc: Y.Doc; awareness: Awareness; people: People; pad: string; padKey: string; writes: boolean; label: string; describedBy: string;
  actions: KeyActions; changed: (view: EditorView, docChanged: boolean) => void; said: (text: string) => void; unknownAuthor: () => void;
}

export interface Editor { view: EditorView; images: Images; setWrites: (writes: boolean) => void }

export function makeEditor(place: HTMLElement, parts: EditorParts): Editor {
  const fragment = parts.doc.getXmlFragment(rootName);
  const { doc, mapping } = initProseMirrorDoc(fragment, schema);
  const images = new Images(parts.pad, parts.padKey, parts.said);
  let writes = parts.writes;
  const plugins: Plugin[] = [
    ySyncPlugin(fragment, { mapping }) as Plugin,
    cursors(parts.awareness, parts.people),
    authors(parts.people, parts.unknownAuthor),
    yUndoPlugin() as Plugin,
    finder(), imagesOnTheWay(),
    ...keys(parts.actions),
    dropCursor({ class: 'drop-line', color: false }), gapCursor(), tableEditing(),
  ];
  const attributes = (): Record<string, string> => ({
    class: 'text', 'aria-label': parts.label, lang: document.documentElement.lang, spellcheck: 'true',
    ...(writes ? { role: 'textbox', 'aria-multiline': 'true', 'aria-describedby': parts.describedBy } : { role: 'document', tabindex: '0' }),
  });
  const view: EditorView = new EditorView(place, {
    // A text without any paragraph would start with everything selected, and keep that while others fill it: the first
    // key here would replace what they wrote.
    state: EditorState.create({ doc: doc.childCount > 0 ? doc : schema.topNodeType.createAndFill()!, plugins }),
    editable: () => writes,
    attributes,
    scrollMargin: { top: 140, bottom: 120, left: 0, right: 0 },
    scrollThreshold: { top: 120, bottom: 100, left: 0, right: 0 },
    nodeViews: {
      taskItem: (one, it, getPos) => new TaskView(one, it, getPos),
      image: (one, it, getPos) => new ImageView(one, it, getPos, parts.padKey),
    },
    dispatchTransaction(tr) {
      const next = view.state.apply(tr);
      view.updateState(next);
      parts.changed(view, tr.docChanged);
    },
    transformPastedHTML(html) {
      const cleaned = clean(html);
      for (const data of cleaned.images) {
        const blob = blobOf(data);
        if (blob) setTimeout(() => images.take(view, [blob], view.state.selection.to), 0);
      }
      if (cleaned.lost > 0) parts.said(tn('pad.paste.images_lost', cleaned.lost));
      return cleaned.html;
    },
    handlePaste(it, event, slice) {
      const text = event.clipboardData?.getData('text/plain').trim() ?? '';
      // An address pasted over words makes a link of them.
      if (!it.state.selection.empty && /^https?:\/\/\S+$/.test(text) && safeAddress(text) && plainSlice(slice, text)) {
        const { from, to } = it.state.selection;
        it.dispatch(it.state.tr.addMark(from, to, schema.marks.link!.create({ href: text })));
        return true;
      }
      const files = [...(event.clipboardData?.files ?? [])];
      // A program that offers words and their picture means the words.
      return !text && images.take(it, files, it.state.selection.to);
    },
    handleDrop(it, event, _slice, moved) {
      const files = [...(event.dataTransfer?.files ?? [])];
      if (moved || files.length === 0) return false;
      event.preventDefault();
      const at = it.posAtCoords({ left: event.clientX, top: event.clientY })?.pos ?? it.state.selection.to;
      return images.take(it, files, at) || true;
    },
    handleClick(it, pos, event) {
      const link = (event.target as Element | null)?.closest?.('a[href]') as HTMLAnchorElement | null;
      if (!link || (writes && !event.ctrlKey && !event.metaKey)) return false;
      const old = linkAround(it.state.apply(it.state.tr.setSelection(TextSelection.near(it.state.doc.resolve(pos)))));
      openLink(old?.href ?? link.getAttribute('href') ?? '');
      return true;
    },
  });
  return {
    view, images,
    setWrites(on) {
      writes = on;
      view.setProps({ attributes });
    },
  };
}

const plainSlice = (slice: Slice, text: string) => slice.content.textBetween(0, slice.content.size, '\n') === text;

export function openLink(href: string): void {
  if (safeAddress(href)) open(href, '_blank', 'noopener,noreferrer');
}

/** Moves the cursor to a place of the text and shows it. */
export function goTo(view: EditorView, pos: number): void {
  const at = Math.min(pos + 1, view.state.doc.content.size);
  view.dispatch(view.state.tr.setSelection(TextSelection.near(view.state.doc.resolve(at))).scrollIntoView());
  view.focus();
}

