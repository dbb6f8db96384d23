// Time of a session: nothing here waits. Must be the first import: Yjs and ProseMirror keep Date.now when they are loaded
// (undo joins what was done within half a second).
export const real = Date.now.bind(Date);
export const clock = { now: 0 };
Date.now = () => 1_700_000_000_000 + clock.now;

/** Numbers from a seed (mulberry32): the same in every run. */
export function randomOf(seed) {
  let a = seed >>> 0;
  const next = () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const random = (n) => Math.floor(next() * n);
  random.chance = (p) => next() < p;
  random.of = (list) => list[random(list.length)];
  random.between = (from, to) => from + random(to - from + 1);
  return random;
}

const events_max = 60_000;

/** What will happen, in order of time; at one moment in the order in which it was asked for. */
export class Agenda {
  constructor() {
    this.heap = [];
    this.count = 0;
    this.done = 0;
  }
  at(time, act) {
    const one = { time: Math.max(time, clock.now), n: this.count++, act };
    const { heap } = this;
    let i = heap.push(one) - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (!before(one, heap[up])) break;
      heap[i] = heap[up];
      i = up;
    }
    heap[i] = one;
  }
  run() {
    for (let one = this.take(); one; one = this.take()) {
      clock.now = one.time;
      if ((this.done += 1) > events_max) throw new Error('it never becomes quiet');
      one.act();
    }
  }
  take() {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child += 1;
      if (!before(heap[child], last)) break;
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = last;
    return first;
  }
}
const before = (a, b) => a.time < b.time || (a.time === b.time && a.n < b.n);
