// Find and replace: accents and capitals do not count unless asked, as people type "reunion" for "Réunion".
import type { Node } from 'prosemirror-model';
import { Plugin, PluginKey, TextSelection, type EditorState } from 'prosemirror-state';
import { Decoration, DecorationSet, type EditorView } from 'prosemirror-view';
import { holdInSight } from './far';
import { beginStep } from './undo';

export interface Query { text: string; exact: boolean }
export interface Match { from: number; to: number }
interface Found { query: Query | null; matches: Match[]; current: number; shown: DecorationSet }

const key = new PluginKey<Found>('find');
const matches_max = 5_000;
const none: Found = { query: null, matches: [], current: -1, shown: DecorationSet.empty };

/** Letters that Unicode does not decompose, as people type them; the house's search of titles has the same. */
const asTyped: Record<string, string> = { œ: 'oe', æ: 'ae', ß: 'ss', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ı: 'i', '’': "'", ʼ: "'" };

/** Folded text, and for each of its units where it stood in the original. */
function fold(text: string, exact: boolean): { text: string; at: number[] } {
  if (exact) return { text, at: Array.from({ length: text.length + 1 }, (_, i) => i) };
  let folded = '';
  const at: number[] = [];
  for (let i = 0; i < text.length;) {
    const sign = String.fromCodePoint(text.codePointAt(i)!);
    const small = sign === '\u00a0' || sign === '\u202f' ? ' ' : sign.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
    const plain = asTyped[small] ?? small;
    for (let k = 0; k < plain.length; k += 1) at.push(i);
    folded += plain;
    i += sign.length;
  }
  at.push(text.length);
  return { text: folded, at };
}

export function search(doc: Node, query: Query): Match[] {
  const wanted = fold(query.text, query.exact).text;
  const matches: Match[] = [];
  if (!wanted) return matches;
  doc.descendants((node, position) => {
    if (!node.isTextblock) return matches.length < matches_max;
    const here = fold(node.textBetween(0, node.content.size, undefined, '\ufffc'), query.exact);
    for (let i = here.text.indexOf(wanted); i >= 0 && matches.length < matches_max; i = here.text.indexOf(wanted, i + wanted.length)) {
      const last = here.at[i + wanted.length - 1]!;
      let end = i + wanted.length;
      while (here.at[end] === last) end += 1;
      matches.push({ from: position + 1 + here.at[i]!, to: position + 1 + here.at[end]! });
    }
    return false;
  });
  return matches;
}

function look(state: EditorState, query: Query | null, current: number): Found {
  if (!query?.text) return { ...none, query };
  const matches = search(state.doc, query);
  const at = matches.length === 0 ? -1 : Math.min(Math.max(0, current), matches.length - 1);
  return { query, matches, current: at, shown: paint(state.doc, matches, at) };
}

const paint = (doc: Node, matches: Match[], current: number) => DecorationSet.create(doc,
  matches.map((match, i) => Decoration.inline(match.from, match.to, { class: i === current ? 'match current' : 'match' })));

export const finder = () => new Plugin<Found>({
  key,
  state: {
    init: () => none,
    apply(tr, old, _before, state) {
      const wish = tr.getMeta(key) as { query?: Query | null; current?: number } | undefined;
      if (wish && 'query' in wish) return look(state, wish.query ?? null, wish.current ?? nearest(state, wish.query ?? null));
      if (wish?.current !== undefined) return { ...old, current: wish.current, shown: paint(state.doc, old.matches, wish.current) };
      return tr.docChanged && old.query?.text ? look(state, old.query, old.current) : old;
    },
  },
  props: { decorations: (state) => key.getState(state)?.shown },
});

/** The first match from the cursor on. */
function nearest(state: EditorState, query: Query | null): number {
  if (!query?.text) return -1;
  const at = search(state.doc, query).findIndex((match) => match.from >= state.selection.from);
  return Math.max(0, at);
}

export const found = (state: EditorState): Found => key.getState(state) ?? none;

export function find(view: EditorView, query: Query | null): void {
  view.dispatch(view.state.tr.setMeta(key, { query }).setMeta('addToHistory', false));
  reveal(view);
}

function reveal(view: EditorView): void {
  const { matches, current } = found(view.state);
  const match = matches[current];
  if (!match) return;
  view.dispatch(view.state.tr.setSelection(TextSelection.create(view.state.doc, match.from, match.to)));
  // The editor scrolls by itself only while it has the focus, which the search field has.
  const place = view.domAtPos(match.from).node;
  (place instanceof Element ? place : place.parentElement)?.scrollIntoView({ block: 'center' });
  holdInSight(view);
}

export function go(view: EditorView, step: 1 | -1): void {
  const { matches, current } = found(view.state);
  if (matches.length === 0) return;
  view.dispatch(view.state.tr.setMeta(key, { current: (current + step + matches.length) % matches.length }).setMeta('addToHistory', false));
  reveal(view);
}

function replace(view: EditorView, matches: Match[], text: string): void {
  beginStep(view.state);
  view.dispatch(insert(view.state, matches, text));
  beginStep(view.state);
}

export function replaceOne(view: EditorView, text: string): void {
  const { matches, current } = found(view.state);
  const match = matches[current];
  if (!match) return;
  replace(view, [match], text);
  reveal(view);
}

export function replaceAll(view: EditorView, text: string): number {
  const { matches } = found(view.state);
  if (matches.length > 0) replace(view, matches, text);
  return matches.length;
}

/** Keeps the marks of what is replaced. From the end, so that places stay true. */
function insert(state: EditorState, matches: Match[], text: string) {
  const tr = state.tr;
  for (const match of [...matches].reverse()) {
    if (!text) tr.delete(match.from, match.to);
    else tr.replaceWith(match.from, match.to, state.schema.text(text, state.doc.resolve(match.from + 1).marks()));
  }
  return tr;
}
