import { defineStrategy } from '../../core/strategy/index.js';
import { rateLimitSchema, type RateLimitOptions, type ResolvedRateLimit } from './rate-limit.options.js';
import { createLimiters, RateLimitStrategy } from './rate-limit.strategy.js';

export type { RateLimitOptions } from './rate-limit.options.js';
export { SlidingWindow } from './rate-limit.state.js';
export { RateLimiter } from './rate-limiter.js';

/** Keeps the starts of attempts below a rate. */
export const rateLimit = defineStrategy<'rateLimit', number | RateLimitOptions, ResolvedRateLimit>({
  name: 'rate limit',
  option: 'rateLimit',
  allowed: 'a number per second, false, or an object with a limit',
  shorthand: (raw) => (typeof raw === 'number' ? { limit: raw } : undefined),
  schema: rateLimitSchema,
  validate({ mode }, { answers, handler }) {
    if (answers !== 'direct' || mode === 'reject' || (mode === undefined && handler)) return [];
    return [
      { path: 'mode', message: `got 'wait', allowed: 'reject' on a synchronous method, which cannot wait` },
    ];
  },
  create(options, context) {
    const make = () => createLimiters(options, context);
    const limiters = options.name
      ? context.shared.once(`rateLimit ${options.name}`, make)
      : context.own.once('limiters', make);
    const mode = options.mode ?? (context.target.handler ? 'reject' : 'wait');
    return new RateLimitStrategy({ ...options, mode }, limiters, context);
  },
});
