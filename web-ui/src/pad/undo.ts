// Undo: takes back what was done here, never what another wrote into it. Lives as long as the page.
import type { Command, EditorState } from 'prosemirror-state';
import * as Y from 'yjs';
import { type Binding, type Places, bindingOf } from './binding';
import { markerOf } from './lines/read';

const managers = new WeakMap<Binding, Y.UndoManager>();

/** What each of our markers found when it was made: words that came later into its line are somebody's answer to it. */
type Seen = WeakMap<Y.Item, Map<number, number>>;

/** Another wrote into the line of this marker since it was made. */
function answered(marker: Y.Item, seen: Seen, own: number): boolean {
  const before = seen.get(marker);
  if (!before) return false;
  for (let item = marker.right as Y.Item | null; item && !markerOf(item); item = item.right as Y.Item | null) {
    if (!item.deleted && item.countable && item.id.client !== own && item.id.clock + item.length > (before.get(item.id.client) ?? 0)) return true;
  }
  return false;
}

const stands = (item: Y.Item) => !item.deleted && item.countable;

/** What the step takes out that Yjs is taking back now. Yjs takes it out piece by piece, so a line may still hold words of it. */
function goingWith({ root, moves }: Binding, { insertions }: Y.UndoManager['undoStack'][number]): Set<Y.Item> {
  const found = new Set<Y.Item>();
  // (As Yjs does it: what came back elsewhere goes there, each sign by its own way.)
  Y.iterateDeletedStructs(root.doc!._transaction!, insertions, ({ id }) => {
    const item = moves.item(moves.lastCopy(id));
    if (item) found.add(item);
  });
  return found;
}

/** Nothing stands in the line of this marker, or will when these went. */
function empty(marker: Y.Item, going: ReadonlySet<Y.Item>): boolean {
  let item = marker.right as Y.Item | null;
  while (item && (!stands(item) || (going.has(item) && !markerOf(item)))) item = item.right as Y.Item | null;
  return !item || markerOf(item) !== null;
}

/** The lines directly in front of this marker that were taken out, by this step or before: if it goes, what stands behind it moves up over them. */
function takenBefore(marker: Y.Item, going: ReadonlySet<Y.Item>): Y.Item[] {
  const found: Y.Item[] = [];
  let some = false;
  for (let item = marker.left as Y.Item | null; item; item = item.left as Y.Item | null) {
    if (!stands(item)) continue;
    if (markerOf(item)) {
      if (!markerOf(item)!.getAttribute('gone') || (some && !kept.has(item))) break;
      found.push(item);
      some = false;
    } else if (going.has(item)) some = true;
    else break;
  }
  return found;
}

/** Of each marker that came in: what its writer had seen. */
function noteSeen(transaction: Y.Transaction, root: Binding['root'], seen: Seen): void {
  for (const [client, end] of transaction.afterState) {
    const from = transaction.beforeState.get(client) ?? 0;
    if (end <= from) continue;
    const structs = transaction.doc.store.clients.get(client)!;
    for (let i = Y.findIndexSS(structs, from); i < structs.length; i += 1) {
      const item = structs[i];
      if (item instanceof Y.Item && item.parent === root && markerOf(item)) seen.set(item, transaction.beforeState);
    }
  }
}

export function undoOf(binding: Binding): Y.UndoManager {
  let manager = managers.get(binding);
  if (manager) return manager;
  const { root } = binding;
  const doc = root.doc!;
  const seen: Seen = new WeakMap();
  // The steps that were there before this one was taken back: Yjs does not say which one it is at.
  let steps: Y.UndoManager['undoStack'] = [];
  let last: { step: Y.UndoManager['undoStack'][number]; going: Set<Y.Item> } | null = null;
  const stack = () => (manager!.undoing ? manager!.undoStack : manager!.redoStack);
  const goingNow = () => {
    const step = steps[stack().length]!;
    if (last?.step !== step) last = { step, going: goingWith(binding, step) };
    return last.going;
  };
  manager = new Y.UndoManager(root, {
    trackedOrigins: new Set([binding]),
    captureTransaction: (transaction) => transaction.meta.get('addToHistory') !== false,
    // A line that is answered stays, as a plain one: its attributes go, its marker does not.
    deleteFilter: (item) => {
      const marker = item.parent === root ? markerOf(item) : null;
      if (!marker) return true;
      if (answered(item, seen, doc.clientID)) return false;
      const going = goingNow();
      // An empty line is taken out (docs/pads-format.md): its marker stays. The manager must count that as something done,
      // else it takes back one thing more.
      if (empty(item, going)) {
        marker.setAttribute('gone', 1 as unknown as string);
        item.delete = () => {};
        kept.add(item);
      } else {
        for (const one of takenBefore(item, going)) {
          Reflect.deleteProperty(one, 'delete');
          one.delete(doc._transaction!);
        }
      }
      return true;
    },
  });
  // What another moved is a part of his text: the manager takes that away to its end, if nothing ends where my words do.
  doc.on('beforeTransaction', (transaction) => {
    if (transaction.origin !== manager) return;
    steps = [...stack()];
    last = null;
    const tops = [manager!.undoStack, manager!.redoStack].map((stack) => stack[stack.length - 1]);
    const ranges = tops.flatMap((one) => one?.insertions.clients.get(doc.clientID) ?? []);
    // Yjs leaves a transaction open for ever if one of these throws, and nothing is sent or shown any more.
    try {
      binding.moves.part(transaction, ranges.flatMap(({ clock, len }) => [clock, clock + len]));
    } catch (error) {
      queueMicrotask(() => { throw error; });
    }
  });
  doc.on('afterTransaction', (transaction) => {
    if (transaction.origin === binding || transaction.origin === manager) noteSeen(transaction, root, seen);
  });
  manager.on('stack-item-added', ({ stackItem }) => void stackItem.meta.set('places', binding.before));
  // What is there again is what was there before; what was cut and is there again is pasted as a copy.
  manager.on('stack-item-popped', ({ stackItem }) => {
    binding.passages.forget();
    binding.moves.undone(stackItem.deletions.clients);
  });
  manager.on('stack-item-popped', ({ stackItem }) => binding.putSelection(stackItem.meta.get('places') as Places | null | undefined));
  managers.set(binding, manager);
  return manager;
}

const kept = new Set<Y.Item>();

const take = (step: 'undo' | 'redo'): Command => (state, dispatch) => {
  const binding = bindingOf(state);
  if (!binding) return false;
  const manager = undoOf(binding);
  if (step === 'undo' ? !manager.canUndo() : !manager.canRedo()) return false;
  if (dispatch) manager[step]();
  for (const item of kept) Reflect.deleteProperty(item, 'delete');
  kept.clear();
  return true;
};
export const undo = take('undo');
export const redo = take('redo');

/** What comes now is a step of its own, however quickly it follows what was typed. */
export function beginStep(state: EditorState): void {
  const binding = bindingOf(state);
  if (binding) undoOf(binding).stopCapturing();
}
