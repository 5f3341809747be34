import * as v from 'valibot';
import {
  callback,
  durationOrNone,
  fields,
  flag,
  numberFrom,
  oneOf,
  satisfying,
  wholeNumber,
} from '../../core/options/index.js';
import type { OperoListener } from '../../core/events/index.js';
import {
  budgetSchema,
  errorConditions,
  type ErrorConditions,
  type RetryBudgetOptions,
} from '../../core/strategy/index.js';

/**
 * Returns the delay before the next attempt, in ms: 0 or more. `attempt` is the number of the failed attempt, from 1.
 */
export type BackoffFunction = (attempt: number, error: unknown) => number;

const backoffs = ['exponential', 'linear', 'constant', 'fibonacci'] as const;
const jitters = ['full', 'equal', 'decorrelated', 'none'] as const;

export type Backoff = (typeof backoffs)[number];
export type Jitter = (typeof jitters)[number];

/** When and how a failed attempt is retried. */
export interface RetryOptions {
  /**
   * Attempts after the first one: a whole number from 0 to 1 000. 3 retries are at most 4 attempts.
   * @default 3
   */
  retries?: number;
  /**
   * What the call fails with when all attempts have failed: `last`, the last error, or `aggregate`, an
   * `AllFailedError` with every failure. Either way `failuresOf(error)` returns every attempt. A call with one
   * attempt fails with its own error. With `last`, a result that `retryOnResult` never accepted is returned, unless
   * there is a fallback.
   * @default 'last'; 'aggregate' where an argument has alternatives
   */
  exhausted?: 'aggregate' | 'last';
  /**
   * How the delay grows with the number n of the failed attempt: `exponential` minDelay·backoffFactor^(n-1), `linear`
   * minDelay·n, `constant` minDelay, `fibonacci` minDelay·F(n); or a function, whose result gets no jitter. If the
   * function throws or returns no duration, the error is not retried.
   * @default 'exponential'
   */
  backoff?: Backoff | BackoffFunction;
  /**
   * Growth factor of the exponential backoff: 1 or more.
   * @default 1.5
   */
  backoffFactor?: number;
  /**
   * The first delay, in ms: 0 or more.
   * @default 100
   */
  minDelay?: number;
  /**
   * Upper limit of every delay, jitter included, in ms: 0 or more. If a `Retry-After` or a rejection by this library
   * asks for a longer delay, the call is not retried and fails with that error.
   * @default 30_000
   */
  maxDelay?: number;
  /**
   * How the delay d is randomised, so that callers do not retry at the same time: `full` 0…d, `equal` d/2…d,
   * `decorrelated` minDelay…3·the previous delay, `none`.
   * Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
   * @default 'full'
   */
  jitter?: Jitter;
  /**
   * Errors that are retried: classes, codes, statuses, or a function. Replaces the default. An error marked with
   * `permanent()` is never retried. If the function throws, the error is not retried.
   * @default every error except aborts, 4xx other than 408, 425 and 429, programming and validation errors,
   * rejections by this library, and errors of a nested operation that has used all its attempts
   */
  retryOn?: ErrorConditions;
  /**
   * Whether a result counts as a failed attempt. If the function throws, the result is accepted.
   * @default no result is retried
   */
  retryOnResult?: (result: never) => boolean;
  /**
   * Whether to wait at least as long as the downstream asks with `retry-after-ms` or `Retry-After`; a longer wait
   * than `maxDelay` ends the call. With fallback arguments the longest wait asked for by any of them counts.
   * Rejections by this library are never retried before their `retryAfter`.
   * @default true
   */
  respectRetryAfter?: boolean;
  /**
   * Limits retries over all calls, so that retries do not overload a failing dependency: `true` for a budget of this
   * operation, `false` for none (for polling with `retryOnResult`), or its settings. When it is used up, a call fails
   * at once with its own error.
   * @default true
   */
  budget?: boolean | RetryBudgetOptions;
  /**
   * Whether the method may run twice. A POST or PATCH route is retried only when this is true.
   * @default false
   */
  idempotent?: boolean;
  /**
   * Called before each delay. Errors it throws are ignored.
   * @default none
   */
  onRetry?: OperoListener;
}

export const retrySchema = fields({
  retries: v.optional(wholeNumber(0, 1_000), 3),
  exhausted: v.optional(oneOf(['aggregate', 'last'])),
  backoff: v.optional(
    satisfying<Backoff | BackoffFunction>(
      (value) => typeof value === 'function' || backoffs.includes(value as Backoff),
      `one of ${backoffs.map((name) => `'${name}'`).join(', ')}, or a function`,
    ),
    'exponential',
  ),
  backoffFactor: v.optional(numberFrom(1), 1.5),
  minDelay: v.optional(durationOrNone(), 100),
  maxDelay: v.optional(durationOrNone(), 30_000),
  jitter: v.optional(oneOf(jitters), 'full'),
  retryOn: v.optional(errorConditions()),
  retryOnResult: v.optional(callback<(result: never) => boolean>()),
  respectRetryAfter: v.optional(flag(), true),
  budget: v.optional(budgetSchema, true),
  idempotent: v.optional(flag(), false),
  onRetry: v.optional(callback<OperoListener>()),
});

/** The options with their defaults. */
export type ResolvedRetry = v.InferOutput<typeof retrySchema>;
