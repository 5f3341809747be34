import * as v from 'valibot';
import { DEFAULT_MAX_KEYS } from '../../core/collections/index.js';
import {
  callback,
  duration,
  fields,
  flag,
  keyCount,
  ratio,
  satisfying,
  text,
  wholeNumber,
} from '../../core/options/index.js';
import { errorConditions, type ErrorConditions } from '../../core/strategy/index.js';

/** The sliding window that failure rates are computed from. */
export type CircuitWindow =
  /** The last `size` results: 1 to 100 000. */
  | { readonly type: 'count'; readonly size: number }
  /** The results of the last `duration` ms (greater than 0), in ten buckets. */
  | { readonly type: 'time'; readonly duration: number }
  /** No rate: the circuit opens after `size` failures in a row; 1 or more. */
  | { readonly type: 'consecutive'; readonly size: number };

/**
 * Returns how long the circuit stays open, in ms: greater than 0. `openings` counts the openings since the circuit
 * was last closed, from 1.
 */
export type OpenDuration = (opening: {
  readonly openings: number;
  /** The delay in ms that the last failure asked for with `Retry-After`; `undefined` without one. */
  readonly retryAfter: number | undefined;
}) => number;

/** When the circuit opens, so that calls to a failing dependency are rejected. */
export interface CircuitBreakerOptions {
  /**
   * Share of failures in the window at which the circuit opens: 0 to 1.
   * @default 0.5
   */
  failureRate?: number;
  /**
   * Duration from which a call counts as slow, in ms: greater than 0.
   * @default no call counts as slow
   */
  slowCall?: number;
  /**
   * Share of slow calls in the window at which the circuit opens: 0 to 1. Only used with `slowCall`.
   * @default 1
   */
  slowCallRate?: number;
  /**
   * Results needed in the window before a rate is computed: a whole number, 1 or more.
   * @default 10
   */
  minimumCalls?: number;
  /**
   * The sliding window of results.
   * @default { type: 'count', size: 20 }
   */
  window?: CircuitWindow;
  /**
   * How long the circuit stays open before it becomes half-open, in ms: greater than 0; or a function.
   * @default 30_000
   */
  openDuration?: number | OpenDuration;
  /**
   * Calls permitted in the half-open state; all others are rejected: a whole number, 1 or more.
   * @default 1
   */
  halfOpenCalls?: number;
  /**
   * How long a call permitted in the half-open state may run before it counts as failed, in ms: greater than 0.
   * @default 30_000
   */
  halfOpenTimeout?: number;
  /**
   * Errors that count as failures: classes, codes, statuses, or a function. If the function throws, the error counts
   * as a failure.
   * @default all except aborts, rejections by this library, and 4xx other than 408, 425 and 429
   */
  failureOn?: ErrorConditions;
  /**
   * Whether a result counts as a failure. The caller gets the result anyway. If the function throws, the result
   * counts as a success.
   * @default no result counts as a failure
   */
  failureOnResult?: (result: never) => boolean;
  /**
   * Measures, changes state and emits events, but rejects nothing: to find settings in production.
   * @default false
   */
  shadow?: boolean;
  /**
   * Returns a key from the arguments: a non-empty string. Each key has its own circuit. If the function throws or
   * returns anything else, the method does not run and the call fails with that error.
   * @default one circuit for all calls
   */
  key?: (...args: never[]) => string;
  /**
   * How many keys, and values of fallback arguments, are kept: a whole number from 1 to 1 000 000. Each is kept for
   * 10 minutes after its last use. A key in use is never evicted; while all keys are in use, new keys share one
   * circuit.
   * @default 10_000
   */
  maxKeys?: number;
  /**
   * Shares one circuit between all methods that use this name. Their settings must be equal.
   * @default a circuit for this operation alone
   */
  name?: string;
}

const windowFields = v.variant(
  'type',
  [
    fields({ type: v.literal('count'), size: wholeNumber(1, 100_000) }),
    fields({ type: v.literal('time'), duration: duration() }),
    fields({ type: v.literal('consecutive'), size: wholeNumber(1) }),
  ],
  "{ type: 'count', size }, { type: 'time', duration } or { type: 'consecutive', size }",
);

export const circuitBreakerSchema = fields({
  failureRate: v.optional(ratio(), 0.5),
  slowCall: v.optional(duration()),
  slowCallRate: v.optional(ratio(), 1),
  minimumCalls: v.optional(wholeNumber(1), 10),
  window: v.optional(windowFields, { type: 'count', size: 20 }),
  openDuration: v.optional(
    satisfying<number | OpenDuration>(
      (value) =>
        typeof value === 'function' || (typeof value === 'number' && value > 0 && Number.isFinite(value)),
      'a duration in ms, greater than 0, or a function that tells it',
    ),
    30_000,
  ),
  halfOpenCalls: v.optional(wholeNumber(1), 1),
  halfOpenTimeout: v.optional(duration(), 30_000),
  failureOn: v.optional(errorConditions()),
  failureOnResult: v.optional(callback<(result: never) => boolean>()),
  shadow: v.optional(flag(), false),
  key: v.optional(callback<(...args: never[]) => string>()),
  maxKeys: v.optional(keyCount(), DEFAULT_MAX_KEYS),
  name: v.optional(text()),
});

/** The options with their defaults. */
export type ResolvedCircuitBreaker = v.InferOutput<typeof circuitBreakerSchema>;
