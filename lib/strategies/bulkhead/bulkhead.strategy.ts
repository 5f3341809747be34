import { KeyedStates } from '../../core/collections/index.js';
import { BulkheadFullError, withoutStack } from '../../core/errors/index.js';
import type { Attempt, REFUSED } from '../../core/call/index.js';
import { StateKeys, stateKey, type GateStrategy, type StrategyContext } from '../../core/strategy/index.js';
import type { ResolvedBulkhead } from './bulkhead.options.js';
import { Slots } from './bulkhead.state.js';
import type { NestedWaits } from './nested-waits.js';
import { SlotWait, type WaitLimit } from './slot-wait.js';

/** The slots of a bulkhead by key. */
export type KeyedSlots = KeyedStates<Slots>;

export const createSlots = ({ concurrency, maxKeys }: ResolvedBulkhead): KeyedSlots =>
  new KeyedStates({
    make: () => new Slots(concurrency),
    inUse: (slots) => slots.inUse,
    bound: maxKeys,
  });

/**
 * Limits how many attempts run concurrently, so that one slow dependency does not use up all resources. A cancelled
 * attempt frees its slot, even if its method ignores the signal and is still running.
 */
export class BulkheadStrategy implements GateStrategy<Slots> {
  readonly kind = 'gate';
  readonly #keys: StateKeys;
  readonly #limit: WaitLimit;

  constructor(
    private readonly options: ResolvedBulkhead,
    private readonly keyed: KeyedSlots,
    private readonly waits: NestedWaits,
    private readonly context: StrategyContext,
  ) {
    this.#keys = new StateKeys('bulkhead.key', options.key, context.monitor);
    const { maxWait } = options;
    const rejection = (attempt: Attempt) =>
      this.#refusal(attempt, `and no slot was free within ${maxWait} ms`);
    this.#limit = { clock: context.clock, maxWait, rejection };
  }

  enter(attempt: Attempt, now: number): Slots | Promise<Slots> | typeof REFUSED {
    const slots = this.keyed.get(stateKey(this.#keys.of(attempt), ''), now);
    if (slots.tryTake()) return slots;
    if (slots.waiting >= this.options.queue) {
      return attempt.refuse(this.#refusal(attempt, 'and its queue is full'));
    }
    if (this.waits.wouldNeverEnd(attempt, slots)) {
      return attempt.refuse(this.#refusal(attempt, 'and would wait for the calls it was made in'));
    }
    const slot = attempt.wait(new SlotWait(attempt, slots, this.waits, this.#limit));
    // Emitted after it has queued: a slot that a listener frees, as by closing a stream, must go to the queue.
    this.context.monitor.emit('bulkhead-wait', attempt.call);
    return slot;
  }

  leave(attempt: Attempt, slots: Slots): void {
    if (attempt.held) attempt.whenReleased(() => slots.free());
    else slots.free();
  }

  #refusal(attempt: Attempt, why: string): BulkheadFullError {
    const { operation } = this.context;
    const message = `${operation} runs ${this.options.concurrency} at a time already, ${why}`;
    const error = withoutStack(() => new BulkheadFullError(message, operation, 0));
    this.context.monitor.emit('bulkhead-refusal', attempt.call, { error });
    return error;
  }
}
