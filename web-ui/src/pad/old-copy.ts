// A copy of the form of before (a tree, docs/pads-format.md) that holds words which the house never got. The house has made
// lines of the text meanwhile; what comes inside of the old tree is shown nowhere. So these words are noted before the two
// meet, and written at the end of the text after it, where they are not in it.
import type { Schema } from 'prosemirror-model';
import * as Y from 'yjs';
import { documentOf } from './lines/model';

/** Live signs of this item that the house does not have. */
const isNews = (item: Y.Item, theirs: Map<number, number>) => !item.deleted && item.countable && item.id.clock + item.length > (theirs.get(item.id.client) ?? 0);

function holdsNews(type: Y.XmlElement | Y.XmlText, theirs: Map<number, number>): boolean {
  for (let item = type._start; item; item = item.right as Y.Item | null) {
    if (type instanceof Y.XmlText && isNews(item, theirs)) return true;
    const inner = !item.deleted && item.content instanceof Y.ContentType ? item.content.type : null;
    if ((inner instanceof Y.XmlElement || inner instanceof Y.XmlText) && holdsNews(inner, theirs)) return true;
  }
  return false;
}

const textOf = (type: Y.XmlElement | Y.XmlText): string => (type instanceof Y.XmlText
  ? (type.toDelta() as { insert: unknown }[]).map(({ insert }) => (typeof insert === 'string' ? insert : '')).join('')
  : type.toArray().map((one) => (one instanceof Y.XmlElement || one instanceof Y.XmlText ? textOf(one) : '')).join(''));

/** Innermost elements with words that the house does not have. */
function newLines(type: Y.XmlElement, theirs: Map<number, number>, found: string[]): void {
  const children = type.toArray();
  if (children.some((one) => one instanceof Y.XmlText)) {
    if (holdsNews(type, theirs)) found.push(textOf(type));
  } else for (const one of children) if (one instanceof Y.XmlElement) newLines(one, theirs, found);
}

export class OldCopy {
  private lines: string[] = [];

  /** Null when the copy is not of the old form. */
  static in(root: Y.XmlText, schema: Schema): OldCopy | null {
    const old = root.getAttribute('format') === undefined && (root.toDelta() as { insert: unknown }[]).some(({ insert }) => insert instanceof Y.XmlElement && insert.nodeName !== 'line');
    return old ? new OldCopy(root, schema) : null;
  }

  private constructor(private readonly root: Y.XmlText, private readonly schema: Schema) {}

  meet(state: Uint8Array): void {
    if (this.lines.length > 0) return;
    const theirs = Y.decodeStateVector(state);
    for (const { insert } of this.root.toDelta() as { insert: unknown }[]) if (insert instanceof Y.XmlElement) newLines(insert, theirs, this.lines);
  }

  /** Says whether there was something to give back. */
  giveBack(): boolean {
    const { root } = this;
    const shown = documentOf(this.schema, root);
    const text = shown.textBetween(0, shown.content.size, '\n', '\n');
    const missing = this.lines.filter((line) => line.trim() && !text.includes(line));
    root.doc!.transact(() => {
      for (const line of missing) {
        root.insertEmbed(root.length, new Y.XmlElement('line'), {});
        root.insert(root.length, line, {});
      }
    });
    return missing.length > 0;
  }
}
