// Hocuspocus with its Database extension on one SQLite file, debounced as it comes out of the box, with the statements of
// its own SQLite extension (whose driver needs an install script); SQLite is the one in Node. PORT, FOLDER.
import { DatabaseSync } from 'node:sqlite'
import { Database as Storage } from '@hocuspocus/extension-database'
import { Server } from '@hocuspocus/server'

const database = new DatabaseSync(`${process.env.FOLDER}/pads.db`)
database.exec('CREATE TABLE IF NOT EXISTS documents (name varchar(255) NOT NULL, data blob NOT NULL, UNIQUE(name))')
const select = database.prepare('SELECT data FROM documents WHERE name = ?')
const upsert = database.prepare('INSERT INTO documents (name, data) VALUES (?, ?) ON CONFLICT(name) DO UPDATE SET data = excluded.data')

await new Server({
  port: Number(process.env.PORT),
  address: '127.0.0.1',
  quiet: true,
  extensions: [new Storage({
    fetch: async ({ documentName }) => select.get(documentName)?.data ?? null,
    store: async ({ documentName, state }) => { upsert.run(documentName, state) }
  })]
}).listen()
