// Reads exported pads with y-prosemirror and a schema with our node names: every template must fit it without losses.
// node templates.mjs FILE.yjs...
import fs from 'node:fs'
import assert from 'node:assert'
import * as Y from 'yjs'
import { Schema } from 'prosemirror-model'
import { yXmlFragmentToProseMirrorRootNode } from 'y-prosemirror'
import { check, finish } from './stock.mjs'

const cell = { content: 'block+', attrs: { colspan: { default: 1 }, rowspan: { default: 1 }, colwidth: { default: null } } }
const schema = new Schema({
  nodes: {
    doc: { content: 'block+' },
    paragraph: { group: 'block', content: 'inline*' },
    heading: { group: 'block', content: 'inline*', attrs: { level: { default: 1 } } },
    bulletList: { group: 'block', content: 'listItem+' },
    listItem: { content: 'paragraph block*' },
    taskList: { group: 'block', content: 'taskItem+' },
    taskItem: { content: 'paragraph block*', attrs: { checked: { default: false } } },
    table: { group: 'block', content: 'tableRow+' },
    tableRow: { content: '(tableHeader | tableCell)+' },
    tableHeader: cell,
    tableCell: cell,
    text: { group: 'inline' }
  },
  marks: { bold: {} }
})

for (const file of process.argv.slice(2)) {
  await check(`${file.split('/').at(-1)} fits the editor's schema`, () => {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, fs.readFileSync(file))
    const fragment = doc.getXmlFragment('default')
    const before = fragment.toString()
    const node = yXmlFragmentToProseMirrorRootNode(fragment, schema)
    node.check()
    assert.equal(fragment.toString(), before, 'a node that does not fit is deleted by y-prosemirror')
    const names = new Set()
    node.descendants(child => { names.add(child.type.name) })
    assert.ok(names.has('heading') && names.has('paragraph'))
    assert.equal(node.firstChild.type.name, 'heading')
    assert.equal(node.firstChild.attrs.level, 1)
    assert.ok(node.textContent.length > 20)
    let bold = 0
    node.descendants(child => { if (child.marks.some(mark => mark.type.name === 'bold')) bold++ })
    assert.ok(bold > 0)
  })
}
finish()
