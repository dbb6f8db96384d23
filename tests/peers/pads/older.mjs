// Pads of the older form. `write FILE`: one of the golden documents as y-prosemirror wrote it. `open`: what opens such a pad, and
// as what. `again`: it is as `open` left it (--content).
import assert from 'node:assert'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import WebSocket from 'ws'
import * as Y from 'yjs'
import { Client, check, connection, finish, readArguments, until } from './stock.mjs'

const args = readArguments()
const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../golden/pads/cases')
const lines = client => JSON.stringify(client.doc.get('default', Y.XmlText).toDelta().map(({ insert, attributes }) =>
  [insert instanceof Y.XmlElement ? [insert.nodeName, insert.getAttributes()] : insert, attributes]))

if (args.write) {
  const { readCase } = await import('../../golden/pads/schema.mjs')
  const { prosemirrorToYDoc } = await import('y-prosemirror')
  fs.writeFileSync(args.write, Y.encodeStateAsUpdate(prosemirrorToYDoc(readCase(path.join(folder, 'everything.json')), 'default')))
  console.log('1 passed, 0 failed')
  process.exit(0)
}

await check('a page of the older build is refused once its line is open', async () => {
  const code = await new Promise((resolve, reject) => {
    const socket = new WebSocket(`${args.base}/${args.room}?hameau=1`, connection(args))
    let opened = false
    socket.on('open', () => { opened = true })
    socket.on('close', code => { resolve([opened, code]) })
    socket.on('error', reject)
  })
  assert.deepEqual(code, [true, 4426])
})

if (!args.content) {
  await check('a stock client synchronises the tree; a page of this build makes it lines for everybody', async () => {
    const stock = new Client(args)
    await stock.synced()
    const tree = stock.doc.getXmlFragment('default')
    assert.equal(tree.get(0).nodeName, 'heading')
    const pages = Array.from({ length: 3 }, () => new Client(args, { params: { hameau: '2' } }))
    await Promise.all(pages.map(page => page.synced()))
    await until(() => tree.toString().startsWith('Réunion du '), 'the lines at the stock client')
    const text = pages[0].doc.get('default', Y.XmlText)
    assert.equal(text.getAttribute('format'), 2)
    assert.ok(text.toDelta().every(({ insert }) => typeof insert === 'string' || !(insert instanceof Y.XmlElement) || insert.nodeName === 'line'))
    for (const page of pages) assert.equal(lines(page), lines(pages[0]))
    console.log('content ' + Buffer.from(lines(pages[0])).toString('base64'))
    for (const one of [stock, ...pages]) one.destroy()
  })
} else {
  await check('it is carried over once', async () => {
    const page = new Client(args, { params: { hameau: '2' } })
    await page.synced()
    assert.equal(lines(page), Buffer.from(args.content, 'base64').toString())
    page.destroy()
  })
}
finish()
