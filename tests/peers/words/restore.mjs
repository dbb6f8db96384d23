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

/** `doc` keeps what was deleted (gc: false); `then`: Y.snapshot of that moment. */
export function restore(doc, root, then) {
  const moves = new Moves(root);
  doc.get('no text', Y.Text).toDelta(then);       // parts the items where that moment ends
  doc.transact((transaction) => {
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
        const was = wasThere(item, then);
        if (was && !item.deleted) {
          if (typeOf(item)) sequence(typeOf(item));
        } else if (was) {
          const copy = make(item, type, item, item.right);
          if (type === root && item.countable) copied(item, copy);
        }
        else if (!item.deleted && isMarker(item) && isWhole(item, then)) typeOf(item).setAttribute('gone', 1);
        else if (!item.deleted) item.delete(transaction);
      }
    };
    sequence(root);
    moves.destroy();
    if (entries.length > 0) doc.getArray('moves').push(entries.map(({ entry }) => entry));
  }, 'restore');
}
