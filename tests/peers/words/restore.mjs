// An earlier state again, as the house does it: what is the same stays, line by line.
function differences(before, after, at, found) {
  if (before.eq(after)) return;
  if (before.isTextblock && before.sameMarkup(after)) {
    const from = before.content.findDiffStart(after.content);
    if (from === null) return;
    const end = before.content.findDiffEnd(after.content);
    const overlap = Math.max(0, from - Math.min(end.a, end.b));
    found.push({ from: at + from, to: at + end.a + overlap, slice: after.slice(from, end.b + overlap) });
    return;
  }
  const olds = before.children;
  const news = after.children;
  const common = Array.from({ length: olds.length + 1 }, () => new Uint16Array(news.length + 1));
  for (let i = olds.length - 1; i >= 0; i -= 1) {
    for (let j = news.length - 1; j >= 0; j -= 1) common[i][j] = olds[i].eq(news[j]) ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
  }
  let [i, j, place] = [0, 0, at];
  while (i < olds.length || j < news.length) {
    if (i < olds.length && j < news.length && olds[i].eq(news[j])) {
      place += olds[i].nodeSize;
      i += 1;
      j += 1;
      continue;
    }
    const [from, first, to] = [place, j, { i, j }];
    while ((to.i < olds.length || to.j < news.length) && !(to.i < olds.length && to.j < news.length && olds[to.i].eq(news[to.j]))) {
      if (to.j < news.length && common[to.i][to.j] === common[to.i][to.j + 1]) to.j += 1;
      else to.i += 1;
    }
    for (; i < to.i; i += 1) place += olds[i].nodeSize;
    j = to.j;
    // One block against one block of its kind: inside of it.
    if (place - from > 0 && to.j - first === 1 && olds[i - 1].nodeSize === place - from && olds[i - 1].sameMarkup(news[first]) && !olds[i - 1].isLeaf) {
      differences(olds[i - 1], news[first], from + 1, found);
    } else {
      let start = 0;
      for (let k = 0; k < first; k += 1) start += news[k].nodeSize;
      let size = 0;
      for (let k = first; k < to.j; k += 1) size += news[k].nodeSize;
      found.push({ from, to: place, slice: after.slice(start, start + size) });
    }
  }
}

export function restore(editor, past) {
  const { view } = editor;
  const found = [];
  differences(view.state.doc, past, 0, found);
  const tr = view.state.tr;
  for (const one of found.reverse()) tr.replace(one.from, one.to, one.slice);
  if (!tr.doc.eq(past)) throw new Error('a restored text is another one');
  view.dispatch(tr);
}
