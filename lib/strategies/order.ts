import type { OperoStrategies } from '../core/declarations/index.js';
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

/** Says whether an object turns its strategy on. */
export interface StrategySwitch {
  /**
   * `false`: these fields tune the strategy without turning it on, for a nearer layer that does with `true`, a short
   * form or an object. Default true.
   */
  enabled?: boolean;
}

/** Adds the switch to the object forms of an option. */
type Switchable<T> = T extends ((...args: never[]) => unknown) | readonly unknown[]
  ? T
  : T extends object
    ? T & StrategySwitch
    : T;

/**
 * What can be written for each strategy: `true` to turn it on, `false` to turn it off and drop what farther layers say
 * of it, a short form, or an object, which tunes it and turns it on unless it says `enabled: false`.
 */
export type StrategyOptions = {
  [O in keyof OperoStrategies]?: boolean | Switchable<OperoStrategies[O]['options']>;
};
