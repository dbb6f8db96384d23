// Appends a letter to a pad every 20 ms through the gate, for as long as its standard input is open; then lets every
// letter be saved and prints {"written","saved","reconnects"}. A second line of input is not expected.
// node writer.mjs --base wss://localhost:8443/api/v1/pads/ws --room ID --cookie __Host-hameau=... --ca FILE
import * as Y from '../../peers/pads/node_modules/yjs/dist/yjs.mjs'
import { Client, readArguments, until } from '../../peers/pads/stock.mjs'

const args = readArguments()
const writer = new Client(args, { params: { hameau: '2' } })
await writer.synced()
let reconnects = 0
writer.provider.on('status', ({ status }) => { if (status === 'connected') reconnects++ })
console.log('ready')
const timer = setInterval(() => writer.text.insert(writer.text.length, 'x'), 20)
process.stdin.on('data', () => {})
await new Promise(resolve => process.stdin.on('end', resolve))
clearInterval(timer)
await until(() => writer.allSaved(), 'everything to be saved')
const written = writer.text.length
const own = Y.getState(writer.doc.store, writer.doc.clientID)
writer.destroy()
const fresh = new Client(args)
await fresh.synced()
console.log(JSON.stringify({ written, own, found: fresh.text.length, reconnects }))
process.exit(0)
