// Differential test: real Yjs under Node against the recorder and integrator. See README.md.
import * as Y from 'yjs'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { session } from './sessions.mjs'
import { describe, equal } from './tree.mjs'

const { values: options } = parseArgs({ options: {
  sessions: { type: 'string', default: '500' },
  seed: { type: 'string', default: '1' },
  driver: { type: 'string', default: new URL('../../../build/dev/peers/crdt_driver', import.meta.url).pathname }
} })

const driver = spawn(options.driver, { stdio: ['pipe', 'pipe', 'inherit'] })
const lines = createInterface({ input: driver.stdout })[Symbol.asyncIterator]()
driver.on('error', error => { console.error(`cannot start ${options.driver}: ${error.message}`); process.exit(2) })
const send = line => driver.stdin.write(line + '\n')
const receive = async () => {
  const { value, done } = await lines.next()
  if (done) throw new Error('the driver ended')
  return value
}
const base64 = bytes => Buffer.from(bytes).toString('base64')

/// A replica that makes no edits of its own: formatting cleanup happens only after remote transactions.
function reader (updates) {
  const doc = new Y.Doc()
  doc.transact(transaction => {
    for (const update of updates) Y.applyUpdate(doc, update)
    // Stock does not retry when two pending parts complete each other; what can be integrated is the reference.
    for (let before = ''; doc.store.pendingStructs !== null;) {
      const state = base64(Y.encodeStateVector(doc))
      if (state === before) break
      before = state
      const { update } = doc.store.pendingStructs
      doc.store.pendingStructs = null
      Y.applyUpdateV2(doc, update)
    }
    transaction.local = true
  })
  return doc
}

function touch (doc, roots) {
  for (const [name, kind] of Object.entries(roots)) {
    if (!doc.share.has(name)) continue
    if (kind === 'text') doc.getText(name)
    else if (kind === 'map') doc.getMap(name)
    else if (kind === 'array') doc.getArray(name)
    else doc.getXmlFragment(name)
  }
}

function delivered (r, updates) {
  const order = [...updates]
  for (let i = order.length; i-- > 1;) {
    // Mostly in order, sometimes late, sometimes anywhere.
    const j = r.chance(0.7) ? i : r.below(i + 1)
    ;[order[i], order[j]] = [order[j], order[i]]
  }
  for (let extra = r.below(4); extra > 0; extra--) order.splice(r.below(order.length + 1), 0, r.pick(order))
  return r.chance(0.25) ? order.slice(0, order.length - r.below(Math.min(4, order.length))) : order
}

async function run (seed) {
  const { kind, roots, updates, r } = session(seed)
  if (updates.length === 0) return []
  const order = delivered(r, updates)
  send('new')
  const problems = []
  for (const [i, update] of order.entries()) {
    send('update ' + base64(update))
    if (r.chance(0.05)) send('reopen')
    if (r.chance(0.03)) send('collect')
    if (r.chance(0.05)) {
      // A stock replica that knows some of it syncs from the recorder.
      const known = updates.slice(0, r.below(updates.length + 1))
      const peer = reader(known)
      send('diff ' + base64(Y.encodeStateVector(peer)))
      const answer = await receive()
      if (answer.startsWith('error')) { problems.push(answer); continue }
      const synced = reader([...known, Buffer.from(answer, 'base64')])
      const direct = reader([...known, ...order.slice(0, i + 1)])
      touch(synced, roots); touch(direct, roots)
      if (!equal(describe(synced, roots), describe(direct, roots))) problems.push(`step 2 after update ${i}`)
    }
  }
  const doc = reader(order)
  touch(doc, roots)
  const expected = describe(doc, roots)
  send('query ' + Object.entries(roots).map(([name, as]) => base64(Buffer.from(name)) + ':' + as).join(' '))
  const answer = await receive()
  if (answer.startsWith('error')) return [answer]
  const seen = JSON.parse(answer)
  for (const form of ['direct', 'recorded', 'collected', 'encoded']) {
    if (!equal(seen[form], expected)) problems.push(`${form}: ${JSON.stringify(seen[form])}\nexpected: ${JSON.stringify(expected)}`)
    if (form === 'direct') continue
    const stock = reader([Buffer.from(seen[form + 'Update'], 'base64')])
    touch(stock, roots)
    if (!equal(describe(stock, roots), expected)) problems.push(`stock reads ${form}: ${JSON.stringify(describe(stock, roots))}\nexpected: ${JSON.stringify(expected)}`)
  }
  if (problems.length > 0) {
    const folder = new URL('differences/', import.meta.url)
    mkdirSync(folder, { recursive: true })
    writeFileSync(new URL(`${seed}.json`, folder), JSON.stringify({ seed, kind, roots, updates: order.map(base64), expected, problems }, null, 1))
  }
  return problems
}

const count = Number(options.sessions)
let different = 0
for (let i = 0; i < count; i++) {
  const seed = Number(options.seed) + i
  const problems = await run(seed)
  if (problems.length === 0) continue
  different++
  if (different <= 5) console.error(`seed ${seed}:\n  ${problems.map(p => p.slice(0, 3000)).join('\n  ')}`)
}
driver.stdin.end()
console.log(`${count} sessions, ${different} differences`)
process.exit(different === 0 ? 0 : 1)
