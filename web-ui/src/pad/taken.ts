// What another took out around words that I was writing and they had not seen (lines/reunion.ts tells it). Keeps it for the
// notice until it is put back, or is in the text again, or those words of mine are gone too. Never changes the text by itself.
import type { EditorView } from 'prosemirror-view';
import * as Y from 'yjs';
import type { Binding } from './binding';
import type { Taken } from './lines/told';
import { beginStep } from './undo';

const look_ms = 200;        // a long text is not searched for each letter
const kept_max = 20;        // more passages than anybody puts back with one click
const elsewhere_min = 8;    // letters; a shorter passage stands in any text by chance

export class Takings {
  private all: Taken[] = [];
  private timer = 0;

  constructor(private readonly binding: Binding, private readonly view: () => EditorView, private readonly changed: (texts: string[]) => void) {
    binding.root.doc!.on('afterTransaction', () => {
      if (this.all.length > 0) this.soon();
    });
  }

  add(one: Taken): void {
    if (one.pieces.length === 0) return;
    // More of the same word went.
    const others = this.all.filter(({ pieces: [piece] }) => !Y.compareIDs(piece!.mine, one.pieces[0]!.mine));
    this.all = [...others, one].slice(-kept_max);
    this.soon();
  }

  /** All of it, as one step of undo. */
  putBack(): void {
    const view = this.view();
    const { state } = view;
    const { tr } = state;
    for (const one of this.all.filter((each) => this.missing(each))) {
      for (const { text, mine, behind } of one.pieces) {
        const at = this.behind(mine);
        if (at !== null) tr.insertText(text, tr.mapping.map(behind ? at : at - 1, -1));
      }
    }
    this.all = [];
    if (tr.docChanged) {
      beginStep(state);
      view.dispatch(tr.scrollIntoView());
      beginStep(view.state);
    }
    this.changed([]);
    view.focus();
  }

  forget(): void {
    this.all = [];
    this.changed([]);
    this.view().focus();
  }

  private soon(): void {
    this.timer ||= window.setTimeout(() => {
      this.timer = 0;
      if (this.view().isDestroyed) return;
      this.all = this.all.filter((one) => this.missing(one));
      this.changed(this.all.map(({ pieces }) => pieces.map(({ text }) => text.trim()).join(' … ')));
    }, look_ms);
  }

  /** Right behind this letter of mine; null when it is gone. */
  private behind(mine: Y.ID): number | null {
    const { store } = this.binding.root.doc!;
    const item = Y.getItem(store, mine) as unknown;
    if (!(item instanceof Y.Item) || item.deleted) return null;
    return this.binding.absolute(new Y.RelativePosition(null, null, mine, -1));
  }

  /** The words of mine stand, and what stood around them does not. */
  private missing({ pieces, whole }: Taken): boolean {
    const { doc } = this.view().state;
    const places = pieces.map(({ mine }) => this.behind(mine));
    const at = places.find((one) => one !== null) ?? null;
    if (at === null) return false;
    if (doc.resolve(at).parent.textContent.includes(whole)) return false;
    const long = pieces.map(({ text }) => text.trim()).filter((text) => text.length >= elsewhere_min);
    if (long.length === 0) return true;
    const all = doc.textBetween(0, doc.content.size, '\n', ' ');
    return !long.every((text) => all.includes(text));
  }
}
