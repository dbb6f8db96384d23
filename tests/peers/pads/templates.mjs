// Reads exported pads as real Yjs does: every template is one text with line markers, in nothing but the names of
// docs/pads-format.md. node templates.mjs FILE.yjs...
import fs from 'node:fs'
import assert from 'node:assert'
import * as Y from 'yjs'
import { check, finish } from './stock.mjs'

const keys = /^(type|path|joins|level|textAlign|format|(taskItem\.checked|orderedList\.(start|type)|table(Cell|Header)\.(colspan|rowspan|colwidth)))$/
const names = new Set(['bulletList', 'listItem', 'taskList', 'taskItem', 'table', 'tableRow', 'tableHeader', 'tableCell'])

for (const file of process.argv.slice(2)) {
  await check(`${file.split('/').at(-1)} is lines`, () => {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, fs.readFileSync(file))
    const text = doc.get('default', Y.XmlText)
    assert.equal(text.getAttribute('format'), 2)
    assert.equal(text.getAttribute('type'), 'heading')
    let letters = ''
    let bold = 0
    let markers = 0
    const look = attributes => {
      for (const [key, value] of Object.entries(attributes)) {
        assert.match(key, keys)
        if (key === 'path') assert.ok(value.every(name => names.has(name)), value)
      }
    }
    look(text.getAttributes())
    for (const { insert, attributes } of text.toDelta()) {
      if (typeof insert === 'string') {
        letters += insert
        assert.ok(!insert.includes('\n'))
        if (attributes?.bold) bold++
        continue
      }
      assert.ok(insert instanceof Y.XmlElement && insert.nodeName === 'line' && insert.length === 0)
      assert.equal(attributes, undefined, 'a marker has no marks')
      look(insert.getAttributes())
      markers++
    }
    assert.ok(letters.length > 20 && bold > 0 && markers > 10)
    assert.equal(text.length, letters.length + markers)
  })
}
finish()
