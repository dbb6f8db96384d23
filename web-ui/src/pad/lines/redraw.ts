// Makes the blocks of a document those that are wanted, with steps that touch no more than what differs: places of cursors,
// of pictures on their way and of found words go with them.
import type { Node } from 'prosemirror-model';
import type { Transaction } from 'prosemirror-state';
import { same } from './form';

/** Children of one node, from the last to the first, so that places in front stay true. `from`: where the first one begins. */
export function redraw(tr: Transaction, olds: readonly Node[], news: readonly Node[], from: number): void {
  let head = 0;
  while (head < olds.length && head < news.length && olds[head] === news[head]) head += 1;
  let [n, m] = [olds.length, news.length];
  while (n > head && m > head && olds[n - 1] === news[m - 1]) [n, m] = [n - 1, m - 1];
  if (n === head && m === head) return;
  for (let i = 0; i < head; i += 1) from += olds[i]!.nodeSize;
  const gaps: [at: number, gone: readonly Node[], come: readonly Node[]][] = [];
  const places = new Map(olds.slice(head, n).map((node, i) => [node, head + i]));
  let [i, j, at] = [head, head, from];
  const gap = (toI: number, toJ: number) => {
    if (toI > i || toJ > j) gaps.push([at, olds.slice(i, toI), news.slice(j, toJ)]);
    for (; i < toI; i += 1) at += olds[i]!.nodeSize;
  };
  for (let k = head; k < m; k += 1) {
    const there = places.get(news[k]!);
    if (there === undefined || there < i) continue;
    gap(there, k);
    at += olds[there]!.nodeSize;
    [i, j] = [there + 1, k + 1];
  }
  gap(n, m);
  for (const [place, gone, come] of gaps.reverse()) {
    if (gone.length === come.length) {
      let end = place + gone.reduce((sum, one) => sum + one.nodeSize, 0);
      for (let k = gone.length - 1; k >= 0; k -= 1) {
        end -= gone[k]!.nodeSize;
        redrawOne(tr, gone[k]!, come[k]!, end);
      }
    } else {
      tr.replaceWith(place, place + gone.reduce((sum, one) => sum + one.nodeSize, 0), come);
    }
  }
}

function redrawOne(tr: Transaction, old: Node, now: Node, pos: number): void {
  if (old === now || old.eq(now)) return;
  const block = old.type === now.type || (old.isTextblock && now.isTextblock && now.type.validContent(old.content));
  if (!block || (old.isLeaf && old.type !== now.type)) {
    tr.replaceWith(pos, pos + old.nodeSize, now);
    return;
  }
  if (old.isTextblock) {
    const start = old.content.findDiffStart(now.content);
    const end = old.content.findDiffEnd(now.content);
    // A changed type first: its content may not fit into the old one.
    if (old.type !== now.type) tr.setNodeMarkup(pos, now.type, now.attrs);
    if (start !== null && end) {
      const overlap = Math.max(0, start - Math.min(end.a, end.b));
      tr.replaceWith(pos + 1 + start, pos + 1 + end.a + overlap, now.content.cut(start, end.b + overlap));
    }
  } else if (!old.isLeaf) {
    redraw(tr, old.children, now.children, pos + 1);
  }
  if (old.type === now.type) for (const name in now.attrs) if (!same(old.attrs[name], now.attrs[name])) tr.setNodeAttribute(pos, name, now.attrs[name]);
}
