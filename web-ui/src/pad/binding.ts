// Binds the editor's document to the shared text (docs/pads-format.md): what is written here goes into that with as little
// as possible, what comes from others is shown without touching the rest. Knows no DOM: its host is a view, or a test.
import type { Node } from 'prosemirror-model';
import { AllSelection, type EditorState, NodeSelection, Plugin, PluginKey, type Selection, TextSelection, type Transaction } from 'prosemirror-state';
import type { StepMap } from 'prosemirror-transform';
import * as Y from 'yjs';
import { type Kept, type Placed, compare, keptBy } from './lines/compare';
import { flattenBlock } from './lines/flatten';
import { Model, type Place } from './lines/model';
import { common } from './lines/form';
import { Moves } from './lines/moves';
import { Passages } from './lines/passages';
import { isTaken, markerOf } from './lines/read';
import { redraw } from './lines/redraw';
import { write } from './lines/write';

export interface Host {
  readonly state: EditorState;
  dispatch: (tr: Transaction) => void;
  /** The cursor is looked at: it stays in sight when others write. */
  inSight?: () => boolean;
}

export interface Places { anchor: Y.RelativePosition; head: Y.RelativePosition; kind: 'text' | 'node' | 'all' | 'other' }

/** What was done here since the document was last that of the shared text. */
interface Pending { base: Node; maps: readonly StepMap[]; selection: Selection; undoable: boolean; event: unknown }
/** Where the selection was put when others wrote, and what it sticks to: that may come back elsewhere. */
interface Sticky { doc: Node; selection: Selection; places: Places }
/** What I wrote from this clock on: behind that sign, which was taken out; or at the beginning of a line in front of that sign
 * (null: the line was empty). */
export interface Anchor { clock: number; id: Y.ID | null; before: boolean }

/** What I wrote from this clock on (up to the next one): in the line of this marker (null: in the first line). */
interface Home { clock: number; marker: Y.ID | null }

const anchors_max = 100;
const homes_max = 1_000;
const word_max = 100;          // letters
const letter = /[\p{L}\p{N}]/u;
const near_max = 2_000;        // items to the next sign

const key = new PluginKey<Pending>('binding');
/** Set on the transactions that show what came from the shared text. */
export const isRemote = (tr: Transaction): boolean => (tr.getMeta(key) as { remote?: boolean } | undefined)?.remote === true;

export class Binding {
  readonly plugin: Plugin<Pending>;
  readonly model: Model;
  /** The document that the shared text means now. */
  doc: Node;
  /** Where the cursor was before the change that is being made. */
  before: Places | null = null;
  readonly moves: Moves;
  readonly passages: Passages;
  readonly anchors: Anchor[] = [];
  private readonly homes: Home[] = [];
  private sticky: Sticky | null = null;
  private host: Host | null = null;
  private readonly seen = new WeakSet<Y.Transaction>();

  constructor(readonly root: Y.XmlText, readonly schema: EditorState['schema']) {
    this.moves = new Moves(root);
    this.passages = new Passages(root, this.moves);
    this.model = new Model(schema, root, this.moves);
    this.doc = schema.topNodeType.create(null, [...this.model.blocks]);
    this.plugin = new Plugin<Pending>({
      key,
      state: {
        init: (_, state) => ({ base: state.doc, maps: [], selection: state.selection, undoable: true, event: undefined }),
        apply: (tr, pending, old) => {
          if (isRemote(tr)) return { base: tr.doc, maps: [], selection: tr.selection, undoable: true, event: undefined };
          if (!tr.docChanged) {
            // Somebody put the cursor here: it belongs to what stands here.
            if (tr.selectionSet) this.sticky = null;
            return pending;
          }
          const fresh = old.doc === this.doc;
          return {
            base: fresh ? old.doc : pending.base, maps: fresh ? tr.mapping.maps : [...pending.maps, ...tr.mapping.maps],
            selection: fresh ? old.selection : pending.selection, undoable: tr.getMeta('addToHistory') !== false || (!fresh && pending.undoable),
            event: tr.getMeta('uiEvent') ?? (fresh ? undefined : pending.event),
          };
        },
      },
      view: (view) => {
        this.attach({
          get state() { return view.state; }, dispatch: (tr) => view.dispatch(tr),
          inSight: () => view.hasFocus() && inSight(view.coordsAtPos(view.state.selection.head)),
        });
        return { update: () => this.flush() };
      },
      // An empty row of a table has no line: it goes at once, here as for everybody.
      appendTransaction: (trs, _old, state) => (trs.some((tr) => tr.docChanged && !isRemote(tr)) ? withoutEmptyRows(state, this.doc) : null),
    });
    root.doc!.on('beforeTransaction', this.onBefore);
    root.observeDeep(this.onChange);
  }

  attach(host: Host): void {
    this.host = host;
    if (!host.state.doc.eq(this.doc)) this.show();
    this.adopt();
  }

  destroy(): void {
    this.host = null;
    this.root.doc?.off('beforeTransaction', this.onBefore);
    this.moves.destroy();
    this.root.unobserveDeep(this.onChange);
  }

  // --- From here to the shared text ---

  /** To be called after each change of the host's state. */
  flush(): void {
    const state = this.host?.state;
    if (!state || state.doc === this.doc) return;
    const pending = key.getState(state);
    const kept = pending?.base === this.doc ? keptBy(pending.maps, this.doc.content.size) : difference(this.doc, state.doc);
    this.before = pending?.base === this.doc ? this.stickyPlaces(this.doc, pending.selection) ?? this.placesOf(pending.selection) : null;
    this.passages.event = pending?.event;
    const { clientID, store } = this.root.doc!;
    const clock = Y.getState(store, clientID);
    this.root.doc!.transact((transaction) => {
      this.seen.add(transaction);
      if (pending && !pending.undoable) transaction.meta.set('addToHistory', false);
      this.writeChange(state.doc, kept);
      this.model.take(transaction);
    }, this);
    this.anchor(clock);
    this.rememberHome(clock);
    this.settle();
  }

  /** What was just written has nothing on its left that would say where it belongs: that was taken out, or a line begins here. */
  private anchor(clock: number): void {
    const { clientID, store } = this.root.doc!;
    if (Y.getState(store, clientID) === clock) return;
    const id = this.before?.head.item;
    if (id && this.moves.item(id)?.deleted) this.anchors.push({ clock, id, before: false });
    else {
      const mine = this.moves.item(Y.createID(clientID, clock));
      if (!mine || mine.id.clock !== clock || mine.deleted || (mine.origin && !this.beginsLine(mine.origin))) return;
      let next = mine.right as Y.Item | null;
      for (let n = 0; next && (next.deleted || !next.countable || next.id.client === clientID && next.id.clock > clock) && n < near_max; n += 1) next = next.right as Y.Item | null;
      this.anchors.push({ clock, id: next && !markerOf(next) ? next.id : null, before: true });
    }
    if (this.anchors.length > anchors_max) this.anchors.shift();
  }

  private rememberHome(clock: number): void {
    const { clientID, store } = this.root.doc!;
    let item = Y.getState(store, clientID) > clock ? this.moves.item(Y.createID(clientID, clock)) : null;
    if (!item) return;
    for (let n = 0; item && (!markerOf(item) || isTaken(item)); n += 1, item = item.left as Y.Item | null) if (n > near_max) return;
    const last = this.homes[this.homes.length - 1]?.marker;
    if (last === undefined || !(last && item ? Y.compareIDs(last, item.id) : last === item)) this.homes.push({ clock, marker: item && item.id });
    if (this.homes.length > homes_max) this.homes.shift();
  }

  /** The marker of the line in which I wrote this, under that clock; undefined: not known any more. */
  home(clock: number): Y.ID | null | undefined {
    let found: Home | undefined;
    for (const one of this.homes) if (one.clock <= clock) found = one;
    return found?.marker;
  }

  private beginsLine(id: Y.ID): boolean {
    const item = this.moves.item(id);
    return item !== null && markerOf(item) !== null;
  }

  private stickyPlaces(doc: Node, selection: Selection): Places | null {
    const { sticky } = this;
    return sticky && sticky.doc === doc && sticky.selection.eq(selection) ? sticky.places : null;
  }

  private writeChange(doc: Node, kept: readonly Kept[]): void {
    const { model } = this;
    const [olds, blocks] = [model.blocks, doc.children];
    const [n, m] = [olds.length, blocks.length];
    let head = 0;
    while (head < n && head < m && olds[head] === blocks[head]) head += 1;
    let tail = 0;
    while (tail < n - head && tail < m - head && olds[n - 1 - tail] === blocks[m - 1 - tail]) tail += 1;
    if (head === n && head === m) return;
    // The root's own line is the first one, whichever that is.
    if (head === 0 && tail === Math.min(n, m)) tail -= 1;
    const area = model.around(Math.min(head, n - 1), Math.max(n - tail, Math.min(head, n - 1) + 1));
    let pos = 0;
    for (let i = 0; i < area.from; i += 1) pos += olds[i]!.nodeSize;
    const all = model.places(area.first, area.last, area.from, pos);
    const news: Placed[] = [];
    for (let i = area.from; i < m - (n - area.to); i += 1) {
      for (const line of flattenBlock(doc.child(i))) news.push({ ...line, pos: line.pos + pos });
      pos += doc.child(i).nodeSize;
    }
    // Lines at both ends that are the same stay out of it; stretches of several lines are not torn apart.
    const alone = (one: Place) => one.line.own && model.stretches[one.stretch]!.lines.length === 1;
    const alike = (one: Place, other: Placed) => alone(one) && one.line.node === other.node && one.line.joins === other.joins
      && one.line.path.length === other.path.length && common(one.line.path, other.path) === other.path.length
      && one.line.begun.every((attrs, i) => attrs === other.begun[i] || JSON.stringify(attrs) === JSON.stringify(other.begun[i]));
    let first = 0;
    while (first < all.length && first < news.length && alike(all[first]!, news[first]!)) first += 1;
    let last = 0;
    while (last < all.length - first && last < news.length - first && alike(all[all.length - 1 - last]!, news[news.length - 1 - last]!)) last += 1;
    const beginsText = first === 0 && area.from === 0;
    if (beginsText && last > 0 && first + last === Math.min(all.length, news.length)) last -= 1;
    const changed = all.slice(first, all.length - last);
    const come = news.slice(first, news.length - last);
    const begins = changed[0]?.stretch ?? all[first]?.stretch ?? area.last;
    const reign = Math.min(begins, model.stretches.length - 1);
    const follows = all[all.length - last] ?? this.lineOf(area.last);
    write({
      root: this.root, olds: changed, news: come,
      ops: compare(changed, come, kept, beginsText, beginsText && model.rootHidden),
      y: model.unitsBefore(begins), reign: { stretch: model.stretches[reign]!, y: model.unitsBefore(reign) },
      before: first > 0 ? all[first - 1]!.line.path : model.lastLine(area.first - 1)?.path ?? null,
      markerOf: (place) => model.stretches[place.stretch]!.marker,
      stretchOf: ({ stretch }) => ({ marker: model.stretches[stretch]!.marker, start: model.stretches[stretch]!.start, y: model.unitsBefore(stretch) }),
      passages: this.passages,
      next: follows?.line.own && model.stretches[follows.stretch]!.marker ? { line: follows.line, marker: model.stretches[follows.stretch]!.marker! } : null,
    });
  }

  private lineOf(s: number): { line: Place['line']; stretch: number } | undefined {
    const line = this.model.stretches[s]?.lines[0];
    return line && { line, stretch: s };
  }

  // --- From the shared text to here ---

  private readonly onBefore = (transaction: Y.Transaction) => {
    if (transaction.origin === this || !this.host) return;
    const { doc, selection } = this.host.state;
    // (Yjs leaves a transaction open for ever if this throws, and nothing is sent or shown any more.)
    try {
      this.before = this.stickyPlaces(doc, selection) ?? this.placesOf(selection);
    } catch (error) {
      this.before = null;
      queueMicrotask(() => { throw error; });
    }
  };

  private readonly onChange = (_: unknown, transaction: Y.Transaction) => {
    if (this.seen.has(transaction)) return;
    this.seen.add(transaction);
    const shows = this.model.take(transaction);
    if (this.before) this.grow(this.before, transaction);
    if (shows) this.settle();
  };

  /** Another goes on with a word of his behind which my cursor stands: it stays behind that word. */
  private grow({ anchor, head }: Places, transaction: Y.Transaction): void {
    const { item: id } = head;
    if (!id || !anchor.item || !Y.compareIDs(id, anchor.item) || id.client === this.root.doc!.clientID) return;
    const isLetter = (item: Y.Item, clock: number) => item.content instanceof Y.ContentString && letter.test(item.content.str[clock - item.id.clock] ?? '');
    let item = this.moves.item(id);
    let clock = id.clock;
    if (!item || item.deleted || !isLetter(item, clock)) return;
    for (let n = 0; n < word_max; n += 1) {
      if (clock === item.id.clock + item.length - 1) {
        const next = item.right as Y.Item | null;
        if (!next || next.deleted || next.id.client !== id.client || !next.origin || next.origin.client !== id.client || next.origin.clock !== clock) break;
        item = next;
        clock = next.id.clock - 1;
      }
      if (clock + 1 < (transaction.beforeState.get(id.client) ?? 0) || !isLetter(item, clock + 1)) break;
      clock += 1;
    }
    if (clock !== id.clock) anchor.item = head.item = Y.createID(id.client, clock);
  }

  /** The host's document becomes what the model says; then both hold the same nodes. */
  private settle(): void {
    if (!this.host) {
      this.doc = this.schema.topNodeType.create(null, [...this.model.blocks]);
      return;
    }
    this.show();
    this.adopt();
  }

  private adopt(): void {
    this.model.adopt(this.host!.state.doc);
    this.doc = this.host!.state.doc;
  }

  private show(): void {
    const { state } = this.host!;
    const tr = state.tr;
    redraw(tr, state.doc.children, this.model.blocks, 0);
    if (!tr.docChanged) return;
    const stored = state.storedMarks;
    tr.setMeta(key, { remote: true }).setMeta('addToHistory', false);
    // The model knows places of the new document already, whose nodes are alike.
    if (this.before) this.select(tr, this.before);
    if (stored && tr.selection.empty) tr.setStoredMarks(stored);
    if (this.host!.inSight?.()) tr.scrollIntoView();
    this.doc = tr.doc;
    this.host!.dispatch(tr);
    const { doc, selection } = this.host!.state;
    this.sticky = this.before && doc === this.doc ? { doc, selection, places: this.before } : null;
  }

  // --- Places ---

  placesOf(selection: Selection): Places {
    const kind = selection instanceof AllSelection ? 'all' : selection instanceof TextSelection ? 'text'
      : selection instanceof NodeSelection && selection.node.isLeaf && !selection.node.isInline ? 'node' : 'other';
    return { anchor: this.model.relative(selection.anchor), head: this.model.relative(selection.head), kind };
  }

  /** Puts the selection where these places are now. */
  select(tr: Transaction, { anchor, head, kind }: Places): void {
    if (kind === 'all' || kind === 'other') return;
    const [from, to] = [this.model.absolute(anchor), this.model.absolute(head)];
    if (from === null || to === null) return;
    const end = tr.doc.content.size;
    const $from = tr.doc.resolve(Math.min(from, end));
    const wanted = kind === 'node' && $from.nodeAfter?.isLeaf && !$from.nodeAfter.isInline
      ? NodeSelection.create(tr.doc, $from.pos) : TextSelection.between($from, tr.doc.resolve(Math.min(to, end)));
    if (!wanted.eq(tr.selection)) tr.setSelection(wanted);
  }

  /** Where somebody was before what was just undone. */
  putSelection(places: Places | null | undefined): void {
    if (!places || !this.host) return;
    const { tr } = this.host.state;
    this.select(tr, places);
    this.host.dispatch(tr.setMeta('addToHistory', false).scrollIntoView());
  }

  relative(pos: number): Y.RelativePosition {
    return this.model.relative(pos);
  }

  absolute(place: Y.RelativePosition): number | null {
    return this.model.absolute(place);
  }
}

const inSight = ({ top, bottom }: { top: number; bottom: number }) => bottom >= 0 && top <= innerHeight;

export const bindingOf = (state: EditorState): Binding | null => bindings.get(key.get(state)!) ?? null;
const bindings = new WeakMap<Plugin, Binding>();

/** What stays at both ends, where nobody knows the steps. */
function difference(old: Node, now: Node): Kept[] {
  const start = old.content.findDiffStart(now.content);
  if (start === null) return [{ old: 0, now: 0, size: old.content.size }];
  const { a, b } = old.content.findDiffEnd(now.content)!;
  const overlap = Math.max(0, start - Math.min(a, b));
  return [{ old: 0, now: 0, size: start }, { old: a + overlap, now: b + overlap, size: old.content.size - a - overlap }];
}

function withoutEmptyRows(state: EditorState, known: Node): Transaction | null {
  const empty: [number, Node][] = [];
  const [olds, news] = [known.children, state.doc.children];
  let head = 0;
  while (head < olds.length && olds[head] === news[head]) head += 1;
  let tail = 0;
  while (tail < news.length - head && tail < olds.length - head && olds[olds.length - 1 - tail] === news[news.length - 1 - tail]) tail += 1;
  const bare = (node: Node): boolean => node.type.name === 'tableRow' ? node.childCount === 0 : node.type.name === 'table' && node.children.every(bare);
  state.doc.forEach((top, offset, i) => {
    if (i < head || i >= news.length - tail) return;
    const look = (node: Node, pos: number) => {
      if (bare(node)) empty.push([pos, node]);
      return !node.isTextblock && !bare(node);
    };
    if (look(top, offset)) top.descendants((node, pos) => look(node, offset + 1 + pos));
  });
  if (empty.length === 0) return null;
  const { tr } = state;
  for (const [pos, node] of empty.reverse()) {
    if (node.type.name === 'table') tr.replaceWith(pos, pos + node.nodeSize, state.schema.nodes.paragraph!.create());
    else tr.delete(pos, pos + node.nodeSize);
  }
  return tr;
}

export function bind(root: Y.XmlText, schema: EditorState['schema']): Binding {
  const binding = new Binding(root, schema);
  bindings.set(binding.plugin, binding);
  return binding;
}
