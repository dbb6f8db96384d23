// The copy of a text that a browser keeps (web-ui/src/pad/copy.ts) and the marks that say what stands in it alone
// (common/unsaved.ts), over an IndexedDB in memory: several tabs of one text, a browser that refuses for long, a copy that
// somebody removes. Ends with "N passed, N failed".
import { IDBObjectStore, indexedDB } from 'fake-indexeddb'
import { padModules } from '../../../web-ui/scripts/pad-modules.mjs'

const heard = []
const stored = new Map()
Object.assign(globalThis, {
  indexedDB,
  window: { setTimeout: (act) => setTimeout(act, 1), clearTimeout },      // "again in 5 s" is at once
  addEventListener: (name, act) => heard.push(act),
  localStorage: new Proxy({
    getItem: (key) => stored.get(key) ?? null, setItem: (key, value) => stored.set(key, String(value)), removeItem: (key) => stored.delete(key)
  }, { ownKeys: () => [...stored.keys()], getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }) })
})
const { Y, LocalCopy, UnsavedMark, forgetUnsaved, holdsUnsaved } = await padModules(`
export { LocalCopy } from './copy'; export { UnsavedMark, forgetUnsaved, holdsUnsaved } from '../common/unsaved';
`)

let passed = 0
let failed = 0
let made = 0
const open = []

async function check (what, act) {
  try {
    await act(`hameau-pad-${++made}~m`)
    passed += 1
  } catch (error) {
    failed += 1
    console.log(`FAIL ${what}\n${String(error?.stack ?? error).slice(0, 1500)}`)
  }
  for (const one of open.splice(0)) await one.copy.destroy()
}

function same (is, wanted, what) {
  if (JSON.stringify(is) !== JSON.stringify(wanted)) throw new Error(`${what}: is ${JSON.stringify(is)}, wanted ${JSON.stringify(wanted)}`)
}

async function until (act, what) {
  for (let i = 0; i < 20_000; i += 1) {
    if (await act()) return
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  throw new Error(`never: ${what}`)
}

/** A tab that has this text open. `begin`: what its page holds before the copy is read. */
async function tab (name, begin = () => {}) {
  const one = { doc: new Y.Doc(), said: 0 }
  one.text = one.doc.getText('t')
  begin(one)
  one.copy = new LocalCopy(name, one.doc, { changed: () => { one.said += 1 }, read: () => undefined })
  open.push(one)
  await one.copy.whenLoaded
  one.write = (what) => one.text.insert(one.text.length, what)
  return one
}

const asked = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result)
  request.onerror = () => reject(request.error)
})
const entries = async (name) => {
  const database = await asked(indexedDB.open(name))
  const count = await asked(database.transaction('updates').objectStore('updates').count())
  database.close()
  return count
}
/** What a page shows that opens this copy without network. */
const reopened = async (name) => {
  const one = await tab(name)
  const shown = one.text.toString()
  await one.copy.destroy()
  return shown
}

/** A copy with so many entries that the next one makes them one. */
async function filled (name) {
  await (await tab(name)).copy.destroy()
  const doc = new Y.Doc()
  const database = await asked(indexedDB.open(name))
  const updates = database.transaction('updates', 'readwrite').objectStore('updates')
  doc.on('update', (update) => updates.add(update))
  for (let i = 0; i < 500; i += 1) doc.getText('t').insert(i, '.')
  await asked(updates.count())
  database.close()
}

await check('two tabs without network: one makes the entries one, the words of the other stay', async (name) => {
  await filled(name)
  const [one, other] = [await tab(name), await tab(name)]
  other.write('Deux')
  await until(() => !other.copy.busy, 'written')
  one.write('Un')
  await until(() => !one.copy.busy, 'written')
  same(await entries(name), 1, 'entries')
  const shown = await reopened(name)
  same([shown.includes('Un'), shown.includes('Deux'), shown.length], [true, true, 506], `words in ${shown.slice(-10)}`)
})

await check('while a sign is composed the words of another tab wait, and stay in the copy', async (name) => {
  await filled(name)
  const [one, other] = [await tab(name), await tab(name)]
  other.write('Deux')
  await until(() => !other.copy.busy, 'written')
  one.copy.hold(true)
  one.write('Un')
  await until(() => !one.copy.busy, 'written')
  same([one.text.toString().includes('Deux'), await entries(name)], [false, 2], 'meanwhile')
  one.copy.hold(false)
  one.write('.')
  await until(() => !one.copy.busy, 'written')
  same([one.text.toString().includes('Deux'), await entries(name)], [true, 1], 'then')
  same((await reopened(name)).includes('Deux'), true, 'reopened')
})

await check('a page that has the text already keeps what the copy held besides, in one entry', async (name) => {
  const before = await tab(name)
  before.write('Gardé. ')
  before.write('Encore. ')
  await until(async () => await entries(name) === 2, 'written')
  await before.copy.destroy()
  const late = await tab(name, ({ text }) => text.insert(0, 'De la maison. '))
  await until(async () => await entries(name) === 1, 'made one')
  for (const part of ['Gardé. ', 'Encore. ', 'De la maison. ']) same(late.text.toString().includes(part), true, part)
  same(await reopened(name), late.text.toString(), 'reopened')
})

const { add } = IDBObjectStore.prototype
/** The browser refuses: no room is left. */
const full = (on) => {
  IDBObjectStore.prototype.add = on ? () => { throw new DOMException('full', 'QuotaExceededError') } : add
}

await check('a browser that refuses for long: nothing is gathered, it is said, and then all is kept', async (name) => {
  const one = await tab(name)
  one.write('Avant. ')
  await until(async () => await entries(name) === 1, 'written')
  full(true)
  try {
    one.write('0')
    await until(() => one.copy.failing, 'says so')
    same(one.copy.keeps, false, 'kept')
    // The words of others, for hours: more than one call takes arguments.
    const update = Y.encodeStateAsUpdate(one.doc)
    for (let i = 1; i < 140_000; i += 1) one.doc.emit('update', [update, null])
    one.write('Pendant. ')
    same(one.copy.waiting.length <= 1, true, `gathered ${one.copy.waiting.length}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
    same(one.copy.keeps, false, 'still not')
  } finally {
    full(false)
  }
  await until(() => one.copy.keeps, 'kept again')
  same(await reopened(name) === one.text.toString(), true, 'all is in it')
})

await check('somebody empties this browser: the page says no more that it keeps the text', async (name) => {
  const one = await tab(name)
  one.write('Avant. ')
  await until(async () => await entries(name) === 1, 'written')
  const { said } = one
  await asked(indexedDB.deleteDatabase(name))
  same([one.copy.keeps, one.copy.failing, one.said > said], [false, false, true], 'kept, failing, said')
  one.write('Après. ')
  same((await indexedDB.databases()).some((known) => known.name === name), false, 'made anew')
})

await check('marks: a tab that has sent all takes its own away, not that of another', async (name) => {
  const [one, other] = [new UnsavedMark(name, '1'), new UnsavedMark(name, '2')]
  one.set()
  other.set()
  one.clear(true)
  same(holdsUnsaved(name), true, 'the other one waits')
  other.clear(true)
  same(holdsUnsaved(name), false, 'nobody waits')
})

await check('marks: of a tab that crashed, gone when a page that read the copy has sent all; not before, and not if it lives', async (name) => {
  const crashed = new UnsavedMark(name, '1')
  crashed.set()
  stored.set(`hameau.unsaved.${name}`, '1')      // of the version before
  const reader = new UnsavedMark(name, '2')
  reader.clear(false)
  same(holdsUnsaved(name), true, 'the copy was not read')
  reader.clear(true)
  same(holdsUnsaved(name), false, 'sent')
  const living = new UnsavedMark(name, '3')
  living.set()
  const next = new UnsavedMark(name, '4')
  living.set()      // one more word
  next.clear(true)
  same(holdsUnsaved(name), true, 'it wrote more')
  forgetUnsaved(name)
  for (const act of heard) act({ key: `hameau.unsaved.${name}#3`, newValue: null })
  same(holdsUnsaved(name), true, 'taken away under its hands')
  living.clear()
  same(holdsUnsaved(name), false, 'at the end')
  same(holdsUnsaved(`${name}x`), false, 'another copy')
})

console.log(`${passed} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)
