// Load on one server: every client of every pad types at a steady rate; one listener per pad measures the way there.
// node bench.mjs --base URL --rooms A,B,... --pid SERVER-PID [--clients 5] [--rate 4] [--seconds 10] [--header "N: v"]...
//   [--envelope 1]  Hocuspocus: one address, the document's name in front of every message
//   rate 0: everybody only sits there for that time
import fs from 'node:fs'
import WebSocket from 'ws'
import * as Y from 'yjs'
import { connection, readArguments } from './stock.mjs'

const args = readArguments({ clients: '5', rate: '4', seconds: '10' })
const rooms = args.rooms.split(',')
const clients = Number(args.clients)
const options = connection(args)

/** CPU seconds, resident kB of the server, kB that it had written to the disk. */
function usage () {
  const fields = fs.readFileSync(`/proc/${args.pid}/stat`, 'utf8').split(') ')[1].split(' ')
  const rss = /VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${args.pid}/status`, 'utf8'))[1]
  let written = 0
  try {
    written = Number(/^write_bytes: (\d+)/m.exec(fs.readFileSync(`/proc/${args.pid}/io`, 'utf8'))[1]) / 1024
  } catch {} // another user's process
  return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, rss: Number(rss), written }
}

const sentAt = new Map()
const latencies = []
let received = 0
let receivedBytes = 0

function uvar (bytes, state) {
  let value = 0
  for (let shift = 1; ; shift *= 128) {
    const byte = bytes[state.at++]
    value += (byte & 127) * shift
    if (byte < 128) return value
  }
}

/** Client blocks of a small update: [client, first clock] of the first one is enough to know the message. */
function firstOf (bytes) {
  const state = { at: 0 }
  if (uvar(bytes, state) !== 0 || uvar(bytes, state) !== 2) return null
  uvar(bytes, state)
  if (uvar(bytes, state) === 0) return null
  uvar(bytes, state)
  return `${uvar(bytes, state)}:${uvar(bytes, state)}`
}

const uvarBytes = n => n > 127 ? [(n % 128) | 128, ...uvarBytes(Math.floor(n / 128))] : [n]
const named = (room, message) => args.envelope ? Buffer.concat([Buffer.from(uvarBytes(room.length)), Buffer.from(room), message]) : message

function frame (update) {
  return Buffer.concat([Buffer.from([0, 2, ...uvarBytes(update.length)]), update])
}

async function join (room, listens) {
  const socket = new WebSocket(args.envelope ? args.base : `${args.base}/${room}`, { ...options, perMessageDeflate: false })
  const doc = new Y.Doc()
  socket.binaryType = 'nodebuffer'
  socket.on('message', whole => {
    const data = args.envelope ? whole.subarray(1 + room.length) : whole
    if (data[0] !== 0 || data[1] !== 2) return
    received++
    receivedBytes += whole.length
    if (listens) {
      const key = firstOf(data)
      const at = key && sentAt.get(key)
      if (at) latencies.push(performance.now() - at)
    }
  })
  await new Promise((resolve, reject) => { socket.on('open', resolve); socket.on('error', reject) })
  if (args.envelope) socket.send(named(room, Buffer.from([2, 0, 1, 120]))) // authentication: any token
  socket.send(named(room, Buffer.from([0, 0, 1, 0]))) // step 1: nothing is known
  doc.on('update', update => {
    const message = frame(Buffer.from(update))
    sentAt.set(firstOf(message), performance.now())
    socket.send(named(room, message))
  })
  return { socket, text: args.rate === '0' ? null : doc.getText('t') }
}

const empty = usage()
const people = []
const arrival = performance.now()
for (const room of rooms) {
  for (let i = 0; i < clients; i++) people.push(await join(room, i === 0))
}
const arrived = performance.now()
await new Promise(resolve => setTimeout(resolve, 500))
const before = usage()
if (args.rate === '0') {
  await new Promise(resolve => setTimeout(resolve, Number(args.seconds) * 1000))
  const after = usage()
  console.log(JSON.stringify({
    clients: people.length,
    connect_s: Number(((arrived - arrival) / 1000).toFixed(1)),
    rss_kb_empty: empty.rss,
    rss_kb: after.rss,
    kb_per_client: Number(((after.rss - empty.rss) / people.length).toFixed(1)),
    cpu_s_idle: Number((after.cpu - before.cpu).toFixed(2))
  }))
  process.exit(0)
}
const started = performance.now()
let edits = 0
await new Promise(resolve => {
  // Spread evenly over time: real people do not type in step.
  const total = Number(args.seconds) * Number(args.rate) * people.length
  const every = 1000 / (Number(args.rate) * people.length)
  const timer = setInterval(() => {
    const due = Math.min(total, Math.floor((performance.now() - started) / every))
    for (; edits < due; edits++) {
      const person = people[edits % people.length]
      person.text.insert(person.text.length, 'abcdefgh '[edits % 9])
    }
    if (edits >= total) { clearInterval(timer); resolve() }
  }, 1)
})
const expected = edits * (clients - 1)
for (let i = 0; i < 100 && received < expected; i++) await new Promise(resolve => setTimeout(resolve, 10))
const after = usage()
// Everybody leaves: what is folded together then is written too.
people.forEach(person => person.socket.close())
await new Promise(resolve => setTimeout(resolve, 3000))
const left = usage()
latencies.sort((a, b) => a - b)
const at = p => latencies.length ? Number(latencies[Math.floor((latencies.length - 1) * p)].toFixed(2)) : null
console.log(JSON.stringify({
  edits,
  seconds: Number(((performance.now() - started) / 1000).toFixed(1)),
  cpu_s_per_10000: Number(((after.cpu - before.cpu) / edits * 10000).toFixed(3)),
  p50_ms: at(0.5),
  p95_ms: at(0.95),
  p99_ms: at(0.99),
  bytes_down_per_edit: Number((receivedBytes / edits).toFixed(1)),
  messages_down: received,
  kb_written_per_1000: Number(((after.written - before.written) / edits * 1000).toFixed(1)),
  kb_written_per_1000_compacted: Number(((left.written - before.written) / edits * 1000).toFixed(1)),
  rss_kb_before: before.rss,
  rss_kb_after: after.rss
}))
process.exit(0)
