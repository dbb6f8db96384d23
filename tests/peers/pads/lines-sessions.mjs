// Writes tests/vectors/yjs/lines-sessions.jsonl: sessions of two and three real Yjs clients in the form of docs/pads-format.md,
// with delays. Data for unit tests (restore_test: each moment comes back). node lines-sessions.mjs > FILE
import * as Y from 'yjs'

let seed = 1
const random = n => { seed = (seed * 1103515245 + 12345) % 2147483648; return Math.floor(seed / 65536) % n }
const pick = list => list[random(list.length)]
const paths = [[], ['blockquote'], ['bulletList', 'listItem'], ['taskList', 'taskItem'], ['table', 'tableRow', 'tableCell'], ['bulletList', 'listItem', 'orderedList', 'listItem']]
const marks = [{}, { bold: {} }, { italic: {}, link: { href: 'https://amis.example/' } }, { 'comment--abcdefgh': { id: 'c1' } }]

function marker () {
  const line = new Y.XmlElement('line')
  return line
}

function markersOf (text) {
  return text.toDelta().map(one => one.insert).filter(one => one instanceof Y.XmlElement)
}

function edit (doc) {
  const text = doc.get('default', Y.XmlText)
  const at = random(text.length + 1)
  const what = random(12)
  doc.transact(() => {
    if (what < 4) text.insert(at, pick(['un mot ', 'été', 'x', '🏘️ ', '\n']), pick(marks))
    else if (what === 4) text.insertEmbed(at, { type: 'hardBreak' })
    else if (what === 5) text.insertEmbed(at, { type: 'mention', attrs: { id: 'marie', label: 'Marie' } })
    else if (what === 6) {
      const line = marker()
      text.insertEmbed(at, line)
      line.setAttribute('path', pick(paths))
      if (random(3) === 0) line.setAttribute('joins', random(4))
    } else if (what === 7 && text.length > 0) {
      const from = random(text.length)
      text.delete(from, Math.min(1 + random(5), text.length - from))
    } else if (what === 8 && text.length > 0) {
      const from = random(text.length)
      text.format(from, Math.min(1 + random(6), text.length - from), pick([{ bold: {} }, { bold: null }, { highlight: { color: '#a0ffa0' } }]))
    } else {
      const line = pick([null, ...markersOf(text)])
      const target = line ?? text
      const key = pick(['type', 'path', 'joins', 'level', 'gone', 'taskItem.checked'])
      if (random(4) === 0) target.removeAttribute(key)
      else target.setAttribute(key, { type: pick(['heading', 'codeBlock', 'image', 'horizontalRule']), path: pick(paths), joins: random(3), level: 1 + random(6), gone: 1, 'taskItem.checked': true }[key])
    }
  })
}

for (let session = 0; session < 31; session++) {
  seed = 1000 + session
  const count = 2 + session % 2
  const updates = []
  const docs = []
  const waiting = []
  for (let i = 0; i < count; i++) {
    const doc = new Y.Doc({ gc: false })
    doc.clientID = 100 * (session + 1) + i
    waiting.push([])
    doc.on('update', (update, origin) => {
      if (origin === 'remote') return
      updates.push(Buffer.from(update).toString('base64'))
      waiting.forEach((queue, other) => { if (other !== i) queue.push(update) })
    })
    docs.push(doc)
  }
  docs[0].get('default', Y.XmlText).setAttribute('format', 2)
  for (let step = 0; step < 40; step++) {
    const who = random(count)
    if (random(3) > 0) {
      for (const update of waiting[who].splice(0)) Y.applyUpdate(docs[who], update, 'remote')
    }
    edit(docs[who])
  }
  while (waiting.some(queue => queue.length > 0)) {
    docs.forEach((doc, i) => waiting[i].splice(0).forEach(update => Y.applyUpdate(doc, update, 'remote')))
  }
  const all = docs.map(doc => doc.get('default', Y.XmlText).toString())
  // Stock Yjs cleans up formatting on its own account, for which replicas may differ (README of the vectors): not our matter.
  if (new Set(all).size !== 1) continue
  console.log(JSON.stringify({ id: `lines-${session}`, kind: 'lines', roots: { default: 'text' }, updates }))
}
