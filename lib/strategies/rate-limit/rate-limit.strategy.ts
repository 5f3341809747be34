import { AsyncResource } from 'node:async_hooks';
import { Deadline } from '../../core/time/index.js';
import { KeyedStates } from '../../core/collections/index.js';
import { RateLimitExceededError, withoutStack } from '../../core/errors/index.js';
import { isWithdrawn, noteResponse, type Attempt, type REFUSED } from '../../core/call/index.js';
import {
  StateKeys,
  stateKey,
  type GateStrategy,
  type CreateContext,
  type StrategyContext,
} from '../../core/strategy/index.js';
import type { ResolvedRateLimit } from './rate-limit.options.js';
import { SlidingWindow } from './rate-limit.state.js';
import { RateLimiter } from './rate-limiter.js';
import { spacedStarts } from './spaced-starts.state.js';

/** The limiters of one limit by key. */
export type RateLimiters = KeyedStates<RateLimiter>;

export const createLimiters = (
  { algorithm, limit, interval, burst, maxKeys }: ResolvedRateLimit,
  { clock }: StrategyContext,
): RateLimiters => {
  const starts =
    algorithm === 'smooth'
      ? () => spacedStarts(limit, interval, burst)
      : () => new SlidingWindow(limit, interval);
  return new KeyedStates({
    make: () => new RateLimiter(starts(), clock),
    inUse: (limiter, now) => limiter.inUseAt(now),
    bound: maxKeys,
  });
};

/** The deadline of an attempt that waits for a permit. */
class WaitLimit extends Deadline {
  constructor(readonly expire: () => void) {
    super();
  }
}

/**
 * Limits how many attempts start per interval, or spaces their starts evenly. A permit is held until the method starts
 * and counts from then on, so that permits cannot pile up in inner queues and be used all at once.
 */
export class RateLimitStrategy implements GateStrategy<RateLimiter> {
  readonly kind = 'gate';
  readonly #keys: StateKeys;
  /** Whether the method has responses that tell the limit. */
  readonly #reports: boolean;

  constructor(
    private readonly options: ResolvedRateLimit & { mode: 'wait' | 'reject' },
    private readonly limiters: RateLimiters,
    private readonly context: CreateContext,
  ) {
    this.#keys = new StateKeys('rateLimit.key', options.key, context.monitor);
    this.#reports = context.target.handler;
  }

  enter(attempt: Attempt, now: number): RateLimiter | Promise<RateLimiter> | typeof REFUSED {
    // Each alternative of a fallback argument has its own limit, because it is another provider or another API key.
    const key = stateKey(this.#keys.of(attempt), attempt.call.alternativeKey);
    const limiter = this.limiters.get(key, now);
    if (limiter.tryTake(now)) {
      if (this.#reports) this.#report(attempt, limiter, now);
      return limiter;
    }
    const { call } = attempt;
    const { mode, maxWait, maxWaiting } = this.options;
    const delay = limiter.expectedWait(now);
    const until = now + delay;
    if (mode === 'reject' || delay > maxWait || limiter.waiting >= maxWaiting || until > attempt.deadline) {
      if (this.#reports) this.#report(attempt, limiter, now);
      const wait = mode === 'wait' ? `, and the wait would be ${Math.ceil(delay)} ms` : '';
      return attempt.refuse(this.#refusal(attempt, delay, wait));
    }
    const permit = this.#queueUp(attempt, limiter, until, now);
    // Emitted after it has queued: calls that a listener makes come later.
    this.context.monitor.emit('rate-limit-wait', call, { delay });
    return permit;
  }

  start(limiter: RateLimiter, now: number): void {
    limiter.start(now);
  }

  leave(attempt: Attempt, limiter: RateLimiter): void {
    // A start counts however it ends. A permit of an attempt that never started is returned.
    if (attempt.invoked) return;
    if (isWithdrawn(attempt)) limiter.takeBack(attempt.startedAt);
    else limiter.giveBack();
  }

  /**
   * `until` is the earliest time for a permit, if all attempts that hold one started now. Those that wait in inner
   * queues start later.
   */
  #queueUp(attempt: Attempt, limiter: RateLimiter, until: number, now: number): Promise<RateLimiter> {
    const { deadlines, clock } = this.context;
    const { maxWait } = this.options;
    // The deadline expires outside of the caller's context, in which its listeners run.
    const isHeard = attempt.call.monitor.hasListener('rate-limit-refusal');
    const caller = isHeard ? new AsyncResource('OperoWait') : undefined;
    return attempt.wait<RateLimiter>((resolve, reject) => {
      let admitted = false;
      const leave = limiter.wait(() => {
        admitted = true;
        deadlines.disarm(limit);
        if (this.#reports) this.#report(attempt, limiter, clock.now());
        resolve(limiter);
      });
      const limit = new WaitLimit(() => {
        // A permit may be due at this very moment.
        limiter.admitDue();
        if (admitted) return;
        leave();
        const delay = limiter.expectedWait(clock.now());
        const why = `, and there was no permit within ${maxWait} ms`;
        const refuse = () => this.#refusal(attempt, delay, why);
        const refusal = caller ? caller.runInAsyncScope(refuse) : refuse();
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

  #report({ call }: Attempt, limiter: RateLimiter, now: number): void {
    const { name, limit, interval } = this.options;
    noteResponse(call, { rateLimit: { name, limit, interval, ...limiter.quotaAt(now) } });
  }

  #refusal(attempt: Attempt, delay: number, why: string): RateLimitExceededError {
    const { limit, interval, algorithm } = this.options;
    const { operation } = this.context;
    const spaced = algorithm === 'smooth' ? ', evenly spaced' : '';
    const message = `${operation} is limited to ${limit} per ${interval} ms${spaced}${why}`;
    const error = withoutStack(() => new RateLimitExceededError(message, operation, delay));
    this.context.monitor.emit('rate-limit-refusal', attempt.call, { error });
    return error;
  }
}
