// What a fresh stock client sees of the editor's document: --expect TEXT is there, --expect-not TEXT is not.
import assert from 'node:assert'
import * as Y from 'yjs'
import { Client, check, finish, readArguments } from './stock.mjs'

const args = readArguments()
await check('a fresh stock client reads the restored pad', async () => {
  const client = new Client(args)
  await client.synced()
  const text = client.doc.get('default', Y.XmlText).toString()
  assert.ok(text.includes(args.expect), text)
  assert.ok(!text.includes(args['expect-not']), text)
  client.destroy()
})
finish()
