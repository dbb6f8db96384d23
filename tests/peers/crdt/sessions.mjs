// Random editing sessions of real Yjs documents: returns the updates they sent.
import * as Y from 'yjs'
import { updateYFragment } from 'y-prosemirror'
import { schema } from 'prosemirror-schema-basic'

/// A small seeded generator (mulberry32), so that a seed tells the whole session.
export function generator (seed) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const below = n => Math.floor(next() * n)
  return { next, below, pick: list => list[below(list.length)], chance: p => next() < p }
}

const texts = ['a', 'b', 'hello', ' world', 'x\ny', '\u{1f600}', '\u{1f469}\u200d\u{1f467}', 'äöü', '日本語', '\u0000', '\ufeffz', 'العربية', '0123456789',
  'lorem ipsum dolor sit amet', 'e\u0301', '<b>&"\'']
const marks = [['bold', true], ['bold', {}], ['italic', {}], ['color', '#f00'], ['link', { href: 'https://e.org/?a=1&b=2' }], ['bold', null], ['color', null]]
const keys = ['a', 'b', 'c', '', '__proto__', 'ключ', '\u{1f600}']
const values = r => r.pick([null, undefined, true, false, 0, -1, 64, 1.5, 1e21, 2 ** 31, -(2 ** 31), 0.1, 'text', '\u{1f600}', { a: 1, b: [true, { n: 0.25 }] }, [], {}, [[1], 'x'],
  new Uint8Array([1, 2, 255]), 123n, -1n, -0])

/// Arrays take neither undefined nor BigInt at their top level.
const arrayValue = r => { const value = values(r); return value === undefined || typeof value === 'bigint' ? { v: value } : value }

function nested (r) {
  switch (r.below(6)) {
    case 0: return new Y.Text(r.pick(texts))
    case 1: return new Y.Map([['k', 1]])
    case 2: { const a = new Y.Array(); a.push([1, 'x']); return a }
    case 3: { const e = new Y.XmlElement(r.pick(['p', 'DIV', 'li'])); e.insert(0, [new Y.XmlText(r.pick(texts))]); return e }
    case 4: return new Y.XmlText(r.pick(texts))
    default: { const m = new Y.Map(); m.set('t', new Y.Text('in')); return m }
  }
}

function editText (r, text, rich) {
  const length = text.length
  const at = r.below(length + 1)
  const span = () => Math.min(r.below(6) + 1, length - at)
  const what = r.below(rich ? 10 : 4)
  if (what === 0 || what === 1) text.insert(at, r.pick(texts))
  else if (what === 2 || what === 3) { if (span() > 0) text.delete(at, span()) } else if (what < 7) {
    if (span() > 0) { const [key, value] = r.pick(marks); text.format(at, span(), { [key]: value }) }
  } else if (what === 7) { const [key, value] = r.pick(marks); text.insert(at, r.pick(texts), { [key]: value }) } else if (what === 8) text.insertEmbed(at, r.chance(0.3) ? nested(r) : { image: r.pick(texts), w: r.below(9) }, r.chance(0.5) ? { bold: true } : {})
  else text.setAttribute(r.pick(['dir', 'lang']), r.pick(texts))
}

function editMap (r, map) {
  const key = r.pick(keys)
  const what = r.below(6)
  const old = map.get(key)
  if (what < 3) map.set(key, values(r))
  else if (what === 3) map.delete(key)
  else if (what === 4 || old === undefined) map.set(key, nested(r))
  else editAny(r, old)
}

function editArray (r, array) {
  const at = r.below(array.length + 1)
  const what = r.below(6)
  if (what < 3) array.insert(at, Array.from({ length: r.below(3) + 1 }, () => arrayValue(r)))
  else if (what === 3 && at < array.length) array.delete(at, Math.min(r.below(3) + 1, array.length - at))
  else if (what === 4) array.insert(at, [nested(r)])
  else if (at < array.length) editAny(r, array.get(at))
}

function editXml (r, node) {
  const at = r.below(node.length + 1)
  const what = r.below(7)
  if (what < 2) node.insert(at, [r.chance(0.5) ? new Y.XmlText(r.pick(texts)) : new Y.XmlElement(r.pick(['p', 'LI', 'heading']))])
  else if (what === 2 && at < node.length) node.delete(at, 1)
  else if (what === 3 && node instanceof Y.XmlElement) node.setAttribute(r.pick(['level', 'x']), r.pick(['1', 2, { a: 1 }, true]))
  else if (at < node.length) editAny(r, node.get(at))
}

function editAny (r, type) {
  if (type instanceof Y.Text) editText(r, type, true)
  else if (type instanceof Y.XmlFragment) editXml(r, type)
  else if (type instanceof Y.Map) editMap(r, type)
  else if (type instanceof Y.Array) editArray(r, type)
}

function paragraphs (r) {
  const inline = () => Array.from({ length: r.below(3) }, () =>
    r.chance(0.15) ? schema.node('hard_break') : schema.text(r.pick(texts), r.chance(0.4) ? [schema.mark(r.pick(['strong', 'em']))] : []))
  const block = depth => r.chance(0.2) && depth < 3 ? schema.node('blockquote', null, [block(depth + 1)])
    : r.chance(0.2) ? schema.node('heading', { level: r.below(3) + 1 }, inline())
      : schema.node('paragraph', null, inline())
  return schema.node('doc', null, Array.from({ length: r.below(4) + 1 }, () => block(0)))
}

export const kinds = {
  text: { t: 'text' }, rich: { content: 'text' }, map: { m: 'map' }, array: { a: 'array' }, xml: { prosemirror: 'xml' },
  pm: { prosemirror: 'xml' }, undo: { t: 'text', m: 'map', x: 'xml' }, mixed: { t: 'text', m: 'map', a: 'array', x: 'xml', 'ключ \u{1f600}': 'text' },
  samepos: { t: 'text', a: 'array' }
}

function edit (r, kind, doc, undo) {
  const root = (name, as) => as === 'text' ? doc.getText(name) : as === 'map' ? doc.getMap(name) : as === 'array' ? doc.getArray(name) : doc.getXmlFragment(name)
  const [name, as] = r.pick(Object.entries(kinds[kind]))
  const type = root(name, as)
  if (kind === 'pm') {
    const meta = { mapping: new Map(), isOMark: new Map() }
    return doc.transact(() => updateYFragment(doc, type, paragraphs(r), meta))
  }
  if (kind === 'undo' && r.chance(0.25)) return r.chance(0.6) ? undo.undo() : undo.redo()
  if (kind === 'samepos') return as === 'text' ? type.insert(0, r.pick(texts)) : type.insert(Math.min(1, type.length), [r.below(9)])
  const one = () => as === 'text' ? editText(r, type, kind !== 'text') : as === 'map' ? editMap(r, type) : as === 'array' ? editArray(r, type) : editXml(r, type)
  if (r.chance(0.2)) doc.transact(() => { one(); one() })
  else one()
}

/// Lets documents edit and meet at random. Returns the kind, roots and all updates in the order they were made.
export function session (seed) {
  const r = generator(seed)
  const kind = r.pick(Object.keys(kinds))
  const updates = []
  const docs = Array.from({ length: r.below(5) + 1 }, () => {
    const doc = new Y.Doc({ gc: r.chance(0.7) })
    doc.clientID = r.chance(0.1) ? r.below(200) : r.chance(0.1) ? Math.floor(r.next() * 2 ** 53) : Math.floor(r.next() * 2 ** 32)
    return { doc, queue: [], known: 0 }
  })
  docs.forEach((one, i) => {
    one.undo = kind === 'undo' ? new Y.UndoManager([one.doc.getText('t'), one.doc.getMap('m'), one.doc.getXmlFragment('x')], { captureTimeout: 0 }) : null
    one.doc.on('update', (update, origin) => {
      if (origin === 'remote') { if (r.chance(0.05)) updates.push(update); return }
      updates.push(update)
      docs.forEach((other, j) => { if (j !== i) other.queue.push(update) })
    })
  })
  for (let steps = r.below(r.chance(0.05) ? 400 : 40) + 2; steps > 0; steps--) {
    const one = r.pick(docs)
    if (r.chance(0.3)) for (const update of one.queue.splice(0)) Y.applyUpdate(one.doc, update, 'remote')
    edit(r, kind, one.doc, one.undo)
  }
  if (r.chance(0.2)) updates.push(Y.encodeStateAsUpdate(r.pick(docs).doc))
  if (r.chance(0.1) && updates.length > 3) updates.push(Y.mergeUpdates([r.pick(updates), r.pick(updates), r.pick(updates)]))
  return { seed, kind, roots: kinds[kind], updates, r }
}
