// Small cases, letter by letter (scene.mjs): faults of the simulator, shrunk, and what a mend of one broke. Each answers with its scene and
// what must be true of the lines that all see at its end. Prints one line of JSON: for each table what is wrong, or null.
import './clock.mjs';
import { Scene } from './scene.mjs';

const moved = {
  'two lines pasted where a line stands, that another moved too'() {
    const scene = new Scene(['top', 'one', '- aa bb', '- cc dd', '', 'end']);
    const [a, b] = scene.people;
    a.mark(2, 3).cut();
    b.mark('cc dd').drag('end');
    a.at(2).paste();
    return [scene.meet(), (all) => all.filter((line) => line.includes('cc dd')).length === 1];
  },
  'two lines dragged of which one leaves its marker, that another moved too'() {
    const scene = new Scene(['top', 'four five', '- eight nine', '- ten', 'eleven', 'last']);
    const [a, b] = scene.people;
    a.mark('four', 'nine').drag('eleven');
    b.mark('eight nine').drag('top');
    return [scene.meet(), (all) => all.join().split('eight').length === 2 && all.join().split('four').length === 2];
  },
  'the rest of a word, in front of words that I put there by hand, goes to its beginning'() {
    const scene = new Scene(['top', 'between', 'seven', 'other', 'end']);
    const [b, a] = scene.people;
    b.behind('other').type(' mine');
    scene.meet();
    a.behind('seven').type(' six');
    scene.meet();
    a.behind('six').type('teen ');
    a.mark('mine').drag('seven');
    b.mark('seven six').drag('top');
    return [scene.meet(), (all) => all.join('|').includes('seven sixteen')];
  },
  'a line that both moved stands once, with what each wrote in it'() {
    const scene = new Scene(['top', 'between', 'our line', 'more', 'end']);
    const [a, b] = scene.people;
    a.behind('our').type(' quiet');
    b.behind('line').type(' here');
    a.mark('our', 'line').drag('top');
    b.mark('our', 'here').drag('end');
    return [scene.meet(), (all) => all.join('|').split('our quiet line here').length === 2];
  },
  'words in an empty line whose words I moved away stay, when their end follows'() {
    const scene = new Scene(['one', 'two words', 'three', 'four', 'five']);
    const [a, b] = scene.people;
    a.behind('words').type(' unse');
    scene.send(a);
    a.type('en');
    b.mark('two', 'unse').drag('four').at(1).type('fresh');
    return [scene.meet(), (all) => all[1] === 'fresh' && all.join('|').includes('two words unseen')];
  },
  'what I wrote in front of a word that another put beside one without a space'() {
    const scene = new Scene(['one', 'word', 'between', 'two', 'end']);
    const [a, b] = scene.people;
    a.before('word').type('mine ');
    b.mark('word').cut().at('two').paste();
    return [scene.meet(), (all) => all.join('|').includes('mine word')];
  },
  'what I wrote in front of words that stay does not go with words of mine that stand in front of it'() {
    const scene = new Scene(['base words', 'one', 'twelve', 'end']);
    const [a, b] = scene.people;
    a.before('twelve').type('fresh ').at('base').type(' mine ');
    b.mark('twelve').cut().at('base').paste();
    scene.send(b, a);
    b.mark('base', 'words').drag('one');
    return [scene.meet(), (all) => all.some((line) => line.includes('fresh twelve')) && all.some((line) => line.includes('words mine'))];
  },
  'what I put there by hand follows nobody'() {
    const scene = new Scene(['one', 'two', 'three', 'four', 'five']);
    const [a, b] = scene.people;
    a.behind('two').type(' mine');
    b.mark('four').drag('two');
    scene.meet();
    a.mark('two', 'mine').drag('five');
    b.behind('four').type(' more');
    scene.meet();
    const before = a.doc.getArray('moves').length;
    scene.meet();
    return [scene, (all) => a.doc.getArray('moves').length === before && before < 8 && all.join('|').includes('four more')];
  },
  'words behind the end of a line to which another brought words, while it is moved on'() {
    const scene = new Scene(['one', 'two', 'our line', 'three', 'guests', 'five']);
    const [a, b] = scene.people;
    a.behind('line').type(' and mine');
    b.mark('guests').drag('our').mark('our', 'guests').cut();
    b.at('one').paste();
    return [scene.meet(), (all) => all.some((line) => line.includes('our line') && line.includes('and mine')) && all.join('|').split('guests').length === 2 && a.doc.getArray('moves').length < 8];
  },
  'words behind words that follow go with them'() {
    const scene = new Scene(['one', 'two', 'our line', 'three', 'five']);
    const [a, b] = scene.people;
    a.behind('line').type(' x');
    scene.send(a);
    a.type('yz more');
    b.mark('our', 'x').cut();
    scene.send(a);
    b.behind('yz more').type(' answer').at('five').paste();
    return [scene.meet(), (all) => all.join('|').includes('our line xyz more answer')];
  },
  'what I write at the beginning of a line, in front of words of mine that follow others, goes with them'() {
    const scene = new Scene(['one', 'two', 'our line', 'three', 'five']);
    const [a, b] = scene.people;
    a.behind('our').type(' mine');
    b.mark('our', 'line').cut();
    scene.send(a);
    scene.send(b);
    a.select(a.line('mine').from).type('fresh');
    b.at('five').paste();
    return [scene.meet(), (all) => all.some((line) => line.includes('fresh') && line.includes('mine'))];
  },
  'what another wrote in front of words of mine stays in front of them, when both follow'() {
    const scene = new Scene(['one', 'two', 'our line', 'three', 'five']);
    const [a, b] = scene.people;
    a.behind('our').type(' six');
    b.mark('our', 'line').cut();
    scene.send(a);
    b.behind('six').type(' bee');
    scene.send(b);
    a.behind('six').type(' ten');
    b.at('five').paste();
    return [scene.meet(), (all) => all.join('|').includes('six ten bee')];
  },
  'undo of a word that another moved with words around it'() {
    const scene = new Scene(['one', 'two words', 'three', 'four']);
    const [a, b] = scene.people;
    a.behind('two').type(' mine');
    scene.meet();
    b.mark('two', 'words').drag('four');
    scene.meet();
    a.undo();
    return [scene.meet(), (all) => all.join('|').includes('two words')];
  },
  'undo of words that two others moved on, with words of theirs between, takes nothing of theirs with it'() {
    const scene = new Scene(['one', 'two words', 'three', 'four'], 3);
    const [a, b, c] = scene.people;
    a.behind('two').type(' mine also');
    scene.meet();
    b.mark('mine also').drag('four');
    scene.meet();
    c.behind('mine').type(' guest');
    c.mark('mine', 'also').drag('three');
    scene.meet();
    a.undo();
    return [scene.meet(), (all) => all.join('|').includes('guest')];
  },
  'one letter that was cut and is pasted'() {
    const scene = new Scene(['one', 'two', 'three', 'four']);
    const [a, b] = scene.people;
    a.behind('two').type(' w');
    scene.send(a);
    b.mark(' w').cut();
    a.type('ord');
    b.at('four').paste();
    return [scene.meet(), (all) => all.join('|').includes('word')];
  },
  'forty moves of one line in one message'() {
    // Each place of a letter is looked at once: else it is the square of the moves, and 150 of a long line took all memory of a tab.
    const [long, moves] = ['x'.repeat(200), 40];
    const scene = new Scene(['top', 'between', long, 'other', 'end']);
    const [a, b] = scene.people;
    for (let i = 0; i < moves; i += 1) a.mark(long).drag(i % 2 ? 1 : 3);
    b.editor.binding.moves.looks = 0;
    scene.send(a);
    const { looks } = b.editor.binding.moves;
    return [scene, (all) => all.join('').length === long.length + 'topbetweenotherend'.length && looks > 0 && looks < 5 * long.length * (moves + 1)];
  },
};

const written = {
  'a word that another tore is whole again, though he went on there when he saw its end'() {
    const scene = new Scene(['top', 'one', 'end']);
    const [b, a] = scene.people;
    a.behind('one').type(' w');
    scene.send(a);
    a.type('ord');
    b.behind('one w').type(' guest');
    scene.send(a, b);
    b.type(' more');
    return [scene.meet(), (all) => all[1].includes('one word') && all[1].includes('guest more')];
  },
  'a word that another tore and parted by Enter is whole again'() {
    const scene = new Scene(['top', 'one', 'end']);
    const [b, a] = scene.people;
    a.behind('one').type(' w');
    scene.send(a);
    a.type('ord');
    b.behind('one w').type(' guest');
    scene.send(a, b);
    b.behind('one w').key('Enter');
    return [scene.meet(), (all) => all[1].includes('one word')];
  },
  'what I write at the end of a line stays there, though another put lines behind it and took them out again'() {
    const wrong = [];
    for (const first of [0, 1]) {
      const scene = new Scene(['top', 'one', 'end']);
      const [a, b] = first ? [...scene.people].reverse() : scene.people;
      a.behind('one').type(' ours').key('Enter').type('new').key('Enter').type('more');
      a.mark(2, 3).key('Backspace');
      b.behind('one').type(' mine');
      const all = scene.meet().lines();
      if (all.length !== 3 || !all[1].includes('ours') || !all[1].includes('mine')) wrong.push([first, all]);
    }
    return [{ lines: () => wrong }, (all) => all.length === 0];
  },
  'what I write behind words that another replaces by lines stays in their line'() {
    const wrong = [];
    for (const first of [0, 1]) {
      const scene = new Scene(['top', 'one two', 'end', 'new', 'more']);
      const [a, b] = first ? [...scene.people].reverse() : scene.people;
      a.mark(3, 4).cut().mark('two').paste();
      b.behind('two').type(' mine');
      const all = scene.meet().lines();
      if (!all.some((line) => line.includes('one') && line.includes('mine')) || !all.includes('more')) wrong.push([first, all]);
    }
    return [{ lines: () => wrong }, (all) => all.length === 0];
  },
  'a cursor behind a word that another is writing stays behind that word'() {
    const scene = new Scene(['top', 'one', 'end']);
    const [a, b] = scene.people;
    a.behind('one').type(' w');
    scene.send(a);
    b.behind('one w');
    a.type('or');
    scene.send(a);
    b.type(' guest');
    a.type('d');
    return [scene.meet(), (all) => all[1].includes('one word') && all[1].includes('guest')];
  },
};

const torn = {
  'the end of a word that went to its beginning, moved by hand by somebody who did not know that'() {
    const scene = new Scene(['top', 'our line', 'between', 'more', 'end']);
    const [a, b] = scene.people;
    a.behind('line').type(' unse');
    scene.send(a);
    a.type('en words');
    b.mark('our', 'unse').drag('more');
    scene.send(a, b);
    scene.send(b, a);
    b.mark('en words').drag('end');
    return [scene.meet(), (all) => all.join('|').includes('our line unseen words')];
  },
  'a word of which each moved a part'() {
    const scene = new Scene(['top', 'our line', 'between', 'more', 'end'], 3);
    const [a, b, c] = scene.people;
    a.behind('line').type(' unse');
    scene.send(a, b);
    a.type('en words');
    b.mark('our', 'unse').drag('more');
    scene.send(a, c);
    scene.send(b, c);
    c.mark('en words').drag('end');
    scene.send(b, a);
    return [scene.meet(), (all) => all.join('|').includes('our line unseen words')];
  },
  'the end of a word that two tore, with words behind it that were typed between others'() {
    const scene = new Scene(['top', 'our line', 'between', 'more', 'end'], 3);
    const [a, b, c] = scene.people;
    a.behind('line').type(' unse');
    scene.send(a, b);
    a.type('en ');
    scene.send(a, c);
    a.type('words here').behind('words').type(' and');
    b.mark('our', 'unse').drag('more');
    c.mark('en ').drag('end');
    return [scene.meet(), (all) => all.join('|').includes('our line unseen words and here')];
  },
  'a word that stands torn for a moment, moved like that'() {
    const scene = new Scene(['top', 'one', 'between', 'end']);
    const [b, a] = scene.people;
    a.behind('one').type(' w');
    scene.send(a);
    b.behind('one w').type(' guest');
    a.type('ord');
    scene.send(a, b);
    scene.send(b, a);
    b.mark('one', 'ord').drag('end');
    return [scene.meet(), (all) => all.join('|').includes('one word')];
  },
  'a word that stood torn when it was cut, and was whole again when it was pasted'() {
    const scene = new Scene(['top', 'one', 'between', 'end']);
    const [b, a] = scene.people;
    a.behind('one').type(' w');
    scene.send(a);
    b.behind('one w').type(' guest');
    a.type('ord');
    scene.send(a, b);
    scene.send(b, a);
    b.mark('one', 'ord').cut();
    scene.send(a, b);
    b.at('end').paste();
    return [scene.meet(), (all) => all.join('|').includes('one word')];
  },
  'what I write in an empty line stays there, though another wrote there too and moved that away'() {
    const scene = new Scene(['', 'between', 'end']);
    const [b, a] = scene.people;
    b.at(0).type('first').mark('first').drag('between');
    a.at(0).type('mine');
    return [scene.meet(), (all) => all[0] === 'mine' && all[1] === 'betweenfirst'];
  },
};

const restored = {
  'a line that the house brings back stands once, though who had taken it out took that back at the same time'() {
    const scene = new Scene(['one', 'two three', 'four', 'end']);
    const [a, b] = scene.people;
    const then = scene.moment();
    a.mark(1).key('Backspace');
    scene.send(a);
    a.undo();
    b.behind('four').type(' more');
    scene.restore(then);
    return [scene.meet(), (all) => all.filter((line) => line.includes('two three')).join() === 'two three' && all.filter((line) => !line).length === 0];
  },
  'a line that was cut, pasted, taken back and restored at the same time'() {
    const scene = new Scene(['- one two', 'three', 'end']);
    const [a] = scene.people;
    const then = scene.moment();
    a.mark('one two').cut().at('three').paste();
    scene.send(a);
    a.undo().undo();
    scene.restore(then);
    return [scene.meet(), (all) => all.join('|').split('one two').length === 2];
  },
  'who takes back what he took out, after the house brought it back, gets nothing twice'() {
    const scene = new Scene(['one', 'two three', 'four', 'end']);
    const [a] = scene.people;
    const then = scene.moment();
    a.mark('two three').key('Backspace');
    scene.send(a);
    scene.restore(then);
    scene.send(scene.house);
    a.undo();
    return [scene.meet(), (all) => all.join('|').split('two three').length === 2];
  },
  'what I wrote, took out, and took back after the house had brought it back, stands once'() {
    const scene = new Scene(['one', '', 'end']);
    const [a] = scene.people;
    a.at(1).type('two three');
    scene.send(a);
    const then = scene.moment();
    a.mark('two three').key('Backspace');
    scene.send(a);
    scene.restore(then);
    scene.send(scene.house);
    a.undo();
    return [scene.meet(), (all) => all[1] === 'two three'];
  },
  'what I wrote, took out, and took back while the house brought it back, stands once'() {
    const scene = new Scene(['one', '', 'end']);
    const [a] = scene.people;
    a.at(1).type('two three');
    scene.send(a);
    const then = scene.moment();
    a.mark('two three').key('Backspace');
    scene.send(a);
    a.undo();
    scene.restore(then);
    return [scene.meet(), (all) => all[1] === 'two three'];
  },
  'a line that the house brought back, that went again, and that it brings back once more, stands once'() {
    // The first copy has the higher number: who reads the text comes to it, and it does not stand.
    const wrong = [];
    for (const [first, second] of [[7000, 6000], [6000, 7000], [900, 7000], [7000, 900], [900, 800], [800, 900]]) {
      const scene = new Scene(['one', 'two three', 'four', 'end']);
      const [a, b] = scene.people;
      const then = scene.moment();
      a.mark('two three').key('Backspace');
      scene.meet();
      scene.restore(then, first);
      scene.send(scene.house, b);
      b.mark('two three').key('Backspace');
      scene.send(b, scene.house);
      scene.restore(then, second);
      a.undo();
      const all = scene.meet().lines();
      if (all.join('|').split('two three').length !== 2) wrong.push([first, second, all]);
    }
    return [{ lines: () => wrong }, (all) => all.length === 0];
  },
  'who writes in a line that the house brings back for the second time is followed from there'() {
    const wrong = [];
    for (const [first, second] of [[7000, 6000], [6000, 7000]]) {
      const scene = new Scene(['one', 'two three', 'four', 'end']);
      const [a, b] = scene.people;
      const then = scene.moment();
      a.mark('two three').key('Backspace');
      scene.meet();
      scene.restore(then, first);
      scene.meet();
      b.mark('two three').key('Backspace');
      scene.meet();
      scene.restore(then, second);
      scene.meet();
      a.behind('three').type(' more');
      b.mark('two three').drag('end');
      const all = scene.meet().lines();
      if (!all.join('|').includes('endtwo three more')) wrong.push([first, second, all]);
    }
    return [{ lines: () => wrong }, (all) => all.length === 0];
  },
  'undo of what the house brought back, and another wrote into and moved, takes nothing of his with it'() {
    const scene = new Scene(['one', 'two three', 'four', 'end']);
    const [a, b] = scene.people;
    const then = scene.moment();
    a.mark('two three').drag('end');
    scene.meet();
    scene.restore(then);
    scene.meet();
    b.behind('two').type(' new');
    b.mark('two', 'three').drag('four');
    scene.meet();
    a.undo();
    return [scene.meet(), (all) => all.join('|').includes('new') && all.join('|').split('two').length === 2 && all.join('|').split('three').length === 2];
  },
  'what another moved, away from where the house restored it, stands once'() {
    const scene = new Scene(['one', 'two three', 'four', 'end']);
    const [a, b] = scene.people;
    const then = scene.moment();
    a.mark('two three').drag('end');
    scene.meet();
    b.mark('two three').drag('one');
    scene.restore(then);
    return [scene.meet(), (all) => all.join('|').split('two three').length === 2];
  },
};

/** Words and new lines ('\n'), in one step. */
function writeAtOnce({ view }, text) {
  for (const sign of text) {
    const { tr } = view.state;
    view.dispatch(sign === '\n' ? tr.split(tr.selection.from) : tr.insertText(sign));
  }
}

const undone = {
  'a line that goes by undo with its words, in which another was writing'() {
    const scene = new Scene(['one', 'end']);
    const [a, b] = scene.people;
    writeAtOnce(a.at('one'), '!\nmine');
    scene.meet();
    a.undo();
    b.at('mine').type(' also');
    return [scene.meet(), (all) => all.map((line) => line.trim()).join('|') === 'one|also|end'];
  },
  'such a line between two of the same step'() {
    const scene = new Scene(['one', 'end']);
    const [a, b] = scene.people;
    writeAtOnce(a.at('one'), '!\nmine\nyours\nours');
    scene.meet();
    a.undo();
    b.at('yours').type(' also');
    return [scene.meet(), (all) => all.map((line) => line.trim()).join('|') === 'one|also|end'];
  },
  'a line ended by that step in the middle of words'() {
    const scene = new Scene(['onetwo', 'end']);
    const [a] = scene.people;
    writeAtOnce(a.behind('one'), '!\nmine\nyours');
    const made = a.lines().join('|');
    a.undo();
    const back = a.lines().join('|');
    a.redo();
    return [scene.meet(), (all) => made === 'one!|mine|yourstwo|end' && back === 'onetwo|end' && all.join('|') === made];
  },
  'two lines that were ended at one place, each taken back'() {
    const scene = new Scene(['onetwo', 'end']);
    const [a] = scene.people;
    a.behind('one').key('Enter').behind('one').key('Enter');
    const made = a.lines().join('|');
    a.undo().undo();
    return [scene.meet(), (all) => made === 'one||two|end' && all.join('|') === 'onetwo|end'];
  },
  'two lines of one step, of which the lower one was ended first'() {
    const scene = new Scene(['onetwo', 'end']);
    const [a] = scene.people;
    writeAtOnce(a.behind('one'), '!\n');
    writeAtOnce(a.behind('one!'), '\nmine');
    const made = a.lines().join('|');
    a.undo();
    const back = a.lines().join('|');
    a.redo();
    return [scene.meet(), (all) => made === 'one!|mine|two|end' && back === 'onetwo|end' && all.join('|') === made];
  },
  'the same, taken back and done again'() {
    const scene = new Scene(['onetwo', 'end']);
    const [a] = scene.people;
    a.behind('one').key('Enter').behind('one').key('Enter').undo().undo().redo().redo();
    return [scene.meet(), (all) => all.join('|') === 'one||two|end'];
  },
};

const tables = { 'what undo takes out': undone, 'text that two people move': moved, 'words written where another writes': written, 'words that moves tear': torn, 'what the house restores': restored };

function wrongIn(table) {
  const wrong = {};
  for (const [name, work] of Object.entries(table)) {
    try {
      const [scene, right] = work();
      if (!right(scene.lines())) wrong[name] = scene.lines();
    } catch (error) {
      wrong[name] = error.message;
    }
  }
  return Object.keys(wrong).length > 0 ? wrong : null;
}

console.log(JSON.stringify(Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, wrongIn(table)]))));
process.exit(0);
