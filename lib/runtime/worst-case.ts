import type { Target } from '../core/strategy/index.js';
import { backoffDelay, type ResolvedRetry } from '../strategies/index.js';

/**
 * The most that one call can cost, computed from its options. Not counted: what a fallback does, what the store of a
 * cache takes, what nested calls add; and a caller's own list in the place of a fallback argument is not known.
 */
export interface WorstCase {
  /** Attempts in turn: the first and its retries. */
  readonly attempts: number;
  /** How often the method runs: the attempts, each with all alternatives, each of these with all hedges. */
  readonly requests: number;
  /**
   * Ms until the call fails or a fallback is asked: all requests as slow as their timeout, all waits for the rate
   * limit, the bulkhead and between retries as long as allowed (a `Retry-After` may ask for `retry.maxDelay`).
   * `Infinity` when nothing bounds it.
   */
  readonly duration: number;
}

/** The fields that matter here of the options that are on. */
interface Options {
  readonly retry?: ResolvedRetry;
  readonly argFallback?: { readonly param?: string | number; readonly values?: readonly unknown[] };
  readonly hedge?: { readonly maxHedges: number; readonly delay: unknown };
  readonly timeout?: { readonly attempt?: number; readonly total?: number };
  readonly rateLimit?: { readonly mode?: 'wait' | 'reject'; readonly maxWait: number };
  readonly bulkhead?: { readonly queue: number; readonly maxWait?: number };
}

/** `strategies` are the complete options of what is on, by option. */
export function worstCaseOf(strategies: ReadonlyMap<string, unknown>, target: Target): WorstCase {
  const options = Object.fromEntries(strategies) as Options;
  const attempts = (options.retry?.retries ?? 0) + 1;
  const alternatives = options.argFallback ? combinations(options.argFallback, target) : 1;
  const hedges = options.hedge?.maxHedges ?? 0;
  const each = alternatives * roundOf(options, target);
  const duration = attempts * each + pausesOf(options.retry);
  return {
    attempts,
    requests: attempts * alternatives * (1 + hedges),
    duration: Math.min(options.timeout?.total ?? Infinity, duration),
  };
}

function combinations({ param, values }: NonNullable<Options['argFallback']>, target: Target): number {
  const lists = new Map(target.fallbackArguments);
  if (param !== undefined) {
    const index = typeof param === 'number' ? param : target.parameterNames.indexOf(param);
    lists.set(index, values ?? lists.get(index) ?? [undefined]);
  }
  return [...lists.values()].reduce((product, { length }) => product * length, 1);
}

/** One attempt with its hedges: each hedge begins at the latest when the one before it has failed. */
function roundOf({ hedge, timeout, rateLimit, bulkhead }: Options, { handler }: Target): number {
  const method = timeout?.attempt ?? Infinity;
  const waits = rateLimit && (rateLimit.mode ?? (handler ? 'reject' : 'wait')) === 'wait';
  const slot = bulkhead && bulkhead.queue > 0 ? (bulkhead.maxWait ?? Infinity) : 0;
  const before = (waits ? rateLimit.maxWait : 0) + slot;
  if (!hedge) return before + method;
  const delay = typeof hedge.delay === 'number' ? Math.min(hedge.delay, method) : method;
  return hedge.maxHedges * (before + delay) + before + method;
}

function pausesOf(retry: ResolvedRetry | undefined): number {
  if (!retry) return 0;
  const { retries, maxDelay, respectRetryAfter, backoff } = retry;
  // Only its upper bound is known of what somebody else decides.
  if (respectRetryAfter || typeof backoff === 'function') return retries * maxDelay;
  let sum = 0;
  let previous = 0;
  for (let attempt = 1; attempt <= retries; attempt++) {
    const delay = backoffDelay(retry, { attempt, previous, error: undefined }, () => 1, '');
    // Nothing times an infinite growth.
    previous = Number.isNaN(delay) ? maxDelay : delay;
    sum += previous;
  }
  return sum;
}
