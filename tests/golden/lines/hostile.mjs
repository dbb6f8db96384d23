// What somebody who means harm can put into a shared text: the work to show it grows with the text, not with its square. Counts
// steps, never seconds. Called by lines.mjs with its parts.
export function hostile ({ check, Y, schema, Model, rootOf, documentOf, marksMade }) {
  check('many items of one line, inserted from its end to its beginning: nobody walks over one twice', () => {
    const [items, sent] = [3000, 1000]
    const theirs = new Y.Doc()
    const root = rootOf(theirs)
    root.setAttribute('format', 2)
    // Each a struct of its own: an embed between two signs.
    for (let i = 0; i < items; i += 1) root.insertEmbed(root.length, { type: 'hardBreak' }, {})
    const mine = new Y.Doc()
    Y.applyUpdate(mine, Y.encodeStateAsUpdate(theirs))
    const model = new Model(schema, rootOf(mine))
    const before = Y.encodeStateVector(theirs)
    theirs.transact(() => { for (let i = 0; i < sent; i += 1) root.insertEmbed(root.length - i, { type: 'hardBreak' }, {}) })
    mine.on('beforeObserverCalls', (transaction) => model.take(transaction))
    Y.applyUpdate(mine, Y.encodeStateAsUpdate(theirs, before))
    if (!documentOf(schema, rootOf(mine)).eq(schema.topNodeType.create(null, model.blocks))) throw new Error('shown otherwise')
    if (model.steps > 2 * (items + sent)) throw new Error(`${model.steps} steps`)
    if (model.steps < items) throw new Error(`only ${model.steps} steps: nothing was looked for`)
  })

  for (const [what, make] of [['a line', (root) => root], ['a tree of the older form', (root) => {
    const inside = new Y.XmlText()
    const block = new Y.XmlElement('paragraph')
    block.insert(0, [inside])
    root.insertEmbed(0, block, {})
    return inside
  }]]) {
    check(`thousands of formats in force at one place of ${what}: each run looks at 64 of them`, () => {
      const doc = new Y.Doc()
      const text = make(rootOf(doc))
      const runs = 400
      // Each run has one comment more than the one before.
      const delta = []
      const all = {}
      for (let i = 0; i < runs; i += 1) {
        all[`comment--${String(i).padStart(8, '0')}`] = { id: `c${i}` }
        delta.push({ insert: 'x', attributes: { ...all } })
      }
      text.applyDelta(delta)
      const most = Math.max(...marksMade(documentOf(schema, rootOf(doc))))
      if (most !== 64) throw new Error(`${most} marks on one sign`)
    })
  }
}
