/** A scheduled callback that can be taken back. */
export interface Timer {
  /** Forgets the callback. Calling it twice, or after it fired, does nothing. */
  cancel(): void;
  /** Lets the process exit although this timer is pending. */
  unref(): void;
  /** Keeps the process alive until this timer fires: the state a timer starts in. */
  ref(): void;
}

/**
 * Where every strategy takes its time from, so that tests can drive it.
 *
 * `now` is monotonic and serves windows, delays and deadlines: it never jumps when the machine's date is set.
 * `date` is the wall clock, used only for what leaves the process: cache expiry and HTTP dates.
 */
export interface Clock {
  /** Monotonic time in ms from an arbitrary start. */
  now(): number;
  /** Milliseconds since the epoch. */
  date(): number;
  /** Calls `fire` once, `delay` ms from now, however long that is. */
  schedule(delay: number, fire: () => void): Timer;
}

/** The longest delay Node's timers take; a larger one would fire at once. */
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

/** The process's own clock and timers. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  schedule: (delay, fire) => new SystemTimer(delay, fire),
};
