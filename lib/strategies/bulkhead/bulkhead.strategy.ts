import { KeyedStates } from '../../core/collections/index.js';
import { BulkheadFullError, withoutStack } from '../../core/errors/index.js';
import type { Attempt, REFUSED } from '../../core/call/index.js';
import { StateKeys, stateKey, type GateStrategy, type StrategyContext } from '../../core/strategy/index.js';
import type { ResolvedBulkhead } from './bulkhead.options.js';
import { Slots } from './bulkhead.state.js';
import type { NestedWaits } from './nested-waits.js';
import { Priorities } from './priorities.js';
import { SlotWait, type WaitLimit } from './slot-wait.js';

/** The bulkhead's part of an operation's snapshot. */
export interface BulkheadSnapshot {
  /** Attempts that hold a slot. */
  readonly running: number;
  /** Attempts that wait for one. */
  readonly waiting: number;
  /** The concurrency that an adaptive bulkhead has found, of several keys the lowest. */
  readonly limit?: number;
}

/** The slots of a bulkhead by key. */
export type KeyedSlots<S extends Slots = Slots> = KeyedStates<S>;

export const createSlots = <S extends Slots>(make: () => S, maxKeys: number): KeyedSlots<S> =>
  new KeyedStates({ make, inUse: (slots) => slots.inUse, bound: maxKeys });

/**
 * Limits how many attempts run concurrently, so that one slow dependency does not use up all resources. A cancelled
 * attempt frees its slot, even if its method ignores the signal and is still running.
 */
export class BulkheadStrategy<S extends Slots = Slots> implements GateStrategy<S> {
  readonly kind = 'gate';
  readonly #keys: StateKeys;
  readonly #limit: WaitLimit;
  readonly #priorities: Priorities | undefined;

  constructor(
    private readonly options: ResolvedBulkhead,
    protected readonly keyed: KeyedSlots<S>,
    private readonly waits: NestedWaits,
    protected readonly context: StrategyContext,
  ) {
    this.#keys = new StateKeys('bulkhead.key', options.key, context.monitor);
    const { maxWait } = options;
    const rejection = (attempt: Attempt, slots: Slots, why: string) => this.#refusal(attempt, slots, why);
    this.#limit = { clock: context.clock, maxWait, rejection };
    if (options.priority) this.#priorities = new Priorities(options.priority, context.monitor);
  }

  enter(attempt: Attempt, now: number): S | Promise<S> | typeof REFUSED {
    const slots = this.keyed.get(stateKey(this.#keys.of(attempt), ''), now);
    if (slots.tryTake()) return slots;
    const rank = this.#priorities?.rankOf(attempt) ?? 0;
    // The function that tells the priority may have freed a slot.
    return this.#priorities && slots.tryTake() ? slots : this.#queueUp(attempt, slots, rank);
  }

  #queueUp(attempt: Attempt, slots: S, rank: number): Promise<S> | typeof REFUSED {
    const isFull = slots.waiting >= this.options.queue;
    const displaced = isFull && !attempt.stopped ? slots.below(rank) : undefined;
    if (isFull && !displaced) return attempt.refuse(this.#refusal(attempt, slots, 'and its queue is full'));
    if (this.waits.wouldNeverEnd(attempt, slots)) {
      return attempt.refuse(this.#refusal(attempt, slots, 'and would wait for the calls it was made in'));
    }
    const slot = attempt.wait(new SlotWait(attempt, slots, this.waits, this.#limit, rank));
    // Listeners run after it has queued: a slot that one frees, as by closing a stream, must go to the queue.
    displaced?.displace();
    this.context.monitor.emit('bulkhead-wait', attempt.call);
    return slot;
  }

  leave(attempt: Attempt, slots: S, _now: number, _ok: boolean): void {
    if (attempt.held) attempt.whenReleased(() => slots.free());
    else slots.free();
  }

  /** How many attempts run and wait now, for all keys. */
  snapshot(): BulkheadSnapshot {
    let running = 0;
    let waiting = 0;
    for (const [, slots] of this.keyed.entries()) {
      running += slots.taken;
      waiting += slots.waiting;
    }
    return { running, waiting };
  }

  #refusal(attempt: Attempt, { size }: Slots, why: string): BulkheadFullError {
    const { operation } = this.context;
    const message = `${operation} runs ${size} at a time already, ${why}`;
    const error = withoutStack(() => new BulkheadFullError(message, operation, 0));
    this.context.monitor.emit('bulkhead-refusal', attempt.call, { error });
    return error;
  }
}
