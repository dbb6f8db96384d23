// Stock y-websocket providers with cookies, headers and a private certificate authority; small helpers for tests.
import fs from 'node:fs'
import WebSocket from 'ws'
import * as Y from 'yjs'
import { WebsocketProvider } from 'y-websocket'
import * as decoding from 'lib0/decoding'

/** --name value pairs; --header may be repeated ("Name: value"). */
export function readArguments (defaults = {}) {
  const out = { header: [], ...defaults }
  const given = process.argv.slice(2)
  for (let i = 0; i < given.length; i += 2) {
    const name = given[i].replace(/^--/, '')
    const value = given[i + 1]
    if (name === 'header') out.header.push(value)
    else out[name] = value
  }
  return out
}

/** What the WebSocket of a visitor is opened with. */
export function connection (args, { identity = true } = {}) {
  const headers = {}
  for (const line of args.header) {
    const [name, ...rest] = line.split(':')
    if (identity || name.toLowerCase() === 'hameau-caller') headers[name] = rest.join(':').trim()
  }
  if (identity && args.cookie) headers.Cookie = args.cookie
  return { headers, ca: args.ca ? fs.readFileSync(args.ca) : undefined }
}

export function polyfill (options) {
  return class extends WebSocket {
    constructor (url, protocols) {
      super(url, protocols, options)
      this.on('error', () => {})
    }
  }
}

/** A person at a pad: a document, a stock provider, what the server told. */
export class Client {
  constructor (args, { identity = true, params = {}, room = args.room, awareness = true } = {}) {
    this.doc = new Y.Doc()
    this.saved = new Map()
    this.savedMessages = 0
    this.roster = null
    this.denied = 0
    this.closes = []
    this.provider = new WebsocketProvider(args.base, room, this.doc, {
      WebSocketPolyfill: polyfill(connection(args, { identity })),
      params,
      disableBc: true,
      maxBackoffTime: 500
    })
    this.provider.on('connection-close', event => this.closes.push(event?.code))
    this.provider.messageHandlers[2] = () => { this.denied++ }
    this.provider.messageHandlers[100] = (_encoder, decoder) => { this.roster = JSON.parse(decoding.readVarString(decoder)) }
    this.provider.messageHandlers[101] = (_encoder, decoder) => {
      for (let n = decoding.readVarUint(decoder); n > 0; n--) {
        const client = decoding.readVarUint(decoder)
        this.saved.set(client, decoding.readVarUint(decoder))
      }
      this.savedMessages = decoding.readVarUint(decoder)
    }
    if (!awareness) this.provider.awareness.setLocalState(null)
  }

  get text () { return this.doc.getText('t') }
  synced () { return until(() => this.provider.synced, 'a first sync') }
  content () { return JSON.stringify([this.text.toDelta(), Object.entries(this.doc.getMap('m').toJSON()).sort(), this.doc.getXmlFragment('default').toString()]) }
  /** Everything of this client's own is durable, as far as clocks tell. */
  allSaved () { return (this.saved.get(this.doc.clientID) ?? 0) >= Y.getState(this.doc.store, this.doc.clientID) }
  destroy () {
    this.provider.destroy()
    this.doc.destroy()
  }
}

/** Waits for an event that is looked for every few milliseconds; the deadline is generous, it is no measurement. */
export async function until (condition, what, seconds = 20) {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const value = await condition()
    if (value) return value
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

export async function converged (clients, what = 'convergence') {
  try {
    await until(() => clients.every(c => c.provider.wsconnected && c.content() === clients[0].content()), what)
  } catch (error) {
    const contents = clients.map(c => c.content())
    const other = contents.find(content => content !== contents[0]) ?? contents[0]
    let at = 0
    while (at < other.length && other[at] === contents[0][at]) at++
    const vectors = new Set(clients.map(c => Buffer.from(Y.encodeStateVector(c.doc)).toString('hex')))
    throw new Error(`${error.message}; state vectors ${vectors.size === 1 ? 'equal' : 'differ'}; first difference:\n` +
      `${contents[0].slice(Math.max(0, at - 60), at + 60)}\n${other.slice(Math.max(0, at - 60), at + 60)}`)
  }
}

/** The HTTP status that an upgrade is refused with, or 101. */
export function upgradeStatus (args, { identity = true, query = '', room = args.room } = {}) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${args.base}/${room}${query}`, connection(args, { identity }))
    socket.on('unexpected-response', (_request, response) => { resolve(response.statusCode); socket.terminate() })
    socket.on('open', () => { resolve(101); socket.terminate() })
    socket.on('error', error => reject(error))
  })
}

let passed = 0
let failed = 0
export async function check (name, work) {
  try {
    await work()
    passed++
    console.log(`ok   ${name}`)
  } catch (error) {
    failed++
    console.log(`FAIL ${name}: ${error.stack}`)
  }
}
export function finish () {
  console.log(`${passed} passed, ${failed} failed`)
  process.exit(failed > 0 ? 1 : 0)
}
