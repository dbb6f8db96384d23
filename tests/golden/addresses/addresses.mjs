// tests/vectors/addresses.json, read by unit tests of the house too (tests/unit/pads/addresses_test.cpp).
import fs from 'node:fs'
import { padModules } from '../../../web-ui/scripts/pad-modules.mjs'

const { bareAddresses, keptAddress, safeAddress } = await padModules("export * from './addresses'; export * from './bare-addresses';\n")
const vectors = JSON.parse(fs.readFileSync(new URL('../../vectors/addresses.json', import.meta.url), 'utf8'))
let passed = 0
let failed = 0
function same (got, wanted, what) {
  const good = JSON.stringify(got) === JSON.stringify(wanted)
  if (good) passed += 1
  else failed += 1
  if (!good) console.log(`FAIL ${JSON.stringify(what)}: ${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`)
}
for (const [written, kept] of vectors.kept) {
  same(keptAddress(written), kept, written)
  same(keptAddress(kept), kept, `again ${kept}`)
  same(kept === '' || safeAddress(kept), true, `safe ${kept}`)
}
for (const [text, found] of vectors.bare) {
  same(bareAddresses(text).map(one => [text.slice(one.from, one.to), one.address]), found, text)
}
for (const part of ['http://a`', 'www.a,', '@', 'a@b.', 'http://', 'www.', 'h(', 'https://a.b(']) {
  const begun = Date.now()
  bareAddresses(part.repeat(20_000))
  same(Date.now() - begun < 2_000, true, `${part} many times`)
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed || !passed ? 1 : 0)
