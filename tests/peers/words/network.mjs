// The house's part of a session: it keeps the text and passes changes on. Lines keep their order, are slow, break, and are
// asked by state vectors when they are there again, as y-protocols does it.
import * as Y from 'yjs';
import { clock } from './clock.mjs';

export class House {
  constructor(agenda, random, delay) {
    Object.assign(this, { agenda, random, delay, lines: [] });
    this.open(null);
  }
  open(state) {
    this.doc = new Y.Doc({ gc: false });      // as the house: an earlier state can be had again
    this.doc.clientID = 7;
    if (state) Y.applyUpdate(this.doc, state);
    this.doc.on('update', (update, origin) => {
      for (const line of this.lines) if (line !== origin && line.up) line.down('update', update);
    });
  }
  /** All lines break; what was seen is kept. */
  restart() {
    const state = Y.encodeStateAsUpdate(this.doc);
    for (const line of this.lines) line.cut();
    this.doc.destroy();
    this.open(state);
    for (const line of this.lines) this.agenda.at(clock.now + this.random.between(200, 3000), () => line.connect());
  }
}

export class Line {
  /** `doc`: the text in the editor. */
  constructor(house, doc) {
    Object.assign(this, { house, doc, up: false, life: 0, last: [0, 0], away: false });
    house.lines.push(this);
    doc.on('update', (update, origin) => {
      if (origin !== this && this.up) this.send(0, 'update', update);
    });
  }
  connect() {
    if (this.up || this.away) return;
    this.up = true;
    this.life += 1;
    this.send(0, 'step 1', Y.encodeStateVector(this.doc));
    this.send(1, 'step 1', Y.encodeStateVector(this.house.doc));
  }
  cut() {
    this.up = false;
    this.life += 1;         // what is on its way never arrives
  }
  down(kind, bytes) {
    this.send(1, kind, bytes);
  }
  send(way, kind, bytes) {
    const { house, life } = this;
    const time = Math.max(this.last[way], clock.now + house.delay(house.random));
    this.last[way] = time;
    house.agenda.at(time, () => {
      if (this.life !== life) return;
      const doc = way === 0 ? house.doc : this.doc;
      if (kind === 'step 1') this.send(1 - way, 'step 2', Y.encodeStateAsUpdate(doc, bytes));
      else Y.applyUpdate(doc, bytes, this);
    });
  }
}
