/**
 * The starts of the last interval: at most `limit` of them in any half-open interval [t, t + interval), also across
 * the edges of windows. Pure: time is an argument.
 */
export class SlidingWindow {
  /** A ring that grows up to `limit` as it is needed. */
  #starts: number[] = [];
  #oldest = 0;

  constructor(
    readonly limit: number,
    readonly interval: number,
  ) {}

  /** Whether a start at `now` keeps the limit; if so it counts. */
  tryStart(now: number): boolean {
    if (this.#starts.length < this.limit) {
      this.#forget(now);
      this.#starts.push(now);
      return true;
    }
    if (this.#starts[this.#oldest]! + this.interval > now) return false;
    this.#starts[this.#oldest] = now;
    this.#oldest = (this.#oldest + 1) % this.limit;
    return true;
  }

  /** The earliest moment at which the waiter behind `ahead` others can start, if nobody gives up. */
  earliestStart(ahead: number, now: number): number {
    const count = this.#starts.length;
    const free = this.limit - count;
    if (ahead < free) return now;
    const rounds = Math.floor((ahead - free) / this.limit);
    const position = (ahead - free) % this.limit;
    const start = position < count ? this.#starts[(this.#oldest + position) % count]! : now;
    return Math.max(now, start + this.interval) + rounds * this.interval;
  }

  /** Whether every start is so long ago that forgetting this window changes nothing. */
  isIdle(now: number): boolean {
    const count = this.#starts.length;
    const newest = this.#starts[(this.#oldest + count - 1) % count];
    return newest === undefined || newest + this.interval <= now;
  }

  /** An idle window starts over small. */
  #forget(now: number): void {
    if (this.#starts.length > 0 && this.isIdle(now)) {
      this.#starts = [];
      this.#oldest = 0;
    }
  }
}
