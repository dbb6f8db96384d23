// What comes in by pasting, cleaned before the editor reads it: Word, LibreOffice, web pages. Works on the text of a
// document that is never shown and loads nothing; what the text cannot hold is left out, and images from elsewhere are
// counted so that the person is told.
export interface Cleaned { html: string; lost: number; images: string[] }

// Styles are read under another name: the page's policy forbids the real one even in a text that is never shown.
const styleOf = (element: Element) => (element.getAttribute('data-style') ?? '').toLowerCase();
const unwanted = 'script,style,meta,link,title,xml,object,embed,iframe,form,svg,canvas,video,audio,noscript,template,head';

function rename(element: Element, tag: string): Element {
  const made = element.ownerDocument.createElement(tag);
  made.append(...element.childNodes);
  element.replaceWith(made);
  return made;
}

function unwrap(element: Element): void {
  element.replaceWith(...element.childNodes);
}

/** Word's lists are paragraphs that say their list and level in a style. */
function wordLists(body: HTMLElement): void {
  const parts = [...body.querySelectorAll('p, h1, h2, h3, h4, h5, h6')].filter((one) => /mso-list:\s*l\d+ level\d/.test(styleOf(one)));
  let open: { list: Element; level: number; last: Element }[] = [];
  let before: Element | null = null;
  for (const part of parts) {
    const level = Number(/level(\d)/.exec(styleOf(part))?.[1] ?? 1);
    const bullet = part.querySelector('[data-style*="mso-list:ignore" i], [data-style*="mso-list: ignore" i]');
    const sign = (bullet?.textContent ?? '').trim();
    bullet?.remove();
    const tag = /^\(?(\d+|[a-z]|[ivxlc]+)[.)]/i.test(sign) ? 'ol' : 'ul';
    if (part.previousElementSibling !== before || before === null) open = [];
    while (open.length > 0 && open[open.length - 1]!.level > level) open.pop();
    let top = open[open.length - 1];
    const item = body.ownerDocument.createElement('li');
    if (!top || top.level < level) {
      const list = body.ownerDocument.createElement(tag);
      if (top) top.last.append(list);
      else part.before(list);
      top = { list, level, last: item };
      open.push(top);
    }
    top.list.append(item);
    top.last = item;
    const text = body.ownerDocument.createElement('p');
    text.append(...part.childNodes);
    item.append(text);
    part.remove();
    before = open[0]!.list;
  }
}

/** Formats that were written as styles become elements; everything else of a style goes. */
function styles(body: HTMLElement): void {
  for (const one of [...body.querySelectorAll('*')]) {
    const style = styleOf(one);
    const wrap = (tag: string) => {
      const made = body.ownerDocument.createElement(tag);
      made.append(...one.childNodes);
      one.append(made);
    };
    if (/^(b|strong)$/i.test(one.tagName) && /(^|[;\s])font-weight:\s*(normal|400)/.test(style)) {
      unwrap(one);
      continue;
    }
    if (/^(span|font|p|div|td|th|li|a)$/i.test(one.tagName) && style) {
      const inText = /^(span|font|a)$/i.test(one.tagName);
      if (inText && /(^|[;\s])font-weight:\s*(bold|[6-9]00)/.test(style)) wrap('strong');
      if (inText && /(^|[;\s])font-style:\s*italic/.test(style)) wrap('em');
      if (inText && /text-decoration[^;]*underline/.test(style) && one.tagName !== 'A') wrap('u');
      if (inText && /text-decoration[^;]*line-through/.test(style)) wrap('s');
      if (inText && /vertical-align:\s*super/.test(style)) wrap('sup');
      if (inText && /vertical-align:\s*sub/.test(style)) wrap('sub');
      if (inText && /(^|;|\s)background(-color)?:\s*(yellow|#ff0|#ffff00|rgb\(255,\s*255,\s*0\))/.test(style)) wrap('mark');
    }
    const align = /text-align:\s*(center|right|justify)/.exec(style)?.[1];
    if (align && align !== 'justify' && /^(p|h\d)$/i.test(one.tagName)) one.setAttribute('data-align', align);
  }
}

/** Lists of tasks as forges and other editors write them: a checkbox at the start of an item. */
function tasks(body: HTMLElement): void {
  for (const box of [...body.querySelectorAll('li input[type="checkbox"]')]) {
    const item = box.closest('li')!;
    item.setAttribute('data-type', 'taskItem');
    item.setAttribute('data-checked', String(box.hasAttribute('checked')));
    item.closest('ul, ol')?.setAttribute('data-type', 'taskList');
    box.remove();
  }
  for (const item of [...body.querySelectorAll('ul[data-type="taskList"] > li:not([data-type])')]) item.setAttribute('data-type', 'taskItem');
}

const kept_attributes = /^(href|src|alt|title|width|height|colspan|rowspan|start|type|data-(type|checked|align|level|pm-slice|colwidth|language|undescribed|id|label|look|color|font|size|comment))$/;

/** Images inside the paste are handed over; those of other places would be calls to other places, and are left out. */
function images(body: HTMLElement, cleaned: Cleaned): void {
  for (const image of [...body.querySelectorAll('img')]) {
    const src = image.getAttribute('src') ?? '';
    if (src.startsWith('/api/v1/pads/')) continue;
    if (/^data:image\/(png|jpeg|gif|webp|avif);base64,/.test(src)) cleaned.images.push(src);
    else if (src && !/^(width|height)$/.test(src) && !(Number(image.getAttribute('width')) <= 2 && image.hasAttribute('width'))) cleaned.lost += 1;
    image.remove();
  }
}

export function clean(html: string): Cleaned {
  const cleaned: Cleaned = { html: '', lost: 0, images: [] };
  // Comments hold Word's conditions; parsing them away first keeps their content out.
  const plain = html.replace(/<!--[\s\S]*?-->/g, '').replace(/<!\[[\s\S]*?\]>/g, '')
    .replace(/<(style|script)\b[\s\S]*?<\/\1\s*>/gi, '').replace(/(<[^>]*?\s)style=/gi, '$1data-style=').replace(/(\s)on(?=[a-z]+\s*=)/gi, '$1data-on');
  const body = new DOMParser().parseFromString(plain, 'text/html').body;
  for (const one of [...body.querySelectorAll(unwanted)]) one.remove();
  for (const one of [...body.querySelectorAll('*')].filter((e) => e.tagName.includes(':'))) unwrap(one);
  wordLists(body);
  for (const one of [...body.querySelectorAll('p.MsoTitle')]) rename(one, 'h1');
  for (const one of [...body.querySelectorAll('p.MsoSubtitle')]) rename(one, 'h2');
  styles(body);
  tasks(body);
  images(body, cleaned);
  for (const one of [...body.querySelectorAll('b[id^="docs-internal"], font, span:not([data-type], [data-look], [data-comment]), center, o\\:p')]) unwrap(one);
  for (const one of [...body.querySelectorAll('*')]) {
    for (const attribute of [...one.attributes]) if (!kept_attributes.test(attribute.name)) one.removeAttribute(attribute.name);
  }
  // A paragraph with nothing but a hard space is how Word writes an empty line.
  for (const one of [...body.querySelectorAll('p')]) {
    if (!one.querySelector('img, br') && /^[\s\u00a0]*$/.test(one.textContent ?? '') && one.parentElement === body) one.remove();
  }
  cleaned.html = body.innerHTML;
  return cleaned;
}
