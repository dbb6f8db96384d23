// Load on one server: every client of every pad types at a steady rate; one listener per pad measures the way there.
// node bench.mjs --base URL --rooms A,B,... --pid SERVER-PID [--clients 5] [--rate 4] [--seconds 10] [--header "N: v"]...
import fs from 'node:fs'
import WebSocket from 'ws'
import * as Y from 'yjs'
import { connection, readArguments } from './stock.mjs'

const args = readArguments({ clients: '5', rate: '4', seconds: '10' })
const rooms = args.rooms.split(',')
const clients = Number(args.clients)
const options = connection(args)

/** CPU seconds, resident kB of the server. */
function usage () {
  const fields = fs.readFileSync(`/proc/${args.pid}/stat`, 'utf8').split(') ')[1].split(' ')
  const rss = /VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${args.pid}/status`, 'utf8'))[1]
  return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, rss: Number(rss) }
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

function frame (update) {
  const length = []
  for (let n = update.length; ; n = Math.floor(n / 128)) {
    length.push(n > 127 ? (n % 128) | 128 : n)
    if (n <= 127) break
  }
  return Buffer.concat([Buffer.from([0, 2, ...length]), update])
}

async function join (room, listens) {
  const socket = new WebSocket(`${args.base}/${room}`, { ...options, perMessageDeflate: false })
  const doc = new Y.Doc()
  socket.binaryType = 'nodebuffer'
  socket.on('message', data => {
    if (data[0] !== 0 || data[1] !== 2) return
    received++
    receivedBytes += data.length
    if (listens) {
      const key = firstOf(data)
      const at = key && sentAt.get(key)
      if (at) latencies.push(performance.now() - at)
    }
  })
  await new Promise((resolve, reject) => { socket.on('open', resolve); socket.on('error', reject) })
  doc.on('update', update => {
    const message = frame(Buffer.from(update))
    sentAt.set(firstOf(message), performance.now())
    socket.send(message)
  })
  return { socket, text: doc.getText('t') }
}

const people = []
for (const room of rooms) {
  for (let i = 0; i < clients; i++) people.push(await join(room, i === 0))
}
const before = usage()
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
  rss_kb_before: before.rss,
  rss_kb_after: after.rss
}))
process.exit(0)
