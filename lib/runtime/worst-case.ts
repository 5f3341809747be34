import type { OperationFacts } from '../core/strategy/index.js';

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
   * Ms until the call fails or a fallback runs: all requests as slow as their timeout, all waits for the rate
   * limit, the bulkhead and between retries as long as allowed (a `Retry-After` may ask for `retry.maxDelay`).
   * `Infinity` when nothing bounds it.
   */
  readonly duration: number;
}

/** What a call of a method with these strategies can cost. */
export function worstCaseOf(facts: OperationFacts): WorstCase {
  const attempts = facts.retries + 1;
  const duration = attempts * facts.alternatives * roundOf(facts) + facts.pauses;
  return {
    attempts,
    requests: attempts * facts.alternatives * (1 + facts.hedges),
    duration: Math.min(facts.totalLimit, duration),
  };
}

/** One attempt with its hedges: each hedge begins at the latest when the one before it has failed. */
function roundOf({ hedges, hedgeDelay, attemptLimit, wait }: OperationFacts): number {
  const last = wait + attemptLimit;
  // Nothing times an infinite wait.
  return hedges === 0 ? last : hedges * (wait + Math.min(hedgeDelay, attemptLimit)) + last;
}
