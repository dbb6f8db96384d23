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

/** Live types inside of it. Items are walked: a delta would copy every format in force with each stretch. */
function* typesIn(type: Y.XmlElement | Y.XmlText): Generator<Y.XmlElement | Y.XmlText> {
  for (let item = type._start; item; item = item.right as Y.Item | null) {
    const inner = !item.deleted && item.content instanceof Y.ContentType ? item.content.type : null;
    if (inner instanceof Y.XmlElement || inner instanceof Y.XmlText) yield inner;
  }
}

function wordsIn(text: Y.XmlText): string {
  let words = '';
  for (let item = text._start; item; item = item.right as Y.Item | null) {
    if (!item.deleted && item.content instanceof Y.ContentString) words += item.content.str;
  }
  return words;
}

/** Innermost elements with words that the house does not have. */
function newLines(type: Y.XmlElement, theirs: Map<number, number>, found: string[]): void {
  const children = [...typesIn(type)];
  if (children.some((one) => one instanceof Y.XmlText)) {
    if (holdsNews(type, theirs)) found.push(children.map((one) => (one instanceof Y.XmlText ? wordsIn(one) : '')).join(''));
  } else for (const one of children) if (one instanceof Y.XmlElement) newLines(one, theirs, found);
}

export class OldCopy {
  private lines: string[] = [];

  /** Null when the copy is not of the old form. `met`: the state vector of the house when this page met it, if it has. */
  static in(kept: Uint8Array[], rootName: string, schema: Schema, met: Uint8Array | null): OldCopy | null {
    // In a document of its own: the page may have the house's text already, in which the old tree is deleted.
    const copy = new Y.Doc();
    copy.transact(() => { for (const update of kept) Y.applyUpdate(copy, update); });
    const root = copy.get(rootName, Y.XmlText);
    const old = root.getAttribute('format') === undefined && [...typesIn(root)].some((one) => one instanceof Y.XmlElement && one.nodeName !== 'line');
    if (!old) return null;
    const found = new OldCopy(root, schema);
    if (met) found.meet(met);
    return found;
  }

  private constructor(private readonly copy: Y.XmlText, private readonly schema: Schema) {}

  /** Notes what the house does not have. */
  meet(state: Uint8Array): void {
    if (this.lines.length > 0) return;
    const theirs = Y.decodeStateVector(state);
    for (const one of typesIn(this.copy)) if (one instanceof Y.XmlElement) newLines(one, theirs, this.lines);
  }

  /** Writes it at the end of the text that is shown now. Says whether there was something to give back. */
  giveBack(root: Y.XmlText): boolean {
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
