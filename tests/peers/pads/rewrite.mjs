// One stock client empties the editor's document but for its first line and writes another one. Ends when the server has saved it.
import * as Y from 'yjs'
import { Client, check, finish, readArguments, until } from './stock.mjs'

const args = readArguments()
await check('a stock client rewrites the pad', async () => {
  const client = new Client(args, { params: { hameau: '2' } })
  await client.synced()
  const text = client.doc.get('default', Y.XmlText)
  const first = text.toDelta()[0].insert.length
  text.setAttribute('level', 3)
  text.delete(first, text.length - first)
  text.insertEmbed(text.length, new Y.XmlElement('line'))
  text.insert(text.length, 'Tout autre chose')
  await until(() => client.allSaved(), '"saved"')
  client.destroy()
})
finish()
