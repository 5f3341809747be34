import { outsideCallers, type Clock, type Timer } from '../../core/time/index.js';
import { WaitQueue } from '../../core/collections/index.js';
import type { StartTimes } from './start-times.js';

/** One limit with those who wait for it, first come, first served. */
export class RateLimiter {
  readonly #line = new WaitQueue();
  #timer: Timer | undefined;

  constructor(
    private readonly starts: StartTimes,
    private readonly clock: Clock,
  ) {}

  get waiting(): number {
    return this.#line.size;
  }

  /** Whether a new limiter in its place could permit a start too early. */
  inUseAt(now: number): boolean {
    return this.#line.size > 0 || this.starts.held > 0 || !this.starts.isIdle(now);
  }

  /** Gives a permit, unless the limit is spent or others wait already. */
  tryTake(now: number): boolean {
    return this.#line.size === 0 && this.starts.tryTake(now);
  }

  /** The holder of a permit starts. */
  start(now: number): void {
    this.starts.start(now);
  }

  /** The holder of a permit will never start: the next may. */
  giveBack(): void {
    this.starts.giveBack();
    this.admitDue();
  }

  /** The start at `startedAt` is to count as none: the next may. */
  takeBack(startedAt: number): void {
    this.starts.takeBack(startedAt);
    this.admitDue();
  }

  /** Admits those whose turn it is by now. */
  admitDue(): void {
    if (this.#line.size > 0) this.#admitAll();
  }

  /** How many more could start now, and ms until the oldest start stops counting. */
  quotaAt(now: number): { readonly remaining: number; readonly resetIn: number } {
    return { remaining: this.starts.remainingAt(now), resetIn: this.starts.nextReset(now) - now };
  }

  /** Ms until one more waiter could start. */
  expectedWait(now: number): number {
    return this.starts.earliestStart(this.#line.size, now) - now;
  }

  /** Queues up; `admit` is called when it is its turn. Returns how to leave, which gives the turn to the next. */
  wait(admit: () => void): () => void {
    const leave = this.#line.join(admit);
    this.#schedule();
    return () => {
      leave();
      if (this.#line.size === 0) this.#stop();
    };
  }

  #schedule(): void {
    if (this.#timer || this.#line.size === 0) return;
    const now = this.clock.now();
    // A timer of less than a ms fires at once, and again, until the moment has come.
    const delay = Math.ceil(this.starts.earliestStart(0, now) - now);
    this.#timer = outsideCallers(() =>
      this.clock.schedule(delay, () => {
        this.#timer = undefined;
        this.#admitAll();
      }),
    );
  }

  #admitAll(): void {
    const now = this.clock.now();
    while (this.#line.size > 0 && this.starts.tryTake(now)) this.#line.admitFirst();
    if (this.#line.size === 0) this.#stop();
    else this.#schedule();
  }

  #stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
