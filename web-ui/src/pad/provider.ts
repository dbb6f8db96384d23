// The line to the house: the y-websocket protocol with three messages of ours (roster, saved up to, restored). Keeps trying with
// growing pauses; says "saved" only when the house has everything of this page on its disk.
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { type Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness';
import * as Y from 'yjs';
import type { EarlyLine } from './early';

const message = { sync: 0, awareness: 1, auth: 2, queryAwareness: 3, roster: 100, saved: 101, restored: 102 } as const;
const step = { one: 0, two: 1, update: 2 } as const;
const renew_ms = 15_000;
const silence_ms = 30_000;
const answer_ms = 8_000;      // after waking up, a dead line is noticed this soon
const pause_first_ms = 400;
const pause_most_ms = 30_000;
const opening_ms = 15_000;
const hold_ms = 4_000;        // a composed sign holds up the words of others no longer
const cursor_ms = 120;        // cursors travel at most this often
const close_policy = 1008;
const close_outdated = 4426;   // the house speaks a newer form of texts than this page

export interface Person { name: string; login: string }
export interface Roster { clients: Record<string, Person>; you: Person & { access: 'read' | 'write' }; title: string }
export type Line = 'opening' | 'open' | 'lost';

export interface Outside {
  address: () => string;
  /** A line that was opened before the editor came; the first time only. */
  early: () => EarlyLine | null;
  /** Asked when the house closed the line or did not open it: whether to try again. */
  mayRetry: () => Promise<boolean>;
  changed: () => void;
  roster: (roster: Roster) => void;
  denied: (reason: string) => void;
  /** This page is older than the house. */
  outdated: () => void;
  /** Words of others are about to come into the text. */
  coming: () => void;
  /** What the house has, before anything of it comes. */
  meeting: (state: Uint8Array) => void;
  /** Somebody else made the text again what it was at a moment. */
  restored: (by: string) => void;
}

export class Provider {
  line: Line = 'opening';
  /** The house's whole text has arrived at least once. */
  synced = false;
  writes = true;
  private socket: WebSocket | null = null;
  private sent = 0;
  private durable = 0;
  private answeredStep1 = false;
  private tries = 0;
  private retryTimer = 0;
  private tickTimer = 0;
  private cursorTimer = 0;
  private openTimer = 0;
  private heard = 0;
  private ended = false;
  private unsent = false;
  private held: Uint8Array[] | null = null;
  private holdTimer = 0;

  constructor(readonly doc: Y.Doc, readonly awareness: Awareness, private readonly outside: Outside) {
    // Its own timer wakes the page every 3 s for ever; ours runs while the page is looked at.
    clearInterval((awareness as unknown as { _checkInterval: number })._checkInterval);
    doc.on('update', this.onUpdate);
    awareness.on('update', this.onAwareness);
    addEventListener('online', this.onWake);
    addEventListener('offline', this.onOffline);
    document.addEventListener('visibilitychange', this.onVisible);
    addEventListener('pagehide', this.onPageHide);
    addEventListener('pageshow', this.onPageShow);
  }

  /** Everything that this page knows is on the disk of the house. */
  get saved(): boolean {
    return this.line === 'open' && this.synced && this.answeredStep1 && this.durable >= this.sent && !this.unsent;
  }

  /** Something was written here that the house may not have. */
  get waiting(): boolean {
    return this.writes && (this.unsent || this.durable < this.sent);
  }

  /** What was kept by this browser from an earlier visit and may be unknown to the house. */
  noteUnsent(): void {
    this.unsent = true;
  }

  connect(): void {
    if (this.ended || this.socket) return;
    clearTimeout(this.retryTimer);
    this.retryTimer = 0;
    const early = this.outside.early();
    const socket = early?.socket ?? new WebSocket(this.outside.address());
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    this.sent = this.durable = 0;
    this.answeredStep1 = false;
    this.openTimer = window.setTimeout(() => this.socket === socket && socket.readyState === WebSocket.CONNECTING && socket.close(), opening_ms);
    socket.onopen = () => this.onOpen(socket, false);
    socket.onmessage = (event) => {
      if (this.socket !== socket) return;
      this.heard = Date.now();
      try {
        this.read(new Uint8Array(event.data as ArrayBuffer));
      } catch (error) {
        console.error(error);
        socket.close();
      }
    };
    socket.onclose = (event) => void this.onClose(socket, event.code);
    if (early && socket.readyState === WebSocket.OPEN) {
      this.onOpen(socket, early.asked);
      for (const frame of early.frames) socket.onmessage(frame);
    }
  }

  reconnect(): void {
    const socket = this.socket;
    this.drop();
    socket?.close();
    this.tries = 0;
    this.connect();
  }

  end(): void {
    this.ended = true;
    clearTimeout(this.retryTimer);
    const socket = this.socket;
    this.drop();
    socket?.close();
    this.doc.off('update', this.onUpdate);
    this.awareness.off('update', this.onAwareness);
    removeEventListener('online', this.onWake);
    removeEventListener('offline', this.onOffline);
    document.removeEventListener('visibilitychange', this.onVisible);
    removeEventListener('pagehide', this.onPageHide);
    removeEventListener('pageshow', this.onPageShow);
  }

  private onOpen(socket: WebSocket, asked: boolean): void {
    if (this.socket !== socket) return;
    clearTimeout(this.openTimer);
    this.heard = Date.now();
    if (!asked) {
      const encoder = encoding.createEncoder();
      encoding.writeVarUint(encoder, message.sync);
      encoding.writeVarUint(encoder, step.one);
      encoding.writeVarUint8Array(encoder, Y.encodeStateVector(this.doc));
      socket.send(encoding.toUint8Array(encoder));
    }
    this.sendAwareness();
    this.line = 'open';
    this.tick();
    this.outside.changed();
  }

  private read(bytes: Uint8Array): void {
    const decoder = decoding.createDecoder(bytes);
    switch (decoding.readVarUint(decoder)) {
      case message.sync: return this.readSync(decoder);
      case message.awareness:
        return applyAwarenessUpdate(this.awareness, decoding.readVarUint8Array(decoder), this);
      case message.auth:
        if (decoding.readVarUint(decoder) === 0) this.outside.denied(decoding.readVarString(decoder));
        return;
      case message.roster:
        return this.outside.roster(JSON.parse(decoding.readVarString(decoder)) as Roster);
      case message.saved: return this.readSaved(decoder);
      case message.restored:
        return this.outside.restored((JSON.parse(decoding.readVarString(decoder)) as { by: string }).by);
      default:
    }
  }

  private readSync(decoder: decoding.Decoder): void {
    const kind = decoding.readVarUint(decoder);
    const payload = decoding.readVarUint8Array(decoder);
    if (kind === step.one) {
      this.outside.meeting(payload);
      // Readers keep silent: what they have came from the house.
      if (this.writes) {
        this.sendUpdate(step.two, Y.encodeStateAsUpdate(this.doc, payload));
        this.unsent = false;
      }
      this.answeredStep1 = true;
    } else {
      this.takeIn(payload);
      if (kind === step.two && !this.synced) this.synced = true;
      if (kind === step.two) this.tries = 0;
    }
    this.outside.changed();
  }

  /** While a sign is being composed, words of others wait a moment: they could tear it out of the hands of its author. */
  hold(on: boolean): void {
    if (this.held !== null === on) return;
    clearTimeout(this.holdTimer);
    if (on) {
      this.held = [];
      return;
    }
    const waiting = this.held!;
    this.held = null;
    for (const payload of waiting) this.takeIn(payload);
    if (waiting.length > 0) this.outside.changed();
  }

  private takeIn(payload: Uint8Array): void {
    if (!this.held || !this.synced) {
      this.outside.coming();
      return Y.applyUpdate(this.doc, payload, this);
    }
    this.held.push(payload);
    if (this.held.length === 1) this.holdTimer = window.setTimeout(() => this.hold(false), hold_ms);
  }

  /** Pairs of client and clock, for programs that count differently; then how many of our messages are durable. */
  private readSaved(decoder: decoding.Decoder): void {
    const pairs = decoding.readVarUint(decoder);
    for (let i = 0; i < pairs * 2; i += 1) decoding.readVarUint(decoder);
    this.durable = decoding.readVarUint(decoder);
    this.outside.changed();
  }

  private sendUpdate(kind: number, update: Uint8Array): void {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, message.sync);
    encoding.writeVarUint(encoder, kind);
    encoding.writeVarUint8Array(encoder, update);
    this.socket!.send(encoding.toUint8Array(encoder));
    this.sent += 1;
  }

  private readonly onUpdate = (update: Uint8Array, origin: unknown) => {
    if (origin === this || !this.writes) return;
    if (this.socket?.readyState === WebSocket.OPEN && this.answeredStep1) this.sendUpdate(step.update, update);
    else this.unsent = true;
    this.outside.changed();
  };

  private readonly onAwareness = (_: unknown, origin: unknown) => {
    if (origin !== 'local' || this.cursorTimer) return;
    this.cursorTimer = window.setTimeout(() => {
      this.cursorTimer = 0;
      this.sendAwareness();
    }, cursor_ms);
  };

  private sendAwareness(): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, message.awareness);
    encoding.writeVarUint8Array(encoder, encodeAwarenessUpdate(this.awareness, [this.awareness.clientID]));
    this.socket.send(encoding.toUint8Array(encoder));
  }

  private drop(): void {
    this.socket = null;
    clearTimeout(this.openTimer);
    clearTimeout(this.tickTimer);
    this.tickTimer = 0;
    // What was sent and not confirmed counts as unsent: the next meeting sends it again.
    if (this.writes && this.durable < this.sent) this.unsent = true;
    const others = [...this.awareness.getStates().keys()].filter((id) => id !== this.awareness.clientID);
    removeAwarenessStates(this.awareness, others, this);
    this.line = 'lost';
    this.outside.changed();
  }

  private async onClose(socket: WebSocket, code: number): Promise<void> {
    if (this.socket !== socket) return;
    const opened = this.heard > 0 && this.line === 'open';
    this.drop();
    if (code === close_outdated) return this.outside.outdated();
    // A browser is not told why an upgrade was refused: the API is asked.
    if ((!opened || code === close_policy) && navigator.onLine && !(await this.outside.mayRetry())) return;
    this.retryLater();
  }

  private retryLater(): void {
    if (this.ended || this.socket || this.retryTimer) return;
    const most = Math.min(pause_most_ms, pause_first_ms * 2 ** this.tries);
    this.tries += 1;
    this.retryTimer = window.setTimeout(() => {
      this.retryTimer = 0;
      this.connect();
    }, most / 2 + Math.random() * (most / 2));
  }

  private readonly onWake = () => {
    if (this.ended) return;
    if (!this.socket) {
      clearTimeout(this.retryTimer);
      this.retryTimer = 0;
      this.tries = 0;
      this.connect();
    } else {
      this.prove();
    }
  };

  private readonly onOffline = () => {
    const socket = this.socket;
    if (!socket) return;
    this.drop();
    socket.close();
    this.retryLater();
  };

  private readonly onVisible = () => {
    this.awareness.setLocalStateField('away', document.hidden);
    if (!document.hidden) this.onWake();
    else clearTimeout(this.tickTimer);
  };

  // A page in the browser's memory holds no line; the others see that nobody is there.
  private readonly onPageHide = () => this.socket?.close();
  private readonly onPageShow = (event: PageTransitionEvent) => event.persisted && this.onWake();

  /** Sends our presence, which the house echoes, and gives the line up when nothing comes. */
  private prove(): void {
    const socket = this.socket;
    const asked = Date.now();
    this.awareness.setLocalState({ ...this.awareness.getLocalState() });
    this.sendAwareness();
    window.setTimeout(() => this.socket === socket && this.heard < asked && this.giveUp(), answer_ms);
    clearTimeout(this.tickTimer);
    this.tick();
  }

  private giveUp(): void {
    const socket = this.socket;
    this.drop();
    socket?.close();
    this.retryLater();
  }

  private tick(): void {
    clearTimeout(this.tickTimer);
    if (document.hidden) return;
    this.tickTimer = window.setTimeout(() => {
      if (!this.socket) return;
      if (Date.now() - this.heard > silence_ms) return this.giveUp();
      this.awareness.setLocalState({ ...this.awareness.getLocalState() });
      this.tick();
    }, renew_ms);
  }
}
