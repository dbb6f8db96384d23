// What must be true of every word. Each letter of a session is a sign of its own, so that it is known wherever it went:
// a word is `letters` signs from `first` on. People are numbers; the house (restore) is -1.
export const letters = 4;
const base = 0x4e00;
export const signOf = (code) => String.fromCharCode(base + code);
const isSign = (unit) => unit >= base && unit < 0x9fff;

/** Where each sign stands: places (line * 65536 + column); the lines as lists of words; which of them end
 * with a space; words that a space follows. */
export function look(doc) {
  const at = new Map();
  const lines = [];
  const spaced = [];
  const followed = new Set();
  doc.descendants((node) => {
    if (!node.isTextblock) return true;
    const words = [];
    const text = node.textBetween(0, node.content.size, undefined, '\ufffc');
    for (let i = 0; i < text.length; i += 1) {
      const unit = text.charCodeAt(i);
      if (!isSign(unit)) continue;
      const code = unit - base;
      const place = lines.length * 65536 + i;
      if (at.has(code)) at.get(code).push(place);
      else at.set(code, [place]);
      const word = Math.floor(code / letters);
      if (words[words.length - 1] !== word) words.push(word);
      if (text[i + 1] === ' ') followed.add(word);
    }
    lines.push(words);
    spaced.push(text.endsWith(' '));
    return false;
  });
  return { at, lines, spaced, followed };
}
const lineOf = (place) => Math.floor(place / 65536);
/** Of each word (or a part of it) the lines in which it stands. */
function wordLines({ lines }) {
  const found = new Map();
  lines.forEach((words, line) => words.forEach((word) => (found.has(word) ? found.get(word).add(line) : found.set(word, new Set([line])))));
  return found;
}
const pair = (a, b) => (a < b ? `${a}|${b}` : `${b}|${a}`);

export class Model {
  constructor() {
    this.words = [];
    this.deleted = new Map();     // sign -> people who saw it and took it out, and by which act
    this.touched = new Map();     // sign -> people who ever took it out or put it back
    this.moved_by = new Map();    // sign -> people who ever moved it at once
    this.most = new Map();        // sign -> how often somebody made it stand
    this.log = [];                // acts: who, what had come to him before, and by what one knows that he did it
    this.put = new Map();         // sign -> the act by which somebody last put it where it is (paste, drag, undo)
    this.torn = new Set();        // letters of one word that stood apart by hand from the one before, when somebody moved both
    this.away = new Set();        // who took a word out, and another that stood in another line then
    this.cut = new Map();         // pairs of words that one act took out of one line -> that act
    this.broken = new Set();      // pairs of words that somebody parted who saw both
    this.joined = new Set();      // pairs of words that somebody brought into one line who saw both
    this.kin = new Set();         // pairs of words of one line that somebody made several of
    this.put_in = new Set();      // pairs of a word and one that came into its line when somebody put several lines there
    this.ended = new Set();       // words behind which somebody ended a line, though a space stood there
    this.lines = new Map();       // a line -> one that it was joined with, or that it is now (by names that say which line it is)
    this.shown = [];              // names of the lines that all have at the end
  }
  /** A new word about to be written by `who` at `column` of line `line` (of `seen`); `state`: what had come to them. `meant`: the word
   * at which they had put their caret, if somebody took it from there before they wrote a letter. `where`: which line that is. */
  begin(who, seen, line, column, state = new Map(), meant = null, where = null) {
    const id = this.words.length;
    const here = seen.lines[line] ?? [];
    // The nearest words on both sides. Of a word that stands on both sides (it is not whole yet) nobody can say what it is.
    const sides = new Map();
    const begins = (word) => seen.at.get(word * letters)?.some((place) => lineOf(place) === line);
    for (const word of here) {
      // Its beginning was just taken from here, or stands in another line: the rest goes to it, and says nothing of this line.
      if (!begins(word)) continue;
      const places = Array.from({ length: letters }, (_, k) => seen.at.get(word * letters + k) ?? []).flat().filter((place) => lineOf(place) === line);
      const [first, last] = [Math.min(...places) % 65536, Math.max(...places) % 65536];
      if (last < column) sides.set(word, last);
      else if (first >= column) sides.set(word, first);
    }
    const nearest = (side) => [...sides].filter(([, at]) => side < 0 === at < column).sort((a, b) => side * (a[1] - b[1]))[0]?.[0] ?? null;
    const [left, right] = [nearest(-1), nearest(1)];
    this.words.push({
      id, who, left, right, spaced: left !== null && sides.get(left) < column - 1, state, meant, where, typed: 0, mates: new Set(here.filter(begins)), before: new Set(seen.lines[line - 1] ?? []), behind: new Set(seen.lines[line + 1] ?? []),
    });
    return this.words[id];
  }
  wordOf(code) { return this.words[Math.floor(code / letters)]; }
  note(map, code, who) {
    if (!map.has(code)) map.set(code, new Set());
    map.get(code).add(who);
  }
  /** `who` did something at once: what he saw before and after. `kind`: undo and redo may only concern what is one's own.
   * `stamp`: { client, clock, state }: whoever's state has that clock of this client knows of it; `state`: what had come before.
   * `moved`: signs that were taken out and stand again. */
  did(who, kind, old, now, stamp, moved = []) {
    const act = this.log.push({ who, ...stamp }) - 1;
    const taking = kind === 'undo' || kind === 'redo';
    const mine = (code) => this.wordOf(code).who === who || this.touched.get(code)?.has(who) || this.moved_by.get(code)?.has(who);
    for (const code of moved) this.note(this.moved_by, code, who);
    for (const code of old.at.keys()) {
      if (now.at.has(code)) continue;
      if (taking && !mine(code)) continue;
      if (!this.deleted.has(code)) this.deleted.set(code, new Map());
      this.deleted.get(code).set(who, act);
      this.note(this.touched, code, who);
    }
    for (const [code, places] of now.at) {
      const count = old.at.get(code)?.length ?? 0;
      if (places.length <= count) continue;
      // (Who took it out while the house brought it back, and did not hear of that, took it out.)
      if (who < 0) for (const [one, other] of [...this.deleted.get(code) ?? []]) if (this.knew(stamp.state, other)) this.deleted.get(code).delete(one);
      if (who >= 0) this.deleted.get(code)?.delete(who);
      this.note(this.touched, code, who);
      this.put.set(code, act);
      if (places.length > 1) this.most.set(code, Math.max(this.most.get(code) ?? 1, places.length));
    }
    this.keepTorn(old, now, moved);
    for (const code of moved) this.put.set(code, act);
    this.alone(now, act);
    if (!taking) this.apartByHand(old, now, moved, who);
    this.relations(taking, mine, old, now, act);
  }
  /** This act was done by somebody to whom the other one had come. */
  knew(state, act) {
    const { client, clock } = this.log[act];
    return (state.get(client) ?? 0) >= clock;
  }
  /** `lines`: of each line that was there, the lines in its place now. */
  descend(old, now, lines) {
    old.lines.forEach((words, i) => {
      const others = new Set(lines[i].flatMap((line) => now.lines[line] ?? []));
      for (const word of words) {
        for (const other of others) {
          if (word === other) continue;
          this.kin.add(pair(word, other));
          if (lines[i].length > 1 && !old.at.has(other * letters)) this.put_in.add(pair(word, other));
        }
      }
    });
    now.lines.forEach((line, k) => {
      const last = line[line.length - 1];
      if (last !== undefined && !now.spaced[k] && old.followed.has(last)) this.ended.add(last);
    });
  }
  /** Lines that somebody brought into one. `olds`, `news`: names of all lines before and after; `lines` as in `descend`. */
  joinLines(olds, news, lines) {
    lines.forEach((found, i) => {
      if (found.length !== 1) return;
      const [one, other] = [this.lineNow(olds[i]), this.lineNow(news[found[0]])];
      if (one !== other) this.lines.set(one, other);
    });
  }
  /** Undo of Enter: all that stood in a line stands at the end of the one before. */
  joinByUndo(olds, news, before, after) {
    for (let i = 1; i < olds.length; i += 1) {
      const k = news.indexOf(olds[i - 1]);
      const [one, other] = [this.lineNow(olds[i]), this.lineNow(olds[i - 1])];
      if (one !== other && before[i] && k >= 0 && !news.includes(olds[i]) && after[k] === before[i - 1] + before[i]) this.lines.set(one, other);
    }
  }
  lineNow(name) {
    let now = name;
    while (this.lines.has(now)) now = this.lines.get(now);
    return now;
  }
  /** Somebody ended the line behind this word, or behind what others had put between it and the space behind which `word` was written. */
  endedBehind(left, word) {
    return [...this.ended].some((id) => {
      let at = id;
      while (at !== null && at !== left && this.words[at].who !== word.who && this.words[at].left !== at) at = this.words[at].left;
      return at === left;
    });
  }
  /** Who put a word somewhere while what stood around it was out (cut, taken out) put it there without that. */
  alone(now, act) {
    const stands = wordLines(now);
    for (const { id, left, right, mates } of this.words) {
      if (this.put.get(id * letters) !== act) continue;
      for (const other of new Set([left, right, ...mates])) if (other !== null && !stands.has(other)) this.broken.add(pair(id, other));
    }
  }
  /** Two parts of a word that stood apart by hand stay apart when somebody moves both. */
  keepTorn(old, now, moved) {
    const come = new Set(moved);
    for (const code of now.at.keys()) if (!old.at.has(code)) come.add(code);
    for (const code of come) if (code % letters !== 0 && this.apart(code - 1, code)) this.torn.add(code);
  }
  /** Who puts words somewhere sees what stands beside them. What they were written beside stood in another line before his eyes, and does so now
   * (if he cut them first: when he did that). */
  apartByHand(old, now, moved, who) {
    const [before, after] = [wordLines(old), wordLines(now)];
    const apart = (seen, a, b) => seen.has(a) && seen.has(b) && ![...seen.get(a)].some((line) => seen.get(b).has(line));
    const others = ({ left, right, mates }) => [...new Set([left, right, ...mates])].filter((other) => other !== null);
    const each = (codes, found) => {
      for (const code of codes) if (code % letters === 0) for (const other of others(this.wordOf(code))) found(code / letters, other);
    };
    each(moved, (id, other) => {
      if (apart(before, id, other) && apart(after, id, other)) this.broken.add(pair(id, other));
    });
    each([...old.at.keys()].filter((code) => !now.at.has(code)), (id, other) => {
      if (apart(before, id, other)) this.away.add(`${who} ${pair(id, other)}`);
    });
    each([...now.at.keys()].filter((code) => !old.at.has(code)), (id, other) => {
      if (this.away.delete(`${who} ${pair(id, other)}`) && apart(after, id, other)) this.broken.add(pair(id, other));
    });
  }
  relations(taking, mine, old, now, act) {
    const [before, after] = [wordLines(old), wordLines(now)];
    const together = (seen, a, b) => [...seen.get(a) ?? []].some((line) => seen.get(b)?.has(line));
    const pairs = (lines, found) => {
      for (const line of lines) for (let i = 0; i < line.length; i += 1) for (let j = i + 1; j < line.length; j += 1) found(line[i], line[j]);
    };
    pairs(old.lines, (a, b) => {
      if (taking && !mine(a * letters) && !mine(b * letters)) return;
      if (!after.has(a) && !after.has(b)) this.cut.set(pair(a, b), act);
      else if (!together(after, a, b)) this.broken.add(pair(a, b));
    });
    pairs(now.lines, (a, b) => {
      if (before.has(a) && before.has(b) && !together(before, a, b)) this.joined.add(pair(a, b));
    });
    // Of two that were cut together and are there again: together, or not.
    for (const two of this.cut.keys()) {
      const [a, b] = two.split('|').map(Number);
      if (!after.has(a) && !after.has(b)) continue;
      this.cut.delete(two);
      if (!together(after, a, b)) this.broken.add(two);
    }
  }
  /** Faults in the text that all have at the end: [{ word, fault }]. `shown`: names of its lines. */
  judge(seen, shown = []) {
    this.shown = shown;
    const faults = [];
    for (const word of this.words) {
      const fault = this.faultOf(word, seen);
      if (fault) faults.push({ word: word.id, fault });
    }
    return faults;
  }
  faultOf(word, seen) {
    const codes = Array.from({ length: word.typed }, (_, k) => word.id * letters + k);
    const present = codes.filter((code) => seen.at.has(code));
    const missing = codes.filter((code) => !seen.at.has(code));
    if (missing.some((code) => !this.deleted.get(code)?.size)) return 'lost';
    if (present.length === 0) return null;
    if (present.some((code) => seen.at.get(code).length > (this.most.get(code) ?? 1))) return 'doubled';
    if (missing.length > 0 && !missing.every((code) => this.deleted.get(code).has(word.who))) return 'halved';
    // One copy of it must be right.
    const runs = seen.at.get(present[0]).filter((at) => present.every((code, i) => seen.at.get(code).includes(at + i)));
    if (runs.length === 0) return present.some((code, i) => i > 0 && seen.at.get(code)[0] !== seen.at.get(present[i - 1])[0] + 1 && !this.apart(present[i - 1], code)) ? 'torn' : null;
    const found = runs.map((at) => this.placeOf(word, lineOf(at), at, seen));
    return found.includes(null) ? null : found[0];
  }
  /** By hand: somebody put two parts of a word where they are by two acts, of which the later one was done by who knew the other. */
  apart(one, other) {
    if (other === one + 1 && this.torn.has(other)) return true;
    const [first, second] = [this.put.get(one), this.put.get(other)].sort((a, b) => a - b);
    if (first === undefined || second === undefined || first === second) return false;
    return this.log[first].who === this.log[second].who || this.knew(this.log[second].state, first);
  }
  placeOf(word, line, place, seen) {
    const here = new Set(seen.lines[line]);
    if (word.meant !== null && here.has(word.meant)) return null;
    const whole = (other) => {
      for (let k = 0; k < letters; k += 1) if (seen.at.has(other * letters + k)) return seen.at.get(other * letters + k)[0];
      return undefined;
    };
    const holds = (other) => other !== null && whole(other) !== undefined && !this.broken.has(pair(word.id, other)) && !this.apart(word.id * letters, other * letters);
    // (Of two neighbours that somebody parted, and of which another parted the word from the one, the word need not be with the other.)
    const far = (one, other) => one !== null && other !== null && this.broken.has(pair(one, other)) && this.broken.has(pair(word.id, other));
    const next = [[word.left, word.right], [word.right, word.left]].filter(([one, other]) => holds(one) && !far(one, other)).map(([one]) => one);
    if (next.length > 0) {
      // Somebody ended the line between the word on its left and the space behind which this one was written.
      if (next.length === 1 && next[0] === word.left && word.spaced && this.endedBehind(word.left, word)) return null;
      if (!next.some((other) => here.has(other))) return next.some((other) => [...here].some((one) => this.put_in.has(pair(one, other)))) ? null : 'misplaced';
      if (word.left !== null && holds(word.left) && here.has(word.left) && !this.handled(word.left) && whole(word.left) > place) return 'disordered';
      if (word.right !== null && holds(word.right) && here.has(word.right) && !this.handled(word.right) && whole(word.right) < place) return 'disordered';
      return null;
    }
    // (Those from which somebody parted a neighbour of it, and another that neighbour from it, are far from it by hand.)
    const parted = [word.left, word.right].filter((other) => other !== null && whole(other) !== undefined && this.broken.has(pair(word.id, other)));
    const mates = [...word.mates].filter((other) => holds(other) && !parted.some((one) => this.broken.has(pair(one, other))));
    if (mates.some((other) => here.has(other)) || [...word.mates].some((other) => [...here].some((one) => this.kin.has(pair(one, other))))) return null;
    if (mates.length > 0) return 'misplaced';
    // Nothing of its line is left. Where somebody moved it by hand since, that hand chose the line.
    if (this.put.has(word.id * letters)) return null;
    // It stands with a word that another wrote in the very same line; or where that line was joined, of which nothing else is left.
    const same = this.words.filter(({ id, where }) => where !== null && where === word.where && id !== word.id);
    if (same.some(({ id }) => (here.has(id) && !this.moved(id, word.state)) || [...here].some((one) => this.kin.has(pair(id, one))))) return null;
    // It stands in the line that it was written in, or in one with which somebody joined that.
    if (word.where !== null && this.shown[line] !== undefined && this.lineNow(word.where) === this.lineNow(this.shown[line])) return null;
    // It may not stand in another line's words, unless somebody joined those lines.
    // (What somebody brought here by hand, unseen, says nothing of the line that it came from.)
    const stayed = (other) => here.has(other) && !this.moved(other, word.state);
    const before = [...word.before].filter(stayed);
    const behind = [...word.behind].filter(stayed);
    // (Of the lines around it one of them may have seen more.)
    const within = (one, other) => [...one].every((x) => other.has(x));
    const alike = (one, other) => (one.size > 0) === (other.size > 0) && (within(one, other) || within(other, one));
    // Another wrote in the same empty line, and somebody joined that.
    const began = [...here].filter((one) => {
      const { mates, before, behind } = this.words[one];
      return one !== word.id && word.mates.size === 0 && mates.size === 0 && word.before.size + word.behind.size > 0 && alike(before, word.before) && alike(behind, word.behind);
    });
    const excused = (other) => this.joined.has(pair(word.id, other)) || began.some((one) => one === other || this.joined.has(pair(one, other)))
      || [...word.mates].some((mate) => this.kin.has(pair(mate, other)));
    if ([...before, ...behind].every(excused)) return null;
    if (before.some((x) => behind.some((z) => this.joined.has(pair(x, z))))) return null;
    return 'misplaced';
  }
  /** Somebody took it out, or put it back: its place among its neighbours is his. */
  handled(word) {
    return this.touched.has(word * letters);
  }
  /** Somebody took it out and put it in, and that had not come to this state. */
  moved(word, state) {
    const act = this.put.get(word * letters);
    return act !== undefined && !this.knew(state, act);
  }
}
