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
const pair = (a, b) => (a < b ? `${a}|${b}` : `${b}|${a}`);

export class Model {
  constructor() {
    this.words = [];
    this.deleted = new Map();     // sign -> people who saw it and took it out
    this.touched = new Map();     // sign -> people who ever took it out or put it back
    this.most = new Map();        // sign -> how often somebody made it stand
    this.acts = 0;
    this.put = new Map();         // sign -> the act by which somebody last put it where it is (paste, drag, undo)
    this.broken = new Set();      // pairs of words that somebody parted who saw both
    this.joined = new Set();      // pairs of words that somebody brought into one line who saw both
    this.loose = new Set();       // words beside which somebody joined lines
    this.kin = new Set();         // pairs of words of one line that somebody made several of
    this.ended = new Set();       // words behind which somebody ended a line, though a space stood there
  }
  /** A new word about to be written by `who` at `column` of line `line` (of `seen`). */
  begin(who, seen, line, column) {
    const id = this.words.length;
    const here = seen.lines[line] ?? [];
    // The nearest words on both sides. Of a word that stands on both sides (it is not whole yet) nobody can say what it is.
    const sides = new Map();
    for (const word of here) {
      const places = Array.from({ length: letters }, (_, k) => seen.at.get(word * letters + k) ?? []).flat().filter((place) => lineOf(place) === line);
      const [first, last] = [Math.min(...places) % 65536, Math.max(...places) % 65536];
      if (last < column) sides.set(word, last);
      else if (first >= column) sides.set(word, first);
    }
    const nearest = (side) => [...sides].filter(([, at]) => side < 0 === at < column).sort((a, b) => side * (a[1] - b[1]))[0]?.[0] ?? null;
    const [left, right] = [nearest(-1), nearest(1)];
    this.words.push({
      id, who, left, right, spaced: left !== null && sides.get(left) < column - 1, born: this.acts, typed: 0, mates: new Set(here), before: new Set(seen.lines[line - 1] ?? []), behind: new Set(seen.lines[line + 1] ?? []),
    });
    return this.words[id];
  }
  wordOf(code) { return this.words[Math.floor(code / letters)]; }
  note(map, code, who) {
    if (!map.has(code)) map.set(code, new Set());
    map.get(code).add(who);
  }
  /** `who` did something at once: what he saw before and after. `kind`: undo and redo may only concern what is one's own. */
  did(who, kind, old, now) {
    this.acts += 1;
    const taking = kind === 'undo' || kind === 'redo';
    const mine = (code) => this.wordOf(code).who === who || this.touched.get(code)?.has(who);
    for (const [code, places] of old.at) {
      if (now.at.has(code)) continue;
      if (taking && !mine(code)) continue;
      this.note(this.deleted, code, who);
      this.note(this.touched, code, who);
      void places;
    }
    for (const [code, places] of now.at) {
      const count = old.at.get(code)?.length ?? 0;
      if (places.length <= count) continue;
      if (who < 0) this.deleted.delete(code);
      else this.deleted.get(code)?.delete(who);
      this.note(this.touched, code, who);
      this.put.set(code, this.acts);
      if (places.length > 1) this.most.set(code, Math.max(this.most.get(code) ?? 1, places.length));
    }
    this.relations(who, taking, mine, old, now);
  }
  /** Lines became fewer where somebody joined some: words beside that place. */
  loosen(old, now) {
    const known = (line) => now.lines.some((other) => other.length === line.length && other.every((word, i) => word === line[i]));
    old.lines.forEach((line, i) => {
      if (line.length === 0 || known(line)) return;
      for (const word of line) this.loose.add(word);
      void i;
    });
    for (const line of now.lines) if (!old.lines.some((other) => other.length === line.length && other.every((word, i) => word === line[i]))) for (const word of line) this.loose.add(word);
  }
  /** `lines`: of each line that was there, the lines in its place now. */
  descend(old, now, lines) {
    old.lines.forEach((words, i) => {
      const others = new Set(lines[i].flatMap((line) => now.lines[line] ?? []));
      for (const word of words) for (const other of others) if (word !== other) this.kin.add(pair(word, other));
    });
    now.lines.forEach((line, k) => {
      const last = line[line.length - 1];
      if (last !== undefined && !now.spaced[k] && old.followed.has(last)) this.ended.add(last);
    });
  }
  relations(who, taking, mine, old, now) {
    const lineIn = (seen, word) => {
      const place = seen.at.get(word * letters)?.[0];
      return place === undefined ? -1 : lineOf(place);
    };
    old.lines.forEach((line) => {
      for (let i = 0; i < line.length; i += 1) {
        for (let j = i + 1; j < line.length; j += 1) {
          const [a, b] = [line[i], line[j]];
          if (taking && !mine(a * letters) && !mine(b * letters)) continue;
          if (lineIn(now, a) !== lineIn(now, b) || lineIn(now, a) < 0) this.broken.add(pair(a, b));
        }
      }
    });
    for (const line of now.lines) {
      for (let i = 0; i < line.length; i += 1) {
        for (let j = i + 1; j < line.length; j += 1) {
          const [a, b] = [lineIn(old, line[i]), lineIn(old, line[j])];
          if (a !== b && a >= 0 && b >= 0) this.joined.add(pair(line[i], line[j]));
        }
      }
    }
  }
  /** Faults in the text that all have at the end: [{ word, fault }]. */
  judge(seen) {
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
    if (present.some((code) => seen.at.get(code).length > 1)) return null;
    const places = present.map((code) => seen.at.get(code)[0]);
    for (let i = 1; i < places.length; i += 1) {
      if (places[i] === places[i - 1] + 1) continue;
      // By hand: somebody put the two parts where they are by two acts, and saw what he took.
      const [one, other] = [this.put.get(present[i - 1]), this.put.get(present[i])];
      return one !== undefined && other !== undefined && one !== other ? null : 'torn';
    }
    return this.placeOf(word, lineOf(places[0]), places[0], seen);
  }
  placeOf(word, line, place, seen) {
    const here = new Set(seen.lines[line]);
    const whole = (other) => {
      for (let k = 0; k < letters; k += 1) if (seen.at.has(other * letters + k)) return seen.at.get(other * letters + k)[0];
      return undefined;
    };
    const holds = (other) => other !== null && whole(other) !== undefined && !this.broken.has(pair(word.id, other));
    const next = [word.left, word.right].filter(holds);
    if (next.length > 0) {
      // Somebody ended the line between the word on its left and the space behind which this one was written.
      if (next.length === 1 && next[0] === word.left && word.spaced && this.ended.has(word.left)) return null;
      if (!next.some((other) => here.has(other))) return 'misplaced';
      if (word.left !== null && holds(word.left) && here.has(word.left) && !this.handled(word.left) && whole(word.left) > place) return 'disordered';
      if (word.right !== null && holds(word.right) && here.has(word.right) && !this.handled(word.right) && whole(word.right) < place) return 'disordered';
      return null;
    }
    const mates = [...word.mates].filter(holds);
    if (mates.length > 0) return mates.some((other) => here.has(other) || [...here].some((one) => this.kin.has(pair(one, other)))) ? null : 'misplaced';
    // Nothing of its line is left. Where somebody moved it by hand since, that hand chose the line.
    if (this.moved(word.id, word.born)) return null;
    // It may not stand in another line's words, unless somebody joined those lines.
    // (What somebody brought here by hand since says nothing of the line that it came from.)
    const stayed = (other) => here.has(other) && !this.moved(other, word.born);
    const before = [...word.before].filter(stayed);
    const behind = [...word.behind].filter(stayed);
    const excused = (other) => this.joined.has(pair(word.id, other)) || this.isLoose(other) || this.isLoose(word.id)
      || [...word.mates].some((mate) => this.kin.has(pair(mate, other)));
    if ([...before, ...behind].every(excused)) return null;
    if (before.some((x) => behind.some((z) => this.joined.has(pair(x, z))))) return null;
    return 'misplaced';
  }
  /** Somebody joined lines here: beside it, or beside what stood in its place before. */
  isLoose(word) {
    return this.loose.has(word) || [...this.loose].some((other) => this.kin.has(pair(word, other)));
  }
  /** Somebody took it out, or put it back: its place among its neighbours is his. */
  handled(word) {
    return this.touched.has(word * letters);
  }
  /** Somebody took it out and put it in (since that act): its place in the line is his. */
  moved(word, since = -1) {
    return (this.put.get(word * letters) ?? -2) > since;
  }
}
