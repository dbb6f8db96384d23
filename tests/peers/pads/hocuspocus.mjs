// Hocuspocus with its Database extension on plain files, debounced as it comes out of the box. PORT, FOLDER.
import fs from 'node:fs'
import { Database } from '@hocuspocus/extension-database'
import { Server } from '@hocuspocus/server'

const file = name => `${process.env.FOLDER}/${encodeURIComponent(name)}.yjs`
await Server.configure({
  port: Number(process.env.PORT),
  address: '127.0.0.1',
  quiet: true,
  extensions: [new Database({
    fetch: async ({ documentName }) => fs.existsSync(file(documentName)) ? fs.readFileSync(file(documentName)) : null,
    store: async ({ documentName, state }) => fs.writeFileSync(file(documentName), state, { flush: true })
  })]
}).listen()
