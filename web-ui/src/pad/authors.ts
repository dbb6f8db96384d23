// "Who wrote what", on demand: each run of text in the colour of the person whose browser inserted it.
import { Plugin, PluginKey, type EditorState } from 'prosemirror-state';
import { Decoration, DecorationSet, type EditorView } from 'prosemirror-view';
import type * as Y from 'yjs';
import { type Binding, bindingOf } from './binding';
import type { People } from './people';

const key = new PluginKey<DecorationSet | null>('authors');
const rebuild_ms = 400;
const runs_max = 50_000;

export interface Run { from: number; to: number; client: number }

/** Every run of visible text with the client id that inserted it, in positions of the editor's document. */
export function runsOf({ model }: Binding): Run[] {
  const runs: Run[] = [];
  for (const { line, stretch, y, pos } of model.places(0, model.stretches.length, 0, 0)) {
    if (line.units === 0) continue;
    const marker = model.stretches[stretch]!.marker;
    let unit = model.unitsBefore(stretch);
    let [from, to] = [0, 0];
    for (let item = (marker ? marker._item : model.root._start) as Y.Item | null; item && unit < y + line.lead + line.units; item = item.right as Y.Item | null) {
      if (item.deleted || !item.countable) continue;
      const begin = Math.max(unit, y + line.lead);
      unit += item.length;
      const units = Math.min(unit, y + line.lead + line.units) - begin;
      if (units <= 0) continue;
      [from, to] = [to, to + units];
      const last = runs[runs.length - 1];
      if (last && last.to === pos + from && last.client === item.id.client) last.to = pos + to;
      else if (runs.length < runs_max) runs.push({ from: pos + from, to: pos + to, client: item.id.client });
    }
  }
  return runs;
}

function build(state: EditorState, people: People): DecorationSet {
  const binding = bindingOf(state);
  if (!binding) return DecorationSet.empty;
  const found: Decoration[] = [];
  for (const run of runsOf(binding)) {
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
            const binding = bindingOf(view.state);
            if (binding && runsOf(binding).some((run) => !people.knows(run.client))) unknown();
            showAuthors(view, true);
          }, rebuild_ms);
        },
        destroy: () => clearTimeout(timer),
      };
    },
  });
}
