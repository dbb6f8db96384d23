// The plain text of what is copied is that of the export as text, for every golden document. Ends with "N passed, N failed".
import assert from 'node:assert'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { padModules } from '../../../web-ui/scripts/pad-modules.mjs'

const { schema, plainText, plainSlice, model } = await padModules("export * from './plain';\n")
const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), '../pads/cases')
let passed = 0
let failed = 0
function check (act) {
  try {
    act()
    passed += 1
  } catch (error) {
    failed += 1
    console.log(error.message)
  }
}
for (const file of fs.readdirSync(folder).filter(name => name.endsWith('.json'))) {
  const doc = schema.nodeFromJSON(JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8')))
  // The export has its title on top.
  const wanted = fs.readFileSync(path.join(folder, file.replace(/json$/, 'txt')), 'utf8').replace(/^.*\n/, '')
  check(() => assert.equal(plainText(doc.content), wanted))
}
const item = text => schema.node('listItem', null, [schema.node('paragraph', null, [schema.text(text)])])
const list = schema.node('doc', null, [schema.node('orderedList', { start: 3, type: 'a' }, [item('un'), item('deux')])])
check(() => assert.equal(plainSlice(list.slice(4, 6, true)), 'n', 'within one line its words alone'))
check(() => assert.equal(plainSlice(list.slice(4, 10, true)), 'c. n\nd. d'))
check(() => assert.equal(plainSlice(model.Slice.empty), ''))
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed || !passed ? 1 : 0)
