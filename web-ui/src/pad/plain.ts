// A text as plain words, for the clipboard: the same as the house's export as text (modules/pads/export/text.cpp); the golden
// documents hold both to the same.
import type { Fragment, Node, Slice } from 'prosemirror-model';

const grid_columns_max = 100;

/** Which places of a table its cells take (modules/pads/export/table_grid.hpp). */
class Grid {
  private readonly until: number[] = [];
  private row = -1;
  private column = 0;
  constructor(private readonly rows: number) {}

  beginRow(): void {
    this.row += 1;
    this.column = 0;
  }

  place(columns: number, rows: number): { covered: number; columns: number } {
    const free = (at: number) => (this.until[at] ?? 0) <= this.row;
    let covered = 0;
    for (; this.column < grid_columns_max && !free(this.column); this.column += 1) covered += 1;
    let taken = 0;
    while (taken < columns && this.column + taken < grid_columns_max && free(this.column + taken)) taken += 1;
    for (let i = 0; i < taken; i += 1) this.until[this.column + i] = this.row + Math.min(rows, this.rows - this.row);
    this.column += taken;
    return { covered, columns: Math.max(1, taken) };
  }
}

const roman: readonly (readonly [number, string])[] = [
  [1000, 'm'], [900, 'cm'], [500, 'd'], [400, 'cd'], [100, 'c'], [90, 'xc'], [50, 'l'], [40, 'xl'], [10, 'x'], [9, 'ix'], [5, 'v'], [4, 'iv'], [1, 'i'],
];

/** The number of an item as a browser shows it. */
export function label(type: string, value: number): string {
  let text = '';
  if (/^a$/i.test(type)) for (let rest = value; rest > 0; rest = Math.floor((rest - 1) / 26)) text = String.fromCharCode(97 + ((rest - 1) % 26)) + text;
  else if (/^i$/i.test(type) && value <= 3999) {
    let rest = value;
    for (const [worth, sign] of roman) for (; rest >= worth; rest -= worth) text += sign;
  } else return String(value);
  return /^[AI]$/.test(type) ? text.toUpperCase() : text;
}

class Words {
  private out = '';
  private line = 0;
  private indent = 0;
  private fresh = true;
  private cells = 0;

  of(content: Fragment): string {
    content.forEach((one) => this.block(one, 0));
    return this.out && !this.out.endsWith('\n') ? `${this.out}\n` : this.out;
  }

  /** A block begins on a line of its own, but for the first one in an item or a cell. */
  private begin(): void {
    if (this.fresh) {
      this.fresh = false;
      return;
    }
    if (this.out) this.out += this.cells > 0 ? ' ' : '\n';
    if (this.cells === 0) this.out += ' '.repeat(2 * this.indent);
    this.line = this.out.length;
  }

  private block(node: Node, depth: number): void {
    const name = node.type.name;
    if (node.isTextblock) {
      this.begin();
      this.inline(node.content);
    } else if (name === 'horizontalRule' || name === 'image') {
      this.begin();
      this.out += name === 'image' ? `[${node.attrs.alt ?? ''}]` : '----------';
    } else if (/List$/.test(name)) this.list(node, depth);
    else if (name === 'table') this.table(node, depth);
    else node.forEach((one) => this.block(one, depth));
  }

  private list(list: Node, depth: number): void {
    let number = Number(list.attrs.start ?? 1);
    list.forEach((item) => {
      this.indent = depth;
      this.begin();
      this.indent = depth + 1;
      if (item.type.name === 'taskItem') this.out += item.attrs.checked ? '[x] ' : '[ ] ';
      else this.out += list.type.name === 'orderedList' ? `${label(String(list.attrs.type ?? ''), number)}. ` : '- ';
      number += 1;
      this.fresh = true;
      item.forEach((one) => this.block(one, depth + 1));
      this.fresh = false;
    });
    this.indent = depth;
  }

  private table(table: Node, depth: number): void {
    const grid = new Grid(table.childCount);
    const outer = this.cells === 0;
    table.forEach((row) => {
      if (outer) {
        this.begin();
        grid.beginRow();
      }
      let before = 0;
      row.forEach((cell) => {
        if (outer) {
          const { covered, columns } = grid.place(cell.attrs.colspan, cell.attrs.rowspan);
          this.out += '\t'.repeat(covered + before);
          before = columns;
        }
        this.fresh = true;
        this.cells += 1;
        cell.forEach((one) => this.block(one, depth));
        this.fresh = false;
        this.cells -= 1;
      });
    });
  }

  private inline(content: Fragment): void {
    const hrefOf = (one: Node | null) => String(one?.marks.find(({ type }) => type.name === 'link')?.attrs.href ?? '');
    content.forEach((one, _, i) => {
      if (one.type.name === 'hardBreak') this.out += this.cells > 0 ? ' ' : '\n';
      else if (one.type.name === 'mention') this.out += `@${one.attrs.label ?? one.attrs.id ?? ''}`;
      else if (one.isText) {
        this.out += one.text;
        const next = content.maybeChild(i + 1);
        if (!next?.isText || hrefOf(next) !== hrefOf(one)) this.address(hrefOf(one));
      }
    });
  }

  /** Behind the words of a link, unless they are the address. */
  private address(href: string): void {
    if (href && !this.out.slice(this.line).includes(href.replace(/^mailto:/, ''))) this.out += ` <${href}>`;
  }
}

export const plainText = (content: Fragment) => new Words().of(content);

/** What was chosen: within one line its words alone, else as an export. */
export function plainSlice(slice: Slice): string {
  let { content } = slice;
  for (let depth = slice.openStart; depth > 0 && content.childCount === 1; depth -= 1) {
    const only = content.firstChild!;
    if (only.isTextblock) return plainText(only.type.schema.nodes.doc!.create(null, only.type.schema.nodes.paragraph!.create(null, only.content)).content).replace(/\n$/, '');
    content = only.content;
  }
  return plainText(slice.content).replace(/\n$/, '');
}
