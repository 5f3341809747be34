import type { Random } from '../../core/time/index.js';
import { OperoConfigurationError } from '../../core/errors/index.js';
import { show } from '../../core/options/index.js';
import type { Jitter, ResolvedRetry } from './retry.options.js';

/** What a wait is computed from. */
export interface BackoffInput {
  /** The number of the attempt that failed, from 1. */
  readonly attempt: number;
  /** The wait before that attempt, 0 before the first. */
  readonly previous: number;
  readonly error: unknown;
}

/** The wait in ms before the next attempt, jitter included, not above `maxDelay`. */
export function backoffDelay(
  options: ResolvedRetry,
  input: BackoffInput,
  random: Random,
  operation: string,
): number {
  const { backoff, minDelay, maxDelay, jitter } = options;
  if (typeof backoff === 'function') {
    return Math.min(maxDelay, ownDelay(backoff(input.attempt, input.error), operation));
  }
  if (jitter === 'decorrelated') return decorrelated(options, input.previous, random);
  // Both factors are finite: nothing times nothing must not become NaN after a thousand attempts.
  const base = Math.min(maxDelay, minDelay * Math.min(Number.MAX_VALUE, growth(options, input.attempt)));
  return spread(base, jitter, random);
}

function growth({ backoff, backoffFactor }: ResolvedRetry, attempt: number): number {
  switch (backoff) {
    case 'constant':
      return 1;
    case 'linear':
      return attempt;
    case 'fibonacci':
      return fibonacci(attempt);
    default:
      return backoffFactor ** (attempt - 1);
  }
}

/** F(1) = F(2) = 1. */
function fibonacci(n: number): number {
  let [current, next] = [1, 1];
  for (let index = 1; index < n; index++) [current, next] = [next, current + next];
  return current;
}

function spread(delay: number, jitter: Jitter, random: Random): number {
  switch (jitter) {
    case 'full':
      return delay * random();
    case 'equal':
      return delay / 2 + (delay / 2) * random();
    default:
      return delay;
  }
}

function decorrelated({ minDelay, maxDelay }: ResolvedRetry, previous: number, random: Random): number {
  const most = Math.min(maxDelay, Math.max(minDelay, previous * 3));
  return minDelay + (most - minDelay) * random();
}

function ownDelay(delay: unknown, operation: string): number {
  if (typeof delay === 'number' && delay >= 0 && Number.isFinite(delay)) return delay;
  if (typeof (delay as PromiseLike<unknown> | null | undefined)?.then === 'function') {
    (delay as PromiseLike<unknown>).then(undefined, () => undefined);
  }
  throw new OperoConfigurationError(
    [`${operation}: retry.backoff: returned ${show(delay)}, allowed: a duration in ms, 0 or more`],
    operation,
  );
}

/** Ms that all waits between the attempts of one call take at most. */
export function longestPauses(retry: ResolvedRetry): number {
  const { retries, maxDelay, respectRetryAfter, backoff } = retry;
  // Only the upper bound of a `Retry-After` or a function is known.
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
