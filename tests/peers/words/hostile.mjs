// What one writer can do to the tab of everybody else by a message of a few kilobytes: letters put from right to left into a word
// that somebody else wrote, a type that is no marker under a marker's number, a notice without pieces. Prints one line of JSON:
// what is wrong, or null. Hanging is seen by who runs it (check.mjs ends it).
import { EditorState } from 'prosemirror-state';
import * as Y from 'yjs';
import { bind } from '../../../web-ui/src/pad/binding';
import { rootName, schema } from '../../../web-ui/src/pad/schema';
import { Moves } from '../../../web-ui/src/pad/lines/moves';
import { Reunion } from '../../../web-ui/src/pad/lines/reunion';
import { Takings } from '../../../web-ui/src/pad/taken';

globalThis.window ??= globalThis;
const wrong = [];
const thrown = [];
process.on('uncaughtException', (error) => thrown.push(error.message));

function victimWith(words, author) {
  const doc = new Y.Doc();
  doc.clientID = 3_000_000_000;
  const root = doc.get(rootName, Y.XmlText);
  const binding = bind(root, schema);
  let state = EditorState.create({ schema, doc: binding.doc, plugins: [binding.plugin] });
  binding.attach({ get state() { return state; }, dispatch: (tr) => { state = state.apply(tr); } });
  new Reunion(binding, {}, () => null);
  if (author === doc.clientID) root.insert(0, words);
  else {
    const other = new Y.Doc();
    other.clientID = author;
    other.get(rootName, Y.XmlText).insert(0, words);
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other), 'line');
  }
  return { doc, root, binding };
}

/** An update that puts `make(i)` behind the fifth letter, each in front of the one before. */
function attack(doc, count, client, make) {
  const enemy = new Y.Doc();
  enemy.clientID = client;
  Y.applyUpdate(enemy, Y.encodeStateAsUpdate(doc));
  const before = Y.encodeStateVector(enemy);
  const root = enemy.get(rootName, Y.XmlText);
  enemy.transact((transaction) => {
    const word = root._start.id.client;
    const left = Y.getItemCleanEnd(transaction, enemy.store, Y.createID(word, 4));
    let former = null;
    for (let i = 0; i < count; i += 1) {
      const item = new Y.Item(Y.createID(client, Y.getState(enemy.store, client)), left, Y.createID(word, 4), i === 0 ? null : left.right, former, root, null, make());
      if (i === 0) item.right = left.right;
      item.integrate(transaction, 0);
      former = item.id;
    }
  });
  return Y.encodeStateAsUpdate(enemy, before);
}

for (const author of [3_000_000_000, 77]) {
  const { doc, root } = victimWith('hello world', author);
  Y.applyUpdate(doc, attack(doc, 1_500, 5, () => new Y.ContentString('x')), 'line');
  if (root.length !== 1_511) wrong.push(`after 1,500 letters: ${root.length}`);
}
for (const make of [() => new Y.ContentType(new Y.Map()), () => new Y.ContentType(new Y.XmlFragment())]) {
  const { doc, root } = victimWith('hello world', 3_000_000_000);
  Y.applyUpdate(doc, attack(doc, 1, 2 ** 32 + 5, make), 'line');
  const other = new Y.Doc();
  Y.applyUpdate(other, Y.encodeStateAsUpdate(doc));
  other.get(rootName, Y.XmlText).insert(0, 'goes on ');
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(other), 'line');
  if (!root.toString().includes('goes on')) wrong.push('the line ended');
}
{
  const { doc, root } = victimWith('hello', 3_000_000_000);
  const binding = bind(root, schema);
  let state = EditorState.create({ schema, doc: binding.doc, plugins: [binding.plugin] });
  const takings = new Takings(binding, () => ({ get state() { return state; }, isDestroyed: true }), () => undefined);
  takings.add({ whole: 'x hello', pieces: [{ text: 'x ', mine: Y.createID(doc.clientID, 0), behind: false }] });
  takings.add({ whole: 'mine', pieces: [] });
}
{
  // Moves that name the same long text again and again, in some 50 kB.
  const { doc, root } = victimWith('hello world', 3_000_000_000);
  const enemy = new Y.Doc();
  enemy.clientID = 6;
  Y.applyUpdate(enemy, Y.encodeStateAsUpdate(doc));
  const before = Y.encodeStateVector(enemy);
  enemy.transact(() => {
    for (let i = 0; i < 1_000; i += 1) enemy.getArray('moves').push([{ from: [77, i, 50_000], to: [6, 2 * i, 50_000] }]);
  });
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(enemy, before), 'line');
  if (root.toString() !== 'hello world') wrong.push(`after the moves: ${root.toString().slice(0, 40)}`);
}
/** Entries of moves that close to a circle, spread from one sign, or go on and on: what a tab looks at for the message is bounded, the
 * words of others stand, and those of a circle too. `entries(count)`: [author, from, to][]. */
function moved(name, count, entries, authors = [6]) {
  const { doc, root, binding } = victimWith('hello world', 77);
  for (const author of authors) {
    const enemy = new Y.Doc();
    enemy.clientID = author;
    Y.applyUpdate(enemy, Y.encodeStateAsUpdate(doc));
    enemy.get(rootName, Y.XmlText).insert(0, 'ab'.repeat(count));
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(enemy), 'line');
  }
  const before = binding.moves.looks;
  for (const author of authors) {
    const enemy = new Y.Doc();
    Y.applyUpdate(enemy, Y.encodeStateAsUpdate(doc));
    enemy.clientID = author;  // behind the update: Yjs takes another number for who is in it
    const known = Y.encodeStateVector(enemy);
    enemy.transact(() => { for (const [who, from, to] of entries) if (who === author) enemy.getArray('moves').push([{ from, to }]); });
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(enemy, known), 'line');
  }
  if (binding.moves.looks - before > 1_200_000 * authors.length) wrong.push(`${name}: ${binding.moves.looks - before} places`);
  // (The fan says that it moved the first letter, as whoever may write may take it away.)
  if (!root.toString().endsWith('ello world')) wrong.push(`${name}: the words of others are gone`);
  // A page that opens the text later sees the same.
  const later = new Moves(root);
  for (let clock = 0; clock < 11; clock += 1) {
    if (Y.compareIDs(later.end(Y.createID(77, clock)).id, binding.moves.end(Y.createID(77, clock)).id) === false) wrong.push(`${name}: another end`);
  }
  if (process.env.HAMEAU_SHOW) console.error(name, binding.moves.looks - before, root.length, Math.round(process.memoryUsage().rss / 1e6));
  return { root, moves: binding.moves };
}
for (const count of [10, 10_000]) {
  const circle = moved('a circle', count, [[6, [6, 0, count], [6, count, count]], [6, [6, count, count], [6, 0, count]]]);
  if (circle.root.length !== 2 * count + 11) wrong.push(`a circle: ${circle.root.length} letters`);
}
{
  // Of three, by two authors; the second half of the letters of each.
  const three = moved('a circle of three', 5_000, [[6, [8, 0, 1_000], [6, 0, 1_000]], [8, [6, 0, 1_000], [8, 5_000, 1_000]], [8, [8, 5_000, 1_000], [8, 0, 1_000]]], [6, 8]);
  if (three.root.length < 20_011 - 3_000) wrong.push(`a circle of three: ${three.root.length} letters`);
}
{
  const to = [];
  for (let i = 0; i < 20_000; i += 2_000) to.push([6, Array.from({ length: 2_000 }, () => [77, 0, 1]).flat(), Array.from({ length: 2_000 }, (_, n) => [6, i + n, 1]).flat()]);
  moved('a fan', 10_000, to);
  moved('a long way', 50_000, [[6, [6, 0, 49_999], [6, 1, 49_999]], [6, [6, 49_999, 49_999], [6, 50_000, 49_999]]]);
}
await new Promise((done) => { setTimeout(done, 20); });
wrong.push(...thrown);
console.log(JSON.stringify(wrong.length > 0 ? wrong : null));
process.exit(0);
