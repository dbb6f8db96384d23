// A long text is drawn where it is looked at (pad.css, `.long`). What is far away has a guessed height until then: a good
// guess keeps the scroll bar and the cursor where they belong, and the cursor is looked for again after a jump.
import { DOMSerializer, type Node } from 'prosemirror-model';
import type { EditorState, Transaction } from 'prosemirror-state';
import type { EditorView, NodeViewConstructor } from 'prosemirror-view';
import { headHeight } from './head-room';

const many_blocks = 150;
const looks_most = 4;
const far_signs = 200;
const line_px = 30;
const sign_px = 9.6;      // with what is lost where words wrap
const paper_px = 608;         // the widest line of the sheet
const row_padding_px = 14;
const gap_px = 8;
const moves_of_people = ['wheel', 'pointerdown', 'touchmove'];

export const isLong = (doc: Node) => doc.childCount > many_blocks;

/** CSS pixels, from the signs that fit in a line of this width. */
function guess(node: Node, width_px: number): number {
  if (node.isTextblock) return Math.max(1, Math.ceil(node.content.size * sign_px / width_px)) * line_px;
  if (node.type.name === 'image') return Number(node.attrs.height) || 10 * line_px;
  let height = 0;
  node.forEach((child) => {
    if (node.type.name !== 'tableRow') height += guess(child, width_px) + gap_px;
    else height = Math.max(height, guess(child, width_px / node.childCount) + row_padding_px);
  });
  return height;
}

export function guessHeight(dom: HTMLElement, node: Node): void {
  const height = guess(node, Math.min(paper_px, Math.max(200, innerWidth - 32)));
  // Both ways: a picture is as wide as it is drawn.
  dom.style.setProperty('contain-intrinsic-size', `auto ${paper_px}px auto ${Math.round(height)}px`);
}

const drawn: NodeViewConstructor = (node) => {
  const { dom, contentDOM } = DOMSerializer.renderSpec(document, node.type.spec.toDOM!(node));
  guessHeight(dom as HTMLElement, node);
  return { dom, contentDOM: contentDOM! };
};
const guessed = ['paragraph', 'heading', 'blockquote', 'codeBlock', 'bulletList', 'orderedList', 'taskList'];

/** How the blocks of a long text are drawn. */
export const farViews: Record<string, NodeViewConstructor> = Object.fromEntries(guessed.map((name) => [name, drawn]));

/** Ends the looking that is going on, when somebody moves the page. */
let end: (() => void) | null = null;

/** After a jump what stands around the cursor takes its own height, and may push the cursor out of sight: it is looked
 * for again in the next pictures. */
export function holdInSight(view: EditorView): void {
  end?.();
  if (!isLong(view.state.doc)) return;
  const { selection } = view.state;
  let frame = 0;
  let left = looks_most;
  const stop = end = () => {
    cancelAnimationFrame(frame);
    for (const move of moves_of_people) removeEventListener(move, stop, true);
    end = null;
  };
  const look = () => {
    if (view.isDestroyed || !view.state.selection.eq(selection)) return stop();
    const { top, bottom } = view.coordsAtPos(selection.head);
    if (top < headHeight() || bottom > innerHeight) scrollBy({ top: (top + bottom - innerHeight) / 2, behavior: 'instant' });
    left -= 1;
    if (left === 0) return stop();
    frame = requestAnimationFrame(look);
  };
  for (const move of moves_of_people) addEventListener(move, stop, { capture: true, passive: true });
  frame = requestAnimationFrame(look);
}

/** A change that takes the cursor far away: not by pointing, which shows where it is, and not words of others. */
export function jumps(tr: Transaction, before: EditorState): boolean {
  if (!tr.scrolledIntoView && (!tr.selectionSet || tr.docChanged || tr.getMeta('pointer'))) return false;
  return Math.abs(tr.selection.head - tr.mapping.map(before.selection.head)) > far_signs;
}
