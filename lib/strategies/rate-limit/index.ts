import type { Problem } from '../../core/options/index.js';
import { defineStrategy, type Target } from '../../core/strategy/index.js';
import { rateLimitSchema, type RateLimitOptions, type ResolvedRateLimit } from './rate-limit.options.js';
import { createLimiters, RateLimitStrategy } from './rate-limit.strategy.js';

export type { RateLimitOptions } from './rate-limit.options.js';
export { SlidingWindow } from './rate-limit.state.js';
export { RateLimiter } from './rate-limiter.js';
export { spacedStarts, SpacedStarts } from './spaced-starts.state.js';
export type { StartTimes } from './start-times.js';

declare module '../../core/declarations/index.js' {
  interface OperoStrategies {
    /**
     * Rate limit: limits how many attempts start per interval. A number is the `limit` per second.
     * @default off
     */
    rateLimit: {
      options: number | RateLimitOptions;
      events: 'rate-limit-wait' | 'rate-limit-refusal';
      errors: 'OPERO_RATE_LIMIT_EXCEEDED';
    };
  }
}

const modeOf = (mode: ResolvedRateLimit['mode'], { handler }: Target): 'wait' | 'reject' =>
  mode ?? (handler ? 'reject' : 'wait');

/** Keeps the starts of attempts below a rate. */
export const rateLimit = defineStrategy<'rateLimit', ResolvedRateLimit, RateLimitStrategy>({
  name: 'rate limit',
  option: 'rateLimit',
  kind: 'gate',
  allowed: 'a number per second, false, or an object with a limit',
  shorthand: (raw) => (typeof raw === 'number' ? { limit: raw } : undefined),
  schema: rateLimitSchema,
  events: ['rate-limit-wait', 'rate-limit-refusal'],
  errors: { OPERO_RATE_LIMIT_EXCEEDED: 429 },
  traits: ['state-per-alternative'],
  isStateful: () => true,
  facts: ({ mode, maxWait }, target) => ({ wait: modeOf(mode, target) === 'wait' ? maxWait : 0 }),
  validate({ mode, algorithm, burst }, target) {
    const problems: Problem[] = [];
    if (target.answers === 'direct' && modeOf(mode, target) !== 'reject')
      problems.push({
        path: 'mode',
        message: `got 'wait', allowed: 'reject' on a synchronous method, which cannot wait`,
      });
    if (burst !== undefined && algorithm !== 'smooth')
      problems.push({
        path: 'burst',
        message: `got ${burst} beside algorithm '${algorithm}', allowed: only together with algorithm 'smooth'`,
      });
    return problems;
  },
  create(options, context) {
    const make = () => createLimiters(options, context);
    const limiters = options.name
      ? context.shared.once(`rateLimit ${options.name}`, make)
      : context.own.once('limiters', make);
    const mode = modeOf(options.mode, context.target);
    return new RateLimitStrategy({ ...options, mode }, limiters, context);
  },
});
