import {
  KeyedStates,
  RateLimitExceededError,
  withoutStack,
  type Attempt,
  type GateStrategy,
  type StrategyContext,
} from '../../core/index.js';
import type { ResolvedRateLimit } from './rate-limit.options.js';
import { RateLimiter } from './rate-limiter.js';

/** The limiters of one limit, one for each key. */
export type RateLimiters = KeyedStates<RateLimiter>;

export const createLimiters = (
  { limit, interval }: ResolvedRateLimit,
  { clock }: StrategyContext,
): RateLimiters =>
  new KeyedStates({
    make: () => new RateLimiter(limit, interval, clock),
    inUse: (limiter, now) => limiter.inUseAt(now),
    busy: (limiter) => limiter.busy,
  });

/**
 * Keeps the starts of tries below a rate. A permit is held from the moment it is given until the method begins, and
 * counts from there on: a wait further in cannot let permits pile up and be spent all at once.
 */
export class RateLimitStrategy implements GateStrategy {
  readonly kind = 'gate';

  constructor(
    private readonly options: ResolvedRateLimit & { mode: 'wait' | 'reject' },
    private readonly limiters: RateLimiters,
    private readonly context: StrategyContext,
  ) {}

  enter(attempt: Attempt, now: number): unknown {
    const limiter = this.limiters.get(this.#key(attempt), now);
    if (limiter.tryTake(now)) return limiter;
    const { call } = attempt;
    const { mode, maxWait, maxWaiting } = this.options;
    const delay = limiter.expectedWait(now);
    const until = now + delay;
    if (mode === 'reject' || delay > maxWait || limiter.waiting >= maxWaiting || until > attempt.deadline) {
      return attempt.refuse(this.#refusal(attempt, delay));
    }
    this.context.monitor.emit('rate-limit-wait', call, { delay });
    return attempt.wait<RateLimiter>((resolve) => limiter.wait(() => resolve(limiter)), until);
  }

  start(limiter: RateLimiter, now: number): void {
    limiter.start(now);
  }

  leave({ invoked }: Attempt, limiter: RateLimiter): void {
    // A start counts however it ends; what never began does not.
    if (!invoked) limiter.giveBack();
  }

  /** Each alternative of a fallback argument has a limit of its own: it is another provider, or another key. */
  #key({ call, alternative }: Attempt): string {
    const { key } = this.options;
    const own = key ? String(key(...(call.args as never[]))) : '';
    return alternative ? `${own} ${alternative}` : own;
  }

  #refusal(attempt: Attempt, delay: number): RateLimitExceededError {
    const { limit, interval, mode } = this.options;
    const wait = mode === 'wait' ? `, and the wait would be ${Math.ceil(delay)} ms` : '';
    const { operation } = this.context;
    const error = withoutStack(
      () =>
        new RateLimitExceededError(
          `${operation} is limited to ${limit} per ${interval} ms${wait}`,
          operation,
          delay,
        ),
    );
    this.context.monitor.emit('rate-limit-refusal', attempt.call, { error });
    return error;
  }
}
