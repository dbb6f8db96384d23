// An earlier state again, as the house does it (modules/pads/history/restore.cpp): what was there then and is gone is copied to where
// it stood, what came since is taken out, attributes become what they were. A copy is the sign that it was made of (`moves`), wherever that
// is now. (The house has a reader of moves of its own, ways.cpp; tests/vectors/moves holds both to the same answers.)
import * as Y from 'yjs';
import { Moves } from '../../../web-ui/src/pad/lines/moves';

const wasThere = (item, { sv, ds }) => item instanceof Y.Item && item.id.clock < (sv.get(item.id.client) ?? 0) && !Y.isDeleted(ds, item.id);
const typeOf = (item) => (item.content instanceof Y.ContentType ? item.content.type : null);
const itemsOf = (type) => {
  const items = [];
  for (let item = type._start; item; item = item.right) items.push(item);
  return items;
};
const valuesOf = (type, then) => (type.getAttributes ? type.getAttributes(then) : {});

const isMarker = (item) => typeOf(item)?.nodeName === 'line';

const units_max = 50_000;      // of one entry

function add(ranges, client, clock, length) {
  const last = ranges.length - 3;
  if (last >= 0 && ranges[last] === client && ranges[last + 1] + ranges[last + 2] === clock) ranges[last + 2] += length;
  else ranges.push(client, clock, length);
}

/** A line that came since, of which nothing stays: it is taken out (docs/pads-format.md), its marker stays. */
function isWhole(marker, then) {
  for (let item = marker.right; item; item = item.right) {
    const stays = wasThere(item, then);
    if (stays && isMarker(item)) return true;
    if (stays && item.countable) return false;
  }
  return true;
}

const letter = /[\p{L}\p{N}]/u;
const unitAt = (doc, { client, clock }) => {
  const item = clock < Y.getState(doc.store, client) ? Y.getItem(doc.store, Y.createID(client, clock)) : null;
  return item instanceof Y.Item && item.content instanceof Y.ContentString ? item.content.str[clock - item.id.clock] : '';
};

/** Ends of words that stood torn at that moment, and that their writer's program brought home since (`again` 2): [[from, to]] of single
 * units. Only where such an end stands right behind the letter after which it was typed, which was there: so nobody can make by it that
 * something else comes back. */
function wentHome(doc, root, then, moves) {
  const found = new Map();
  const key = ({ client, clock }) => `${client} ${clock}`;
  const had = ({ client, clock }) => clock < (then.sv.get(client) ?? 0) && !Y.isDeleted(then.ds, Y.createID(client, clock));
  for (const raw of doc.getArray('moves').toArray()) {
    if (raw?.again !== 2) continue;
    for (let i = 0; i < raw.from.length; i += 3) {
      for (let n = 0; n < raw.from[i + 2]; n += 1) {
        const from = Y.createID(raw.from[i], raw.from[i + 1] + n);
        const writer = moves.first(from).client;
        let to = from;
        for (let step = moves.next(to); step?.home && step.to.client === writer; step = moves.next(to)) {
          to = Y.createID(step.to.client, step.to.clock + to.clock - step.from.clock);
        }
        if (to !== from && had(from) && !had(to) && unitAt(doc, from) === unitAt(doc, to)) found.set(key(to), { from, to });
      }
    }
  }
  let before = null;
  const home = [];
  for (const item of found.size > 0 ? itemsOf(root) : []) {
    for (let n = 0; n < item.length && item.countable; n += 1) {
      const id = Y.createID(item.id.client, item.id.clock + n);
      const one = found.get(key(id));
      if (one && before) {
        const [last, first] = [moves.first(before), moves.first(id)];
        if (last.client === first.client && last.clock + 1 === first.clock && letter.test(unitAt(doc, before)) && letter.test(unitAt(doc, id))) {
          home.push(one);
          before = id;
          continue;
        }
      }
      if (had(id)) before = home.some(({ from }) => Y.compareIDs(from, id)) ? before : id;
    }
  }
  return home;
}

/** Units of that moment that are gone, and stand again beside where they stood (somebody took that back, or the house brought it back):
 * [{ from, to }]. Nothing of that moment stands between: so the text is the same, and what others write beside it now stays beside it. */
function standAgain(doc, root, then, moves) {
  const had = ({ client, clock }) => clock < (then.sv.get(client) ?? 0) && !Y.isDeleted(then.ds, Y.createID(client, clock));
  const units = [];
  for (const item of itemsOf(root)) {
    const text = item.content instanceof Y.ContentString;
    for (let n = 0; n < (text ? item.length : 1); n += 1) {
      const id = Y.createID(item.id.client, item.id.clock + n);
      units.push({ id, text, then: had(id), stands: !item.deleted });
    }
  }
  const found = [];
  const key = ({ client, clock }) => `${client} ${clock}`;
  const walk = () => {
    let gap = new Map();
    let n = 0;
    for (const unit of units) {
      n += 1;
      if (unit.text && !unit.then && unit.stands) gap.set(key(unit.id), { unit, n });
      if (!unit.then) continue;
      const one = unit.text && !unit.stands ? gap.get(key(moves.end(unit.id).id)) : null;
      if (one && unitAt(doc, unit.id) === unitAt(doc, one.unit.id)) {
        found.push({ from: unit.id, to: one.unit.id });
        [unit.then, one.unit.then] = [false, true];
        gap = new Map([...gap].filter(([, other]) => other.n > one.n));
      } else gap = new Map();
    }
  };
  walk();
  units.reverse();
  walk();
  return found;
}

function without(list, clock) {
  return list.flatMap((one) => {
    const end = one.clock + one.len;
    if (clock < one.clock || clock >= end) return [one];
    return [{ clock: one.clock, len: clock - one.clock }, { clock: clock + 1, len: end - clock - 1 }].filter(({ len }) => len > 0);
  });
}

/** That moment, with these ends at home. */
function atHome(then, home) {
  if (home.length === 0) return then;
  const sv = new Map(then.sv);
  const ds = { clients: new Map([...then.ds.clients].map(([client, list]) => [client, [...list]])) };
  const gone = (client, from, to) => {
    if (from < to) ds.clients.set(client, [...ds.clients.get(client) ?? [], { clock: from, len: to - from }].sort((a, b) => a.clock - b.clock));
  };
  for (const { to } of [...home].sort((a, b) => a.to.clock - b.to.clock)) {
    const known = sv.get(to.client) ?? 0;
    if (to.clock < known) ds.clients.set(to.client, without(ds.clients.get(to.client), to.clock));
    else {
      gone(to.client, known, to.clock);
      sv.set(to.client, to.clock + 1);
    }
  }
  for (const { from } of home) gone(from.client, from.clock, from.clock + 1);
  return new Y.Snapshot(ds, sv);
}

/** Items lie wholly inside that moment or outside. (Yjs does it for its own snapshots, and joins them again at the end of that transaction.) */
function part(transaction, { sv, ds }) {
  const { store } = transaction.doc;
  const at = (client, clock) => {
    if (clock > 0 && clock < Y.getState(store, client) && Y.getItem(store, Y.createID(client, clock)) instanceof Y.Item) Y.getItemCleanStart(transaction, Y.createID(client, clock));
  };
  for (const [client, clock] of sv) at(client, clock);
  for (const [client, list] of ds.clients) {
    for (const { clock, len } of list) {
      at(client, clock);
      at(client, clock + len);
    }
  }
}

/** `doc` keeps what was deleted (gc: false); `then`: Y.snapshot of that moment. */
export function restore(doc, root, then) {
  const moves = new Moves(root);
  const home = atHome(then, wentHome(doc, root, then, moves));
  const whole = atHome(home, standAgain(doc, root, home, moves));
  doc.transact((transaction) => {
    for (const one of [then, whole]) part(transaction, one);
    const make = (item, parent, left, right) => {
      const copy = new Y.Item(
        Y.createID(doc.clientID, Y.getState(doc.store, doc.clientID)), left, left && Y.createID(left.id.client, left.id.clock + left.length - 1),
        right, right && right.id, parent, null, item.content.copy(),
      );
      copy.integrate(transaction, 0);
      const type = typeOf(item);
      if (!type) return copy;
      for (const [key, value] of Object.entries(valuesOf(type, then))) copy.content.type.setAttribute(key, value);
      let last = null;
      for (const child of itemsOf(type)) if (wasThere(child, then)) last = make(child, copy.content.type, last, null);
      return copy;
    };
    const entries = [];
    const copied = ({ id, length }, copy) => {
      for (let done = 0; done < length; done += 1) {
        let last = entries[entries.length - 1];
        if (!last || last.units === units_max) entries.push(last = { units: 0, entry: { from: [], to: [], again: 1, restored: 1 } });
        const { id: now } = moves.end(Y.createID(id.client, id.clock + done));
        add(last.entry.from, now.client, now.clock, 1);
        add(last.entry.to, copy.id.client, copy.id.clock + done, 1);
        last.units += 1;
      }
    };
    const sequence = (type) => {
      const [has, had] = [valuesOf(type), valuesOf(type, then)];
      for (const key in has) if (!(key in had)) type.removeAttribute(key);
      for (const key in had) if (JSON.stringify(has[key]) !== JSON.stringify(had[key])) type.setAttribute(key, had[key]);
      for (const item of itemsOf(type)) {
        const was = wasThere(item, type === root ? whole : then);
        if (was && !item.deleted) {
          if (typeOf(item)) sequence(typeOf(item));
        } else if (was) {
          const copy = make(item, type, item, item.right);
          if (type === root && item.countable) copied(item, copy);
        }
        else if (!item.deleted && isMarker(item) && isWhole(item, whole)) typeOf(item).setAttribute('gone', 1);
        else if (!item.deleted) item.delete(transaction);
      }
    };
    sequence(root);
    moves.destroy();
    if (entries.length > 0) doc.getArray('moves').push(entries.map(({ entry }) => entry));
  }, 'restore');
}
