// One session: a plan (who does what when; from a seed), and how it went. Parts of a plan can be left out: each has a seed
// of its own.
import { Agenda, clock, randomOf } from './clock.mjs';
import * as Y from 'yjs';
import { TextSelection } from 'prosemirror-state';
import { schema } from '../../../web-ui/src/pad/schema';
import { changes, gapsOf, groups, linesOf } from './changes.mjs';
import { letters, look, Model, signOf } from './model.mjs';
import { House, Line } from './network.mjs';
import { restore } from './restore.mjs';

const house_number = -1;
const key_ms = 90;

export function planOf(seed, { editors = 2, ops = 'all', actions = 34 } = {}) {
  const random = randomOf(seed);
  const kinds = groups[ops] ?? ops.split(',');
  const plan = { seed, editors, delay: random.of(['none', 'near', 'far', 'far', 'wild']), acts: [] };
  for (let who = 0; who < editors; who += 1) {
    let time = random(800);
    for (let i = 0; i < actions; i += 1) {
      const act = { time, who, seed: random(2 ** 31) };
      if (kinds.length === 0 || random.chance(0.62)) {
        act.kind = 'write';
        act.words = random.between(1, 4);
        act.pace = random.between(40, 140);
        time += act.words * (letters + 1) * act.pace;
      } else if (random.chance(0.07)) {
        act.kind = 'away';
        act.ms = random.chance(0.2) ? 3_600_000 : random.between(500, 20_000);
      } else if (random.chance(0.02)) act.kind = 'restart';
      else act.kind = random.of(kinds);
      plan.acts.push(act);
      time += random.of([20, 100, 400, 1500]);
    }
  }
  plan.acts.sort((a, b) => a.time - b.time || a.who - b.who);
  return plan;
}

const delays = { none: () => 0, near: (random) => random.between(5, 30), far: (random) => random.between(50, 400), wild: (random) => (random.chance(0.1) ? random.between(1000, 8000) : random.between(0, 200)) };

/** Of each line of `before` the lines (by number) that stand where it stood, after these steps. */
function descents(before, now, steps) {
  const lines = linesOf(now);
  const mapped = (pos, side) => steps.reduce((at, map) => map.map(at, side), pos);
  return linesOf(before).map(({ from, to }) => {
    const [begin, end] = [mapped(from, -1), mapped(to, 1)];
    // Of a line that went there is nothing in a line that stood before it or behind it.
    const holds = (line) => line.from <= end && line.to >= begin && (begin < end || (line.from < begin && end < line.to));
    return lines.filter(holds).map((line) => line.number);
  });
}

/** Signs that these steps took out and that stand again. */
function movedBy(before, now, steps) {
  const stands = look(now).at;
  const found = [];
  for (const [code, places] of look(before).at) {
    if (!stands.has(code)) continue;
    const lines = linesOf(before);
    const at = places.map((place) => lines[Math.floor(place / 65536)].from + (place % 65536));
    if (at.every((pos) => steps.reduce((one, map) => (one === null || map.mapResult(one, 1).deletedAfter ? null : map.map(one, 1)), pos) === null)) found.push(code);
  }
  return found;
}

/** The word that stands in front of a caret in its line, whole. */
function wordBefore(caret) {
  const text = caret?.$from.parent.textBetween(0, caret.$from.parentOffset, undefined, ' ').trimEnd() ?? '';
  const code = text ? text.charCodeAt(text.length - letters) - signOf(0).charCodeAt(0) : NaN;
  return code >= 0 && code % letters === 0 ? code / letters : null;
}

/** What had come to this document, and by what one will know that something was done in it. */
const stateOf = (doc) => Y.decodeStateVector(Y.encodeStateVector(doc));

class Person {
  constructor(session, who) {
    Object.assign(this, { session, who, last: null, busyUntil: 0 });
    this.doc = new Y.Doc();
    this.doc.clientID = session.random.between(1000, 2 ** 31 - 1);
  }
  get state() { return this.editor.state; }
  /** Most often a line in which somebody else is writing, as seen here. */
  someLine(random, near = 0.65) {
    const lines = linesOf(this.state.doc);
    const other = random.of(this.session.people.filter((one) => one !== this));
    if (other?.last && random.chance(near)) {
      const sign = signOf(other.last.id * letters);
      const found = lines.find((line) => line.node.textContent.includes(sign));
      if (found) return found;
    }
    return random.of(lines);
  }
  /** Of each line here which it is. */
  names() {
    const { lineAt } = this.session.subject;
    return lineAt ? linesOf(this.state.doc).map(({ from }) => lineAt(this.editor, from)) : [];
  }
  /** One act, and what it made of what was seen. */
  did(kind, work) {
    const before = this.state.doc;
    const old = look(before);
    const names = this.names();
    const texts = (doc) => linesOf(doc).map(({ node }) => node.textContent);
    const { steps } = this.editor.view;
    steps.splice(0);
    const state = stateOf(this.doc);
    const done = work();
    const now = look(this.state.doc);
    const stamp = { state, client: this.doc.clientID, clock: Y.getState(this.doc.store, this.doc.clientID) };
    this.session.model.did(this.who, kind, old, now, stamp, kind === 'undo' || kind === 'redo' ? [] : movedBy(before, this.state.doc, [...steps]));
    if (kind !== 'undo' && kind !== 'redo') {
      const lines = descents(before, this.state.doc, steps);
      this.session.model.descend(old, now, lines);
      if (names.length > 0) this.session.model.joinLines(names, this.names(), lines);
    } else if (names.length > 0) this.session.model.joinByUndo(names, this.names(), texts(before), texts(this.state.doc));
    return done;
  }
  several(work) {
    const random = randomOf(this.seed);
    let done = false;
    for (let i = random.between(1, 3); i > 0; i -= 1) done = work() || done;
    return done;
  }
  later(ms, kind, work) {
    this.session.agenda.at(clock.now + ms, () => {
      // Nobody pastes in the middle of a word of their own.
      if (clock.now <= this.busyUntil) return void this.later(this.busyUntil - clock.now + 1, kind, work);
      this.session.say(this.who, kind);
      this.did(kind, work);
    });
  }
  wordAtOnce() {
    const word = this.session.model.begin(this.who, { lines: [], at: new Map(), spaced: [], followed: new Set() }, 0, 0, stateOf(this.doc));
    word.typed = letters;
    return Array.from({ length: letters }, (_, k) => signOf(word.id * letters + k)).join('');
  }
  act(act) {
    if (clock.now <= this.busyUntil) return void this.session.agenda.at(this.busyUntil + 1, () => this.act(act));
    const random = randomOf(act.seed);
    this.seed = act.seed;
    this.session.say(this.who, act.kind);
    if (act.kind === 'write') return this.write(act, random);
    if (act.kind === 'away') return this.leave(act.ms);
    if (act.kind === 'restart') return this.session.house.restart();
    if (act.kind === 'restore') return this.session.restore(random);
    return this.did(act.kind, () => changes[act.kind](this, random));
  }
  leave(ms) {
    this.line.away = true;
    this.line.cut();
    this.session.agenda.at(clock.now + ms, () => {
      this.line.away = false;
      this.line.connect();
    });
  }
  write(act, random) {
    const { view } = this.editor;
    const line = this.someLine(random, 0.3);
    const at = random.of([line.to, random.of(gapsOf(line)), random.of(gapsOf(line))]);
    view.dispatch(view.state.tr.setSelection(TextSelection.create(view.state.doc, at)));
    this.meant = wordBefore(this.caret());
    const { agenda } = this.session;
    let time = clock.now;
    let word = null;
    for (let n = 0; n < act.words; n += 1) {
      agenda.at(time, () => {
        if (n > 0) return;
        const before = this.caret();
        if (before && before.$from.parentOffset > 0 && before.$from.nodeBefore?.text?.at(-1) !== ' ') this.key(' ');
      });
      for (let k = 0; k < letters; k += 1) {
        agenda.at(time += act.pace, () => {
          word = this.letter(word, k);
        });
      }
      agenda.at(time += act.pace, () => this.key(' '));
    }
    this.busyUntil = time;
  }
  /** The caret where one can write: where it is, else near. */
  caret() {
    const { view } = this.editor;
    if (!(view.state.selection instanceof TextSelection) || !view.state.selection.empty) {
      const near = TextSelection.near(view.state.doc.resolve(Math.min(view.state.selection.to, view.state.doc.content.size)));
      if (!(near instanceof TextSelection)) return null;
      view.dispatch(view.state.tr.setSelection(near));
    }
    return view.state.selection instanceof TextSelection && view.state.selection.$from.parent.isTextblock ? view.state.selection : null;
  }
  key(sign) {
    const at = this.caret();
    if (at) this.editor.view.dispatch(this.state.tr.insertText(sign, at.from, at.from));
    return Boolean(at);
  }
  letter(word, k) {
    const at = this.caret();
    if (!at) return word;
    if (k === 0) {
      const line = linesOf(this.state.doc).find((one) => one.from <= at.from && one.to >= at.from);
      word = this.session.model.begin(this.who, look(this.state.doc), line.number, at.$from.parentOffset, stateOf(this.doc), this.meant === null || at.$from.parent.textContent.includes(signOf(this.meant * letters)) ? null : this.meant,
        this.session.subject.lineAt?.(this.editor, at.from) ?? null);
      // Who goes on writing meant to write behind this word.
      this.meant = word.id;
      this.last = word;
      this.session.say(this.who, `writes ${word.id}`);
    }
    // Who took away a word that is being written sees that it goes on without its beginning.
    if (k > 0 && word.typed !== k) return word;
    word.typed = k + 1;
    this.key(signOf(word.id * letters + k));
    return word;
  }
}

export class Session {
  constructor(plan, subject, { trace = false } = {}) {
    clock.now = 0;
    Object.assign(this, { plan, subject, trace: trace ? [] : null, random: randomOf(plan.seed + 1), model: new Model(), agenda: new Agenda(), moments: [] });
    this.house = new House(this.agenda, randomOf(plan.seed + 2), delays[plan.delay]);
    this.people = Array.from({ length: plan.editors }, (_, who) => new Person(this, who));
    this.begin();
    for (const one of this.people) {
      Y.applyUpdate(one.doc, Y.encodeStateAsUpdate(this.house.doc));
      one.editor = subject.make(one.doc);
      one.line = new Line(this.house, one.doc);
      one.line.connect();
    }
    for (const act of plan.acts) this.agenda.at(act.time, () => this.people[act.who].act(act));
    for (let time = 4000; time < (plan.acts.at(-1)?.time ?? 0); time += 4000) this.agenda.at(time, () => this.moments.push(Y.snapshot(this.house.doc)));
  }
  say(who, what) {
    this.trace?.push(`${String(clock.now).padStart(7)} ${who < 0 ? 'house' : `person ${who}`}: ${what}`);
  }
  /** A text of every kind of block, written by nobody of these. */
  begin() {
    const { nodes } = schema;
    const word = () => {
      const one = this.model.begin(1000, { lines: [], at: new Map(), spaced: [], followed: new Set() }, 0, 0);
      one.typed = letters;
      return Array.from({ length: letters }, (_, k) => signOf(one.id * letters + k)).join('');
    };
    const text = (n = 3) => (n > 0 ? schema.text(Array.from({ length: n }, word).join(' ')) : null);
    const line = (n) => nodes.paragraph.create(null, text(n));
    const item = (type, n) => type.create(null, line(n));
    const cell = () => nodes.tableCell.create(null, line(1));
    const row = () => nodes.tableRow.create(null, [cell(), cell()]);
    const kinds = [
      () => line(4), () => line(3), () => line(0), () => nodes.heading.create({ level: 1 }, text(2)), () => nodes.blockquote.create(null, [line(3), line(2)]),
      () => nodes.bulletList.create(null, [item(nodes.listItem, 2), item(nodes.listItem, 3)]), () => nodes.taskList.create(null, [item(nodes.taskItem, 2), item(nodes.taskItem, 1)]),
      () => nodes.table.create(null, [row(), row()]), () => nodes.codeBlock.create(null, text(2)),
    ];
    const blocks = Array.from({ length: this.random.between(3, 6) }, () => this.random.of(kinds)());
    const doc = new Y.Doc();
    doc.clientID = 999;
    const editor = this.subject.make(doc);
    editor.view.dispatch(editor.view.state.tr.replaceWith(0, editor.view.state.doc.content.size, blocks));
    editor.destroy();
    Y.applyUpdate(this.house.doc, Y.encodeStateAsUpdate(doc));
  }
  restore(random) {
    if (this.moments.length === 0) return;
    const then = random.of(this.moments);
    const doc = new Y.Doc({ gc: false });
    doc.clientID = random.between(1000, 2 ** 31 - 1);
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(this.house.doc));
    const old = look(this.read(Y.encodeStateAsUpdate(doc)));
    const state = stateOf(doc);
    restore(doc, this.subject.root(doc), then);
    this.model.did(house_number, 'restore', old, look(this.read(Y.encodeStateAsUpdate(doc))), { state, client: doc.clientID, clock: Y.getState(doc.store, doc.clientID) });
    Y.applyUpdate(this.house.doc, Y.encodeStateAsUpdate(doc), 'restore');
  }
  /** What a fresh page shows of this state. */
  read(state) {
    const doc = new Y.Doc();
    doc.clientID = 5;
    Y.applyUpdate(doc, state);
    const editor = this.subject.make(doc);
    const shown = editor.state.doc;
    editor.destroy();
    doc.destroy();
    return shown;
  }
  run() {
    this.agenda.run();
    for (const one of this.people) {
      one.line.away = false;
      one.line.connect();
    }
    this.agenda.run();
    const faults = this.agreement();
    const seen = look(this.people[0].state.doc);
    faults.push(...this.model.judge(seen, this.people[0].names()));
    for (const one of this.people) one.editor.destroy();
    return { faults, words: this.model.words.length, trace: this.trace, model: this.model, seen };
  }
  agreement() {
    const faults = [];
    const here = Y.snapshot(this.house.doc);
    const fresh = this.read(Y.encodeStateAsUpdate(this.house.doc));
    for (const one of this.people) {
      if (!Y.equalSnapshots(here, Y.snapshot(one.doc))) faults.push({ fault: 'apart' });
      else if (!one.state.doc.eq(fresh)) faults.push({ fault: 'shown otherwise' });
      try {
        one.state.doc.check();
      } catch (error) {
        faults.push({ fault: `invalid: ${error.message}` });
      }
    }
    return faults;
  }
}
