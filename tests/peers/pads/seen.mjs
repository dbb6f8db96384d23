// What somebody saw is there after kill -9, before anybody who has it comes back. Each round: stock clients write, one in each pad
// only takes away; the process is killed in the middle; nobody reconnects; fresh clients must have all that others had seen.
// node seen.mjs --base URL --rooms A,B --rounds 20 --kill-command CMD [--header "N: v"]...
import assert from 'node:assert'
import { execSync } from 'node:child_process'
import * as Y from 'yjs'
import { Client, check, finish, readArguments, until } from './stock.mjs'

const args = readArguments({ rounds: '20', clients: '5', seed: '1' })
const rooms = args.rooms.split(',')
let seed = Number(args.seed)
const random = n => { seed = (seed * 1103515245 + 12345) % 2147483648; return Math.floor(seed / 65536) % n }
const pause = ms => new Promise(resolve => setTimeout(resolve, ms))
const lines = client => client.doc.get('default', Y.XmlText)

function edit (client, takesAway) {
  const text = lines(client)
  if (takesAway) {
    if (text.length > 3) text.delete(random(text.length), 1)
  } else if (random(10) === 0) {
    text.insertEmbed(random(text.length + 1), new Y.XmlElement('line'))
  } else {
    text.insert(random(text.length + 1), 'abcdefgh'[random(8)])
  }
}

/** Of each client: the clocks that another one has of it. */
function seenIn (clients) {
  const seen = new Map()
  for (const one of clients) {
    for (const [id, clock] of Y.decodeStateVector(Y.encodeStateVector(one.doc))) {
      if (id !== one.doc.clientID) seen.set(id, Math.max(seen.get(id) ?? 0, clock))
    }
  }
  return seen
}

/** What is gone for those who take nothing away: others took it. */
function goneIn (clients, taker) {
  const gone = new Set()
  for (const one of clients) {
    if (one === taker) continue
    Y.createDeleteSetFromStructStore(one.doc.store).clients.forEach((items, id) => {
      for (const { clock, len } of items) for (let i = 0; i < len; i++) gone.add(`${id}:${clock + i}`)
    })
  }
  return gone
}

let missing = 0
let looked = 0
for (let round = 1; round <= Number(args.rounds); round++) {
  const people = rooms.map(room => [room, Array.from({ length: Number(args.clients) }, () => new Client(args, { room }))])
  const all = people.flatMap(([, clients]) => clients)
  await Promise.all(all.map(client => client.synced()))
  const before = people.map(([, clients]) => clients[0].doc.store.clients.size)
  const end = Date.now() + 300 + random(300)
  while (Date.now() < end) {
    for (const [, clients] of people) edit(clients[random(clients.length)], false)
    for (const [, clients] of people) if (random(3) === 0) edit(clients[0], true)
    await pause(2)
  }
  for (const client of all) client.provider.shouldConnect = false
  execSync(args['kill-command'])
  // What was relayed before the end is still read.
  await until(() => all.every(client => !client.provider.wsconnected), 'the end of all connections')
  const seen = people.map(([, clients]) => [seenIn(clients), goneIn(clients, clients[0])])
  all.forEach(client => client.destroy())
  for (const [i, [room]] of people.entries()) {
    const fresh = new Client(args, { room })
    await fresh.synced()
    const [clocks, gone] = seen[i]
    assert.ok(clocks.size >= before[i])
    for (const [id, clock] of clocks) {
      looked += clock
      missing += Math.max(0, clock - Y.getState(fresh.doc.store, id))
    }
    const there = goneIn([fresh], null)
    for (const one of gone) {
      looked++
      missing += there.has(one) ? 0 : 1
    }
    fresh.destroy()
  }
}
await check(`killed ${args.rounds} times: of ${looked} looks at seen edits none fails`, () => assert.equal(missing, 0))
finish()
