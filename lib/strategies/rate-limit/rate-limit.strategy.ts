import { Deadline } from '../../core/time/index.js';
import { KeyedStates } from '../../core/collections/index.js';
import { RateLimitExceededError, withoutStack } from '../../core/errors/index.js';
import { isWithdrawn, type Attempt } from '../../core/call/index.js';
import {
  StateKeys,
  stateKey,
  type GateStrategy,
  type CreateContext,
  type StrategyContext,
} from '../../core/strategy/index.js';
import type { ResolvedRateLimit } from './rate-limit.options.js';
import { RateLimiter } from './rate-limiter.js';

/** The limiters of one limit, one for each key. */
export type RateLimiters = KeyedStates<RateLimiter>;

export const createLimiters = (
  { limit, interval, maxKeys }: ResolvedRateLimit,
  { clock }: StrategyContext,
): RateLimiters =>
  new KeyedStates({
    make: () => new RateLimiter(limit, interval, clock),
    inUse: (limiter, now) => limiter.inUseAt(now),
    bound: maxKeys,
  });

/** Strikes when an attempt has waited for a permit for as long as it may. */
class WaitLimit extends Deadline {
  constructor(readonly expire: () => void) {
    super();
  }
}

/**
 * Keeps the starts of attempts below a rate. A permit is held from the moment it is given until the method begins, and
 * counts from there on: a wait further in cannot let permits pile up and be spent all at once.
 */
export class RateLimitStrategy implements GateStrategy {
  readonly kind = 'gate';
  readonly #keys: StateKeys;

  constructor(
    private readonly options: ResolvedRateLimit & { mode: 'wait' | 'reject' },
    private readonly limiters: RateLimiters,
    private readonly context: CreateContext,
  ) {
    this.#keys = new StateKeys('rateLimit.key', options.key, context.monitor);
  }

  enter(attempt: Attempt, now: number): unknown {
    // Each alternative of a fallback argument has a limit of its own: it is another provider, or another key.
    const key = stateKey(this.#keys.of(attempt), attempt.call.alternativeKey);
    const limiter = this.limiters.get(key, now);
    if (limiter.tryTake(now)) return limiter;
    const { call } = attempt;
    const { mode, maxWait, maxWaiting } = this.options;
    const delay = limiter.expectedWait(now);
    const until = now + delay;
    if (mode === 'reject' || delay > maxWait || limiter.waiting >= maxWaiting || until > attempt.deadline) {
      const wait = mode === 'wait' ? `, and the wait would be ${Math.ceil(delay)} ms` : '';
      return attempt.refuse(this.#refusal(attempt, delay, wait));
    }
    this.context.monitor.emit('rate-limit-wait', call, { delay });
    return this.#queueUp(attempt, limiter, until, now);
  }

  start(limiter: RateLimiter, now: number): void {
    limiter.start(now);
  }

  leave({ invoked, call }: Attempt, limiter: RateLimiter): void {
    // A start counts however it ends; what never began does not.
    if (!invoked) limiter.giveBack(isWithdrawn(call));
  }

  /** `until` is when it would be its turn, if all who hold a permit began now: those who wait further in do not. */
  #queueUp(attempt: Attempt, limiter: RateLimiter, until: number, now: number): Promise<RateLimiter> {
    const { deadlines, clock } = this.context;
    const { maxWait } = this.options;
    return attempt.wait<RateLimiter>((resolve, reject) => {
      let admitted = false;
      const leave = limiter.wait(() => {
        admitted = true;
        deadlines.disarm(limit);
        resolve(limiter);
      });
      const limit = new WaitLimit(() => {
        // Its turn may come in this very moment.
        limiter.admitDue();
        if (admitted) return;
        leave();
        const delay = limiter.expectedWait(clock.now());
        const refusal = this.#refusal(attempt, delay, `, and there was no permit within ${maxWait} ms`);
        attempt.refuse(refusal);
        reject(refusal);
      });
      deadlines.arm(limit, maxWait, now);
      return () => {
        deadlines.disarm(limit);
        leave();
      };
    }, until);
  }

  #refusal(attempt: Attempt, delay: number, why: string): RateLimitExceededError {
    const { limit, interval } = this.options;
    const { operation } = this.context;
    const message = `${operation} is limited to ${limit} per ${interval} ms${why}`;
    const error = withoutStack(() => new RateLimitExceededError(message, operation, delay));
    this.context.monitor.emit('rate-limit-refusal', attempt.call, { error });
    return error;
  }
}
