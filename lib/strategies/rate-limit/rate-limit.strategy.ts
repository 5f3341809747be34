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
  new KeyedStates(
    () => new RateLimiter(limit, interval, clock),
    (limiter) => limiter.inUse,
  );

/** Keeps the starts of tries below a rate. */
export class RateLimitStrategy implements GateStrategy {
  readonly kind = 'gate';

  constructor(
    private readonly options: ResolvedRateLimit & { mode: 'wait' | 'reject' },
    private readonly limiters: RateLimiters,
    private readonly context: StrategyContext,
  ) {}

  enter(attempt: Attempt): number | Promise<number> {
    const limiter = this.limiters.get(this.#key(attempt));
    if (limiter.tryStart()) return 0;
    const { call } = attempt;
    const { mode, maxWait, maxWaiting } = this.options;
    const delay = limiter.expectedWait();
    const until = this.context.clock.now() + delay;
    if (mode === 'reject' || delay > maxWait || limiter.waiting >= maxWaiting || until > attempt.deadline) {
      throw this.#refusal(attempt, delay);
    }
    this.context.monitor.emit('rate-limit-wait', call, { delay });
    return attempt.wait<number>((resolve) => limiter.wait(() => resolve(0)), until);
  }

  leave(): void {
    // A start counts however it ends.
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
