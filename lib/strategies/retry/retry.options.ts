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

/** Ms before the next attempt; `attempt` is the number of the attempt that failed, from 1. */
export type BackoffFunction = (attempt: number, error: unknown) => number;

const backoffs = ['exponential', 'linear', 'constant', 'fibonacci'] as const;
const jitters = ['full', 'equal', 'decorrelated', 'none'] as const;

export type Backoff = (typeof backoffs)[number];
export type Jitter = (typeof jitters)[number];

/** When and how a failed attempt is repeated. */
export interface RetryOptions {
  /** Attempts after the first one: 3 retries are at most 4 calls. Default 3. */
  retries?: number;
  /**
   * What the call fails with when the attempts are used up: `last`, the last error itself, or `aggregate`, an
   * `AllFailedError` with every failure. Default `last`; `aggregate` where an argument has alternatives. Either way
   * `failuresOf(error)` tells every attempt, and a call that was tried once fails with its own error.
   *
   * A result that `retryOnResult` never accepts is returned with `last`, unless a fallback can answer.
   */
  exhausted?: 'aggregate' | 'last';
  /**
   * How the wait grows with the number n of the failed attempt: `exponential` minDelay·backoffFactor^(n-1), `linear`
   * minDelay·n, `constant` minDelay, `fibonacci` minDelay·F(n); or a function, whose answer gets no jitter. One that throws
   * or answers with no duration means that the error is not retried.
   * Default `exponential`.
   */
  backoff?: Backoff | BackoffFunction;
  /** Growth of the exponential backoff, 1 or more. Default 1.5. */
  backoffFactor?: number;
  /** The first wait in ms. Default 100. */
  minDelay?: number;
  /**
   * No wait is longer than this, jitter included. Who is asked with `Retry-After`, or by a refusal of ours, to wait longer
   * does not try again: the call ends with the error that asks. Default 30 000 ms.
   */
  maxDelay?: number;
  /**
   * How the wait d is spread, so that callers do not come back all at once: `full` 0…d, `equal` d/2…d, `decorrelated`
   * minDelay…3·the wait before, `none`. Default `full`.
   * Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
   */
  jitter?: Jitter;
  /**
   * Which errors are worth another attempt: classes, codes, statuses, or a function. Replaces the default, which is every
   * error but aborts, 4xx other than 408, 425 and 429, programming and validation mistakes, our own refusals, and what a
   * nested operation failed with after all its attempts. What `permanent()` marked is never retried. A function that throws
   * counts as no.
   */
  retryOn?: ErrorConditions;
  /** Tells results that count as a failed attempt. One that throws counts as no: the result is the answer. */
  retryOnResult?: (result: never) => boolean;
  /**
   * Wait at least as long as the other side asks with `retry-after-ms` or `Retry-After`, and do not try again where that is
   * beyond `maxDelay`. With fallback arguments that is the longest wait that any of them asked for. Refusals of ours are
   * never retried before their `retryAfter`. Default true.
   */
  respectRetryAfter?: boolean;
  /**
   * Bounds retries over all calls, so that a failing dependency is not buried under them: `true` for a budget of this
   * operation's own, `false` for none (for polling with `retryOnResult`), or its fields. When it is spent, a call fails
   * at once with its real error. Default true.
   */
  budget?: boolean | RetryBudgetOptions;
  /** Whether the method may run twice. A POST or PATCH route is retried only when this is true. Default false. */
  idempotent?: boolean;
  /** Told before each wait. What it throws changes nothing. */
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
