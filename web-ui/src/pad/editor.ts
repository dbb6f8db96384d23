// The editor itself: the paper bound to the shared text. Begins with what the first letter needs; the rest
// (keys, tables, pasting, images) is added when it has come.
import { EditorState, type Plugin, TextSelection } from 'prosemirror-state';
import type { EditorView } from 'prosemirror-view';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { bind } from './binding';
import { cursors } from './cursors';
import { Paper, type PaperParts } from './paper';
import type { People } from './people';
import { safeAddress } from './clamp';
import { rootName, schema } from './schema';
import { Reunion } from './lines/reunion';
import { Takings } from './taken';
import { undoOf } from './undo';

export interface EditorParts {
  doc: Y.Doc; awareness: Awareness; people: People; padKey: string; writes: boolean; label: string; describedBy: string;
  changed: (view: EditorView, docChanged: boolean) => void;
  composing: (on: boolean) => void;
  /** What others took out around words of mine that they had not seen; none: there is nothing to tell any more. */
  taken: (texts: string[]) => void;
}

export interface Editor {
  view: EditorView;
  setWrites: (writes: boolean) => void;
  /** Looks at what the browser has not told of yet: a cursor that was moved in this very moment. */
  settle: () => void;
  takings: Takings;
  /** Once: everything that the text can do besides taking letters. */
  grow: (rest: Plugin[]) => void;
}

export function makeEditor(place: HTMLElement, parts: EditorParts): Editor {
  const binding = bind(parts.doc.get(rootName, Y.XmlText), schema);
  // From now on what is done here can be taken back, as long as the page lives.
  undoOf(binding);
  // What I write while others change the line keeps its place; what they took out around it can be put back.
  const takings = new Takings(binding, () => paper.view, parts.taken);
  new Reunion(binding, { writes: () => bound.writes, torn: ({ taken }) => takings.add(taken), kept: ({ taken }) => takings.add(taken) }, () => undoOf(binding));
  const shared: Plugin[] = [binding.plugin, cursors(binding, parts.awareness, parts.people)];
  const first = binding.doc;
  const bound: PaperParts = {
    writes: parts.writes, padKey: parts.padKey,
    changed: (docChanged) => parts.changed(paper.view, docChanged),
    attributes: () => ({ id: 'text', 'aria-label': parts.label, ...(bound.writes ? { 'aria-describedby': parts.describedBy } : {}) }),
  };
  const paper = window.hameauPaper ?? new Paper(place, first, bound);
  const { view, waiting, base } = paper;
  place.append(view.dom);
  paper.bind(EditorState.create({ doc: first, plugins: [...shared, waiting.plugin, ...base] }), bound);
  holdOthers(view, parts.composing);
  return {
    view,
    setWrites: (on) => paper.setWrites(on), takings,
    settle: () => { if (!view.isDestroyed && !view.composing) (view as unknown as { domObserver: { flush: () => void } }).domObserver.flush(); },
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

const composed_ms = 80;        // the view takes what was composed a moment after the browser's word

function holdOthers(view: EditorView, composing: (on: boolean) => void): void {
  view.dom.addEventListener('compositionstart', () => composing(true));
  view.dom.addEventListener('compositionend', () => setTimeout(() => !view.composing && composing(false), composed_ms));
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

