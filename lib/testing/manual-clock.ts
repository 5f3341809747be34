import type { Clock, Timer } from '../core/time/index.js';

interface ManualTimer extends Timer {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
  referenced: boolean;
}

/** A clock whose time changes only with `advance()` and `step()`. */
export class ManualClock implements Clock {
  #now = 1_000;
  #order = 0;
  readonly #timers = new Set<ManualTimer>();
  /** Difference of the wall clock to the monotonic clock, in ms. Tests may change it. */
  offset = Date.UTC(2026, 0, 1);

  now(): number {
    return this.#now;
  }

  date(): number {
    return this.#now + this.offset;
  }

  schedule(delay: number, fire: () => void): Timer {
    const timer: ManualTimer = {
      at: this.#now + Math.max(0, delay),
      order: this.#order++,
      fire,
      referenced: true,
      cancel: () => this.#timers.delete(timer),
      ref: () => (timer.referenced = true),
      unref: () => (timer.referenced = false),
    };
    this.#timers.add(timer);
    return timer;
  }

  /** Number of timers that would keep a process alive. */
  get pending(): number {
    return [...this.#timers].filter(({ referenced }) => referenced).length;
  }

  /** Number of all timers. */
  get scheduled(): number {
    return this.#timers.size;
  }

  /** Lets promises settle that need no time. */
  async settle(turns = 25): Promise<void> {
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
  }

  /** Advances by `ms`: fires every timer that is due, in order, and lets promises settle after each. */
  async advance(ms: number): Promise<void> {
    await this.settle();
    const end = this.#now + ms;
    for (let next = this.#next(end, false); next; next = this.#next(end, false)) {
      this.#now = Math.max(this.#now, next.at);
      this.#timers.delete(next);
      next.fire();
      await this.settle();
    }
    this.#now = end;
  }

  /** Advances to the next timer that keeps the process alive; false if there is none. */
  async step(): Promise<boolean> {
    await this.settle();
    const next = this.#next(Infinity, true);
    if (!next) return false;
    await this.advance(Math.max(0, next.at - this.#now));
    return true;
  }

  #next(until: number, referenced: boolean): ManualTimer | undefined {
    let next: ManualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.at > until || (referenced && !timer.referenced)) continue;
      if (!next || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
    }
    return next;
  }
}
