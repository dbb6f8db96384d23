// The lines of a pad (docs/pads-format.md) as the editor reads and writes them: the shared cases (tests/vectors/lines), random
// documents there and back, and whatever a shared text may hold. Ends with "N passed, N failed".
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { padModules } from '../../../web-ui/scripts/pad-modules.mjs'
import { hostile } from './hostile.mjs'
import { moves } from './moves.mjs'
import { Made } from './random.mjs'

const pad = await padModules("export { Reunion } from './lines/reunion';\n")
const { Y, schema, bind, build, documentOf, flatten, same, state } = pad
const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../vectors/lines')
const seeds = 150
let passed = 0
let failed = 0

function check (what, act) {
  try {
    act()
    passed += 1
  } catch (error) {
    failed += 1
    console.log(`FAIL ${what}\n${String(error?.stack ?? error).slice(0, 2000)}`)
  }
}

function alike (is, wanted, what) {
  if (!same(is, wanted)) throw new Error(`${what}\n  is     ${JSON.stringify(is).slice(0, 800)}\n  wanted ${JSON.stringify(wanted).slice(0, 800)}`)
}

/** An editor without a page. */
function editor (root) {
  const binding = bind(root, schema)
  const host = {
    state: state.EditorState.create({ doc: binding.doc, plugins: [binding.plugin] }),
    dispatch (tr) {
      host.state = host.state.apply(tr)
      binding.flush()
    }
  }
  binding.attach(host)
  return host
}

const rootOf = (doc) => doc.get('default', Y.XmlText)

function treeOf (one) {
  if (typeof one === 'string') return new Y.XmlText(one)
  if (one.text) {
    const text = new Y.XmlText()
    text.applyDelta(one.text.map(([insert, attributes = {}]) => ({ insert, attributes: { ...attributes } })))
    return text
  }
  const element = new Y.XmlElement(one.name)
  for (const [key, value] of Object.entries(one.attrs)) element.setAttribute(key, value)
  element.insert(0, one.children.map(treeOf))
  return element
}

function put (root, lines) {
  root.setAttribute('format', 2)
  lines.forEach(({ attrs, content }, i) => {
    const target = i === 0 ? root : new Y.XmlElement('line')
    for (const [key, value] of Object.entries(attrs)) target.setAttribute(key, value)
    if (i > 0) root.insertEmbed(root.length, target, {})
    for (const one of content) {
      if (Array.isArray(one)) root.insert(root.length, one[0], { ...one[1] })
      else root.insertEmbed(root.length, one.tree ? treeOf(one.tree) : one.embed, { ...one.marks })
    }
  })
}

function taken (root) {
  const { format, ...attrs } = root.getAttributes()
  const lines = [{ attrs, content: [] }]
  for (const { insert, attributes } of root.toDelta()) {
    const { content } = lines[lines.length - 1]
    if (typeof insert === 'string') content.push(attributes ? [insert, attributes] : [insert])
    else if (insert instanceof Y.XmlElement) lines.push({ attrs: insert.getAttributes(), content: [] })
    else content.push({ embed: insert, ...(attributes ? { marks: attributes } : {}) })
  }
  return lines
}

const replaceAll = (host, content) => host.dispatch(host.state.tr.replaceWith(0, host.state.doc.content.size, content))

for (const name of fs.readdirSync(folder).filter((one) => one.endsWith('.json')).sort()) {
  const { title, lines, doc, written } = JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8'))
  check(`${name}: ${title}`, () => {
    const shared = new Y.Doc()
    put(rootOf(shared), lines)
    const shown = documentOf(schema, rootOf(shared))
    shown.check()
    alike(shown.toJSON(), schema.nodeFromJSON(doc).toJSON(), 'what is shown')
    const other = new Y.Doc()
    replaceAll(editor(rootOf(other)), shown.content)
    alike(taken(rootOf(other)), written ?? lines, 'what is written')
  })
}

for (let seed = 1; seed <= seeds; seed += 1) {
  check(`random document ${seed}: lines and back, written over each other`, () => {
    const made = new Made(schema, seed)
    const shared = new Y.Doc()
    const host = editor(rootOf(shared))
    for (let i = 0; i < 3; i += 1) {
      const doc = made.doc()
      doc.check()
      if (!build(schema, flatten(doc)).eq(doc)) throw new Error(`there and back: ${doc}`)
      replaceAll(host, doc.content)
      if (!host.state.doc.eq(doc)) throw new Error('the editor shows something else than was written')
      if (!documentOf(schema, rootOf(shared)).eq(doc)) throw new Error('the shared text says something else than was written')
    }
  })
  check(`random garbage ${seed}: a valid document, the same read at once and bit by bit`, () => {
    const made = new Made(schema, seed)
    const root = rootOf(new Y.Doc())
    const host = editor(root)
    for (let i = 0; i < 4; i += 1) {
      made.garbage(Y, root)
      host.state.doc.check()
      const fresh = documentOf(schema, root)
      if (!fresh.eq(host.state.doc)) throw new Error(`read bit by bit ${host.state.doc}\nat once ${fresh}`.slice(0, 1500))
      if (!build(schema, flatten(fresh)).eq(fresh)) throw new Error('not stable')
    }
  })
}
hostile({
  check, Y, schema, Model: pad.Model, rootOf, documentOf,
  marksMade (doc) {
    const found = []
    doc.descendants((node) => { if (node.isText) found.push(node.marks.length) })
    return found
  }
})
moves({ check, pad })
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)
