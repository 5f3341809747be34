/** Samples that are enough to tell a latency, if they are much alike; and however much they differ. */
const FEWEST = 10;
const ENOUGH = 50;
/** Ms that a window lasts at least, and after which even samples that differ must do. */
const SHORTEST = 100;
const LONGEST = 1_000;
/** The standard error of a mean that is exact enough, as a share of the mean. */
const EXACT = 0.1;

/**
 * The latencies of the calls that began since the window did: a call that began earlier ran under another limit. Pure: time
 * is an argument.
 */
export class LatencyWindow {
  #count = 0;
  #sum = 0;
  #squares = 0;
  #dropped = 0;
  #peak = 0;

  constructor(readonly from: number) {}

  /** Mean latency in ms. */
  get mean(): number {
    return this.#sum / this.#count;
  }

  /** Standard error of the mean, in ms. */
  get error(): number {
    return Math.sqrt(Math.max(0, this.#squares / this.#count - this.mean ** 2) / this.#count);
  }

  /** The share of calls that timed out. */
  get dropped(): number {
    return this.#dropped / this.#count;
  }

  /** The most calls that were running when one ended. */
  get peak(): number {
    return this.#peak;
  }

  /** Adds a call that ended now. One that timed out would have taken longer than it did. */
  add(now: number, latency: number, running: number, dropped: boolean): void {
    if (running > this.#peak) this.#peak = running;
    if (now - latency < this.from) return;
    this.#count++;
    this.#sum += latency;
    this.#squares += latency * latency;
    if (dropped) this.#dropped++;
  }

  /** Whether the mean says something: quick calls end first, so a window lasts longer than two of them. */
  isFull(now: number): boolean {
    if (this.#count < FEWEST) return false;
    const passed = now - this.from;
    if (passed < SHORTEST || passed < 2 * this.mean) return false;
    return this.#count >= ENOUGH || passed >= LONGEST || this.error <= EXACT * this.mean;
  }
}
