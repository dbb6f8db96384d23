// The editor's own schema (web-ui/src/pad/schema.ts), with the stock libraries that the editor is built from.
import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const web = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../web-ui')
const require = createRequire(path.join(web, 'package.json'))

async function loadSchema () {
  const typescript = require('typescript')
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hameau-schema-'))
  // The copy of the library that y-prosemirror loads too: nodes of two copies do not mix.
  const model = JSON.stringify(pathToFileURL(require.resolve('prosemirror-model')).href)
  for (const name of ['schema', 'clamp']) {
    const source = fs.readFileSync(path.join(web, 'src/pad', name + '.ts'), 'utf8')
    const { outputText } = typescript.transpileModule(source, { compilerOptions: { module: 'ESNext', target: 'ES2022' } })
    fs.writeFileSync(path.join(folder, name + '.mjs'), outputText.replaceAll('\'prosemirror-model\'', model).replaceAll('\'./clamp\'', '\'./clamp.mjs\''))
  }
  const file = path.join(folder, 'schema.mjs')
  try {
    return (await import(pathToFileURL(file).href)).schema
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}

export const schema = await loadSchema()
const Y = require('yjs')
const { prosemirrorToYDoc } = require('y-prosemirror')

/** A document of the golden cases as a node of the editor, with `image` for its images; throws when it does not fit its schema. */
export function readCase (file, image) {
  const text = fs.readFileSync(file, 'utf8')
  const node = schema.nodeFromJSON(JSON.parse(image ? text.replaceAll(/\/api\/v1\/pads\/p\/images\/[0-9a-f]{64}/g, image) : text))
  node.check()
  return node
}

/** As the editor would write it: one Yjs update. */
export function asUpdate (node) {
  return Y.encodeStateAsUpdate(prosemirrorToYDoc(node, 'default'))
}
