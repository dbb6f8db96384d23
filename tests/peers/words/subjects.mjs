// The two bindings under test behind one small interface: make(doc, parts) -> { doc, view, state, dispatch, undo, redo, destroy }.
// No DOM: a view is a state and its plugins' views.
import { clock } from './clock.mjs';
import { baseKeymap } from 'prosemirror-commands';
import { keymap } from 'prosemirror-keymap';
import { EditorState } from 'prosemirror-state';
import { tableEditing } from 'prosemirror-tables';
import { initProseMirrorDoc, redoCommand, undoCommand, ySyncPlugin, yUndoPlugin } from 'y-prosemirror';
import * as Y from 'yjs';
import { bind } from '../../../web-ui/src/pad/binding';
import { Reunion } from '../../../web-ui/src/pad/lines/reunion';
import { redo, undo, undoOf } from '../../../web-ui/src/pad/undo';
import { tables } from '../../../web-ui/src/pad/tables';
import { rootName, schema } from '../../../web-ui/src/pad/schema';
import { keys } from '../../../web-ui/src/pad/keys';

void clock;
const nowhere = { addEventListener() {}, removeEventListener() {}, ownerDocument: null };

export class FakeView {
  constructor(state) {
    this.state = state;
    this.dom = nowhere;
    this._root = { getSelection: () => null };
    this.composing = false;
    this.editable = true;
    this.isDestroyed = false;
    this.deep = 0;
    this.steps = [];               // of what was done since somebody emptied it
    this.moment = [0, 0];
    this.dispatch = (tr) => {
      this.moment = this.moment[0] === clock.now ? [clock.now, this.moment[1] + 1] : [clock.now, 1];
      if (this.deep > 20 || this.moment[1] > 500) throw new Error('an editor answers itself without end');
      this.deep += 1;
      if (tr.docChanged) this.steps.push(...tr.mapping.maps);
      try {
        this.updateState(this.state.apply(tr));
      } finally {
        this.deep -= 1;
      }
    };
    this.parts = [];
    this.parts = state.plugins.filter((one) => one.spec.view).map((one) => one.spec.view(this));
  }
  hasFocus() { return false; }
  /** Only asked about left and right. */
  endOfTextblock(way, state = this.state) {
    const { $head } = state.selection;
    return way === 'backward' || way === 'left' ? $head.parentOffset === 0 : $head.parentOffset === $head.parent.content.size;
  }
  updateState(state) {
    const before = this.state;
    this.state = state;
    for (const part of this.parts) part.update?.(this, before);
  }
  destroy() {
    this.isDestroyed = true;
    for (const part of this.parts) part.destroy?.();
  }
}

const nothing = () => {};
export const actions = { link: nothing, find: nothing, toolbar: nothing, help: nothing };
const rest = (tables) => [...keys(actions), keymap(baseKeymap), tables];

export const stock = {
  name: 'y-prosemirror',
  root: (doc) => doc.getXmlFragment(rootName),
  make(doc) {
    const fragment = doc.getXmlFragment(rootName);
    const made = initProseMirrorDoc(fragment, schema);
    const first = made.doc.childCount > 0 ? made.doc : schema.topNodeType.createAndFill();
    const plugins = [ySyncPlugin(fragment, { mapping: made.mapping }), yUndoPlugin(), ...rest(tableEditing())];
    const view = new FakeView(EditorState.create({ doc: first, plugins }));
    return {
      doc, view, get state() { return view.state; }, dispatch: view.dispatch,
      undo: () => undoCommand(view.state, view.dispatch), redo: () => redoCommand(view.state, view.dispatch), destroy: () => view.destroy(),
    };
  },
};

/** Faults that can be put into ours: the simulator must see each of them. */
const faults = {
  'carets stick to the right': ({ binding }) => {
    binding.model.relative = (pos) => Y.createRelativePositionFromTypeIndex(binding.root, binding.model.unitAt(pos).y, 0);
  },
  'undo takes back what others wrote into': ({ binding }) => { undoOf(binding).deleteFilter = () => true; },
  'no reunion': ({ reunion }) => reunion.stop(),
  'a marker that changes is made anew': ({ binding }) => {
    // As a tree does it: who changes what a line is takes its words out and puts them in again.
    binding.root.observeDeep((events, transaction) => {
      if (transaction.origin !== binding) return;
      for (const { target, attributesChanged } of events) {
        if (!(target instanceof Y.XmlElement) || !attributesChanged?.size || target._item?.deleted) continue;
        let at = 0;
        for (let item = binding.root._start; item !== target._item; item = item.right) if (!item.deleted && item.countable) at += item.length;
        const delta = binding.root.toDelta();
        let units = 0;
        const words = delta.find(({ insert }) => {
          const here = units;
          units += typeof insert === 'string' ? insert.length : 1;
          return here === at + 1 && typeof insert === 'string';
        });
        if (!words) continue;
        binding.root.delete(at + 1, words.insert.length);
        binding.root.insert(at + 1, words.insert, words.attributes ?? {});
      }
    });
  },
};
export const faultNames = Object.keys(faults);

const ours = (fault) => ({
  name: 'ours',
  root: (doc) => doc.get(rootName, Y.XmlText),
  /** Which line this is, whatever stands in it: by the marker as it was put there first; the first line by that of the second (who takes the
   * first one out makes the second one the first). */
  lineAt({ binding: { model, moves } }, pos) {
    const { stretch } = model.unitAt(pos);
    const marker = model.stretches[stretch || 1]?.marker?._item.id;
    if (!marker) return null;
    const { client, clock } = moves.first(marker);
    return `${stretch ? '' : 'before '}${client} ${clock}`;
  },
  make(doc) {
    const binding = bind(doc.get(rootName, Y.XmlText), schema);
    const view = new FakeView(EditorState.create({ doc: binding.doc, plugins: [binding.plugin, ...rest(tables())] }));
    undoOf(binding);
    const reunion = new Reunion(binding, {}, () => undoOf(binding));
    if (fault) faults[fault]({ binding, reunion });
    return {
      doc, view, binding, get state() { return view.state; }, dispatch: view.dispatch,
      undo: () => undo(view.state, view.dispatch), redo: () => redo(view.state, view.dispatch),
      destroy() {
        reunion.stop();
        view.destroy();
        binding.destroy();
      },
    };
  },
});

export const subjectOf = (name, fault) => (name === 'stock' ? stock : ours(fault));
