// Stock y-websocket providers at one pad: convergence, offline edits, awareness, read-only, refusals, kill and restart.
// node converge.mjs --base wss://localhost:8443/api/v1/pads/ws --room ID --cookie __Host-hameau=... --ca FILE
//   [--header "Name: value"]...  further headers; those but Hameau-Caller belong to the signed-in person
//   [--read-key KEY]             a link key that may only read this pad
//   [--write-key KEY --write-room ID]  a link key that may write
//   [--restart-command CMD]      a shell command that kills the pads process; it must come back by itself
//   [--long 1]                   a lone idle client stays connected for more than 30 s
import { execSync } from 'node:child_process'
import assert from 'node:assert'
import * as Y from 'yjs'
import WebSocket from 'ws'
import { Client, check, connection, converged, finish, readArguments, until, upgradeStatus } from './stock.mjs'

const args = readArguments()
let seed = Number(args.seed ?? 1)
const random = n => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed % n }

function edit (client, count) {
  for (let i = 0; i < count; i++) {
    const text = client.text
    const what = random(10)
    // Never inside a surrogate pair: stock replicas may show that differently for ever (yjs-v1-notes section 6).
    const place = () => {
      const plain = text.toString()
      const at = random(plain.length + 1)
      return at > 0 && /[\uD800-\uDBFF]/.test(plain[at - 1]) ? at - 1 : at
    }
    if (what < 6) text.insert(place(), ['é', 'mot ', 'x', '🦊', 'ligne\n'][random(5)])
    else if (what < 8) {
      const at = place()
      const symbol = [...text.toString().slice(at)][0]
      if (symbol) text.delete(at, symbol.length)
    }
    else if (what === 8) client.doc.getMap('m').set('k' + random(5), { n: random(100), a: [1, 'b', null] })
    else {
      const fragment = client.doc.getXmlFragment('default')
      const paragraph = new Y.XmlElement('paragraph')
      const words = new Y.XmlText()
      words.insert(0, 'Bonjour ' + random(1000))
      words.format(0, 4, { bold: {} })
      paragraph.insert(0, [words])
      fragment.insert(random(fragment.length + 1), [paragraph])
    }
  }
}

async function people (n, options) {
  const clients = Array.from({ length: n }, () => new Client(args, options))
  await Promise.all(clients.map(c => c.synced()))
  return clients
}

await check('three clients converge on concurrent edits', async () => {
  const clients = await people(3)
  for (let round = 0; round < 20; round++) {
    clients.forEach(c => edit(c, 5))
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  await converged(clients)
  clients.forEach(c => c.destroy())
})

let last
await check('a fresh client sees everything, with nobody else there', async () => {
  const [writer] = await people(1, { params: { hameau: '2' } })
  edit(writer, 50)
  await until(() => writer.allSaved(), 'the "saved" message')
  last = writer.content()
  writer.destroy()
  const [fresh] = await people(1)
  assert.equal(fresh.content(), last)
  fresh.destroy()
})

await check('edits made offline on both sides merge', async () => {
  const [anna, bert] = await people(2)
  await converged([anna, bert])
  anna.provider.disconnect()
  edit(anna, 40)
  edit(bert, 40)
  anna.provider.connect()
  await anna.synced()
  await converged([anna, bert])
  const [fresh] = await people(1)
  await converged([anna, fresh], 'a fresh client')
  for (const c of [anna, bert, fresh]) c.destroy()
})

await check('awareness reaches the others and ends with the connection', async () => {
  const [anna, bert] = await people(2)
  anna.provider.awareness.setLocalStateField('user', { name: 'Anna', color: '#112233' })
  const seen = () => bert.provider.awareness.getStates().get(anna.doc.clientID)
  await until(() => seen()?.user?.name === 'Anna', 'the awareness of the other')
  const late = new Client(args)
  await until(() => late.provider.awareness.getStates().get(anna.doc.clientID)?.user?.name === 'Anna', 'awareness for a newcomer')
  anna.provider.disconnect()
  await until(() => !seen(), 'its end')
  anna.provider.connect()
  await until(() => seen()?.user?.name === 'Anna', 'its return with the same clock')
  for (const c of [anna, bert, late]) c.destroy()
})

await check('?hameau=2 tells the roster and what is saved; stock clients hear neither', async () => {
  const [ours] = await people(1, { params: { hameau: '2' } })
  const [stock] = await people(1)
  ours.provider.awareness.setLocalStateField('user', { name: 'A name that anybody can claim' })
  await until(() => ours.roster?.clients?.[ours.doc.clientID], 'the roster')
  assert.ok(ours.roster.clients[ours.doc.clientID].name.length > 0)
  assert.notEqual(ours.roster.clients[ours.doc.clientID].name, 'A name that anybody can claim')
  const before = ours.savedMessages
  ours.text.insert(0, 'sauvé ')
  await until(() => ours.allSaved() && ours.savedMessages > before, '"saved"')
  ours.text.delete(0, 6)
  await until(() => ours.savedMessages >= before + 2, '"saved" for a deletion')
  assert.equal(stock.roster, null)
  assert.equal(stock.saved.size, 0)
  ours.destroy()
  stock.destroy()
})

await check('strangers are refused at the upgrade', async () => {
  assert.equal(await upgradeStatus(args, { identity: false }), 401)
  assert.equal(await upgradeStatus(args, { identity: false, query: '?key=aaaaaaaaaaaaaaaaaaaaaaaaaa' }), 403)
  assert.equal(await upgradeStatus(args), 101)
})

if (args['read-key']) {
  await check('a reader sees all changes and makes none', async () => {
    const [writer] = await people(1)
    const reader = new Client(args, { identity: false, params: { key: args['read-key'], hameau: '2' } })
    await reader.synced()
    await converged([writer, reader])
    const before = writer.content()
    reader.text.insert(0, 'NOT ALLOWED')
    await until(() => reader.denied > 0, 'the refusal')
    writer.text.insert(0, 'allowed ')
    await until(() => reader.text.toString().includes('allowed '), 'the change of the writer')
    assert.ok(!writer.text.toString().includes('NOT ALLOWED'))
    assert.notEqual(writer.content(), before)
    assert.equal(reader.closes.length, 0, 'the connection is kept')
    assert.match(reader.roster.you.name, /^(Invité|Guest) \d+$/)
    reader.destroy()
    const [fresh] = await people(1)
    assert.ok(!fresh.text.toString().includes('NOT ALLOWED'))
    writer.destroy()
    fresh.destroy()
  })
}

if (args['write-key']) {
  await check('a guest with a key writes', async () => {
    const room = args['write-room'] ?? args.room
    const guest = new Client(args, { identity: false, room, params: { key: args['write-key'], hameau: '2' } })
    await guest.synced()
    guest.text.insert(0, 'de la part d’un invité')
    await until(() => guest.allSaved(), '"saved"')
    guest.destroy()
    const member = new Client(args, { room })
    await member.synced()
    assert.ok(member.text.toString().startsWith('de la part d’un invité'))
    member.destroy()
  })
}

await check('hostile frames end their sender only', async () => {
  const clients = await people(2)
  await converged(clients)
  const frames = [[0, 1, 5, 1], [0, 2, 3, 1, 1, 1], [1, 200], [0, 2, 2, 255, 255], [0, 0, 3, 255, 255, 255], [0, 9]]
  for (const frame of frames) {
    const code = await new Promise((resolve, reject) => {
      const socket = new WebSocket(`${args.base}/${args.room}`, connection(args))
      socket.on('open', () => socket.send(Uint8Array.from(frame)))
      socket.on('close', resolve)
      socket.on('error', reject)
    })
    assert.ok(code === 1007 || code === 1008, `frame ${frame}: closed with ${code}`)
  }
  clients.forEach(c => edit(c, 5))
  await converged(clients)
  assert.ok(clients.every(c => c.closes.length === 0))
  clients.forEach(c => c.destroy())
})

if (args['restart-command']) {
  await check('kill -9: what was told saved is there for a fresh client', async () => {
    for (let round = 0; round < 5; round++) {
      const [writer] = await people(1, { params: { hameau: '2' } })
      const mark = `<${Date.now()}-${round}>`
      const told = []
      for (let i = 0; i < 200; i++) {
        writer.text.insert(writer.text.length, `${mark}${i};`)
        if (i % 10 === 0) await new Promise(resolve => setTimeout(resolve, 2))
        if (writer.allSaved()) told.push(i)
      }
      execSync(args['restart-command'], { stdio: 'inherit' })
      const clock = writer.saved.get(writer.doc.clientID) ?? 0
      writer.destroy()
      const [fresh] = await people(1)
      assert.ok(Y.getState(fresh.doc.store, writer.doc.clientID) >= clock, 'everything up to the saved clock')
      for (const i of told) assert.ok(fresh.text.toString().includes(`${mark}${i};`), `edit ${i} was told saved`)
      fresh.destroy()
    }
  })

  await check('kill -9: everybody reconnects and converges', async () => {
    const clients = await people(3)
    for (let round = 0; round < 3; round++) {
      clients.forEach(c => edit(c, 10))
      execSync(args['restart-command'], { stdio: 'inherit' })
      await until(() => clients.every(c => c.closes.length > round), 'the end of the old connections')
      clients.forEach(c => edit(c, 10))
      await converged(clients, 'convergence after the restart')
    }
    const [fresh] = await people(1)
    await converged([clients[0], fresh], 'a fresh client')
    for (const c of [...clients, fresh]) c.destroy()
  })
}

if (args.long) {
  await check('a lone idle client stays connected', async () => {
    const [alone] = await people(1)
    await new Promise(resolve => setTimeout(resolve, 40_000))
    assert.equal(alone.closes.length, 0)
    assert.ok(alone.provider.wsconnected)
    alone.destroy()
  })
}

finish()
