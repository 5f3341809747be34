/** A scheduled callback that can be cancelled. */
export interface Timer {
  /** Cancels the callback. Does nothing after the callback has run or was cancelled. */
  cancel(): void;
  /** Lets the process exit although this timer is pending. */
  unref(): void;
  /** Keeps the process alive until this timer fires. This is the initial state. */
  ref(): void;
}

/**
 * The source of time for all strategies. Tests can replace it.
 *
 * `now` is monotonic and used for windows, delays and deadlines: changing the system date does not affect it. `date`
 * is the wall clock, used only for values that leave the process: cache expiry and HTTP dates.
 */
export interface Clock {
  /** Monotonic time in ms from an arbitrary start. */
  now(): number;
  /** Milliseconds since the epoch. */
  date(): number;
  /** Calls `fire` once after `delay` ms. Any delay is allowed. */
  schedule(delay: number, fire: () => void): Timer;
}

/** The longest delay that Node's timers support. A longer one would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

class SystemTimer implements Timer {
  #handle: NodeJS.Timeout;
  #referenced = true;

  constructor(delay: number, fire: () => void) {
    this.#handle = this.#start(delay, fire);
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }

  unref(): void {
    this.#referenced = false;
    this.#handle.unref();
  }

  ref(): void {
    this.#referenced = true;
    this.#handle.ref();
  }

  #start(delay: number, fire: () => void): NodeJS.Timeout {
    if (delay <= LONGEST_TIMER) return setTimeout(fire, delay);
    return setTimeout(() => {
      this.#handle = this.#start(delay - LONGEST_TIMER, fire);
      if (!this.#referenced) this.#handle.unref();
    }, LONGEST_TIMER);
  }
}

/** The clock and timers of the process. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  schedule: (delay, fire) => new SystemTimer(delay, fire),
};
