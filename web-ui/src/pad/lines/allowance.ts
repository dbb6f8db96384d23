// How much work the messages of others may cost in a while, however they cut it into messages. moves.ts asks it; knows no text.

/** `most` at once; each second gives `a_second` back. */
export class Allowance {
  private rest: number;
  private at: number;

  constructor(private readonly most: number, private readonly aSecond: number, private readonly now: () => number = () => performance.now()) {
    this.rest = most;
    this.at = now();
  }

  left(): number {
    const now = this.now();
    this.rest = Math.min(this.most, this.rest + ((now - this.at) / 1_000) * this.aSecond);
    this.at = now;
    return Math.max(0, Math.floor(this.rest));
  }

  /** Whether there was something left; what was done may be more than that, then it takes longer to come back. */
  take(work: number): boolean {
    if (this.left() <= 0) return false;
    this.rest -= work;
    return true;
  }
}
