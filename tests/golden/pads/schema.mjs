// The editor's own modules (web-ui/src/pad), with the stock libraries that the editor is built from.
import fs from 'node:fs'
import { padModules } from '../../../web-ui/scripts/pad-modules.mjs'

const pad = await padModules()
export const { schema } = pad
const { Y, bind, state } = pad

/** A document of the golden cases as a node of the editor, with `image` for its images; throws when it does not fit its schema. */
export function readCase (file, image) {
  const text = fs.readFileSync(file, 'utf8')
  const node = schema.nodeFromJSON(JSON.parse(image ? text.replaceAll(/\/api\/v1\/pads\/p\/images\/[0-9a-f]{64}/g, image) : text))
  node.check()
  return node
}

/** As the editor would write it: one Yjs update. */
export function asUpdate (node) {
  const doc = new Y.Doc()
  const binding = bind(doc.get('default', Y.XmlText), schema)
  const host = {
    state: state.EditorState.create({ doc: binding.doc, plugins: [binding.plugin] }),
    dispatch (tr) {
      host.state = host.state.apply(tr)
      binding.flush()
    }
  }
  binding.attach(host)
  host.dispatch(host.state.tr.replaceWith(0, host.state.doc.content.size, node.content))
  return Y.encodeStateAsUpdate(doc)
}
