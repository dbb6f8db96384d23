// Where an address stands in a text without being marked as a link: while one types, and in what is pasted.
import { Fragment, type Node, Slice } from 'prosemirror-model';
import type { EditorState, Transaction } from 'prosemirror-state';
import { address_max, keptAddress } from './addresses';
import { mark } from './first-commands';

const name_max = 320;
const end = '\\u0000-\\u0020<>"\\u007f\\u00a0\\u202f\\u2009\\u200b\\u2028\\u2029\\u3000«»“”\\u2018\\ufffc\\u2007';
const candidate = new RegExp(`(?<![A-Za-z0-9_@/.=\\-&?%])(?:https?://|www\\.)[^${end}]{1,${address_max}}|@`, 'gi');
const labels = /^(?!.*\.\.)[^.][^]*\.(?:[A-Za-z\u0080-\uffff]){2,}$/;

/** A closing bracket stays when it was opened inside. */
function withoutPunctuation(word: string): string {
  const closers = ')]}';
  const open = [0, 0, 0];
  for (const sign of word) {
    if ('([{'.includes(sign)) open['([{'.indexOf(sign)]! += 1;
    else if (closers.includes(sign)) open[closers.indexOf(sign)]! -= 1;
  }
  let size = word.length;
  for (; size > 0; size -= 1) {
    const last = word[size - 1]!;
    const closer = closers.indexOf(last);
    if (closer >= 0 && open[closer]! < 0) open[closer]! += 1;
    else if (!'.,;:!?\'*_~…’'.includes(last)) break;
  }
  return word.slice(0, size);
}

const isName = (name: string) => name.length <= name_max && labels.test(name);

export interface Bare { from: number; to: number; address: string }

function web(at: number, found: string): Bare | null {
  if (found.length >= address_max) return null;
  const word = withoutPunctuation(found);
  const www = /^www\./i.test(word);
  if (!www && !word.includes('://')) return null;
  const rest = word.slice(www ? 4 : word.indexOf('//') + 2);
  if (!(www ? /^[A-Za-z0-9\u0080-\uffff]/ : /^[A-Za-z0-9[\u0080-\uffff]/).test(rest)) return null;
  if (www && !isName(rest.split(/[/?#:]/)[0]!)) return null;
  const address = keptAddress(www ? `https://${word}` : word);
  return address ? { from: at, to: at + word.length, address } : null;
}

function mail(text: string, start: number, at: number): Bare | null {
  const before = /[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{0,64}$/.exec(text.slice(Math.max(start, at - 64), at))![0].replace(/^[^A-Za-z0-9]+/, '');
  const after = withoutPunctuation(new RegExp(`^(?:(?![${end}])[A-Za-z0-9.\\-\\u0080-\\uffff]){0,${name_max}}`).exec(text.slice(at + 1, at + 2 + name_max))![0]);
  const address = before && isName(after) ? keptAddress(`mailto:${before}@${after}`) : '';
  return address ? { from: at - before.length, to: at + 1 + after.length, address } : null;
}

/** The addresses that stand in `text`, in order; U+FFFC stands for what is no text, and ends one. */
export function bareAddresses(text: string): Bare[] {
  const all: Bare[] = [];
  if (!/[@/]|www\./i.test(text)) return all;
  candidate.lastIndex = 0;
  for (let match = candidate.exec(text); match; match = candidate.exec(text)) {
    const start = all.at(-1)?.to ?? 0;
    const one = match[0] === '@' ? mail(text, start, match.index) : web(match.index, match[0]);
    // What is none may hold one: go on behind its first signs.
    candidate.lastIndex = one ? one.to : match.index + (match[0] === '@' ? 1 : 4);
    if (one) all.push(one);
  }
  return all;
}

const other = '\ufffc';
const fixed = (one: Node) => !one.isText || one.marks.some(({ type }) => type.name === 'link' || type.name === 'code');
const wordsOf = (block: Node) => block.children.map((one) => (fixed(one) ? other.repeat(one.nodeSize) : one.text!)).join('');

function linkedBlock(block: Node): Node {
  const found = bareAddresses(wordsOf(block));
  if (found.length === 0) return block;
  const parts: Node[] = [];
  let at = 0;
  for (const one of block.children) {
    const end = at + one.nodeSize;
    if (fixed(one)) parts.push(one);
    else {
      const cuts = [at, ...found.flatMap(({ from, to }) => [from, to]).filter((cut) => cut > at && cut < end), end];
      cuts.slice(1).forEach((to, i) => {
        const part = one.cut(cuts[i]! - at, to - at);
        const here = found.find((bare) => bare.from <= cuts[i]! && to <= bare.to);
        parts.push(here ? part.mark(mark('link').create({ href: here.address }).addToSet(part.marks)) : part);
      });
    }
    at = end;
  }
  return block.copy(Fragment.fromArray(parts));
}

function linkedIn(content: Fragment): Fragment {
  const blocks: Node[] = [];
  content.forEach((one) => blocks.push(one.isTextblock ? (one.type.spec.code ? one : linkedBlock(one)) : one.isText ? one : one.copy(linkedIn(one.content))));
  return Fragment.fromArray(blocks);
}

/** What is pasted, with its bare addresses as links. */
export const linked = (slice: Slice) => new Slice(linkedIn(slice.content), slice.openStart, slice.openEnd);

/** Makes links of the addresses in the word that ends at the cursor; null when there is none. */
export function linkWordBefore(state: EditorState): Transaction | null {
  const { $from, empty } = state.selection;
  const block = $from.parent;
  if (!empty || !block.isTextblock || block.type.spec.code) return null;
  const before = wordsOf(block).slice(0, $from.parentOffset);
  const begin = before.length - /\S*$/.exec(before)![0].length;
  const found = bareAddresses(before.slice(begin));
  if (found.length === 0) return null;
  const { tr } = state;
  for (const { from, to, address } of found) tr.addMark($from.start() + begin + from, $from.start() + begin + to, mark('link').create({ href: address }));
  return tr.removeStoredMark(mark('link'));
}
