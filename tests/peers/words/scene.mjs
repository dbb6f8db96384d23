// A few people and a text in words that one can read, step by step: for cases in which every letter counts (cases.mjs).
// Nothing is random and nobody waits: `meet` is when all that was written comes to all.
import { clock } from './clock.mjs';
import * as Y from 'yjs';
import { TextSelection } from 'prosemirror-state';
import { schema } from '../../../web-ui/src/pad/schema';
import { linesOf } from './changes.mjs';
import { restore } from './restore.mjs';
import { subjectOf } from './subjects.mjs';

const { nodes } = schema;
const paragraph = (text) => nodes.paragraph.create(null, text ? schema.text(text) : null);
const kinds = {
  '-': (text) => [nodes.bulletList, nodes.listItem.create(null, paragraph(text))], '>': (text) => [nodes.blockquote, paragraph(text)],
  '|': (text) => [nodes.table, nodes.tableRow.create(null, text.split('|').map((cell) => nodes.tableCell.create(null, paragraph(cell))))],
};

/** `lines`: "words", "- item", "> quote", "|a|b" (a row); lines of one kind in a row stand in one list (quote, table). */
export function blocksOf(lines) {
  const blocks = [];
  let open = null;
  for (const line of lines) {
    const kind = kinds[line[0]];
    if (!kind) {
      blocks.push(paragraph(line));
      open = null;
      continue;
    }
    const [type, child] = kind(line[0] === '|' ? line.slice(1) : line.slice(2));
    if (open?.type === type) open.children.push(child);
    else blocks.push(open = { type, children: [child] });
  }
  return blocks.map((block) => (block.children ? block.type.create(null, block.children) : block));
}

class Writer {
  constructor(scene, number, state) {
    this.scene = scene;
    this.doc = new Y.Doc();
    this.doc.clientID = number;
    Y.applyUpdate(this.doc, state, 'line');
    this.editor = scene.subject.make(this.doc);
    this.view = this.editor.view;
  }
  get state() { return this.view.state; }
  lines() { return linesOf(this.state.doc).map(({ node }) => node.textContent); }
  find(text) {
    for (const { node, from } of linesOf(this.state.doc)) {
      const at = node.textContent.indexOf(text);
      if (at >= 0) return { from: from + at, to: from + at + text.length };
    }
    throw new Error(`nobody sees "${text}" in ${JSON.stringify(this.lines())}`);
  }
  /** Line by number, or the one that holds this text. */
  line(which) {
    const lines = linesOf(this.state.doc);
    return typeof which === 'number' ? lines.at(which) : lines.find(({ node }) => node.textContent.includes(which));
  }
  select(from, to = from) {
    this.view.dispatch(this.state.tr.setSelection(TextSelection.create(this.state.doc, from, to)));
    return this;
  }
  behind(text) { return this.select(this.find(text).to); }
  before(text) { return this.select(this.find(text).from); }
  at(line) { return this.select(this.line(line).to); }
  type(text) {
    for (const sign of text) {
      clock.now += 100;
      const { from, to } = this.state.selection;
      this.view.dispatch(this.state.tr.insertText(sign, from, to));
    }
    clock.now += 1000;
    return this;
  }
  key(name) {
    clock.now += 1000;
    const event = { key: name, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, keyCode: 0, preventDefault() {} };
    this.state.plugins.some((one) => one.props.handleKeyDown?.call(one, this.view, event));
    return this;
  }
  undo() {
    clock.now += 1000;
    this.editor.undo();
    return this;
  }
  redo() {
    clock.now += 1000;
    this.editor.redo();
    return this;
  }
  /** From this place to that one: texts, or lines by number (whole lines, with the end of the line before). */
  mark(first, last = first) {
    if (typeof first === 'string') return this.select(this.find(first).from, this.find(last).to);
    const from = first > 0 ? this.line(first - 1).to : this.line(first).from;
    return this.select(from, this.line(last).to);
  }
  cut() {
    clock.now += 1000;
    this.clip = this.state.selection.content();
    this.view.dispatch(this.state.tr.deleteSelection().setMeta('uiEvent', 'cut'));
    return this;
  }
  paste() {
    clock.now += 1000;
    this.view.dispatch(this.state.tr.replaceSelection(this.clip).setMeta('paste', true).setMeta('uiEvent', 'paste'));
    return this;
  }
  /** What is marked, to the end of this line. */
  drag(line) {
    clock.now += 1000;
    const slice = this.state.selection.content();
    const target = this.line(line).to;
    const tr = this.state.tr.deleteSelection();
    tr.setSelection(TextSelection.near(tr.doc.resolve(tr.mapping.map(target)))).replaceSelection(slice).setMeta('uiEvent', 'drop');
    this.view.dispatch(tr);
    return this;
  }
}

export class Scene {
  constructor(lines, people = 2, subject = subjectOf('ours')) {
    this.subject = subject;
    const doc = new Y.Doc();
    doc.clientID = 999;
    const editor = subject.make(doc);
    const blocks = blocksOf(lines);
    editor.view.dispatch(editor.view.state.tr.replaceWith(0, editor.view.state.doc.content.size, blocks));
    editor.destroy();
    const state = Y.encodeStateAsUpdate(doc);
    this.people = Array.from({ length: people }, (_, n) => new Writer(this, 1000 * (n + 1), state));
    this.house = { doc: new Y.Doc({ gc: false }) };
    Y.applyUpdate(this.house.doc, state);
  }
  get all() { return [...this.people, this.house]; }
  /** The state that the house has now. */
  moment() { return Y.snapshot(this.house.doc); }
  /** The house restores that state, under a number of its own. */
  restore(then, number = 7000) {
    this.house.doc.clientID = number;
    restore(this.house.doc, this.subject.root(this.house.doc), then);
  }
  /** What this one wrote comes to the others (or to one of them). */
  send(from, to = null) {
    for (const one of to ? [to] : this.all.filter((other) => other !== from)) Y.applyUpdate(one.doc, Y.encodeStateAsUpdate(from.doc, Y.encodeStateVector(one.doc)), 'line');
  }
  meet() {
    for (let n = 0; n < 20; n += 1) {
      for (const one of this.all) this.send(one);
      if (this.all.every(({ doc }) => Y.equalSnapshots(Y.snapshot(doc), Y.snapshot(this.people[0].doc)))) return this;
    }
    throw new Error('it never becomes quiet');
  }
  /** What all see. */
  lines() {
    const [first, ...others] = this.people.map((one) => one.lines());
    for (const other of others) if (JSON.stringify(other) !== JSON.stringify(first)) throw new Error(`two see ${JSON.stringify(first)} and ${JSON.stringify(other)}`);
    return first;
  }
}
