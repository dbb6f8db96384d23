// A stock client writes one of the golden documents (tests/golden/pads/cases) as the editor would: --case NAME; addresses
// of images are replaced by --image. Ends when the server has saved it.
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import * as Y from 'yjs'
import { asUpdate, readCase } from '../../golden/pads/schema.mjs'
import { Client, check, finish, readArguments, until } from './stock.mjs'

const args = readArguments()
const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../golden/pads/cases')
await check(`a stock client writes ${args.case}`, async () => {
  const update = asUpdate(readCase(path.join(folder, `${args.case}.json`), args.image))
  const client = new Client(args, { params: { hameau: '2' } })
  await client.synced()
  Y.applyUpdate(client.doc, update)
  // The update's client is not this one: what the server has is asked for by another.
  await until(async () => {
    const fresh = new Client(args)
    await fresh.synced()
    const same = fresh.content() === client.content()
    fresh.destroy()
    return same
  }, 'the document to arrive')
  client.destroy()
})
finish()
