// "Who wrote what", on demand: each run of text in the colour of the person whose browser inserted it.
import { Plugin, PluginKey, type EditorState } from 'prosemirror-state';
import { Decoration, DecorationSet, type EditorView } from 'prosemirror-view';
import { ySyncPluginKey } from 'y-prosemirror';
import * as Y from 'yjs';
import type { People } from './people';
import { schema } from './schema';

const key = new PluginKey<DecorationSet | null>('authors');
const rebuild_ms = 400;
const runs_max = 50_000;

export interface Run { from: number; to: number; client: number }

/** Every run of visible text with the client id that inserted it, in positions of the editor's document. */
export function runsOf(root: Y.XmlFragment): Run[] {
  const runs: Run[] = [];
  let at = 0;
  const text = (node: Y.XmlText) => {
    for (let item = node._start; item; item = item.right) {
      if (item.deleted || !item.countable) continue;
      const last = runs[runs.length - 1];
      if (last && last.to === at && last.client === item.id.client) last.to += item.length;
      else if (runs.length < runs_max) runs.push({ from: at, to: at + item.length, client: item.id.client });
      at += item.length;
    }
  };
  const inside = (parent: Y.XmlFragment) => {
    for (const child of parent.toArray()) {
      if (child instanceof Y.XmlText) text(child);
      else if (child instanceof Y.XmlElement) {
        if (schema.nodes[child.nodeName]?.isLeaf) at += 1;
        else {
          at += 1;
          inside(child);
          at += 1;
        }
      }
    }
  };
  inside(root);
  return runs;
}

function build(state: EditorState, people: People): DecorationSet {
  const root = ySyncPluginKey.getState(state)?.type as Y.XmlFragment | undefined;
  if (!root) return DecorationSet.empty;
  const found: Decoration[] = [];
  for (const run of runsOf(root)) {
    const person = people.of(run.client);
    if (person && run.to <= state.doc.content.size) {
      found.push(Decoration.inline(run.from, run.to, { class: `written-by author-${person.colour}`, title: person.name }));
    }
  }
  return DecorationSet.create(state.doc, found);
}

export const authorsShown = (state: EditorState): boolean => key.getState(state) !== null;

export function showAuthors(view: EditorView, on: boolean): void {
  view.dispatch(view.state.tr.setMeta(key, on ? 'show' : 'hide').setMeta('addToHistory', false));
}

/** `unknown`: somebody wrote whom we cannot name yet. */
export function authors(people: People, unknown: () => void): Plugin {
  return new Plugin<DecorationSet | null>({
    key,
    state: {
      init: () => null,
      apply(tr, old, _before, state) {
        const wish = tr.getMeta(key);
        if (wish === 'hide') return null;
        if (wish === 'show') return build(state, people);
        return old && tr.docChanged ? old.map(tr.mapping, tr.doc) : old;
      },
    },
    props: { decorations: (state) => key.getState(state) ?? undefined },
    view() {
      let timer = 0;
      return {
        update(view, before) {
          if (!authorsShown(view.state) || before.doc === view.state.doc || timer) return;
          timer = window.setTimeout(() => {
            timer = 0;
            if (view.isDestroyed || !authorsShown(view.state)) return;
            const root = ySyncPluginKey.getState(view.state).type as Y.XmlFragment;
            if (runsOf(root).some((run) => !people.knows(run.client))) unknown();
            showAuthors(view, true);
          }, rebuild_ms);
        },
        destroy: () => clearTimeout(timer),
      };
    },
  });
}
