// Makes the benchmark inputs from the editing traces with real Yjs, once: node updates.mjs OUTPUT-FOLDER [TRACES-FOLDER]
// Per trace: NAME.updates (u32 little-endian length + update, one per edit), NAME.state (full v1 state), NAME.txt.
// With --stock it also prints stock's own figures on the same inputs (CPU time, medians).
import * as Y from 'yjs'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

const args = process.argv.slice(2).filter(a => !a.startsWith('--'))
const out = args[0] ?? '../../../build/crdt-bench'
const traces = args[1] ?? process.env.HAMEAU_SHARED_DIR + '/vectors/traces'
const names = { b4: 'automerge-paper', clownschool: 'clownschool', friendsforever: 'friendsforever' }

function linear (trace) {
  const updates = []
  const doc = new Y.Doc()
  doc.clientID = 1 // as in the published sizes of this trace
  const text = doc.getText('content')
  doc.on('update', update => updates.push(update))
  if (trace.startContent) text.insert(0, trace.startContent)
  for (const { patches } of trace.txns) {
    doc.transact(() => {
      for (const [at, deleted, inserted] of patches) {
        if (deleted > 0) text.delete(at, deleted)
        if (inserted) text.insert(at, inserted)
      }
    })
  }
  return { updates, doc }
}

function concurrent (trace) {
  const agents = Array.from({ length: trace.numAgents }, (_, i) => {
    const doc = new Y.Doc()
    doc.clientID = 1000000000 + i * 7919
    return { doc, applied: new Set() }
  })
  const made = []
  const catchUp = (agent, parents) => {
    const missing = []
    const stack = [...parents]
    const seen = new Set()
    while (stack.length > 0) {
      const i = stack.pop()
      if (agent.applied.has(i) || seen.has(i)) continue
      seen.add(i)
      missing.push(i)
      stack.push(...trace.txns[i].parents)
    }
    for (const i of missing.sort((a, b) => a - b)) {
      for (const update of made[i]) Y.applyUpdate(agent.doc, update, 'remote')
      agent.applied.add(i)
    }
  }
  trace.txns.forEach((txn, i) => {
    const agent = agents[txn.agent]
    catchUp(agent, txn.parents)
    const mine = []
    const listen = (update, origin) => { if (origin !== 'remote') mine.push(update) }
    agent.doc.on('update', listen)
    const text = agent.doc.getText('content')
    agent.doc.transact(() => {
      for (const [at, deleted, inserted] of txn.patches) {
        if (deleted > 0) text.delete(at, deleted)
        if (inserted) text.insert(at, inserted)
      }
    })
    agent.doc.off('update', listen)
    made.push(mine)
    agent.applied.add(i)
  })
  catchUp(agents[0], trace.txns.map((_, i) => i))
  return { updates: made.flat(), doc: agents[0].doc }
}

function make (name) {
  const trace = JSON.parse(gunzipSync(readFileSync(`${traces}/${names[name]}.json.gz`)))
  const { updates, doc } = trace.kind === 'concurrent' ? concurrent(trace) : linear(trace)
  const text = doc.getText('content').toString()
  if (text !== trace.endContent) console.error(`${name}: text differs from the trace's end (${text.length} and ${trace.endContent.length})`)
  const parts = []
  for (const update of updates) {
    const head = Buffer.alloc(4)
    head.writeUInt32LE(update.length)
    parts.push(head, update)
  }
  writeFileSync(`${out}/${name}.updates`, Buffer.concat(parts))
  writeFileSync(`${out}/${name}.txt`, text)
  writeFileSync(`${out}/${name}.state`, Y.encodeStateAsUpdate(doc))
}

mkdirSync(out, { recursive: true })
for (const name of Object.keys(names)) if (!existsSync(`${out}/${name}.state`)) make(name)

function cpu (runs, work) {
  const times = []
  for (let i = 0; i < runs; i++) {
    const start = process.cpuUsage()
    work()
    const used = process.cpuUsage(start)
    times.push((used.user + used.system) / 1000)
  }
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)]
}

if (process.argv.includes('--stock')) {
  for (const name of Object.keys(names)) {
    const state = readFileSync(`${out}/${name}.state`)
    const load = cpu(9, () => { const doc = new Y.Doc(); Y.applyUpdate(doc, state); doc.getText('content').toString() })
    const doc = new Y.Doc()
    Y.applyUpdate(doc, state)
    const encode = cpu(9, () => Y.encodeStateAsUpdate(doc))
    console.log(`stock yjs ${name}: integrate and text ${load.toFixed(2)} ms, full step 2 ${encode.toFixed(2)} ms, state ${state.length} B`)
  }
  const all = readFileSync(`${out}/b4.updates`)
  const updates = []
  for (let at = 0; at < all.length;) { const n = all.readUInt32LE(at); updates.push(all.subarray(at + 4, at + 4 + n)); at += 4 + n }
  console.log(`stock yjs b4: ${updates.length} single updates ${cpu(1, () => { const doc = new Y.Doc(); for (const update of updates) Y.applyUpdate(doc, update) }).toFixed(0)} ms`)
}
