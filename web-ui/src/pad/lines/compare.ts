// What to write into the shared text, so that the lines `olds` become the lines `news`. What nobody touched stays: signs
// that the editor's steps left alone, and the markers between them, whatever their attributes. Pure.
import type { Node } from 'prosemirror-model';
import type { StepMap } from 'prosemirror-transform';
import { type Line, type Values, same, valuesOf } from './form';
import type { Shown } from './read';

/** Signs of the old document that are still there: from `old` they went to `now`. */
export interface Kept { old: number; now: number; size: number }
interface Piece { i: number; from: number; to: number; k: number; at: number }
/** Part of a line's signs; `from` -1: its marker. */
interface Part { line: number; from: number; to: number }

export type Op =
  | { kind: 'keep'; i: number; from: number; to: number; k: number; at: number }
  | { kind: 'mark'; i: number; k: number }            // this marker (-1: the root's attributes, of which nothing was shown) is that line's now
  | { kind: 'begin'; k: number }                      // a new marker
  | { kind: 'text'; k: number; from: number; to: number }
  | { kind: 'end'; i: number }                        // the marker goes
  | { kind: 'cut'; i: number; from: number; to: number };

const pairs_max = 250_000;

/** What these steps left alone, of a document of `size`. */
export function keptBy(maps: readonly StepMap[], size: number): Kept[] {
  const kept: Kept[] = [{ old: 0, now: 0, size }];
  for (const map of maps) {
    const ranges: [from: number, to: number, come: number][] = [];
    map.forEach((from, to, newFrom, newTo) => void ranges.push([from, to, newTo - newFrom]));
    // From the last one on, so that places in front stay true.
    for (const [from, to, come] of ranges.reverse()) {
      for (let j = kept.length - 1; j >= 0; j -= 1) {
        const { old, now, size: length } = kept[j]!;
        const shift = come - (to - from);
        if (now >= to) kept[j]!.now += shift;
        else if (now + length <= from) break;
        else {
          const parts: Kept[] = [];
          if (now < from) parts.push({ old, now, size: from - now });
          if (now + length > to) parts.push({ old: old + to - now, now: to + shift, size: now + length - to });
          kept.splice(j, 1, ...parts);
        }
      }
    }
  }
  return kept;
}

export interface Placed extends Line { readonly pos: number }
const sizeOf = (line: Line) => line.node.content.size;

/** Kept signs, as pieces of lines. `olds` and `news` are in order, with places of their documents. */
function piecesOf(olds: readonly Placed[], news: readonly Placed[], kept: readonly Kept[], usable: (i: number) => boolean): Piece[] {
  const pieces: Piece[] = [];
  let k = 0;
  let s = 0;
  olds.forEach((line, i) => {
    const end = line.pos + sizeOf(line);
    while (s < kept.length && kept[s]!.old + kept[s]!.size <= line.pos) s += 1;
    for (let t = s; t < kept.length && kept[t]!.old < end; t += 1) {
      let from = Math.max(line.pos, kept[t]!.old);
      const to = Math.min(end, kept[t]!.old + kept[t]!.size);
      while (from < to) {
        const now = from - kept[t]!.old + kept[t]!.now;
        while (k < news.length && news[k]!.pos + sizeOf(news[k]!) <= now) k += 1;
        const there = news[k];
        if (!there || there.pos > now) break;
        const size = Math.min(to - from, there.pos + sizeOf(there) - now);
        if (usable(i)) pieces.push({ i, from: from - line.pos, to: from - line.pos + size, k, at: now - there.pos });
        from += size;
      }
    }
  });
  return pieces;
}

/** Parts between two kept pieces, markers among them. A piece of line -1 or `lines.length` is an end. */
function partsBetween(lines: readonly Line[], line: number, offset: number, toLine: number, toOffset: number): Part[] {
  const parts: Part[] = [];
  for (let at = line; at <= toLine && at < lines.length; at += 1) {
    if (at > line) parts.push({ line: at, from: -1, to: -1 });
    if (at < 0) continue;
    const from = at === line ? offset : 0;
    const to = at === toLine ? toOffset : sizeOf(lines[at]!);
    if (to > from) parts.push({ line: at, from, to });
  }
  return parts;
}

const word = /[\p{L}\p{N}]/u;
const leaf = (node: Node) => (node.type.name === 'hardBreak' ? '\ufff9' : '\ufffa');
const wordsOf = (lines: readonly Line[], { line, from, to }: Part) => lines[line]!.node.textBetween(from, to, undefined, leaf);

/** How many signs are alike at the beginning (or the end) of both, whole words only. */
function alike(one: string, other: string, step: 1 | -1): number {
  const most = Math.min(one.length, other.length);
  const sign = (text: string, n: number) => text[step > 0 ? n : text.length - 1 - n];
  let n = 0;
  while (n < most && sign(one, n) === sign(other, n) && sign(one, n) !== '\ufffa') n += 1;
  const whole = (text: string) => n === 0 || n === text.length || !word.test(sign(text, n)!) || !word.test(sign(text, n - 1)!);
  while (n > 0 && !(whole(one) && whole(other))) n -= 1;
  return n;
}

/** Signs that steps replaced by the same ones: whole lines first, then words at both ends of what was changed. */
function matchReplaced(olds: readonly Line[], news: readonly Line[], gone: readonly Part[], come: readonly Part[]): Piece[] {
  const [a, b] = [gone.filter((one) => one.from >= 0), come.filter((one) => one.from >= 0)];
  if (a.length === 0 || b.length === 0) return [];
  const [left, right] = [a.map((one) => wordsOf(olds, one)), b.map((one) => wordsOf(news, one))];
  const pieces: Piece[] = [];
  const add = (i: number, j: number, from: number, at: number, size: number) => {
    if (size > 0) pieces.push({ i: a[i]!.line, from: a[i]!.from + from, to: a[i]!.from + from + size, k: b[j]!.line, at: b[j]!.from + at });
  };
  const equal = (i: number, j: number) => left[i] === right[j] && word.test(left[i]!)
    && (!left[i]!.includes('\ufffa') || olds[a[i]!.line]!.node.slice(a[i]!.from, a[i]!.to).content.eq(news[b[j]!.line]!.node.slice(b[j]!.from, b[j]!.to).content));
  const ends = (i: number, j: number) => {
    const [one, other] = [left[i]!, right[j]!];
    const head = alike(one, other, 1);
    add(i, j, 0, 0, head);
    const tail = alike(one.slice(head), other.slice(head), -1);
    add(i, j, one.length - tail, other.length - tail, tail);
  };
  const between = (i: number, toI: number, j: number, toJ: number) => {
    if (toI - i === toJ - j) for (let t = 0; i + t < toI; t += 1) ends(i + t, j + t);
    else if (i < toI && j < toJ) {
      add(i, j, 0, 0, alike(left[i]!, right[j]!, 1));
      if (toI - i > 1 && toJ - j > 1) {
        const tail = alike(left[toI - 1]!, right[toJ - 1]!, -1);
        add(toI - 1, toJ - 1, left[toI - 1]!.length - tail, right[toJ - 1]!.length - tail, tail);
      }
    }
  };
  let [i, j] = [0, 0];
  for (const [x, y] of sequence(a.length, b.length, equal)) {
    between(i, x, j, y);
    add(x, y, 0, 0, left[x]!.length);
    [i, j] = [x + 1, y + 1];
  }
  between(i, a.length, j, b.length);
  return pieces;
}

/** The longest row of pairs that are equal, in order in both. */
function sequence(n: number, m: number, equal: (i: number, j: number) => boolean): [number, number][] {
  const pairs: [number, number][] = [];
  let head = 0;
  while (head < n && head < m && equal(head, head)) pairs.push([head, head++]);
  const tail: [number, number][] = [];
  while (n > head && m > head && equal(n - 1, m - 1)) tail.push([n -= 1, m -= 1]);
  const [rows, columns] = [n - head, m - head];
  if (rows > 0 && columns > 0 && rows * columns <= pairs_max) {
    const best = Array.from({ length: rows + 1 }, () => new Uint16Array(columns + 1));
    for (let i = rows - 1; i >= 0; i -= 1) {
      for (let j = columns - 1; j >= 0; j -= 1) {
        best[i]![j] = equal(head + i, head + j) ? best[i + 1]![j + 1]! + 1 : Math.max(best[i + 1]![j]!, best[i]![j + 1]!);
      }
    }
    for (let i = 0, j = 0; i < rows && j < columns;) {
      if (equal(head + i, head + j)) pairs.push([head + i++, head + j++]);
      else if (best[i + 1]![j]! >= best[i]![j + 1]!) i += 1;
      else j += 1;
    }
  }
  return pairs.concat(tail.reverse());
}

/** How much it takes to make the one line of the other. */
function distance(one: Values, other: Values): number {
  let count = 0;
  for (const key in one) if (!same(one[key], other[key])) count += 1;
  for (const key in other) if (!(key in one)) count += 1;
  return count;
}

/** Which markers stay, of those in one gap: as many as can, the likest; among equals the last, so that a marker stays in
 * front of the signs that follow it. */
function matchMarkers(olds: readonly Line[], news: readonly Line[], gone: readonly number[], come: readonly number[]): [number, number][] {
  const [n, m] = [gone.length, come.length];
  const least = Math.min(n, m);
  if (least === 0) return [];
  if (n === m || n * m > pairs_max) return gone.slice(n - least).map((i, t) => [i, come[m - least + t]!]);
  const [a, b] = [gone.map((i) => valuesOf(olds[i]!)), come.map((k) => valuesOf(news[k]!))];
  // cost[i][j]: of the first i and the first j, all of the fewer ones matched.
  const cost = Array.from({ length: n + 1 }, () => new Float64Array(m + 1));
  const pair = (i: number, j: number) => cost[i - 1]![j - 1]! + distance(a[i - 1]!, b[j - 1]!);
  for (let i = 1; i <= n; i += 1) {
    for (let j = 1; j <= m; j += 1) cost[i]![j] = i === j ? pair(i, j) : Math.min(pair(i, j), i > j ? cost[i - 1]![j]! : cost[i]![j - 1]!);
  }
  const pairs: [number, number][] = [];
  for (let i = n, j = m; i > 0 && j > 0;) {
    if (i === j || cost[i]![j] === pair(i, j)) pairs.push([gone[i -= 1]!, come[j -= 1]!]);
    else if (i > j) i -= 1;
    else j -= 1;
  }
  return pairs.reverse();
}

/** One gap: first what comes, then what goes, around each marker that stays. */
function fillGap(ops: Op[], olds: readonly Shown[], news: readonly Line[], gone: readonly Part[], come: readonly Part[], fixed: [number, number] | null): void {
  const markers = gone.filter((one) => one.from < 0 && olds[one.line]!.own && one.line !== fixed?.[0]).map((one) => one.line);
  const pairs = matchMarkers(olds, news, markers, come.filter((one) => one.from < 0 && one.line !== fixed?.[1]).map((one) => one.line));
  if (fixed) pairs.unshift(fixed);
  let [i, k] = [0, 0];
  const until = (line: number, toLine: number) => {
    for (; k < come.length && !(come[k]!.from < 0 && come[k]!.line === toLine); k += 1) {
      const { line: one, from, to } = come[k]!;
      ops.push(from < 0 ? { kind: 'begin', k: one } : { kind: 'text', k: one, from, to });
    }
    for (; i < gone.length && !(gone[i]!.from < 0 && gone[i]!.line === line); i += 1) {
      const { line: one, from, to } = gone[i]!;
      ops.push(from < 0 ? { kind: 'end', i: one } : { kind: 'cut', i: one, from, to });
    }
  };
  for (const [line, toLine] of pairs) {
    // The root's own line stands in front of everything.
    if (line >= 0) until(line, toLine);
    ops.push({ kind: 'mark', i: line, k: toLine });
    if (line >= 0) i += 1;
    k += 1;
  }
  until(-2, -2);
}

/** `first`: these lines begin the text (then the first of `news` takes the root's attributes); `hidden`: and nothing of the
 * root's own line is shown. */
export function compare(olds: readonly { line: Shown; pos: number }[], news: readonly Placed[], kept: readonly Kept[], first: boolean, hidden: boolean): Op[] {
  const lines = olds.map((one) => one.line);
  const placed = olds.map(({ line: { path, joins, begun, node }, pos }) => ({ path, joins, begun, node, pos }));
  const sure = piecesOf(placed, news, kept, (i) => !lines[i]!.foreign);
  const pieces: Piece[] = [];
  const end: Piece = { i: lines.length, from: 0, to: 0, k: news.length, at: 0 };
  const start: Piece = { i: -1, from: 0, to: 0, k: -1, at: 0 };
  const nowEnd = ({ from, to, at }: Piece) => at + to - from;
  let before = start;
  for (const piece of [...sure, end]) {
    const gone = partsBetween(lines, before.i, before.to, piece.i, piece.from).filter((one) => !lines[one.line]!.foreign);
    pieces.push(...matchReplaced(lines, news, gone, partsBetween(news, before.k, nowEnd(before), piece.k, piece.at)), piece);
    before = piece;
  }
  const ops: Op[] = [];
  before = start;
  for (const piece of pieces) {
    const gone = partsBetween(lines, before.i, before.to, piece.i, piece.from);
    const come = partsBetween(news, before.k, nowEnd(before), piece.k, piece.at);
    fillGap(ops, lines, news, gone, come, first && before === start ? [hidden ? -1 : 0, 0] : null);
    if (piece !== end) ops.push({ kind: 'keep', ...piece });
    before = piece;
  }
  return ops;
}
