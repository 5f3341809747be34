import * as v from 'valibot';
import { DEFAULT_MAX_KEYS } from '../../core/collections/index.js';
import {
  callback,
  duration,
  durationOrNone,
  fields,
  keyCount,
  oneOf,
  text,
  wholeNumber,
} from '../../core/options/index.js';

/** Limits how many attempts start in an interval. */
export interface RateLimitOptions {
  /**
   * Attempts that may start within `interval`: a whole number from 1 to 1 000 000. Required.
   * @default none: it must be given by some layer of options
   */
  limit?: number;
  /**
   * Length of the interval, which slides, in ms: greater than 0.
   * @default 1_000
   */
  interval?: number;
  /**
   * How the starts lie in the interval: `window` permits them as soon as fewer than `limit` lie in the last `interval`;
   * `smooth` spaces them evenly, `interval / limit` ms apart.
   * @default 'window'
   */
  algorithm?: 'window' | 'smooth';
  /**
   * Attempts that may start at once after a pause, with `algorithm: 'smooth'` only: a whole number from 1 to 1 000 000.
   * One interval can have `burst - 1` starts more than `limit`.
   * @default 1; above 100 starts a second what falls into 10 ms, spaced so that the limit holds in every interval
   */
  burst?: number;
  /**
   * What happens above the limit: `wait` for a permit in order of arrival, or `reject` with `RateLimitExceededError`.
   * @default 'wait'; 'reject' on methods that handle requests
   */
  mode?: 'wait' | 'reject';
  /**
   * How long an attempt may wait for a permit, in ms: 0 or more. An attempt that would wait longer is rejected at
   * once. One that waits longer because earlier permits are still unused is rejected when the time is over.
   * @default 10_000
   */
  maxWait?: number;
  /**
   * Attempts that may wait for a permit: a whole number, 0 or more. Further attempts are rejected at once.
   * @default 10_000
   */
  maxWaiting?: number;
  /**
   * Returns a key from the arguments: a non-empty string. Each key has its own limit. If the function throws or
   * returns anything else, the method does not run and the call fails with that error.
   * @default one limit for all calls
   */
  key?: (...args: never[]) => string;
  /**
   * How many keys, and values of fallback arguments, are kept: a whole number from 1 to 1 000 000. Each is kept for
   * 10 minutes after its last use. A key in use is never evicted; while all keys are in use, new keys share one
   * limit.
   * @default 10_000
   */
  maxKeys?: number;
  /**
   * Shares one limit between all methods that use this name. Their limits must be equal.
   * @default a limit for this operation alone
   */
  name?: string;
}

export const rateLimitSchema = fields({
  limit: wholeNumber(1, 1_000_000),
  interval: v.optional(duration(), 1_000),
  algorithm: v.optional(oneOf(['window', 'smooth']), 'window'),
  burst: v.optional(wholeNumber(1, 1_000_000)),
  mode: v.optional(oneOf(['wait', 'reject'])),
  maxWait: v.optional(durationOrNone(), 10_000),
  maxWaiting: v.optional(wholeNumber(0), 10_000),
  key: v.optional(callback<(...args: never[]) => string>()),
  maxKeys: v.optional(keyCount(), DEFAULT_MAX_KEYS),
  name: v.optional(text()),
});

/** The options with their defaults. */
export type ResolvedRateLimit = v.InferOutput<typeof rateLimitSchema>;
