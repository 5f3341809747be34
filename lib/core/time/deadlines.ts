import type { Clock, Timer } from './clock.js';
import { LinkedList, type Listed } from '../collections/linked-list.js';
import { outsideCallers } from './outside-callers.js';

/** A time limit in ms, and the error for exceeding it. */
export interface TimeLimit<T> {
  readonly duration: number;
  expired(what: T): Error;
}

/** A point in time at which something must end. It can be armed again after it was disarmed or has expired. */
export abstract class Deadline implements Listed<Deadline> {
  /** When it expires, in ms on the monotonic clock; `Infinity` while not armed. */
  dueAt = Infinity;
  /** @internal */ list: LinkedList<Deadline> | undefined;
  /** @internal */ next: Deadline | undefined;
  /** @internal */ previous: Deadline | undefined;

  /** Called once when it expires. It is already disarmed then. */
  abstract expire(): void;
}

/**
 * All deadlines of one duration, oldest first. Equal durations expire in the order they were armed, so arming and
 * disarming take constant time, and one timer is enough.
 */
class DeadlineList extends LinkedList<Deadline> {
  #timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly duration: number,
    /** Called when no deadline is left. */
    private readonly onEmpty: (list: DeadlineList, duration: number) => void,
  ) {
    super();
  }

  add(deadline: Deadline, now: number): void {
    deadline.dueAt = now + this.duration;
    this.append(deadline);
    if (this.first !== deadline) return;
    if (this.#timer) this.#timer.ref();
    else this.#start(this.duration);
  }

  disarm(deadline: Deadline): void {
    this.#take(deadline);
    if (this.first) return;
    // The timer is kept for the next call, but must not keep an idle process alive.
    this.#timer?.unref();
    this.onEmpty(this, this.duration);
  }

  /** Expires all armed deadlines now and cancels the timer. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (let { first } = this; first; { first } = this) {
      this.#take(first);
      first.expire();
    }
  }

  #take(deadline: Deadline): void {
    this.remove(deadline);
    deadline.dueAt = Infinity;
  }

  #start(delay: number): void {
    this.#timer = outsideCallers(() => this.clock.schedule(delay, () => this.#fire()));
  }

  #fire(): void {
    this.#timer = undefined;
    try {
      for (let { first } = this; first && first.dueAt <= this.clock.now(); { first } = this) {
        this.#take(first);
        first.expire();
      }
    } finally {
      // If one deadline throws, those behind it must still expire.
      const { first } = this;
      if (first && !this.#timer) this.#start(Math.max(0, first.dueAt - this.clock.now()));
      if (!first && !this.#timer) this.onEmpty(this, this.duration);
    }
  }
}

/** How many empty lists are kept for later calls of the same duration. */
const MOST_EMPTY = 64;

/** The deadlines of one runtime, a list for each distinct duration in use. */
export class Deadlines {
  readonly #lists = new Map<number, DeadlineList>();

  constructor(private readonly clock: Clock) {}

  /** The number of lists. */
  get size(): number {
    return this.#lists.size;
  }

  /** Lets `deadline` expire `duration` ms after `now`. */
  arm(deadline: Deadline, duration: number, now: number): void {
    let list = this.#lists.get(duration);
    if (!list) this.#lists.set(duration, (list = new DeadlineList(this.clock, duration, this.#onEmpty)));
    list.add(deadline, now);
  }

  /** Disarms `deadline`. Does nothing if it is not armed. */
  disarm(deadline: Deadline): void {
    (deadline.list as DeadlineList | undefined)?.disarm(deadline);
  }

  /** Expires all armed deadlines, so that nothing waits forever, and cancels the timers. */
  close(): void {
    const lists = [...this.#lists.values()];
    this.#lists.clear();
    for (const list of lists) list.close();
  }

  readonly #onEmpty = (list: DeadlineList, duration: number): void => {
    if (this.#lists.size <= MOST_EMPTY || this.#lists.get(duration) !== list) return;
    list.close();
    this.#lists.delete(duration);
  };
}
