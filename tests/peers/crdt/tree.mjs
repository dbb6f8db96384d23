// The tree of a Yjs type in the form of tests/vectors/yjs, read straight from the item lists.
import * as Y from 'yjs'

const sorted = entries => Object.fromEntries(entries.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0)))

export function plain (value) {
  if (value === undefined) return { $undef: 1 }
  if (typeof value === 'bigint') return { $big: value.toString() }
  if (typeof value === 'number') return Number.isFinite(value) ? value : { $num: String(value) }
  if (value instanceof Uint8Array) return { $bin: Buffer.from(value).toString('base64') }
  if (Array.isArray(value)) return value.map(plain)
  if (value !== null && typeof value === 'object') return sorted(Object.entries(value).map(([k, v]) => [k, plain(v)]))
  return value
}

function value (content, index) {
  if (content instanceof Y.ContentType) return typeTree(content.type)
  if (content instanceof Y.ContentDoc) return { $doc: content.doc.guid }
  return plain(content.getContent()[index])
}

function keyed (type) {
  const entries = []
  type._map.forEach((item, key) => { if (!item.deleted) entries.push([key, value(item.content, item.length - 1)]) })
  return sorted(entries)
}

function * visible (type) {
  for (let item = type._start; item !== null; item = item.right) if (!item.deleted) yield item
}

function delta (type) {
  const runs = []
  const attributes = new Map()
  let key = '{}'
  for (const item of visible(type)) {
    const content = item.content
    if (content instanceof Y.ContentFormat) {
      if (content.value === null) attributes.delete(content.key)
      else attributes.set(content.key, plain(content.value))
      key = JSON.stringify(sorted([...attributes]))
      continue
    }
    let insert
    if (content instanceof Y.ContentString) insert = content.str
    else if (content instanceof Y.ContentEmbed) insert = plain(content.embed)
    else if (content instanceof Y.ContentType) insert = typeTree(content.type)
    else continue
    const last = runs[runs.length - 1]
    const isText = content instanceof Y.ContentString
    if (isText && last?.isText && last.key === key) last.insert += insert
    else runs.push({ insert, key, isText, attributes: sorted([...attributes]) })
  }
  return runs.map(run => {
    const text = run.isText ? run.insert.toWellFormed?.() ?? run.insert.replace(/\p{Surrogate}/gu, '\ufffd') : run.insert
    return run.key === '{}' ? { insert: text } : { insert: text, attributes: run.attributes }
  })
}

function items (type) {
  const result = []
  for (const item of visible(type)) {
    if (!item.countable) continue
    for (let i = 0; i < item.length; i++) result.push(value(item.content, i))
  }
  return result
}

export function typeTree (type, kind) {
  const as = kind ?? (type instanceof Y.XmlText ? 'xmltext' : type instanceof Y.Text ? 'text' : type instanceof Y.XmlElement ? 'element'
    : type instanceof Y.XmlFragment ? 'xml' : type instanceof Y.XmlHook ? 'hook' : type instanceof Y.Map ? 'map' : 'array')
  switch (as) {
    case 'text': case 'xmltext': {
      const tree = { $: as, delta: delta(type) }
      const attrs = keyed(type)
      if (Object.keys(attrs).length > 0) tree.attrs = attrs
      return tree
    }
    case 'element': return { $: 'xml', name: type.nodeName, attrs: keyed(type), children: items(type) }
    case 'xml': return { $: 'frag', children: items(type) }
    case 'hook': return { $: 'hook', name: type.hookName, attrs: keyed(type) }
    case 'map': return { $: 'map', entries: keyed(type) }
    default: return { $: 'array', items: items(type) }
  }
}

/// State vector, delete set and content of a document.
export function describe (doc, roots) {
  const sv = {}
  Y.decodeStateVector(Y.encodeStateVector(doc)).forEach((clock, client) => { if (clock > 0) sv[client] = clock })
  const ds = {}
  Y.createDeleteSetFromStructStore(doc.store).clients.forEach((ranges, client) => {
    const joined = []
    for (const { clock, len } of ranges) {
      const last = joined[joined.length - 1]
      if (last && last[0] + last[1] === clock) last[1] += len
      else joined.push([clock, len])
    }
    if (joined.length > 0) ds[client] = joined
  })
  const content = {}
  for (const [name, kind] of Object.entries(roots)) {
    const type = doc.share.get(name)
    // Stock makes a root as soon as a struct names it, even if that struct is still pending.
    content[name] = type === undefined || (type._start === null && type._map.size === 0) ? null : typeTree(type, kind)
  }
  return { sv, ds, content }
}

/// Surrogate pairs as two replacement characters: a pair that was split in one copy of a struct and not in another
/// depends on which copy came first (notes section 6).
export const unpaired = value => JSON.parse(JSON.stringify(value).replace(/[\ud800-\udbff][\udc00-\udfff]/g, '\ufffd\ufffd'))

export function equal (a, b) {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b) || a === b
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every(key => Object.hasOwn(b, key) && equal(a[key], b[key]))
}
