// The golden documents hold every node, mark and attribute of the editor's schema: whoever adds one adds it there, and sees
// what each export makes of it. Ends with "N passed, N failed".
import assert from 'node:assert'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { readCase, schema } from './schema.mjs'

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), 'cases')
const seen = new Set()

function note (kind, thing) {
  seen.add(`${kind} ${thing.type.name}`)
  const specs = thing.type.spec.attrs ?? {}
  for (const [name, value] of Object.entries(thing.attrs)) {
    if (JSON.stringify(value) !== JSON.stringify(specs[name]?.default)) seen.add(`${kind} ${thing.type.name}.${name}`)
  }
  for (const mark of thing.marks ?? []) note('mark', mark)
}

let passed = 0
let failed = 0
for (const file of fs.readdirSync(folder).filter(name => name.endsWith('.json'))) {
  const node = readCase(path.join(folder, file))
  note('node', node)
  node.descendants(child => note('node', child))
}
for (const [kind, types] of [['node', schema.nodes], ['mark', schema.marks]]) {
  for (const type of Object.values(types)) {
    const names = [`${kind} ${type.name}`, ...Object.keys(type.spec.attrs ?? {}).map(name => `${kind} ${type.name}.${name}`)]
    for (const name of names) {
      try {
        assert.ok(seen.has(name), `no golden document (tests/golden/pads/cases) holds the ${name}`)
        passed++
      } catch (error) {
        failed++
        console.log(error.message)
      }
    }
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed || !passed ? 1 : 0)
