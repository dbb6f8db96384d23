// Makes tests/vectors/moves/ways.jsonl: small texts with lists of moves, good ones and bad ones, and where the page says that each unit is
// now. The house reads the same lists (modules/pads/history/ways.cpp) and must say the same. And restores.jsonl: states of sessions to which
// somebody went back, and the text that restore.mjs makes of it, with how many units of it are copies.
//   node build.mjs && node build/ways.mjs > ../../vectors/moves/ways.jsonl && node build/ways.mjs restores > ../../vectors/moves/restores.jsonl
import * as Y from 'yjs';
import { randomOf } from './clock.mjs';
import { marker_clients } from '../../../web-ui/src/pad/lines/form';
import { restore } from './restore.mjs';
import { planOf, Session } from './session.mjs';
import { subjectOf } from './subjects.mjs';
import { Moves } from '../../../web-ui/src/pad/lines/moves';

const letters = 12;

/** A range of the text's units, or of what never was. */
function someRange(random, clients) {
  const client = random.chance(0.05) ? 77 : random.of(clients);
  return [client, random(letters * 3), random.between(1, 5)];
}

function someEntry(random, clients, author, state) {
  const from = Array.from({ length: random.between(1, 3) }, () => someRange(random, clients)).flat();
  const to = [];
  const units = from.filter((_, i) => i % 3 === 2).reduce((sum, one) => sum + one, 0);
  // As an editor: of its own units, older than the entry. Or of others, twice the same, too many or too few, of units that are to come.
  for (let left = units; left > 0;) {
    const length = Math.min(left, random.between(1, 4));
    to.push(random.chance(0.04) ? random.of(clients) : author + (random.chance(0.05) ? marker_clients : 0), random(Math.max(1, state + (random.chance(0.1) ? 9 : -length))), length);
    left -= length;
  }
  if (random.chance(0.06)) to.pop();
  if (random.chance(0.06)) to.push(author, 0, 2);
  if (random.chance(0.04)) from[2] = random.of([0, -1, 1.5, 60_000, 'a', null, 2 ** 40]);
  const entry = { from, to };
  if (random.chance(0.5)) entry.again = random.of([1, 1, 2, 3, true, '1']);
  if (random.chance(0.3)) entry.seen = { [author]: 4, x: [{ y: 'z' }] };
  if (random.chance(0.2)) entry.restored = 1;
  return random.chance(0.03) ? random.of([null, 5, 'text', [1, 2], { from: 'a', to: {} }, {}]) : entry;
}

function caseOf(seed) {
  const random = randomOf(seed);
  const clients = Array.from({ length: random.between(2, 4) }, (_, i) => (random.chance(0.5) ? i + 1 : random.between(2, 2 ** 32 - 1)));
  if (random.chance(0.1)) clients.push(marker_clients + 5);
  const docs = clients.map((client) => Object.assign(new Y.Doc({ gc: false }), { clientID: client }));
  const all = () => docs.forEach((one) => docs.forEach((other) => Y.applyUpdate(other, Y.encodeStateAsUpdate(one, Y.encodeStateVector(other)))));
  for (const doc of docs) doc.get('default', Y.XmlText).insert(0, 'x'.repeat(letters));
  all();
  for (let n = random.between(2, 14); n > 0; n -= 1) {
    const doc = random.of(docs);
    const root = doc.get('default', Y.XmlText);
    if (random.chance(0.8)) root.insert(random(root.length), 'y'.repeat(random.between(1, 6)));
    if (random.chance(0.3)) root.delete(random(root.length - 4), 3);
    if (random.chance(0.9)) doc.getArray('moves').push(Array.from({ length: random.of([1, 1, 1, 2, 3]) }, () => someEntry(random, clients, doc.clientID, Y.getState(doc.store, doc.clientID))));
    const list = doc.getArray('moves');
    if (list.length > 0 && random.chance(0.1)) list.delete(random(list.length), 1);
    if (random.chance(0.4)) all();
  }
  all();
  const root = docs[0].get('default', Y.XmlText);
  const moves = new Moves(root);
  const ends = [];
  for (const client of [...clients, ...clients.map((one) => one + marker_clients)]) {
    for (let clock = 0; clock < letters * 3; clock += 1) {
      const { id } = moves.end(Y.createID(client, clock));
      if (id.client !== client || id.clock !== clock) ends.push([client, clock, id.client, id.clock]);
    }
  }
  return { seed, update: Buffer.from(Y.encodeStateAsUpdate(docs[0])).toString('base64'), clients, ends };
}

/** One letter that went on and on: a way counts up to 1,000 steps. */
function longWay() {
  const doc = Object.assign(new Y.Doc(), { clientID: 3 });
  const root = doc.get('default', Y.XmlText);
  const steps = 1_100;
  root.insert(0, 'z'.repeat(steps + 1));
  for (let n = 0; n < steps; n += 1) doc.getArray('moves').push([{ from: [3, n, 1], to: [3, n + 1, 1] }]);
  const moves = new Moves(root);
  const ends = [];
  for (let clock = 0; clock <= steps; clock += 1) {
    const { id } = moves.end(Y.createID(3, clock));
    if (id.clock !== clock) ends.push([3, clock, id.client, id.clock]);
  }
  return { seed: 'a long way', update: Buffer.from(Y.encodeStateAsUpdate(doc)).toString('base64'), clients: [3], ends };
}

/** What stands, in order, a bar for each line that is not taken out; how many letters the client of the restore wrote. */
function textOf(root, client) {
  let [text, copied] = ['', 0];
  for (let item = root._start; item; item = item.right) {
    if (item.deleted) continue;
    if (item.content instanceof Y.ContentString) {
      text += item.content.str;
      if (item.id.client === client) copied += item.length;
    } else if (item.content instanceof Y.ContentType && !item.content.type.getAttribute('gone')) text += '|';
  }
  return { text, copied };
}

const base64 = (bytes) => Buffer.from(bytes).toString('base64');

/** The restores of one session, asked for once more of the house as it was. */
function restoresOf(seed, ops) {
  const session = new Session(planOf(seed, { ops }), subjectOf('ours'));
  const found = [];
  const work = session.restore.bind(session);
  session.restore = (random) => {
    const state = Y.encodeStateAsUpdate(session.house.doc);
    for (const then of session.moments.slice(-6)) {
      const doc = new Y.Doc({ gc: false });
      Y.applyUpdate(doc, state);
      const client = 7777;
      doc.clientID = client;
      restore(doc, session.subject.root(doc), then);
      const snapshot = Y.encodeSnapshot(then);
      found.push({ seed, ops, state: base64(state), snapshot: base64(snapshot), ...textOf(session.subject.root(doc), client) });
    }
    work(random);
  };
  session.run();
  return found;
}

if (process.argv[2] === 'restores') {
  const of = [['restore', 1002], ['restore', 1069], ['restore', 1128], ['restore', 1235], ['restore,undo,delete stretch,enter', 1001], ['restore,move,drag,undo,join', 1003], ['all', 1004], ['restore,bold,undo,delete lines', 1005]];
  for (const [ops, seed] of of) for (const one of restoresOf(seed, ops).filter((_, i) => i % 3 === 0).slice(0, 8)) console.log(JSON.stringify(one));
} else {
  console.log(JSON.stringify(longWay()));
  for (let seed = 1; seed <= 120; seed += 1) console.log(JSON.stringify(caseOf(seed)));
}
process.exit(0);
