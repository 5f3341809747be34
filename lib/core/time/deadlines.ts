import type { Clock, Timer } from './clock.js';
import { outsideCallers } from './outside-callers.js';

/** How long something may take, and what it fails with when it takes longer. */
export interface TimeLimit<T> {
  readonly duration: number;
  expired(what: T): Error;
}

/** Something that must end by a moment. One node serves one wait at a time and may be armed again. */
export abstract class Deadline {
  /** When it ends on the monotonic clock; `Infinity` while not armed. */
  dueAt = Infinity;
  /** @internal */ list: DeadlineList | undefined;
  /** @internal */ next: Deadline | undefined;
  /** @internal */ previous: Deadline | undefined;

  /** Called once when the moment has come, already disarmed. */
  abstract expire(): void;
}

/**
 * All deadlines of one duration, oldest first: equal durations end in the order they began, so arming and disarming
 * take constant time and one timer serves them all.
 */
class DeadlineList {
  #head: Deadline | undefined;
  #tail: Deadline | undefined;
  #timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly duration: number,
    /** Told when no deadline is left. */
    private readonly onEmpty: (list: DeadlineList, duration: number) => void,
  ) {}

  add(deadline: Deadline, now: number): void {
    deadline.list = this;
    deadline.dueAt = now + this.duration;
    deadline.previous = this.#tail;
    if (this.#tail) this.#tail.next = deadline;
    else this.#head = deadline;
    this.#tail = deadline;
    if (this.#head !== deadline) return;
    if (this.#timer) this.#timer.ref();
    else this.#start(this.duration);
  }

  remove(deadline: Deadline): void {
    this.#unlink(deadline);
    if (this.#head) return;
    // The timer stays for the next call, but an idle process may exit.
    this.#timer?.unref();
    this.onEmpty(this, this.duration);
  }

  /** Ends everything that is armed, now. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (let head = this.#head; head; head = this.#head) {
      this.#unlink(head);
      head.expire();
    }
  }

  #unlink(deadline: Deadline): void {
    if (deadline.previous) deadline.previous.next = deadline.next;
    else this.#head = deadline.next;
    if (deadline.next) deadline.next.previous = deadline.previous;
    else this.#tail = deadline.previous;
    deadline.list = deadline.next = deadline.previous = undefined;
    deadline.dueAt = Infinity;
  }

  #start(delay: number): void {
    this.#timer = outsideCallers(() => this.clock.schedule(delay, () => this.#fire()));
  }

  #fire(): void {
    this.#timer = undefined;
    try {
      for (let head = this.#head; head && head.dueAt <= this.clock.now(); head = this.#head) {
        this.#unlink(head);
        head.expire();
      }
    } finally {
      // What one deadline throws must not keep those behind it from ending.
      if (this.#head && !this.#timer) this.#start(Math.max(0, this.#head.dueAt - this.clock.now()));
      if (!this.#head && !this.#timer) this.onEmpty(this, this.duration);
    }
  }
}

/** Empty lists that are kept for the next call of the same duration; a call of any other duration makes a list. */
const MOST_EMPTY = 64;

/** The deadlines of one runtime, a list for each distinct duration in use. */
export class Deadlines {
  readonly #lists = new Map<number, DeadlineList>();

  constructor(private readonly clock: Clock) {}

  /** How many durations are kept. */
  get size(): number {
    return this.#lists.size;
  }

  /** Ends `deadline` when `duration` ms have gone by since `now`, unless it is disarmed first. */
  arm(deadline: Deadline, duration: number, now: number): void {
    let list = this.#lists.get(duration);
    if (!list) this.#lists.set(duration, (list = new DeadlineList(this.clock, duration, this.#onEmpty)));
    list.add(deadline, now);
  }

  /** Takes `deadline` back; nothing happens when it is not armed. */
  disarm(deadline: Deadline): void {
    deadline.list?.remove(deadline);
  }

  /** Ends everything that is armed, so that nothing waits for ever, and cancels the timers. */
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
