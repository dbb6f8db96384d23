// Whether two Yjs updates (files) make one document, for pads_test.py: the same clocks, the same deletions, the same content of every root.
// Their bytes may differ: a text that came in with its history has its structs cut elsewhere.
import { readFileSync } from 'node:fs'
import * as Y from 'yjs'

const docs = process.argv.slice(2, 4).map((file) => {
  const doc = new Y.Doc({ gc: false })
  Y.applyUpdate(doc, readFileSync(file))
  return doc
})
const roots = (doc) => JSON.stringify([...doc.share.keys()].sort().map((name) => [name, doc.getText(name).toDelta()]))
const same = Y.equalSnapshots(Y.snapshot(docs[0]), Y.snapshot(docs[1])) && roots(docs[0]) === roots(docs[1]) && roots(docs[0]).length > 20
console.log(`${same ? 1 : 0} passed, ${same ? 0 : 1} failed`)
