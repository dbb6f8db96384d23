// What a text may hold. Names are those of the shared document (and of the exporter): never rename one, a program that
// cannot build a node takes it out of the text for everybody. Content is wide, so that concurrent edits seldom clash.
import { type Attrs, type DOMOutputSpec, type MarkSpec, type Node, type NodeSpec, Schema } from 'prosemirror-model';
import { keptAddress } from './addresses';
import { clampValues, safeAddress, width_max } from './clamp';

const aligned = { textAlign: { default: null } };
const alignment = (node: Node): Attrs => (/^(center|right|justify)$/.test(String(node.attrs.textAlign)) ? { 'data-align': node.attrs.textAlign } : {});
const alignOf = (dom: HTMLElement) => dom.dataset.align ?? null;

function cellAttributes(dom: HTMLElement): Attrs {
  const count = (name: string) => Math.min(100, Math.max(1, Number(dom.getAttribute(name)) || 1));
  const colspan = count('colspan');
  const widths = (dom.dataset.colwidth ?? '').split(',').map(Number);
  return { colspan, rowspan: count('rowspan'), colwidth: widths.length === colspan && widths.every((one) => one >= 0 && one <= width_max) && widths.some(Boolean) ? widths : null };
}
const cellDom = (tag: string) => (node: Node): DOMOutputSpec => [tag, {
  ...(Array.isArray(node.attrs.colwidth) ? { 'data-colwidth': node.attrs.colwidth.join() } : {}),
  ...(node.attrs.colspan > 1 ? { colspan: node.attrs.colspan } : {}), ...(node.attrs.rowspan > 1 ? { rowspan: node.attrs.rowspan } : {}),
}, 0];
const cell = { content: 'block+', isolating: true, attrs: { colspan: { default: 1 }, rowspan: { default: 1 }, colwidth: { default: null } } };

/** What has no attribute of HTML's own: it travels with what is cut and pasted. */
const data = (attrs: Attrs, ...names: string[]) => Object.fromEntries(names.filter((name) => attrs[name]).map((name) => [`data-${name}`, String(attrs[name])]));

const nodes: Record<string, NodeSpec> = {
  doc: { content: 'block+' },
  paragraph: {
    group: 'block', content: 'inline*', attrs: aligned,
    parseDOM: [{ tag: 'p', getAttrs: (dom) => ({ textAlign: alignOf(dom) }) }],
    toDOM: (node) => ['p', alignment(node), 0],
  },
  heading: {
    group: 'block', content: 'inline*', defining: true, attrs: { level: { default: 1 }, ...aligned },
    parseDOM: [1, 2, 3, 4, 5, 6].map((level) => ({ tag: `h${level}`, getAttrs: (dom: HTMLElement) => ({ level: Number(dom.dataset.level) || level, textAlign: alignOf(dom) }) })),
    // The page's h1 is its title: the levels of the text begin below it.
    toDOM: (node) => [`h${Math.min(6, Math.max(1, Number(node.attrs.level) || 1) + 1)}`, { 'data-level': node.attrs.level, ...alignment(node) }, 0],
  },
  blockquote: { group: 'block', content: 'block+', defining: true, parseDOM: [{ tag: 'blockquote' }], toDOM: () => ['blockquote', 0] },
  codeBlock: {
    group: 'block', content: 'text*', marks: '', code: true, defining: true, attrs: { language: { default: null } },
    parseDOM: [{ tag: 'pre', preserveWhitespace: 'full', getAttrs: (dom) => ({ language: dom.dataset.language ?? null }) }],
    toDOM: (node) => ['pre', { ...(node.attrs.language ? { 'data-language': node.attrs.language } : {}) }, ['code', 0]],
  },
  bulletList: { group: 'block', content: 'listItem+', parseDOM: [{ tag: 'ul' }], toDOM: () => ['ul', 0] },
  orderedList: {
    group: 'block', content: 'listItem+', attrs: { start: { default: 1 }, type: { default: null } },
    parseDOM: [{ tag: 'ol', getAttrs: (dom) => ({ start: Number(dom.getAttribute('start')) || 1, type: /^[1aAiI]$/.exec(dom.getAttribute('type') ?? '')?.[0] ?? null }) }],
    toDOM: (node) => ['ol', { ...(node.attrs.start > 1 ? { start: node.attrs.start } : {}), ...(node.attrs.type ? { type: node.attrs.type } : {}) }, 0],
  },
  listItem: { content: 'block+', defining: true, parseDOM: [{ tag: 'li' }], toDOM: () => ['li', 0] },
  taskList: {
    group: 'block', content: 'taskItem+', parseDOM: [{ tag: 'ul[data-type="taskList"]', priority: 60 }],
    toDOM: () => ['ul', { 'data-type': 'taskList' }, 0],
  },
  taskItem: {
    content: 'block+', defining: true, attrs: { checked: { default: false } },
    parseDOM: [{ tag: 'li[data-type="taskItem"]', priority: 60, getAttrs: (dom) => ({ checked: dom.dataset.checked === 'true' }) }],
    toDOM: (node) => ['li', { 'data-type': 'taskItem', 'data-checked': node.attrs.checked ? 'true' : 'false' }, 0],
  },
  horizontalRule: { group: 'block', parseDOM: [{ tag: 'hr' }], toDOM: () => ['hr'] },
  hardBreak: { group: 'inline', inline: true, selectable: false, linebreakReplacement: true, parseDOM: [{ tag: 'br' }], toDOM: () => ['br'] },
  // `alt`: what one sees, "" for mere decoration, null while nobody has said.
  image: {
    group: 'block', draggable: true,
    attrs: { src: { default: null }, alt: { default: null }, title: { default: null }, width: { default: null }, height: { default: null } },
    parseDOM: [{
      tag: 'img[src]',
      getAttrs: (dom) => {
        const src = dom.getAttribute('src') ?? '';
        const alt = dom.dataset.undescribed === undefined ? dom.getAttribute('alt') : null;
        return safeAddress(src) ? { src, alt, title: dom.getAttribute('title'), width: Number(dom.getAttribute('width')) || null, height: Number(dom.getAttribute('height')) || null } : false;
      },
    }],
    toDOM: (node) => {
      const { src, alt, title, width, height } = node.attrs;
      return ['img', { ...(safeAddress(src ?? '') ? { src } : {}), alt: alt ?? '', ...(alt === null ? { 'data-undescribed': '' } : {}), ...(title ? { title } : {}), ...(width ? { width } : {}), ...(width && height ? { height } : {}) }];
    },
  },
  table: { group: 'block', content: 'tableRow+', tableRole: 'table', isolating: true, parseDOM: [{ tag: 'table' }], toDOM: () => ['table', ['tbody', 0]] },
  tableRow: { content: '(tableCell | tableHeader)*', tableRole: 'row', parseDOM: [{ tag: 'tr' }], toDOM: () => ['tr', 0] },
  tableHeader: { ...cell, tableRole: 'header_cell', parseDOM: [{ tag: 'th', getAttrs: cellAttributes }], toDOM: cellDom('th') },
  tableCell: { ...cell, tableRole: 'cell', parseDOM: [{ tag: 'td', getAttrs: cellAttributes }], toDOM: cellDom('td') },
  // Written by other editors; shown and kept.
  mention: {
    group: 'inline', inline: true, atom: true, attrs: { id: { default: null }, label: { default: null } },
    parseDOM: [{ tag: 'span[data-type="mention"]', getAttrs: (dom) => ({ id: dom.dataset.id ?? null, label: dom.dataset.label ?? (dom.textContent ?? '').replace(/^@/, '') }) }],
    toDOM: (node) => ['span', { class: 'mention', 'data-type': 'mention', ...data(node.attrs, 'id', 'label') }, `@${node.attrs.label ?? node.attrs.id ?? ''}`],
  },
  text: { group: 'inline' },
};

const weight = /^(bold(er)?|[5-9]\d{2})$/;
const marks: Record<string, MarkSpec> = {
  link: {
    inclusive: false,
    attrs: { href: { default: null }, target: { default: null }, rel: { default: null }, class: { default: null }, title: { default: null } },
    parseDOM: [{ tag: 'a[href]', getAttrs: (dom) => (keptAddress(dom.getAttribute('href') ?? '') ? { href: dom.getAttribute('href'), title: dom.getAttribute('title') } : false) }],
    toDOM: (mark) => ['a', { ...(safeAddress(mark.attrs.href ?? '') ? { href: mark.attrs.href } : {}), rel: 'noopener noreferrer nofollow', ...(mark.attrs.title ? { title: mark.attrs.title } : {}) }, 0],
  },
  // Other editors set it; kept, and not shown.
  textStyle: {
    attrs: { color: { default: null }, fontFamily: { default: null }, fontSize: { default: null } },
    parseDOM: [{ tag: 'span[data-look]', getAttrs: ({ dataset: { color = null, font = null, size = null } }) => ({ color, fontFamily: font, fontSize: size }) }],
    toDOM: ({ attrs: { color, fontFamily: font, fontSize: size } }) => ['span', { 'data-look': '', ...data({ color, font, size }, 'color', 'font', 'size') }, 0],
  },
  highlight: {
    attrs: { color: { default: null } }, parseDOM: [{ tag: 'mark', getAttrs: (dom) => ({ color: dom.dataset.color ?? null }) }],
    toDOM: (mark) => ['mark', data(mark.attrs, 'color'), 0],
  },
  bold: {
    parseDOM: [{ tag: 'strong' }, { tag: 'b' }, { style: 'font-weight', getAttrs: (value) => weight.test(value) && null }],
    toDOM: () => ['strong', 0],
  },
  italic: { parseDOM: [{ tag: 'em' }, { tag: 'i' }, { style: 'font-style=italic' }], toDOM: () => ['em', 0] },
  underline: { parseDOM: [{ tag: 'u' }, { style: 'text-decoration=underline' }], toDOM: () => ['u', 0] },
  strike: { parseDOM: [{ tag: 's' }, { tag: 'del' }, { tag: 'strike' }, { style: 'text-decoration=line-through' }], toDOM: () => ['s', 0] },
  subscript: { excludes: 'superscript', parseDOM: [{ tag: 'sub' }], toDOM: () => ['sub', 0] },
  superscript: { excludes: 'subscript', parseDOM: [{ tag: 'sup' }], toDOM: () => ['sup', 0] },
  code: { code: true, parseDOM: [{ tag: 'code' }, { tag: 'kbd' }, { tag: 'tt' }], toDOM: () => ['code', 0] },
  comment: {
    inclusive: false, excludes: '', attrs: { id: { default: null } }, parseDOM: [{ tag: 'span[data-comment]', getAttrs: (dom) => ({ id: dom.dataset.comment }) }],
    toDOM: (mark) => ['span', { 'data-comment': mark.attrs.id ?? '' }, 0],
  },
};

export const schema = new Schema({ nodes, marks });
clampValues(schema);
export const rootName = 'default';
