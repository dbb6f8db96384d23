// Widths of columns, for who does not drag: wider, narrower, or as the text has room for.
import type { Command } from 'prosemirror-state';
import { isInTable, selectedRect } from 'prosemirror-tables';
import type { EditorView } from 'prosemirror-view';
import { width_max } from './clamp';
import { column_least_px } from './views';

const step_px = 40;

function shownWidth(view: EditorView | undefined, cell: number, columns: number): number {
  const dom = view?.nodeDOM(cell);
  return dom instanceof HTMLElement ? dom.offsetWidth / columns : 3 * step_px;
}

/** Each column of the selection by one step; `null`: all columns of the table share the room again. */
export function widen(direction: 1 | -1 | null): Command {
  return (state, dispatch, view) => {
    if (!isInTable(state)) return false;
    if (!dispatch) return true;
    const { map, table, tableStart, left, right } = selectedRect(state);
    const { tr } = state;
    const columns = direction === null ? [0, map.width] as const : [left, right] as const;
    for (let column = columns[0]; column < columns[1]; column += 1) {
      const top = map.map[column]!;
      const { colspan, colwidth } = table.nodeAt(top)!.attrs;
      const now = colwidth?.[column - map.colCount(top)] || shownWidth(view, tableStart + top, colspan);
      const width = direction === null ? 0 : Math.round(Math.min(width_max, Math.max(column_least_px, now + direction * step_px)));
      for (const at of new Set(Array.from({ length: map.height }, (_, row) => map.map[row * map.width + column]!))) {
        const { attrs } = tr.doc.nodeAt(tableStart + at)!;
        const widths: number[] = attrs.colwidth ? [...attrs.colwidth] : Array<number>(attrs.colspan).fill(0);
        widths[column - map.colCount(at)] = width;
        tr.setNodeAttribute(tableStart + at, 'colwidth', widths.some((one) => one > 0) ? widths : null);
      }
    }
    dispatch(tr);
    return true;
  };
}
