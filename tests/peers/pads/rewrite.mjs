// One stock client empties the editor's document and writes another one. Ends when the server has saved it.
import * as Y from 'yjs'
import { Client, check, finish, readArguments, until } from './stock.mjs'

const args = readArguments()
await check('a stock client rewrites the pad', async () => {
  const client = new Client(args, { params: { hameau: '2' } })
  await client.synced()
  const fragment = client.doc.getXmlFragment('default')
  fragment.get(0).setAttribute('level', 3)
  fragment.delete(1, fragment.length - 1)
  const paragraph = new Y.XmlElement('paragraph')
  paragraph.insert(0, [new Y.XmlText('Tout autre chose')])
  fragment.insert(1, [paragraph])
  await until(() => client.allSaved(), '"saved"')
  client.destroy()
})
finish()
