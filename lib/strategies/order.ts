import { argFallback } from './arg-fallback/index.js';
import { bulkhead } from './bulkhead/index.js';
import { cache, singleFlight } from './cache/index.js';
import { circuitBreaker } from './circuit-breaker/index.js';
import { fallback } from './fallback/index.js';
import { hedge } from './hedge/index.js';
import { rateLimit } from './rate-limit/index.js';
import { retry } from './retry/index.js';
import { attemptTimeout, totalTimeout } from './timeout/index.js';

/**
 * THE order: every call passes its enabled strategies from the first to the last, then runs the method. It does not
 * depend on how options or decorators are written. A new strategy is a folder and a line here.
 */
export const order = [
  fallback,
  cache,
  singleFlight,
  totalTimeout,
  retry,
  argFallback,
  hedge,
  circuitBreaker,
  rateLimit,
  bulkhead,
  attemptTimeout,
] as const;

type Definition = (typeof order)[number];

/** What can be written for each strategy: `true` for its defaults, `false` for off, a short form, or an object. */
export type StrategyOptions = {
  [D in Definition as D['option']]?: boolean | Exclude<D['raw'], undefined>;
};
