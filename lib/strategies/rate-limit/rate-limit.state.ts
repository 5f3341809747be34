import type { StartTimes } from './start-times.js';

/**
 * The starts of the last interval: at most `limit` of them in any half-open interval [t, t + interval), also across
 * the edges of windows. A permit is held first, and counts as a start from the moment it is used. Pure: time is an
 * argument.
 */
export class SlidingWindow implements StartTimes {
  /** A ring that grows up to `limit` as it is needed. */
  #starts: number[] = [];
  #oldest = 0;
  #count = 0;
  #held = 0;

  constructor(
    readonly limit: number,
    readonly interval: number,
  ) {}

  get held(): number {
    return this.#held;
  }

  tryTake(now: number): boolean {
    this.#forget(now);
    if (this.#count + this.#held >= this.limit) return false;
    this.#held++;
    return true;
  }

  start(now: number): void {
    this.#held--;
    if (this.#count === this.#starts.length) this.#grow();
    this.#starts[(this.#oldest + this.#count) % this.#starts.length] = now;
    this.#count++;
  }

  giveBack(): void {
    this.#held--;
  }

  takeBack(): void {
    if (this.#count > 0) this.#count--;
  }

  earliestStart(ahead: number, now: number): number {
    this.#forget(now);
    const free = this.limit - this.#count - this.#held;
    if (ahead < free) return now;
    const rounds = Math.floor((ahead - free) / this.limit);
    const position = (ahead - free) % this.limit;
    const start = position < this.#count ? this.#at(position) : now;
    return start + this.interval + rounds * this.interval;
  }

  remainingAt(now: number): number {
    this.#forget(now);
    return Math.max(0, this.limit - this.#count - this.#held);
  }

  nextReset(now: number): number {
    this.#forget(now);
    return (this.#count > 0 ? this.#at(0) : now) + this.interval;
  }

  isIdle(now: number): boolean {
    return this.#held === 0 && (this.#count === 0 || this.#at(this.#count - 1) + this.interval <= now);
  }

  #at(position: number): number {
    return this.#starts[(this.#oldest + position) % this.#starts.length]!;
  }

  /** Starts that are over the interval's edge no longer count. Each is forgotten once. */
  #forget(now: number): void {
    while (this.#count > 0 && this.#starts[this.#oldest]! + this.interval <= now) {
      this.#oldest = (this.#oldest + 1) % this.#starts.length;
      this.#count--;
    }
    // An idle window starts over small.
    if (this.#count === 0 && this.#starts.length > 16) this.#starts = [];
    if (this.#count === 0) this.#oldest = 0;
  }

  #grow(): void {
    const starts = Array.from({ length: this.#count }, (_, position) => this.#at(position));
    starts.length = Math.min(this.limit, Math.max(4, 2 * this.#count));
    this.#starts = starts.fill(0, this.#count);
    this.#oldest = 0;
  }
}
