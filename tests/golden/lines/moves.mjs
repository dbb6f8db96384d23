// Text that is moved keeps its identity (docs/pads-format.md, Moves): two editors that hear of each other's changes only when
// told to. Called by lines.mjs.

export function moves ({ check, pad }) {
  const { Y, schema, bind, state, undo, redo, undoOf, Reunion } = pad
  const wanted = (is, text) => {
    if (is !== text) throw new Error(`is     ${JSON.stringify(is)}\nwanted ${JSON.stringify(text)}`)
  }

  /** A person with a copy of the text. */
  function person (client, from) {
    const doc = new Y.Doc()
    doc.clientID = client
    if (from) Y.applyUpdate(doc, Y.encodeStateAsUpdate(from.doc))
    const binding = bind(doc.get('default', Y.XmlText), schema)
    const one = {
      doc,
      binding,
      state: state.EditorState.create({ doc: binding.doc, plugins: [binding.plugin] }),
      dispatch (tr) {
        one.state = one.state.apply(tr)
        binding.flush()
      },
      text: () => one.state.doc.textBetween(0, one.state.doc.content.size, '|'),
      at: (word, behind = false) => {
        let found = -1
        one.state.doc.descendants((node, pos) => {
          if (node.isText && node.text.includes(word)) found = pos + node.text.indexOf(word) + (behind ? word.length : 0)
        })
        if (found < 0) throw new Error(`no "${word}" in ${one.text()}`)
        return found
      },
      write (word, text, behind = true) {
        const at = one.at(word, behind)
        one.dispatch(one.state.tr.setSelection(state.TextSelection.create(one.state.doc, at)))
        for (const sign of text) one.type(sign)
      },
      type: (sign) => one.dispatch(one.state.tr.insertText(sign)),
      /** The whole line of `word`, with its beginning. */
      mark (word) {
        const $at = one.state.doc.resolve(one.at(word))
        one.dispatch(one.state.tr.setSelection(state.TextSelection.create(one.state.doc, $at.before() - 1, $at.end())))
        return one.state.selection.content()
      },
      cut (word) {
        const slice = one.mark(word)
        one.dispatch(one.state.tr.deleteSelection().setMeta('uiEvent', 'cut'))
        return slice
      },
      paste (slice, behind) {
        const at = one.state.doc.resolve(one.at(behind)).end()
        one.dispatch(one.state.tr.setSelection(state.TextSelection.create(one.state.doc, at)))
        one.dispatch(one.state.tr.replaceSelection(slice).setMeta('uiEvent', 'paste'))
      },
      drag (word, behind) {
        const slice = one.mark(word)
        const end = one.state.doc.resolve(one.at(behind)).end()
        const tr = one.state.tr.deleteSelection()
        const at = tr.mapping.map(end)
        one.dispatch(tr.setSelection(state.TextSelection.create(tr.doc, at)).replaceSelection(slice).setMeta('uiEvent', 'drop'))
      }
    }
    binding.attach(one)
    undoOf(binding)
    one.reunion = new Reunion(binding, {}, () => undoOf(binding))
    return one
  }

  function three () {
    const one = person(10)
    const lines = ['Un premier.', 'Deux gauche droite.', 'Trois dernier.', 'Fin.']
    one.dispatch(one.state.tr.replaceWith(0, one.state.doc.content.size, lines.map((text) => schema.nodes.paragraph.create(null, schema.text(text)))))
    undoOf(one.binding).clear()
    return [one, person(20, one), person(30, one)]
  }
  function meet (...all) {
    for (let n = 0; n < 3; n += 1) {
      for (const one of all) for (const other of all) if (one !== other) Y.applyUpdate(other.doc, Y.encodeStateAsUpdate(one.doc, Y.encodeStateVector(other.doc)))
    }
    for (const one of all) {
      wanted(one.text(), all[0].text())
      wanted(person(99, one).text(), all[0].text())
    }
    return all[0].text()
  }

  check('who writes in a line that is dragged goes with it', () => {
    const [one, two] = three()
    two.write('gauche', ' et')
    one.drag('gauche', 'Trois')
    wanted(meet(one, two), 'Un premier.|Trois dernier.|Deux gauche et droite.|Fin.')
    two.type('!')
    wanted(meet(one, two), 'Un premier.|Trois dernier.|Deux gauche et! droite.|Fin.')
  })
  check('and at its beginning and its end', () => {
    const [one, two] = three()
    two.write('Deux', 'Vers ', false)
    two.write('droite.', ' Bout.')
    one.drag('gauche', 'Trois')
    wanted(meet(one, two), 'Un premier.|Trois dernier.|Vers Deux gauche droite. Bout.|Fin.')
  })
  check('who writes in a line that is cut and pasted later goes with it, whenever he hears of it', () => {
    const [one, two] = three()
    two.write('gauche', ' a')
    const slice = one.cut('gauche')
    meet(one, two)
    two.type('b')
    one.paste(slice, 'Trois')
    two.type('c')
    wanted(meet(one, two), 'Un premier.|Trois dernier.|Deux gauche abc droite.|Fin.')
  })
  check('a word of which only the beginning was seen is one word again', () => {
    const [one, two] = three()
    two.write('gauche', ' mo')
    meet(one, two)
    two.type('t')
    one.drag('gauche', 'Trois')
    two.type('s')
    wanted(meet(one, two), 'Un premier.|Trois dernier.|Deux gauche mots droite.|Fin.')
  })
  check('two who drag one line elsewhere: it stands once, and what both wrote in it', () => {
    for (const turned of [false, true]) {
      const [one, two] = three()
      const [first, second] = turned ? [two, one] : [one, two]
      first.drag('gauche', 'Trois')
      first.write('Deux', ' A')
      second.drag('gauche', 'Un')
      second.write('droite.', ' B')
      const text = meet(one, two)
      for (const part of ['Deux A', 'gauche', 'droite. B']) wanted(text.split(part).length, 2)
      wanted(text.split('|').filter(Boolean).length, 4)
      wanted(text.includes('Deux A gauche droite. B'), true)
    }
  })
  check('three do', () => {
    const all = three()
    all[0].drag('gauche', 'Trois')
    all[1].drag('gauche', 'Un')
    all[2].drag('gauche', 'Fin')
    wanted(meet(...all).split('gauche').length, 2)
  })
  check('who takes a move back while another made it too', () => {
    for (const turned of [false, true]) {
      const [one, two] = three()
      const [first, second] = turned ? [two, one] : [one, two]
      first.drag('gauche', 'Trois')
      second.drag('gauche', 'Fin')
      undo(first.state, first.dispatch)
      wanted(meet(one, two).split('gauche').length, 2)
      undo(second.state, second.dispatch)
      wanted(meet(one, two).split('gauche').length, 2)
      redo(first.state, first.dispatch)
      wanted(meet(one, two).split('gauche').length, 2)
    }
  })
  check('what was cut and taken back is pasted as a copy; a second paste, too', () => {
    const [one, two] = three()
    const slice = one.cut('gauche')
    undo(one.state, one.dispatch)
    one.paste(slice, 'Trois')
    wanted(meet(one, two).split('gauche').length, 3)
    one.paste(slice, 'Fin')
    wanted(meet(one, two).split('gauche').length, 4)
  })
  check('two who take out one line and take that back: it stands once', () => {
    const [one, two] = three()
    for (const each of [one, two]) {
      each.mark('gauche')
      each.dispatch(each.state.tr.deleteSelection())
      undo(each.state, each.dispatch)
    }
    wanted(meet(one, two), 'Un premier.|Deux gauche droite.|Trois dernier.|Fin.')
  })
  check('what somebody saw and left where it was stays there', () => {
    const [one, two] = three()
    two.write('gauche', ' ici')
    meet(one, two)
    const at = one.at('gauche')
    one.dispatch(one.state.tr.setSelection(state.TextSelection.create(one.state.doc, at, at + 6)))
    const slice = one.state.selection.content()
    const tr = one.state.tr.deleteSelection()
    one.dispatch(tr.setSelection(state.TextSelection.create(tr.doc, tr.mapping.map(one.at('Fin.', true)))).replaceSelection(slice))
    wanted(meet(one, two), 'Un premier.|Deux  ici droite.|Trois dernier.|Fin.gauche')
  })
  check('whatever stands in the list of moves, nothing throws and no text of others goes', () => {
    const [one, two] = three()
    const before = one.text()
    const list = two.doc.getArray('moves')
    const wrong = [null, 1, 'a', {}, { from: [1], to: [2] }, { from: [10, 0, 3], to: [10, 3, 3] }, { from: [10, -1, 3], to: [20, 0, 3] }, { from: [10, 0, 2 ** 40], to: [20, 0, 2 ** 40] },
      { from: [20, 7, 1, 20, 8, 1], to: [20, 8, 1, 20, 7, 1] }, { from: [10, 0, 1e9], to: [20, 900, 1e9], seen: 7 }, { from: [5, 0, 4], to: [20, 1000, 4] }, [[]]]
    for (const entry of wrong) list.push([entry])
    wanted(meet(one, two), before)
    one.drag('gauche', 'Trois')
    wanted(meet(one, two).split('gauche').length, 2)
  })
}
