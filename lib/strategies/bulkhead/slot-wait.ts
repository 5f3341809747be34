import { attemptsAround, Wait, type Attempt } from '../../core/call/index.js';
import type { LinkedList } from '../../core/collections/index.js';
import type { RefusedError } from '../../core/errors/index.js';
import type { Clock, Timer } from '../../core/time/index.js';
import { Slots, type SlotWaiter } from './bulkhead.state.js';

/** A slot that one of the attempts around a wait holds until the wait is over. */
export interface HeldSlot {
  readonly holder: Attempt;
  readonly slots: Slots;
}

const NOTHING: readonly HeldSlot[] = [];

/** How long a wait may take, and what it is rejected with then. */
export interface WaitLimit {
  readonly clock: Clock;
  readonly maxWait: number | undefined;
  rejection(attempt: Attempt): RefusedError;
}

/** Told which bulkheads somebody waits for. */
export interface WaitRegister {
  joined(slots: Slots): void;
  left(slots: Slots): void;
}

/** The wait of an attempt for a slot. One object: thousands may wait at a time. */
export class SlotWait extends Wait<Slots> implements SlotWaiter {
  list: LinkedList<SlotWaiter> | undefined;
  next: SlotWaiter | undefined;
  previous: SlotWaiter | undefined;
  #timer: Timer | undefined;

  constructor(
    private readonly attempt: Attempt,
    readonly wanted: Slots,
    private readonly register: WaitRegister,
    private readonly limit: WaitLimit,
  ) {
    super();
  }

  /**
   * The slots of the attempts around it, and of those that wait for what it loads: whoever joins a load later does so
   * with the slots it holds.
   */
  get held(): readonly HeldSlot[] {
    const holders = attemptsAround(this.attempt.call);
    if (holders.length === 0) return NOTHING;
    const held: HeldSlot[] = [];
    for (const holder of holders)
      for (const slots of holder.tokens) if (slots instanceof Slots) held.push({ holder, slots });
    return held;
  }

  protected begin(): void {
    const { attempt, wanted, limit } = this;
    attempt.waitsFor = wanted;
    wanted.join(this);
    this.register.joined(wanted);
    if (limit.maxWait !== undefined) this.#timer = limit.clock.schedule(limit.maxWait, () => this.#reject());
  }

  admit(): void {
    this.#over();
    this.succeed(this.wanted);
  }

  protected giveUp(): void {
    this.wanted.leave(this);
    this.#over();
  }

  #reject(): void {
    this.giveUp();
    const rejection = this.limit.rejection(this.attempt);
    this.attempt.refuse(rejection);
    this.fail(rejection);
  }

  #over(): void {
    this.#timer?.cancel();
    this.attempt.waitsFor = undefined;
    this.register.left(this.wanted);
  }
}
