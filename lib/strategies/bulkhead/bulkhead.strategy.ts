import {
  BulkheadFullError,
  KeyedStates,
  withoutStack,
  type Attempt,
  type GateStrategy,
  type StrategyContext,
  type Timer,
} from '../../core/index.js';
import type { ResolvedBulkhead } from './bulkhead.options.js';
import { Slots } from './bulkhead.state.js';

/** The slots of one bulkhead, for each key. */
export type KeyedSlots = KeyedStates<Slots>;

export const createSlots = ({ concurrency }: ResolvedBulkhead): KeyedSlots =>
  new KeyedStates({
    make: () => new Slots(concurrency),
    inUse: (slots) => slots.inUse,
    busy: (slots) => slots.inUse,
  });

/**
 * Bounds how many tries run at a time, so that one slow dependency does not take all there is. A try that was given up
 * frees its slot, although a method that does not listen to its signal may still run.
 */
export class BulkheadStrategy implements GateStrategy {
  readonly kind = 'gate';

  constructor(
    private readonly options: ResolvedBulkhead,
    private readonly keyed: KeyedSlots,
    private readonly context: StrategyContext,
  ) {}

  enter(attempt: Attempt, now: number): unknown {
    const { key } = this.options;
    const slots = this.keyed.get(key ? String(key(...(attempt.call.args as never[]))) : '', now);
    if (slots.tryTake()) return slots;
    if (slots.waiting >= this.options.queue) {
      return attempt.refuse(this.#refusal(attempt, 'and its queue is full'));
    }
    this.context.monitor.emit('bulkhead-wait', attempt.call);
    return this.#queueUp(attempt, slots);
  }

  leave(attempt: Attempt, slots: Slots): void {
    if (attempt.held) attempt.whenReleased(() => slots.free());
    else slots.free();
  }

  #queueUp(attempt: Attempt, slots: Slots): Promise<Slots> {
    const { maxWait } = this.options;
    return attempt.wait<Slots>((resolve, reject) => {
      let timer: Timer | undefined;
      const leaveQueue = slots.wait(() => {
        timer?.cancel();
        resolve(slots);
      });
      const giveUp = () => {
        timer?.cancel();
        leaveQueue();
      };
      if (maxWait !== undefined) {
        timer = this.context.clock.schedule(maxWait, () => {
          giveUp();
          reject(this.#refusal(attempt, `and no slot was free within ${maxWait} ms`));
        });
      }
      return giveUp;
    });
  }

  #refusal(attempt: Attempt, why: string): BulkheadFullError {
    const { operation } = this.context;
    const message = `${operation} runs ${this.options.concurrency} at a time already, ${why}`;
    const error = withoutStack(() => new BulkheadFullError(message, operation, 0));
    this.context.monitor.emit('bulkhead-refusal', attempt.call, { error });
    return error;
  }
}
