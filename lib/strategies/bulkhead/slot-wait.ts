import { Wait, type Attempt, type NestedWait } from '../../core/call/index.js';
import type { LinkedList } from '../../core/collections/index.js';
import type { RefusedError } from '../../core/errors/index.js';
import type { Clock, Timer } from '../../core/time/index.js';
import type { Slots, SlotWaiter } from './bulkhead.state.js';
import type { NestedWaits } from './nested-waits.js';

/** How long a wait may take, and what it is rejected with then. */
export interface WaitLimit {
  readonly clock: Clock;
  readonly maxWait: number | undefined;
  rejection(attempt: Attempt, slots: Slots, why: string): RefusedError;
}

/** The wait of an attempt for a slot. One object: thousands may wait at a time. */
export class SlotWait<S extends Slots = Slots> extends Wait<S> implements SlotWaiter {
  list: LinkedList<SlotWaiter> | undefined;
  next: SlotWaiter | undefined;
  previous: SlotWaiter | undefined;
  #timer: Timer | undefined;
  #nested: NestedWait | undefined;

  constructor(
    private readonly attempt: Attempt,
    private readonly slots: S,
    private readonly waits: NestedWaits,
    private readonly limit: WaitLimit,
    readonly rank: number,
  ) {
    super();
  }

  protected begin(): void {
    const { attempt, slots, waits, limit } = this;
    this.#nested = waits.begin(attempt, slots);
    slots.join(this);
    const { maxWait, clock } = limit;
    if (maxWait === undefined) return;
    this.#timer = clock.schedule(maxWait, () => this.#reject(`and no slot was free within ${maxWait} ms`));
  }

  admit(): void {
    this.#over();
    this.succeed(this.slots);
  }

  protected giveUp(): void {
    this.slots.leave(this);
    this.#over();
  }

  displace(): void {
    this.#reject('and its place in the queue went to a call of a higher priority');
  }

  #reject(why: string): void {
    this.giveUp();
    const rejection = this.limit.rejection(this.attempt, this.slots, why);
    this.attempt.refuse(rejection);
    this.fail(rejection);
  }

  #over(): void {
    this.#timer?.cancel();
    if (this.#nested) this.waits.end(this.#nested, this.slots);
  }
}
