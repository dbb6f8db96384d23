// What comes in by pasting, cleaned before the editor reads it: Word, LibreOffice, web pages. Works on the text of a
// document that is never shown and loads nothing; what the text cannot hold is left out, and images from elsewhere are
// counted so that the person is told.
import { keptAddress } from './addresses';
import { lists, styleOf } from './paste-lists';

/** `lost`: images of other places; `links`: links that lead where none may lead, whose words stay. */
export interface Cleaned { html: string; lost: number; links: number; images: string[] }


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

/** Signs that no text may hold, and white space that no browser shows as such (modules/pads/lines/signs.hpp). */
export const withoutControls = (text: string) => text.replace(/[\u000b\u000c]/g, ' ')
  .replace(/[\u0000-\u0008\u000e-\u001f\u007f-\u009f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '');

/** Styles are read under another name: the page's policy forbids the real one even in a text that is never shown. What calls
 * a script is under another name too. Only in tags, and there not in values: words are words. */
const renamed = (html: string) => html.replace(/<[a-z](?:"[^"]*"|'[^']*'|[^'"<>])*>/gi,
  (tag) => tag.replace(/("[^"]*"|'[^']*')|(\s)(style|on[a-z]+)(?=\s*=)/gi, (all: string, value?: string, blank?: string, name?: string) => (value ? all : `${blank}data-${name}`)));

function links(body: HTMLElement, cleaned: Cleaned): void {
  for (const link of [...body.querySelectorAll('a[href]')]) {
    const written = link.getAttribute('href') ?? '';
    const kept = keptAddress(written);
    if (kept) link.setAttribute('href', kept);
    else {
      if (written.trim()) cleaned.links += 1;
      unwrap(link);
    }
  }
}

export function clean(html: string): Cleaned {
  const cleaned: Cleaned = { html: '', lost: 0, links: 0, images: [] };
  // Comments hold Word's conditions; parsing them away first keeps their content out.
  const plain = renamed(withoutControls(html.replace(/<!--[\s\S]*?-->/g, '').replace(/<!\[[\s\S]*?\]>/g, '')
    .replace(/<(style|script)\b[\s\S]*?<\/\1\s*>/gi, '')));
  const body = new DOMParser().parseFromString(plain, 'text/html').body;
  for (const one of [...body.querySelectorAll(unwanted)]) one.remove();
  for (const one of [...body.querySelectorAll('*')].filter((e) => e.tagName.includes(':'))) unwrap(one);
  lists(body);
  for (const one of [...body.querySelectorAll('p.MsoTitle')]) rename(one, 'h1');
  for (const one of [...body.querySelectorAll('p.MsoSubtitle')]) rename(one, 'h2');
  styles(body);
  links(body, cleaned);
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
