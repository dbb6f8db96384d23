// Many stock clients at many pads, editing at random, with cuts of their own. Then all converge, and what any of them was told
// to be saved is written down: a second call, after a kill -9, looks for it with fresh clients.
// node storm.mjs --base URL --rooms A,B --clients 5 --seconds 20 --saved FILE [--verify 1] [--header "N: v"]...
import assert from 'node:assert'
import fs from 'node:fs'
import * as Y from 'yjs'
import { Client, check, converged, finish, readArguments, until } from './stock.mjs'

const args = readArguments({ clients: '5', seconds: '20', seed: '1' })
const rooms = args.rooms.split(',')
let seed = Number(args.seed)
const random = n => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed % n }
const pause = ms => new Promise(resolve => setTimeout(resolve, ms))

function edit (client) {
  const fragment = client.doc.getXmlFragment('default')
  const what = random(10)
  if (fragment.length === 0 || what === 0) {
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [new Y.XmlText('mot ' + random(1000))])
    fragment.insert(random(fragment.length + 1), [paragraph])
  } else if (what === 1 && fragment.length > 5) {
    fragment.delete(random(fragment.length), 1)
  } else {
    const words = fragment.get(random(fragment.length)).get(0)
    if (!words) return
    if (what < 8) words.insert(random(words.length + 1), 'abé '[random(4)])
    else if (words.length > 0) words.delete(random(words.length), 1)
  }
}

function noteSaved (people, saved) {
  for (const [room, clients] of people) {
    for (const client of clients) {
      for (const [id, clock] of client.saved) {
        const known = saved[room] ?? (saved[room] = {})
        known[id] = Math.max(known[id] ?? 0, clock)
      }
    }
  }
}

async function storm () {
  const people = rooms.map(room => [room, Array.from({ length: Number(args.clients) }, (_, i) =>
    new Client(args, { room, params: i === 0 ? { hameau: '2' } : {} }))])
  const all = people.flatMap(([, clients]) => clients)
  await check('everybody gets in', () => Promise.all(all.map(client => client.synced())))
  const saved = {}
  const end = Date.now() + Number(args.seconds) * 1000
  while (Date.now() < end) {
    for (let i = 0; i < 5; i++) edit(all[random(all.length)])
    if (random(10) === 0) {
      const client = all[random(all.length)]
      if (client.provider.shouldConnect) {
        client.provider.disconnect()
        setTimeout(() => client.provider.connect(), 200 + random(1500))
      }
    }
    noteSaved(people, saved)
    await pause(20)
  }
  await pause(2000)
  for (const [room, clients] of people) {
    await check(`pad ${room} converges`, () => converged(clients))
  }
  await check('everything is saved in the end', async () => {
    for (const [, clients] of people) {
      const vector = Y.decodeStateVector(Y.encodeStateVector(clients[0].doc))
      await until(() => [...vector].every(([id, clock]) => (clients[0].saved.get(id) ?? 0) >= clock), '"saved" for every client')
    }
  })
  noteSaved(people, saved)
  const contents = Object.fromEntries(people.map(([room, clients]) => [room, clients[0].content()]))
  fs.writeFileSync(args.saved, JSON.stringify({ saved, contents }))
  all.forEach(client => client.destroy())
}

async function verify () {
  const { saved, contents } = JSON.parse(fs.readFileSync(args.saved, 'utf8'))
  await check('fresh clients find all that was said to be saved, and the very content', async () => {
    for (const room of rooms) {
      const client = new Client(args, { room })
      await client.synced()
      for (const [id, clock] of Object.entries(saved[room])) {
        assert.ok(Y.getState(client.doc.store, Number(id)) >= clock, `${room}: client ${id} has lost what was saved`)
      }
      assert.equal(client.content(), contents[room])
      client.destroy()
    }
  })
}

await (args.verify ? verify() : storm())
finish()
