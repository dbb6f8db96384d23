// Steps of text that was moved (moves.ts), found by the signs that they are about; and what is known of signs.
import type * as Y from 'yjs';
import type { Values } from './form';

/** Units that stand in a row under one client: first clock and how many. */
export interface Range { client: number; clock: number; length: number }
/** `again`: nobody took it there by hand: words that follow, or that undo brought back (`home`: that went back to where they were written). `begin`, `end`: clocks of all signs that went
 * with it. */
export interface Step { from: Y.ID; to: Y.ID; length: number; author: number; seen: Values; again: boolean; home: boolean; begin: number; end: number }

const bucket_bits = 5;         // 32 signs are looked up together

/** Steps by the signs that they are about. */
export class Index {
  private readonly clients = new Map<number, Map<number, Step[]>>();

  constructor(private readonly side: 'from' | 'to') {}

  has(client: number): boolean {
    return this.clients.has(client);
  }

  add(step: Step): void {
    const { client, clock } = step[this.side];
    let buckets = this.clients.get(client);
    if (!buckets) this.clients.set(client, buckets = new Map());
    for (let n = Math.floor(clock / 2 ** bucket_bits); n * 2 ** bucket_bits < clock + step.length; n += 1) {
      const known = buckets.get(n);
      if (known) known.push(step);
      else buckets.set(n, [step]);
    }
  }

  /** Whether a step is about one of these signs. */
  names({ client, clock }: Y.ID, length: number): boolean {
    const buckets = this.clients.get(client);
    for (let n = Math.floor(clock / 2 ** bucket_bits); buckets && n * 2 ** bucket_bits < clock + length; n += 1) {
      const near = buckets.get(n) ?? none;
      if (near.some((one) => one[this.side].clock < clock + length && clock < one[this.side].clock + one.length)) return true;
    }
    return false;
  }

  /** Whether only this step is about its signs. */
  alone(step: Step): boolean {
    const { client, clock } = step[this.side];
    const buckets = this.clients.get(client);
    for (let n = Math.floor(clock / 2 ** bucket_bits); buckets && n * 2 ** bucket_bits < clock + step.length; n += 1) {
      for (const one of buckets.get(n) ?? none) if (one !== step && one[this.side].clock < clock + step.length && clock < one[this.side].clock + one.length) return false;
    }
    return true;
  }

  near({ client, clock }: Y.ID): readonly Step[] {
    return this.clients.get(client)?.get(Math.floor(clock / 2 ** bucket_bits)) ?? none;
  }
}
export const none: readonly Step[] = [];

/** Something known of signs. */
export class Signs<T> {
  private readonly clients = new Map<number, Map<number, T>>();

  get({ client, clock }: Y.ID): T | undefined {
    return this.clients.get(client)?.get(clock);
  }

  set({ client, clock }: Y.ID, value: T): void {
    const clocks = this.clients.get(client);
    if (clocks) clocks.set(clock, value);
    else this.clients.set(client, new Map([[clock, value]]));
  }

  delete({ client, clock }: Y.ID): void {
    this.clients.get(client)?.delete(clock);
  }

  clear(): void {
    this.clients.clear();
  }
}
