// The golden documents hold every node, mark and attribute of the editor's schema: whoever adds one adds it there, and sees
// what each export makes of it. What our import makes of our own exports (cases/back) holds each of them again, as often and
// with the same values, or the list below says why not. Ends with "N passed, N failed".
import assert from 'node:assert'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { readCase, schema } from './schema.mjs'

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), 'cases')

const comments = 'what a comment says is not in the text: other editors keep it elsewhere'
const opened = 'who reads decides where a link opens; our exports say rel themselves'
const noSign = 'Markdown has no sign for it'
const lostInEach = {
  'mark comment': comments, 'mark comment.id': comments,
  'mark link.target': opened, 'mark link.rel': opened, 'mark link.class': opened,
}
const office = 'a Word document has no element for it; its words stay'
const paper = 'a Word document is made for a page: what is wider shrinks, and each column has a width'
const lost = {
  docx: {
    ...lostInEach,
    'node mention': office, 'node mention.id': office, 'node mention.label': office, 'node codeBlock.language': office,
    'mark textStyle.color': 'colours are written in six digits',
    'node tableHeader': 'Word knows rows of headers only; others stay bold', 'node tableHeader.rowspan': 'Word knows rows of headers only; others stay bold',
    'node tableCell.colwidth': paper, 'node image.width': paper, 'node image.height': paper,
  },
  html: lostInEach,
  markdown: {
    ...lostInEach,
    'node orderedList.type': noSign,
    'node tableCell.colspan': noSign, 'node tableCell.rowspan': noSign, 'node tableHeader.colspan': noSign, 'node tableHeader.rowspan': noSign,
    'node tableCell.colwidth': noSign, 'node tableHeader.colwidth': noSign,
    'node bulletList': 'in a cell it becomes lines', 'node listItem': 'in a cell it becomes lines',
  },
}

/** How often each node, mark, and attribute that is not as it is by itself, with its value. */
function census (node) {
  const counts = new Map()
  const count = (name, value) => {
    const values = counts.get(name) ?? counts.set(name, new Map()).get(name)
    values.set(value, (values.get(value) ?? 0) + 1)
  }
  const note = (kind, thing) => {
    const specs = thing.type.spec.attrs ?? {}
    // How a stretch of text is cut says nothing.
    if (thing.type.name !== 'text') count(`${kind} ${thing.type.name}`, '')
    for (const [name, value] of Object.entries(thing.attrs)) {
      if (JSON.stringify(value) !== JSON.stringify(specs[name]?.default)) count(`${kind} ${thing.type.name}.${name}`, JSON.stringify(value))
    }
    for (const mark of thing.marks ?? []) note('mark', mark)
  }
  note('node', node)
  node.descendants(child => note('node', child))
  return counts
}

let passed = 0
let failed = 0
function check (work) {
  try {
    work()
    passed++
  } catch (error) {
    failed++
    console.log(error.message)
  }
}

const seen = new Set(['node text'])
for (const file of fs.readdirSync(folder).filter(name => name.endsWith('.json'))) {
  const wanted = census(readCase(path.join(folder, file)))
  for (const name of wanted.keys()) seen.add(name)
  for (const [form, reasons] of Object.entries(lost)) {
    const got = census(readCase(path.join(folder, 'back', file.replace(/json$/, `${form}.json`))))
    for (const [name, values] of wanted) {
      const kept = [...values].every(([value, times]) => (got.get(name)?.get(value) ?? 0) >= times)
      check(() => assert.ok(kept !== name in reasons, kept
        ? `${form} keeps the ${name} of ${file}: take it from the list of what is lost`
        : `${form} loses the ${name} of ${file} (${[...values.keys()]}; again: ${[...got.get(name)?.keys() ?? []]})`))
    }
  }
}
for (const [kind, types] of [['node', schema.nodes], ['mark', schema.marks]]) {
  for (const type of Object.values(types)) {
    for (const name of [`${kind} ${type.name}`, ...Object.keys(type.spec.attrs ?? {}).map(name => `${kind} ${type.name}.${name}`)]) {
      check(() => assert.ok(seen.has(name), `no golden document (tests/golden/pads/cases) holds the ${name}`))
    }
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed || !passed ? 1 : 0)
