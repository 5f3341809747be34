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

/** Which results the rates are taken from. */
export type CircuitWindow =
  /** The last `size` results. */
  | { readonly type: 'count'; readonly size: number }
  /** The results of the last `duration` ms, in ten parts. */
  | { readonly type: 'time'; readonly duration: number }
  /** No rate: `size` failures in a row. */
  | { readonly type: 'consecutive'; readonly size: number };

/** How long a circuit stays open; `openings` counts how often it opened since it was last closed, from 1. */
export type OpenDuration = (opening: {
  readonly openings: number;
  /** Ms that the last failure asked to wait with `Retry-After`, if it did. */
  readonly retryAfter: number | undefined;
}) => number;

/** When calls are no longer let through to something that fails. */
export interface CircuitBreakerOptions {
  /** Share of failures in the window from which the circuit opens. Default 0.5. */
  failureRate?: number;
  /** Ms from which a call counts as slow. Default: none does. */
  slowCall?: number;
  /** Share of slow calls in the window from which the circuit opens. Default 1; only with `slowCall`. */
  slowCallRate?: number;
  /** Results that must be there before a rate means anything. Default 10. */
  minimumCalls?: number;
  /** Default: the last 20 results. */
  window?: CircuitWindow;
  /** Ms that the circuit stays open, or a function that tells. Default 30 000. */
  openDuration?: number | OpenDuration;
  /** Calls let through to see whether it is well again; all others are refused at once. Default 1. */
  halfOpenCalls?: number;
  /** Ms after which calls that were let through to see, and have not ended, count as failed. Default 30 000. */
  halfOpenTimeout?: number;
  /**
   * Which errors count as failures. Default: all but aborts, refusals of ours, and 4xx other than 408, 425 and 429. Where a
   * function throws, the error counts as one.
   */
  failureOn?: ErrorConditions;
  /** Tells results that count as failures, although the caller gets them. One that throws counts as no. */
  failureOnResult?: (result: never) => boolean;
  /** Measure, change state and tell, but let every call through: to find good settings in production. Default false. */
  shadow?: boolean;
  /**
   * A circuit of its own for each key, made from the arguments: a string that is not empty. Where the function throws, or
   * answers with anything else, the call is not let through and fails with that.
   */
  key?: (...args: never[]) => string;
  /**
   * How many keys, and values of fallback arguments, are kept, each for 10 min after its use. One in use is never given
   * up for a new one: while all are in use, all new keys share one circuit. Default 10 000.
   */
  maxKeys?: number;
  /** One circuit for all methods that use this name; their settings must be equal. */
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
