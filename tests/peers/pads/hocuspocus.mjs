// Hocuspocus with its Database extension, debounced as it comes out of the box: one SQLite file (with the statements of
// its own SQLite extension, whose driver needs an install script) or, with STORE=files, a file for each pad. PORT, FOLDER.
import fs from 'node:fs'
import { Database as Storage } from '@hocuspocus/extension-database'
import { Server } from '@hocuspocus/server'

const file = name => `${process.env.FOLDER}/${encodeURIComponent(name)}.yjs`
const files = {
  fetch: async ({ documentName }) => fs.existsSync(file(documentName)) ? fs.readFileSync(file(documentName)) : null,
  store: async ({ documentName, state }) => fs.writeFileSync(file(documentName), state, { flush: true })
}

async function sqlite () {
  const { default: { Database } } = await import('node-sqlite3-wasm')
  const database = new Database(`${process.env.FOLDER}/pads.db`)
  database.exec('CREATE TABLE IF NOT EXISTS documents (name varchar(255) NOT NULL, data blob NOT NULL, UNIQUE(name))')
  const select = database.prepare('SELECT data FROM documents WHERE name = ?')
  const upsert = database.prepare('INSERT INTO documents (name, data) VALUES (?, ?) ON CONFLICT(name) DO UPDATE SET data = excluded.data')
  return {
    fetch: async ({ documentName }) => select.get([documentName])?.data ?? null,
    store: async ({ documentName, state }) => { upsert.run([documentName, state]) }
  }
}

await Server.configure({
  port: Number(process.env.PORT),
  address: '127.0.0.1',
  quiet: true,
  extensions: [new Storage(process.env.STORE === 'files' ? files : await sqlite())]
}).listen()
