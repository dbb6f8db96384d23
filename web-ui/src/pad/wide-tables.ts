// A table's places, as prosemirror-tables computes them, are columns times rows; where a row lacks cells it puts them into
// the shared text. A small text can ask for a thousand million places with one wide row and many short ones. Such a table is
// shown and can be read and written in; what works on columns and rows finds none in it.
import type { Node } from 'prosemirror-model';
import { TableMap } from 'prosemirror-tables';

const places_max = 50_000;             // 26 columns of 1,900 rows
const steps_max = 5_000_000;           // where cells reach down each row is looked at again for each row below it

function isTooWide(table: Node): boolean {
  const rows = table.childCount;
  const reached = new Array<number>(rows + 1).fill(0);      // columns that cells from above begin or end to take, by row
  const own = new Array<number>(rows).fill(0);
  let cells = 0;
  let reachDown = false;
  table.forEach((row, _, at) => row.forEach((one) => {
    const { colspan, rowspan } = one.attrs as { colspan: number; rowspan: number };
    cells += 1;
    own[at]! += colspan;
    if (rowspan <= 1) return;
    reachDown = true;
    reached[Math.min(at + 1, rows)]! += colspan;
    reached[Math.min(at + rowspan, rows)]! -= colspan;
  }));
  let above = 0;
  let columns = 0;
  own.forEach((mine, at) => {
    above += reached[at]!;
    columns = Math.max(columns, mine + above);
  });
  return columns * rows > places_max || (reachDown && cells * rows > steps_max);
}

const known = new WeakMap<Node, boolean>();
export function tooWide(table: Node): boolean {
  let wide = known.get(table);
  if (wide === undefined) known.set(table, wide = isTooWide(table));
  return wide;
}

const compute = TableMap.get;
TableMap.get = (table) => (tooWide(table) ? new TableMap(0, 0, [], null) : compute.call(TableMap, table));
