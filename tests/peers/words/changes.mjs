// What people do to a text, each as one command of the page at a place that `random` chooses. Every entry: (person, random) =>
// true when something was done. A person has: editor, state, random lines, do(kind, work) which tells the model.
import { chainCommands } from 'prosemirror-commands';
import { Fragment, Slice } from 'prosemirror-model';
import { TextSelection } from 'prosemirror-state';
import { addColumnAfter, addColumnBefore, addRowAfter, addRowBefore, CellSelection, deleteColumn, deleteRow, deleteTable, isInTable, mergeCells, splitCell, TableMap } from 'prosemirror-tables';
import { indent, insertRule, insertTable, outdent, setStyle, toggle, toggleList, toggleTask } from '../../../web-ui/src/pad/commands';
import { search } from '../../../web-ui/src/pad/find';
import { whole } from '../../../web-ui/src/pad/tables';
import { schema } from '../../../web-ui/src/pad/schema';

/** Textblocks of a document with the places of their text. */
export function linesOf(doc) {
  const lines = [];
  doc.descendants((node, pos) => {
    if (!node.isTextblock) return true;
    lines.push({ node, from: pos + 1, to: pos + 1 + node.content.size, number: lines.length });
    return false;
  });
  return lines;
}
/** Places between words: never inside of one. */
export function gapsOf(line) {
  const text = line.node.textBetween(0, line.node.content.size, undefined, '\ufffc');
  const gaps = [0];
  for (let i = 1; i <= text.length; i += 1) if (i === text.length || (text[i] === ' ' && text[i - 1] !== ' ')) gaps.push(i);
  return gaps.map((at) => line.from + at);
}

const select = (state, from, to = from) => state.tr.setSelection(TextSelection.create(state.doc, from, to));
const run = (command) => ({ view }) => command(view.state, view.dispatch, view);

/** At a place of a line that the person chooses: caret, then command. */
const atCaret = (command, where = 'any') => (person, random) => {
  const line = person.someLine(random);
  const gaps = gapsOf(line);
  const at = where === 'start' ? line.from : where === 'end' ? line.to : random.of(gaps);
  person.editor.view.dispatch(select(person.state, at));
  return run(command)(person.editor) === true;
};
const press = (name) => {
  const parts = name.split('-');
  const key = parts.pop();
  const event = { key, ctrlKey: parts.includes('Mod'), metaKey: false, altKey: parts.includes('Alt'), shiftKey: parts.includes('Shift'), keyCode: 0, preventDefault() {} };
  return (state, _dispatch, view) => state.plugins.some((one) => one.props.handleKeyDown?.call(one, view, event));
};

/** A stretch from the end of the line before to the end of a later one: what one marks to take whole lines. */
function wholeLines(person, random) {
  const lines = linesOf(person.state.doc);
  const first = person.someLine(random).number;
  const last = Math.min(lines.length - 1, first + random.of([0, 0, 0, 1, 2]));
  if (first > 0 && person.state.doc.resolve(lines[first - 1].to).depth === 1 && person.state.doc.resolve(lines[last].to).depth === 1) return { from: lines[first - 1].to, to: lines[last].to };
  return { from: lines[first].from, to: lines[last].to };
}

const plain = (words) => new Slice(Fragment.from(words.map((text) => schema.nodes.paragraph.create(null, schema.text(text)))), 1, 1);

function move(person, random, gap) {
  const { from, to } = wholeLines(person, random);
  const { view } = person.editor;
  if (to <= from) return false;
  view.dispatch(select(view.state, from, to));
  const slice = view.state.selection.content();
  const away = linesOf(view.state.doc).filter((line) => line.to < from || line.from > to);
  if (away.length === 0) return false;
  if (gap === 0) {
    // Dragging: one transaction.
    const target = random.of(away).to;
    const tr = view.state.tr.deleteSelection();
    const at = tr.mapping.map(target);
    tr.setSelection(TextSelection.near(tr.doc.resolve(at))).replaceSelection(slice).setMeta('uiEvent', 'drop');
    view.dispatch(tr);
    return true;
  }
  view.dispatch(view.state.tr.deleteSelection().setMeta('uiEvent', 'cut'));
  person.later(gap, 'paste', () => {
    view.dispatch(select(view.state, random.of(linesOf(view.state.doc)).to));
    view.dispatch(view.state.tr.replaceSelection(slice).setMeta('paste', true).setMeta('uiEvent', 'paste'));
    return true;
  });
  return true;
}

const inCell = (command, cells = false) => (person, random) => {
  const tables = linesOf(person.state.doc).filter((line) => person.state.doc.resolve(line.from).node(1)?.type === schema.nodes.table);
  if (tables.length === 0) return false;
  const { view } = person.editor;
  const line = random.of(tables);
  view.dispatch(select(view.state, line.from));
  if (!isInTable(view.state)) return false;
  if (cells) {
    const $at = view.state.doc.resolve(line.from);
    const table = $at.node(1);
    const map = TableMap.get(table);
    if (map.width * map.height < 2) return false;
    const start = $at.before(1) + 1;
    const one = random(map.map.length - 1);
    const other = (one + 1) % map.width === 0 ? one : one + 1;
    if (map.map[one] === map.map[other]) return false;
    view.dispatch(view.state.tr.setSelection(CellSelection.create(view.state.doc, start + map.map[one], start + map.map[other])));
  }
  return run(whole(command))(person.editor) === true;
};

/** From a gap of one line to a gap of another (or the same): what one marks with the mouse. */
function stretch(person, random) {
  const lines = linesOf(person.state.doc);
  const first = person.someLine(random);
  const last = lines[Math.min(lines.length - 1, first.number + random.of([0, 0, 1, 1, 2]))];
  const [from, to] = [random.of(gapsOf(first)), random.of(gapsOf(last))];
  return from <= to ? { from, to } : { from: to, to: from };
}

export const changes = {
  heading: atCaret(setStyle('h2')), text: atCaret(setStyle('text')), quote: atCaret(setStyle('quote')), code: atCaret(setStyle('code')),
  bullet: atCaret(toggleList('bulletList')), ordered: atCaret(toggleList('orderedList')), tasks: atCaret(toggleList('taskList')),
  tick: atCaret(toggleTask), indent: atCaret(indent), outdent: atCaret(outdent),
  enter: atCaret(press('Enter')), 'enter at end': atCaret(press('Enter'), 'end'), 'enter at start': atCaret(press('Enter'), 'start'),
  join: atCaret(press('Backspace'), 'start'),
  'join next': atCaret(press('Delete'), 'end'),
  rule: atCaret(insertRule, 'end'),
  markdown(person, random) {
    const line = person.someLine(random);
    const { view } = person.editor;
    view.dispatch(select(view.state, line.from));
    const sign = random.of(['- ', '1. ', '# ', '> ', '[ ] ']);
    for (const one of sign) {
      const { from, to } = view.state.selection;
      if (!view.state.plugins.some((plugin) => plugin.props.handleTextInput?.call(plugin, view, from, to, one))) view.dispatch(view.state.tr.insertText(one));
    }
    return true;
  },
  bold(person, random) {
    const { from, to } = stretch(person, random);
    const { view } = person.editor;
    view.dispatch(select(view.state, from, to));
    return run(toggle(random.of(['bold', 'italic', 'highlight'])))(person.editor);
  },
  'delete lines'(person, random) {
    const { from, to } = wholeLines(person, random);
    const { view } = person.editor;
    view.dispatch(select(view.state, from, to));
    return run(press('Backspace'))(person.editor);
  },
  'delete stretch'(person, random) {
    const { from, to } = stretch(person, random);
    const { view } = person.editor;
    if (from === to) return false;
    view.dispatch(select(view.state, from, to));
    return run(press('Backspace'))(person.editor);
  },
  'paste over'(person, random) {
    const { from, to } = stretch(person, random);
    const { view } = person.editor;
    const parts = Array.from({ length: random.of([1, 1, 2, 3]) }, () => person.wordAtOnce());
    view.dispatch(select(view.state, from, to));
    view.dispatch(view.state.tr.replaceSelection(plain(parts)).setMeta('paste', true).setMeta('uiEvent', 'paste'));
    return true;
  },
  import(person, random) {
    const { view } = person.editor;
    const line = person.someLine(random);
    view.dispatch(select(view.state, line.to));
    const item = (text) => schema.nodes.listItem.create(null, schema.nodes.paragraph.create(null, schema.text(text)));
    const content = [schema.nodes.heading.create({ level: 2 }, schema.text(person.wordAtOnce())), schema.nodes.bulletList.create(null, [item(person.wordAtOnce()), item(person.wordAtOnce())])];
    view.dispatch(view.state.tr.replaceSelection(new Slice(Fragment.from(content), 0, 0)));
    return true;
  },
  replace(person, random) {
    const line = person.someLine(random);
    const words = line.node.textContent.split(' ').filter(Boolean);
    if (words.length === 0) return false;
    const { view } = person.editor;
    const tr = view.state.tr;
    for (const match of search(view.state.doc, { text: random.of(words), exact: true }).reverse()) {
      tr.replaceWith(match.from, match.to, schema.text(person.wordAtOnce(), tr.doc.resolve(match.from + 1).marks()));
    }
    view.dispatch(tr);
    return true;
  },
  move: (person, random) => move(person, random, random.between(200, 2000)),
  drag: (person, random) => move(person, random, 0),
  'table in': atCaret(insertTable(2, 2), 'end'), 'table out': inCell(deleteTable),
  'row in': inCell(chainCommands(addRowAfter)), 'row before': inCell(addRowBefore), 'row out': inCell(deleteRow),
  'column in': inCell(addColumnAfter), 'column before': inCell(addColumnBefore), 'column out': inCell(deleteColumn),
  merge: inCell(mergeCells, true), split: inCell(splitCell),
  undo: (person) => person.several(() => person.editor.undo()), redo: (person) => person.several(() => person.editor.redo()),
};

/** Of these the whole list; common things are asked for more often. */
export const usual = [
  'heading', 'text', 'quote', 'code', 'bullet', 'bullet', 'ordered', 'tasks', 'tick', 'indent', 'outdent', 'enter', 'enter', 'enter at end', 'enter at end',
  'enter at start', 'join', 'join', 'join next', 'rule', 'markdown', 'bold', 'delete lines', 'delete stretch', 'paste over', 'import', 'replace', 'move', 'drag',
  'table in', 'table out', 'row in', 'row before', 'row out', 'column in', 'column before', 'column out', 'merge', 'split', 'undo', 'undo', 'undo', 'redo', 'restore',
];
export const groups = {
  typing: [], blocks: ['heading', 'text', 'quote', 'code', 'bullet', 'ordered', 'tasks', 'tick', 'indent', 'outdent', 'markdown'],
  lists: ['bullet', 'ordered', 'tasks', 'indent', 'outdent'], enter: ['enter', 'enter at end', 'enter at start'], joins: ['join', 'join next'],
  deleting: ['delete lines', 'delete stretch', 'paste over', 'replace'], moves: ['move', 'drag'],
  tables: ['table in', 'table out', 'row in', 'row before', 'row out', 'column in', 'column before', 'column out', 'merge', 'split'],
  undo: ['undo', 'redo', 'undo', 'bullet', 'heading', 'enter', 'join', 'table in', 'table out'], restore: ['restore'],
  unmoved: usual.filter((one) => one !== 'move' && one !== 'drag'), all: usual,
};
