// The cursors and selections of others, with their names from the roster; and our own, sent to them. The cursors are drawn
// beside the text, not in it: nothing of them can stand between a click, a key or an input method and the text.
import { Plugin, PluginKey, type EditorState } from 'prosemirror-state';
import { Decoration, DecorationSet, type EditorView } from 'prosemirror-view';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { type Binding, isRemote } from './binding';
import type { People } from './people';

const key = new PluginKey<Shown>('cursors');
const name_ms = 2_500;        // a name stands beside its cursor for so long after it moved
const far_screens = 1;        // what is further away is not drawn
interface Cursor { anchor: unknown; head: unknown }
interface Caret { client: number; at: number; said: string }
interface Shown { carets: Caret[]; selections: DecorationSet }

function build(state: EditorState, binding: Binding, awareness: Awareness, people: People): Shown {
  const carets: Caret[] = [];
  const found: Decoration[] = [];
  const end = state.doc.content.size;
  const place = (position: unknown) => {
    const at = binding.absolute(Y.createRelativePositionFromJSON(position));
    return at === null ? null : Math.min(at, end);
  };
  for (const [client, one] of awareness.getStates()) {
    const cursor = (one as { cursor?: Cursor | null }).cursor;
    if (client === awareness.clientID || !cursor) continue;
    let anchor: number | null = null;
    let head: number | null = null;
    try {
      anchor = place(cursor.anchor);
      head = place(cursor.head);
    } catch {
      continue;       // another program's idea of a position
    }
    if (anchor === null || head === null) continue;
    carets.push({ client, at: head, said: JSON.stringify(cursor.head) });
    if (anchor !== head) {
      const colour = people.of(client)?.colour ?? 0;
      found.push(Decoration.inline(Math.min(anchor, head), Math.max(anchor, head), { class: `selected-by author-${colour}` }, { inclusiveEnd: true }));
    }
  }
  return { carets, selections: DecorationSet.create(state.doc, found) };
}

export function showCursors(view: EditorView): void {
  if (!view.isDestroyed) view.dispatch(view.state.tr.setMeta(key, true).setMeta('addToHistory', false));
}

/** Where cursors are drawn: over the text, reached by no pointer and no key. */
class Board {
  private readonly dom = document.createElement('div');
  private readonly marks = new Map<number, { dom: HTMLElement; name: HTMLElement; said: string; timer: number }>();
  private frame = 0;
  private readonly watch: ResizeObserver;

  constructor(private readonly view: EditorView, private readonly people: People) {
    this.dom.className = 'cursors';
    this.dom.setAttribute('aria-hidden', 'true');
    view.dom.parentElement?.append(this.dom);
    this.watch = new ResizeObserver(this.soon);
    this.watch.observe(view.dom);
    addEventListener('scroll', this.soon, { passive: true, capture: true });
  }

  readonly soon = () => {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      if (!this.view.isDestroyed) this.draw();
    });
  };

  private draw(): void {
    const { view } = this;
    const carets = key.getState(view.state)?.carets ?? [];
    if (carets.length === 0 && this.marks.size === 0) return;
    if (!this.dom.isConnected) view.dom.parentElement?.append(this.dom);
    const here = this.dom.getBoundingClientRect();
    const gone = new Set(this.marks.keys());
    for (const caret of carets) {
      const box = this.boxAt(caret.at);
      if (!box) continue;
      gone.delete(caret.client);
      const { dom, name } = this.mark(caret);
      dom.style.transform = `translate(${box.left - here.left}px, ${box.top - here.top}px)`;
      dom.style.height = `${box.bottom - box.top}px`;
      dom.classList.toggle('flip', box.left + name.offsetWidth > document.documentElement.clientWidth);
    }
    for (const client of gone) this.remove(client);
  }

  /** Null where nobody looks: what is far away is not even laid out for it. */
  private boxAt(at: number) {
    const { view } = this;
    const pos = Math.min(at, view.state.doc.content.size);
    let block = view.domAtPos(pos).node as Node | null;
    while (block && block.parentNode !== view.dom) block = block.parentNode;
    const box = (block as Element | null)?.getBoundingClientRect?.();
    if (box && (box.bottom < -far_screens * innerHeight || box.top > (1 + far_screens) * innerHeight)) return null;
    return view.coordsAtPos(pos, -1);
  }

  private mark({ client, said }: Caret) {
    const person = this.people.of(client);
    let mark = this.marks.get(client);
    if (!mark) {
      const dom = document.createElement('span');
      const name = document.createElement('span');
      name.className = 'cursor-name';
      dom.append(name);
      this.dom.append(dom);
      this.marks.set(client, mark = { dom, name, said: '', timer: 0 });
    }
    const one = mark;
    one.name.textContent = person?.name ?? '…';
    const quiet = one.said === said && !one.timer;
    one.dom.className = `cursor author-${person?.colour ?? 0}${quiet ? ' quiet' : ''}`;
    if (one.said !== said) {
      one.said = said;
      clearTimeout(one.timer);
      one.timer = window.setTimeout(() => {
        one.timer = 0;
        one.dom.classList.add('quiet');
      }, name_ms);
    }
    return one;
  }

  private remove(client: number): void {
    const mark = this.marks.get(client);
    clearTimeout(mark?.timer);
    mark?.dom.remove();
    this.marks.delete(client);
  }

  destroy(): void {
    cancelAnimationFrame(this.frame);
    this.watch.disconnect();
    removeEventListener('scroll', this.soon, { capture: true });
    for (const client of [...this.marks.keys()]) this.remove(client);
    this.dom.remove();
  }
}

/** Sends where we are, and only while we are in the text. */
function sender(view: EditorView, binding: Binding, awareness: Awareness): () => void {
  return () => {
    const local = awareness.getLocalState() as { cursor?: Cursor | null } | null;
    if (!local) return;
    if (!view.hasFocus()) {
      if (local.cursor) awareness.setLocalStateField('cursor', null);
      return;
    }
    const { anchor, head } = view.state.selection;
    const relative = (at: number) => Y.relativePositionToJSON(binding.relative(at)) as unknown;
    const next = { anchor: relative(anchor), head: relative(head) };
    if (!local.cursor || JSON.stringify(local.cursor) !== JSON.stringify(next)) awareness.setLocalStateField('cursor', next);
  };
}

export function cursors(binding: Binding, awareness: Awareness, people: People): Plugin {
  // A cursor may arrive before the words it stands in: after words of others, all are looked up again.
  let stale = false;
  return new Plugin<Shown>({
    key,
    state: {
      init: (_, state) => build(state, binding, awareness, people),
      apply(tr, old, _before, state) {
        if (tr.getMeta(key)) return build(state, binding, awareness, people);
        stale = stale || isRemote(tr);
        if (!tr.docChanged) return old;
        return { carets: old.carets.map((one) => ({ ...one, at: tr.mapping.map(one.at, -1) })), selections: old.selections.map(tr.mapping, tr.doc) };
      },
    },
    props: { decorations: (state) => key.getState(state)?.selections },
    view(view) {
      const board = new Board(view, people);
      const send = sender(view, binding, awareness);
      let frame = 0;
      const refresh = () => {
        frame ||= requestAnimationFrame(() => {
          frame = 0;
          showCursors(view);
        });
      };
      // Of our own moves we need no picture.
      const changed = (_: unknown, origin: unknown) => origin !== 'local' && refresh();
      let timer = 0;
      const soon = () => { timer ||= window.setTimeout(() => { timer = 0; if (!view.isDestroyed) send(); }, 60); };
      awareness.on('change', changed);
      view.dom.addEventListener('focusin', soon);
      view.dom.addEventListener('focusout', soon);
      board.soon();
      return {
        update: (_, before) => {
          if (stale) refresh();
          stale = false;
          if (key.getState(before) !== key.getState(view.state)) board.soon();
          if (!before.selection.eq(view.state.selection) || before.doc !== view.state.doc) soon();
        },
        destroy: () => {
          cancelAnimationFrame(frame);
          clearTimeout(timer);
          board.destroy();
          view.dom.removeEventListener('focusin', soon);
          view.dom.removeEventListener('focusout', soon);
          awareness.off('change', changed);
        },
      };
    },
  });
}
