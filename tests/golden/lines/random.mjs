// Random documents of the editor's schema, and garbage. Seeded, so that a failure can be tried again.
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const words = ['bonjour', 'réunion', 'été', 'un', 'ordre', '😀', 'du', 'jour', 'association'];

export class Made {
  constructor(schema, seed) {
    this.schema = schema;
    this.random = randomOf(seed);
  }

  int(n) { return Math.floor(this.random() * n); }
  pick(list) { return list[this.int(list.length)]; }
  text() { return Array.from({ length: 1 + this.int(3) }, () => this.pick(words)).join(' '); }

  marks() {
    let marks = [];
    while (this.random() < 0.25) {
      const name = this.pick(['bold', 'italic', 'underline', 'strike', 'code', 'subscript', 'superscript', 'link', 'highlight', 'textStyle', 'comment']);
      const attrs = { link: { href: 'https://example.org/' + this.int(3) }, comment: { id: 'c' + this.int(3) }, highlight: { color: this.pick([null, 'red']) }, textStyle: { color: 'blue' } }[name];
      // Of several comments the order is that of their hashes.
      if (name !== 'comment' || !marks.some((mark) => mark.type.name === name)) marks = this.schema.marks[name].create(attrs).addToSet(marks);
    }
    return marks;
  }

  inline() {
    return Array.from({ length: this.int(4) }, () => {
      const r = this.random();
      if (r < 0.1) return this.schema.nodes.hardBreak.create(null, null, this.marks());
      if (r < 0.15) return this.schema.nodes.mention.create({ id: 'm' + this.int(3), label: 'Marie' }, null, this.marks());
      return this.schema.text(this.text(), this.marks());
    });
  }

  cell(depth) {
    const type = this.schema.nodes[this.random() < 0.3 ? 'tableHeader' : 'tableCell'];
    return type.create({ colspan: this.random() < 0.1 ? 2 : 1, rowspan: 1, colwidth: this.random() < 0.1 ? null : null }, this.blocks(depth + 2, 2));
  }

  block(depth) {
    const { nodes } = this.schema;
    const r = this.random() * (depth > 3 ? 0.5 : 1);
    const list = (type, item, attrs) => nodes[type].create(attrs, Array.from({ length: 1 + this.int(3) }, () => nodes[item].create(
      item === 'taskItem' ? { checked: this.random() < 0.5 } : null, this.blocks(depth + 1, 3))));
    if (r < 0.3) return nodes.paragraph.create({ textAlign: this.pick([null, null, 'center']) }, this.inline());
    if (r < 0.38) return nodes.heading.create({ level: 1 + this.int(6) }, this.inline());
    if (r < 0.43) return nodes.codeBlock.create({ language: this.pick([null, 'js']) }, this.random() < 0.8 ? this.schema.text(this.text() + '\n' + this.text()) : null);
    if (r < 0.46) return nodes.horizontalRule.create();
    if (r < 0.5) return nodes.image.create({ src: '/api/v1/x', alt: this.pick([null, '', 'un chat']), width: this.pick([null, 100]) });
    if (r < 0.6) return nodes.blockquote.create(null, this.blocks(depth + 1, 3));
    if (r < 0.7) return list('bulletList', 'listItem');
    if (r < 0.8) return list('orderedList', 'listItem', { start: this.pick([1, 3]), type: this.pick([null, 'a']) });
    if (r < 0.9) return list('taskList', 'taskItem');
    return nodes.table.create(null, Array.from({ length: 1 + this.int(3) }, () => nodes.tableRow.create(null, Array.from({ length: 1 + this.int(3) }, () => this.cell(depth)))));
  }

  blocks(depth, most) { return Array.from({ length: 1 + this.int(most) }, () => this.block(depth)); }

  doc(most = 6) { return this.schema.nodes.doc.create(null, this.blocks(0, most)); }

  /** Writes what nobody meant into a shared text. */
  garbage(Y, root) {
    const names = ['blockquote', 'bulletList', 'orderedList', 'taskList', 'table', 'listItem', 'taskItem', 'tableRow', 'tableCell', 'tableHeader', 'paragraph', 'doc', 'x', 7];
    const value = () => this.pick([undefined, null, 0, 1, 2, 3, -1, 1.5, 'x', true, {}, [], 'heading', 'center', 1e12, ['table']]);
    const attrs = (set) => {
      if (this.random() < 0.7) set('path', Array.from({ length: this.int(5) }, () => this.pick(names)));
      if (this.random() < 0.5) set('joins', this.pick([0, 1, 2, 3, 4, -1, 'x']));
      if (this.random() < 0.5) set('type', this.pick(['heading', 'codeBlock', 'horizontalRule', 'image', 'x', 5]));
      for (const key of ['level', 'textAlign', 'src', 'orderedList.start', 'taskItem.checked', 'taskItem.checked.1', 'tableCell.colspan', 'tableCell.colwidth', 'path', 'unknown']) {
        if (this.random() < 0.1) { const one = value(); if (one !== undefined) set(key, one); }
      }
    };
    for (let n = this.int(12); n >= 0; n -= 1) {
      const at = this.int(root.length + 1);
      const r = this.random();
      if (r < 0.45) {
        const marker = new Y.XmlElement('line');
        attrs((key, one) => marker.setAttribute(key, one));
        root.insertEmbed(at, marker);
      } else if (r < 0.7) root.insert(at, this.text() + this.pick(['', '\n']), this.pick([{}, { bold: {} }, { bold: true, code: {} }, { subscript: {}, superscript: {} }, { link: { href: 'javascript:1' } }, { 'comment--AAAAAAAA': { id: 'c' } }, { x: 1 }]));
      else if (r < 0.8) root.insertEmbed(at, this.pick([{ type: 'hardBreak' }, { type: 'mention', attrs: { id: 'x' } }, { type: 'x' }, { type: 'mention', attrs: 5 }, {}]), {});
      else if (r < 0.9) {
        const tree = (depth) => {
          const one = new Y.XmlElement(this.pick([...names.filter((name) => typeof name === 'string'), 'heading', 'hardBreak', 'horizontalRule']));
          const children = Array.from({ length: this.int(3) }, () => (depth > 3 || this.random() < 0.4 ? new Y.XmlText(this.text()) : tree(depth + 1)));
          one.insert(0, children);
          return one;
        };
        root.insertEmbed(at, tree(0), {});
      } else attrs((key, one) => root.setAttribute(key, one));
    }
  }
}
