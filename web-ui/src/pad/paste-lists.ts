// Lists as other programs write them, as lists of our own: Word's paragraphs, Word Online's one list for each item, Google
// Docs' check boxes, lists directly inside lists, items with a number of their own, tasks among plain items. Numbers are
// those that a browser shows. The house reads documents in the same way (modules/pads/convert/html_lists.cpp);
// tests/vectors/lists.json holds both.
export const styleOf = (element: Element) => (element.getAttribute('data-style') ?? '').toLowerCase();

const isList = (element: Element | null): element is HTMLElement => element !== null && /^(UL|OL)$/.test(element.tagName);
const items = (list: Element) => [...list.children].filter((one) => one.tagName === 'LI');
const start_max = 1_000_000_000;

interface Marker { ordered: boolean; type: string; value: number }

function roman(text: string): number {
  const worth: Record<string, number> = { i: 1, v: 5, x: 10, l: 50, c: 100, d: 500, m: 1000 };
  return [...text].reduce((sum, sign, i) => sum + (worth[sign]! < (worth[text[i + 1] ?? ''] ?? 0) ? -1 : 1) * worth[sign]!, 0);
}

/** What stands before an item: "3.", "(b)", "iv)", or a bullet. A single "i" begins Roman numbers. `type`: of the item before. */
export function markerOf(sign: string, type: string): Marker {
  const found = /^\(?(?:(\d{1,9})|([a-z]{1,8}))[.)]$/i.exec(sign);
  if (!found) return { ordered: false, type: '', value: 1 };
  if (found[1]) return { ordered: true, type: '', value: Number(found[1]) };
  const letters = found[2]!.toLowerCase();
  const upper = letters !== found[2]!;
  const isRoman = /^[ivxlcdm]+$/.test(letters) && (letters.length > 1 || letters === 'i' || type.toLowerCase() === 'i') && type.toLowerCase() !== 'a';
  if (isRoman) return { ordered: true, type: upper ? 'I' : 'i', value: roman(letters) };
  if (letters.length > 2) return { ordered: false, type: '', value: 1 };
  return { ordered: true, type: upper ? 'A' : 'a', value: [...letters].reduce((sum, one) => sum * 26 + one.charCodeAt(0) - 96, 0) };
}

/** Makes nested lists of items that say their level. */
class Levels {
  private open: { list: Element; level: number; last: Element; type: string }[] = [];

  /** The next item does not follow the last one. */
  end(): void {
    this.open = [];
  }

  get type(): string {
    return this.open.at(-1)?.type ?? '';
  }

  typeAt(level: number): string {
    return this.open.find((one) => one.level === level)?.type ?? '';
  }

  get outer(): Element | null {
    return this.open[0]?.list ?? null;
  }

  /** An empty item of this level; the outermost list is put before `place`. */
  add(place: Element, level: number, marker: Marker): Element {
    while (this.open.length > 0 && this.open.at(-1)!.level > level) this.open.pop();
    const document = place.ownerDocument;
    const item = document.createElement('li');
    let top = this.open.at(-1);
    const tag = marker.ordered ? 'OL' : 'UL';
    if (top?.level === level && (top.list.tagName !== tag || top.type !== marker.type)) {
      this.open.pop();
      top = this.open.at(-1);
    }
    if (!top || top.level < level) {
      const list = document.createElement(tag);
      if (marker.type) list.setAttribute('type', marker.type);
      if (top) top.last.append(list);
      else place.before(list);
      top = { list, level, last: item, type: marker.type };
      this.open.push(top);
    }
    if (marker.ordered) item.setAttribute('value', String(marker.value));
    top.list.append(item);
    top.last = item;
    return item;
  }
}

/** Word's lists are paragraphs that say their list and level in a style. */
function wordParagraphs(body: HTMLElement): void {
  const levels = new Levels();
  let before: Element | null = null;
  for (const part of [...body.querySelectorAll('p, h1, h2, h3, h4, h5, h6')]) {
    const level = Number(/mso-list:\s*l\d+ level(\d{1,2})/.exec(styleOf(part))?.[1] ?? 0);
    if (level === 0) continue;
    const bullet = part.querySelector('[data-style*="mso-list:ignore" i], [data-style*="mso-list: ignore" i]');
    const sign = (bullet?.textContent ?? '').replace(/[\s\u00a0]+/g, '');
    bullet?.remove();
    if (before === null || part.previousElementSibling !== before) levels.end();
    const item = levels.add(part, level, markerOf(sign, levels.typeAt(level)));
    const text = body.ownerDocument.createElement('p');
    text.append(...part.childNodes);
    item.append(text);
    part.remove();
    before = levels.outer;
  }
}

const cssTypes: Record<string, string> = { 'lower-alpha': 'a', 'lower-latin': 'a', 'upper-alpha': 'A', 'upper-latin': 'A', 'lower-roman': 'i', 'upper-roman': 'I' };
const typeOf = (element: Element | undefined) => cssTypes[/list-style(?:-type)?:\s*([a-z-]+)/.exec(element ? styleOf(element) : '')?.[1] ?? ''] ?? '';

/** Word Online writes each item as a list in a box of its own, and says its level. */
function wordOnline(body: HTMLElement): void {
  const levels = new Levels();
  let before: Element | null = null;
  for (const box of [...body.querySelectorAll('.ListContainerWrapper')]) {
    const list = box.firstElementChild;
    if (!isList(list) || box.childElementCount !== 1) continue;
    if (before === null || box.previousElementSibling !== before) levels.end();
    let value = Number(list.getAttribute('start')) || 1;
    for (const one of items(list)) {
      const level = Number(one.getAttribute('data-aria-level') ?? one.getAttribute('aria-level')) || 1;
      const item = levels.add(box, level, { ordered: list.tagName === 'OL', type: list.tagName === 'OL' ? typeOf(one) || typeOf(list) : '', value });
      item.append(...one.childNodes);
      value += 1;
    }
    box.remove();
    before = levels.outer;
  }
}

/** A list directly inside a list belongs to the item before it; where there is none, its items are the outer list's. */
function directLists(body: HTMLElement): void {
  for (const list of [...body.querySelectorAll('ul > ul, ul > ol, ol > ul, ol > ol')]) {
    const before = list.previousElementSibling;
    if (before?.tagName === 'LI') before.append(list);
    else list.replaceWith(...list.childNodes);
  }
}

/** Check boxes: of forges and other editors (an input), of Google Docs (a role, and a picture of the box). */
function boxes(body: HTMLElement): void {
  for (const item of [...body.querySelectorAll('li[role="checkbox"]')]) {
    item.setAttribute('data-type', 'taskItem');
    item.setAttribute('data-checked', String(item.getAttribute('aria-checked') === 'true'));
    item.querySelector('img')?.remove();
  }
  for (const box of [...body.querySelectorAll('li input[type="checkbox"]')]) {
    const item = box.closest('li')!;
    item.setAttribute('data-type', 'taskItem');
    item.setAttribute('data-checked', String(box.hasAttribute('checked')));
    box.remove();
  }
  for (const item of [...body.querySelectorAll('[data-type="taskList"] > li:not([data-type])')]) item.setAttribute('data-type', 'taskItem');
}

/** Cuts a list where its numbers jump, and where tasks and plain items meet. */
function cut(list: HTMLElement): void {
  const all = items(list);
  const ordered = list.tagName === 'OL';
  const step = list.hasAttribute('reversed') ? -1 : 1;
  const given = Number.parseInt(list.getAttribute('start') ?? '', 10);
  let next = Number.isNaN(given) ? (step < 0 ? all.length : 1) : given;
  const type = ordered ? /^[1aAiI]$/.exec(list.getAttribute('type') ?? '')?.[0] ?? (typeOf(list) || typeOf(all[0])) : '';
  let part: Element | null = null;
  let task = false;
  let shown = 0;
  for (const item of [...list.childNodes] as HTMLElement[]) {
    if (item.tagName !== 'LI') {
      // What stands in a list without an item goes on in the item before, or stands in front of the list.
      if (part) part.lastElementChild!.append(item);
      else list.before(item);
      continue;
    }
    const value = Number.parseInt(item.getAttribute('value') ?? '', 10);
    const number = ordered && !Number.isNaN(value) ? value : next;
    next = number + step;
    const isTask = item.getAttribute('data-type') === 'taskItem';
    if (!part || isTask !== task || (ordered && !isTask && number !== shown + 1)) {
      part = list.ownerDocument.createElement(isTask ? 'ul' : list.tagName);
      if (isTask) part.setAttribute('data-type', 'taskList');
      else if (ordered) {
        if (number > 1 && number <= start_max) part.setAttribute('start', String(number));
        if (type) part.setAttribute('type', type);
      }
      list.before(part);
    }
    part.append(item);
    item.removeAttribute('value');
    [task, shown] = [isTask, number];
  }
  list.remove();
}

export function lists(body: HTMLElement): void {
  wordParagraphs(body);
  wordOnline(body);
  directLists(body);
  boxes(body);
  for (const list of [...body.querySelectorAll<HTMLElement>('ul, ol')]) if (items(list).length > 0) cut(list);
}
