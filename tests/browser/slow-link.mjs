// A slow line in front of the house: a TCP relay that delays and spreads bytes, for every connection together, WebSockets
// and handshakes included (Chromium's own network emulation leaves both out).
import { connect, createServer } from 'node:net';

const piece_bytes = 1400;

/** One direction of the line: so many bytes a second for all connections together, a piece of each in turn, as flows
 * share a line. */
class Direction {
  constructor(bytes_per_s, delay_ms) {
    Object.assign(this, { bytes_per_s, delay_ms, waiting: [], free_at: 0, running: false });
  }

  /** What one connection sends: `deliver` is called for each piece when it would arrive, in order. */
  flow(deliver) {
    const turn = { pieces: [], flying: [], deliver, queued: false };
    return (chunk) => {
      for (let at = 0; at < chunk.length; at += piece_bytes) turn.pieces.push(chunk.subarray(at, at + piece_bytes));
      if (!turn.queued) this.waiting.push(turn);
      turn.queued = true;
      if (!this.running) this.next();
    };
  }

  next() {
    const turn = this.waiting.shift();
    this.running = turn !== undefined;
    if (!turn) return;
    const piece = turn.pieces.shift();
    this.free_at = Math.max(this.free_at, performance.now()) + piece.length / this.bytes_per_s * 1000;
    // Timers may ring out of order; pieces do not.
    turn.flying.push(piece);
    setTimeout(() => turn.deliver(turn.flying.shift()), this.free_at + this.delay_ms - performance.now());
    setTimeout(() => {
      turn.queued = turn.pieces.length > 0;
      if (turn.queued) this.waiting.push(turn);
      this.next();
    }, this.free_at - performance.now());
  }
}

/** Listens on `port` of this machine and leads to `to`. `round_ms`: there and back. A new connection first costs one round. */
export async function slowLink({ port, to, kbit_per_s = 512, round_ms = 150 }) {
  const up = new Direction(kbit_per_s * 125, round_ms / 2);
  const down = new Direction(kbit_per_s * 125, round_ms / 2);
  const open = new Set();
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    const end = () => { near.destroy(); far.destroy(); open.delete(end); };
    open.add(end);
    for (const socket of [near, far]) socket.setNoDelay(true).on('error', end).on('close', end);
    const towards = up.flow((piece) => !far.destroyed && far.write(piece));
    const back = down.flow((piece) => !near.destroyed && near.write(piece));
    // The handshake of TCP, which this machine did at once, costs one round.
    const connected = new Promise((done) => { setTimeout(done, round_ms); });
    near.on('data', (chunk) => void connected.then(() => towards(chunk)));
    far.on('data', back);
  });
  await new Promise((done, failed) => server.listen(port, '127.0.0.1', done).once('error', failed));
  return {
    url: `https://localhost:${port}/`,
    async stop() {
      for (const end of [...open]) end();
      await new Promise((done) => server.close(done));
    },
  };
}
