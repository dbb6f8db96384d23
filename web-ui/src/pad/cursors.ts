// The cursors and selections of others, with their names from the roster; and our own, sent to them.
import { Plugin, PluginKey, type EditorState } from 'prosemirror-state';
import { Decoration, DecorationSet, type EditorView } from 'prosemirror-view';
import type { Awareness } from 'y-protocols/awareness';
import { absolutePositionToRelativePosition, relativePositionToAbsolutePosition, ySyncPluginKey } from 'y-prosemirror';
import * as Y from 'yjs';
import type { People } from './people';

const key = new PluginKey<DecorationSet>('cursors');
const name_ms = 2_500;        // a name stands beside its cursor for so long after it moved
interface Cursor { anchor: unknown; head: unknown }

function label(people: People, client: number): HTMLElement {
  const person = people.of(client);
  const cursor = document.createElement('span');
  cursor.className = `cursor author-${person?.colour ?? 0}`;
  cursor.setAttribute('aria-hidden', 'true');
  const name = document.createElement('span');
  name.className = 'cursor-name';
  name.textContent = person?.name ?? '…';
  cursor.append('\u2060', name, '\u2060');
  requestAnimationFrame(() => cursor.classList.toggle('flip', name.getBoundingClientRect().right > document.documentElement.clientWidth));
  setTimeout(() => cursor.classList.add('quiet'), name_ms);
  return cursor;
}

function build(state: EditorState, awareness: Awareness, people: People): DecorationSet {
  const sync = ySyncPluginKey.getState(state);
  if (!sync || sync.binding.mapping.size === 0) return DecorationSet.empty;
  const found: Decoration[] = [];
  const end = Math.max(0, state.doc.content.size - 1);
  const place = (position: unknown) => {
    const at = relativePositionToAbsolutePosition(sync.doc, sync.type, Y.createRelativePositionFromJSON(position), sync.binding.mapping);
    return at === null ? null : Math.min(at, end);
  };
  for (const [client, one] of awareness.getStates()) {
    const cursor = (one as { cursor?: Cursor | null }).cursor;
    if (client === awareness.clientID || !cursor) continue;
    const person = people.of(client);
    let anchor: number | null = null;
    let head: number | null = null;
    try {
      anchor = place(cursor.anchor);
      head = place(cursor.head);
    } catch {
      continue;       // another program's idea of a position
    }
    if (anchor === null || head === null) continue;
    const colour = person?.colour ?? 0;
    found.push(Decoration.widget(head, () => label(people, client), { key: `${client} ${person?.name ?? ''} ${head}`, side: 10, ignoreSelection: true }));
    if (anchor !== head) {
      found.push(Decoration.inline(Math.min(anchor, head), Math.max(anchor, head), { class: `selected-by author-${colour}` }, { inclusiveEnd: true }));
    }
  }
  return DecorationSet.create(state.doc, found);
}

export function showCursors(view: EditorView): void {
  if (!view.isDestroyed) view.dispatch(view.state.tr.setMeta(key, true).setMeta('addToHistory', false));
}

export function cursors(awareness: Awareness, people: People): Plugin {
  // A cursor may arrive before the words it stands in: after words of others, all are looked up again.
  let stale = false;
  return new Plugin<DecorationSet>({
    key,
    state: {
      init: (_, state) => build(state, awareness, people),
      apply(tr, old, _before, state) {
        if (tr.getMeta(key)) return build(state, awareness, people);
        stale = stale || tr.getMeta(ySyncPluginKey)?.isChangeOrigin === true;
        return tr.docChanged ? old.map(tr.mapping, tr.doc) : old;
      },
    },
    props: { decorations: (state) => key.getState(state) },
    view(view) {
      let frame = 0;
      const refresh = () => {
        frame ||= requestAnimationFrame(() => {
          frame = 0;
          showCursors(view);
        });
      };
      // Of our own moves we need no picture.
      const changed = (_: unknown, origin: unknown) => origin !== 'local' && refresh();
      const send = () => {
        const sync = ySyncPluginKey.getState(view.state);
        const local = awareness.getLocalState() as { cursor?: Cursor | null } | null;
        if (!sync || !local) return;
        if (!view.hasFocus()) {
          if (local.cursor) awareness.setLocalStateField('cursor', null);
          return;
        }
        const { anchor, head } = view.state.selection;
        const relative = (at: number) => absolutePositionToRelativePosition(at, sync.type, sync.binding.mapping);
        const next = { anchor: relative(anchor), head: relative(head) };
        if (!local.cursor || JSON.stringify(local.cursor) !== JSON.stringify(next)) awareness.setLocalStateField('cursor', next);
      };
      let timer = 0;
      const soon = () => { timer ||= window.setTimeout(() => { timer = 0; if (!view.isDestroyed) send(); }, 60); };
      awareness.on('change', changed);
      view.dom.addEventListener('focusin', soon);
      view.dom.addEventListener('focusout', soon);
      return {
        update: (_, before) => {
          if (stale) refresh();
          stale = false;
          if (!before.selection.eq(view.state.selection) || before.doc !== view.state.doc) soon();
        },
        destroy: () => {
          cancelAnimationFrame(frame);
          clearTimeout(timer);
          awareness.off('change', changed);
        },
      };
    },
  });
}
