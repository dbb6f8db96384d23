// Load on one server: every client of every pad types at a steady rate; one listener per pad measures the way there.
// node bench.mjs --base URL --rooms A,B,... --pids PID[,PID] [--clients 5] [--rate 4] [--seconds 10] [--header "N: v"]...
//   [--cookie C] [--ca FILE]  through the gate
//   [--members 1]   every client is a member of its own (headers as the gate sends them)
//   [--envelope 1]  Hocuspocus: one address, the document's name in front of every message
//   [--rate 0]      everybody only sits there for that time
//   [--herd 1]      "ready" on standard output; the server is stopped and started again by the caller; all come back
import fs from 'node:fs'
import WebSocket from 'ws'
import * as Y from 'yjs'
import { connection, readArguments } from './stock.mjs'

const args = readArguments({ clients: '5', rate: '4', seconds: '10' })
const rooms = args.rooms.split(',')
const clients = Number(args.clients)
const rate = Number(args.rate)
const options = connection(args)
const pids = args.pids.split(',')
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))
const round = (value, digits) => Number(value.toFixed(digits))

const read = file => { try { return fs.readFileSync(file, 'utf8') } catch { return '' } }
const field = (text, pattern) => Number(pattern.exec(text)?.[1] ?? 0)

/** CPU seconds, resident kB, kB written to the disk, voluntary context switches of all threads, of one process. */
function usageOf (pid) {
  const stat = read(`/proc/${pid}/stat`).split(') ')[1].split(' ')
  let wakeups = 0
  let nanoseconds = 0 // on a processor; stat counts hundredths of a second, which are many of our edits
  for (const task of fs.readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += field(read(`/proc/${pid}/task/${task}/schedstat`), /^(\d+)/)
    wakeups += field(read(`/proc/${pid}/task/${task}/status`), /^voluntary_ctxt_switches:\s+(\d+)/m)
  }
  return {
    cpu: nanoseconds > 0 ? nanoseconds / 1e9 : (Number(stat[11]) + Number(stat[12])) / 100,
    rss: field(read(`/proc/${pid}/status`), /VmRSS:\s+(\d+)/),
    written: field(read(`/proc/${pid}/io`), /^write_bytes: (\d+)/m) / 1024,
    wakeups
  }
}
const usage = () => pids.map(usageOf)
const sum = (usages, name) => usages.reduce((total, one) => total + one[name], 0)
const between = (from, to, name) => sum(to, name) - sum(from, name)

const sentAt = new Map()
const latencies = []
let received = 0
let receivedBytes = 0

/** An edit is one letter: each clock in the message is one. */
function arrivals (data) {
  const now = performance.now()
  for (const struct of Y.decodeUpdate(data.subarray(prefixLength(data))).structs) {
    for (let clock = struct.id.clock; clock < struct.id.clock + struct.length; clock++) {
      const at = sentAt.get(`${struct.id.client}:${clock}`)
      if (at) latencies.push(now - at)
    }
  }
}

/** Type, kind and the update's length. */
function prefixLength (data) {
  let at = 2
  while (data[at] > 127) at++
  return at + 1
}

const uvarBytes = n => n > 127 ? [(n % 128) | 128, ...uvarBytes(Math.floor(n / 128))] : [n]
const named = (room, message) => args.envelope ? Buffer.concat([Buffer.from(uvarBytes(room.length)), Buffer.from(room), message]) : message
const frame = update => Buffer.concat([Buffer.from([0, 2, ...uvarBytes(update.length)]), update])

let members = 0
function headers () {
  if (!args.members) return options
  const n = String(members++)
  return { ...options, headers: { ...options.headers, 'Hameau-Member': n.padStart(26, 'm'), 'Hameau-Login': `p${n}`, 'Hameau-Name': `Person%20${n}` } }
}

/** Opens; resolves when the server has answered step 1. */
function open (room, onMessage, onClose) {
  const socket = new WebSocket(args.envelope ? args.base : `${args.base}/${room}`, { ...headers(), perMessageDeflate: false })
  socket.binaryType = 'nodebuffer'
  return new Promise((resolve, reject) => {
    let synced = false
    socket.on('open', () => {
      if (args.envelope) socket.send(named(room, Buffer.from([2, 0, 1, 120]))) // authentication: any token
      socket.send(named(room, Buffer.from([0, 0, 1, 0]))) // step 1: nothing is known
    })
    socket.on('message', whole => {
      const data = args.envelope ? whole.subarray(1 + room.length) : whole
      if (data[0] !== 0) return
      if (data[1] === 1 && !synced) {
        synced = true
        resolve(socket)
      }
      if (data[1] === 2) onMessage(data, whole.length)
    })
    socket.on('close', () => { if (synced) onClose(); else reject(new Error('closed')) })
    socket.on('error', error => { if (!synced) reject(error) })
  })
}

async function join (room, listens) {
  const doc = rate > 0 ? new Y.Doc() : null
  const socket = await open(room, (data, bytes) => {
    received++
    receivedBytes += bytes
    if (listens) arrivals(data)
  }, () => {})
  doc?.on('update', update => {
    sentAt.set(`${doc.clientID}:${Y.getState(doc.store, doc.clientID) - 1}`, performance.now())
    socket.send(named(room, frame(Buffer.from(update))))
  })
  return { socket, text: doc?.getText('t') }
}

/** Ten at a time, as fast as the server takes them. */
async function everybody (one) {
  const places = rooms.flatMap(room => Array.from({ length: clients }, (_, i) => ({ room, i })))
  const people = []
  await Promise.all(Array.from({ length: 10 }, async () => {
    for (let place = places.shift(); place; place = places.shift()) people.push(await one(place))
  }))
  return people
}

async function idle () {
  const empty = usage()
  const begin = performance.now()
  const people = await everybody(({ room }) => join(room, false))
  const arrived = performance.now()
  await sleep(12000) // the deadlines of their arrival have passed
  const before = usage()
  await sleep(Number(args.seconds) * 1000)
  const after = usage()
  return {
    clients: people.length,
    connect_s: round((arrived - begin) / 1000, 1),
    rss_kb_empty: sum(empty, 'rss'),
    rss_kb: sum(after, 'rss'),
    kib_per_client: round(between(empty, after, 'rss') / people.length, 1),
    kib_per_client_each: after.map((one, i) => round((one.rss - empty[i].rss) / people.length, 1)),
    wakeups: between(before, after, 'wakeups'),
    cpu_s_idle: round(between(before, after, 'cpu'), 2)
  }
}

/** Runs one at a time of so many: this process plays all clients, and their TLS handshakes at once would be its own jam. */
function turnstile (places) {
  const waiting = []
  return async work => {
    if (places > 0) places--
    else await new Promise(resolve => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else places++
    }
  }
}

/** As stock providers do: a growing pause with some chance in it, at most 2.5 s, and a whole sync each; fifty at a time. */
async function herd () {
  const enter = turnstile(50)
  let back = 0
  let first = 0
  const times = []
  let everybodyBack
  const done = new Promise(resolve => { everybodyBack = resolve })
  let ended = 0
  const comeBack = async room => {
    ended ||= performance.now()
    for (let tries = 0; ; tries++) {
      await sleep(Math.min(2500, 100 * 2 ** tries) * (0.5 + Math.random() / 2))
      try {
        await enter(() => open(room, () => {}, () => {}))
        break
      } catch {}
    }
    first ||= performance.now()
    times.push(performance.now() - ended)
    if (++back === rooms.length * clients) everybodyBack()
  }
  await everybody(({ room }) => open(room, () => {}, () => comeBack(room)))
  console.log('ready')
  await done
  times.sort((a, b) => a - b)
  return { clients: back, first_back_s: round((first - ended) / 1000, 2), half_back_s: round(times[times.length >> 1] / 1000, 2), all_back_s: round(times.at(-1) / 1000, 2) }
}

async function typing () {
  const people = await everybody(({ room, i }) => join(room, i === 0))
  await sleep(500)
  const before = usage()
  const started = performance.now()
  let edits = 0
  await new Promise(resolve => {
    // Spread evenly over time: real people do not type in step.
    const total = Number(args.seconds) * rate * people.length
    const every = 1000 / (rate * people.length)
    // Never asleep: else each server would pay for waking us, which costs more than its own work on a virtual machine.
    const step = () => {
      const due = Math.min(total, Math.floor((performance.now() - started) / every))
      for (; edits < due; edits++) {
        const person = people[edits % people.length]
        person.text.insert(person.text.length, 'abcdefgh '[edits % 9])
      }
      if (edits >= total) resolve()
      else setImmediate(step)
    }
    step()
  })
  // Until nothing has come for a moment.
  for (let last = -1; last !== received; await sleep(300)) last = received
  const after = usage()
  // Everybody leaves: what is folded together then is written too.
  people.forEach(person => person.socket.close())
  await sleep(3000)
  const left = usage()
  latencies.sort((a, b) => a - b)
  const at = p => latencies.length ? round(latencies[Math.floor((latencies.length - 1) * p)], 2) : null
  return {
    edits,
    measured: latencies.length,
    cpu_s_per_10000: round(between(before, after, 'cpu') / edits * 10000, 3),
    p50_ms: at(0.5),
    p95_ms: at(0.95),
    p99_ms: at(0.99),
    bytes_down_per_edit: round(receivedBytes / edits, 1),
    messages_down: received,
    kb_written_per_1000: round(between(before, after, 'written') / edits * 1000, 1),
    kb_written_per_1000_compacted: round(between(before, left, 'written') / edits * 1000, 1),
    rss_kb_before: sum(before, 'rss'),
    rss_kb_after: sum(after, 'rss')
  }
}

console.log(JSON.stringify(await (args.herd ? herd() : rate > 0 ? typing() : idle())))
process.exit(0)
