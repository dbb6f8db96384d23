// What permessage-deflate (RFC 7692) would give and cost: keystrokes as they are relayed, and a whole document, through
// zlib. The house does not offer it. Prints {"case": {"bytes", "deflated", "us"}}, per message.
import zlib from 'node:zlib'
import * as Y from 'yjs'

const count = 10000

/** Words by chance, always the same ones. */
function text () {
  const words = 'le bureau a voté la fête du quartier et nous avons lu compte rendu réunion samedi marché jardin école qui sera avec pour dans'.split(' ')
  let seed = 1
  let out = ''
  while (out.length < count) {
    seed = (seed * 48271) % 2147483647
    out += words[seed % words.length] + ' '
  }
  return out
}

/** One letter per update, as a page sends them. */
function keystrokes () {
  const letters = text()
  const doc = new Y.Doc()
  const updates = []
  doc.on('update', update => updates.push(Buffer.from([0, 2, update.length, ...update])))
  for (let i = 0; i < count; i++) doc.getText('t').insert(i, letters[i])
  return { updates, whole: Buffer.from(Y.encodeStateAsUpdate(doc)) }
}

/** Processor time of this process in microseconds per message, and bytes per message. */
function measure (messages, deflate) {
  const begin = process.cpuUsage()
  let deflated = 0
  for (const message of messages) deflated += deflate(message)
  const used = process.cpuUsage(begin)
  const bytes = messages.reduce((sum, message) => sum + message.length, 0)
  const each = value => Number((value / messages.length).toFixed(1))
  return { bytes: each(bytes), deflated: each(deflated), us: each(used.user + used.system) }
}

/** No context is kept (server_no_context_takeover): one deflated message can go to every reader. The last 4 bytes are not sent. */
const alone = message => zlib.deflateRawSync(message, { level: 1, finishFlush: zlib.constants.Z_SYNC_FLUSH }).length - 4

const { updates, whole } = keystrokes()
alone(updates[0])
console.log(JSON.stringify({
  'a keystroke': measure(updates, alone),
  'the whole document': measure(Array.from({ length: 100 }, () => whole), alone)
}))
