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

/** How many attempts may start in any interval. */
export interface RateLimitOptions {
  /** Attempts that may start within `interval`. */
  limit?: number;
  /** Ms. The limit holds in every interval of this length, wherever it begins. Default 1 000. */
  interval?: number;
  /**
   * What happens above the limit: `wait` in the order of arrival, or `reject` with `RateLimitExceededError`.
   * Default `wait`; `reject` on methods that handle requests.
   */
  mode?: 'wait' | 'reject';
  /**
   * Nobody waits longer than this many ms: who would have to is rejected at once, and who has, because permits are held
   * by attempts that wait further in, is rejected then. Default 10 000.
   */
  maxWait?: number;
  /** Who would make more than this many wait is rejected at once. Default 10 000. */
  maxWaiting?: number;
  /**
   * A limit of its own for each key, made from the arguments: a string that is not empty. Where the function throws, or
   * answers with anything else, the call is not let through and fails with that.
   */
  key?: (...args: never[]) => string;
  /**
   * How many keys, and values of fallback arguments, are kept, each for 10 min after its use. One in use is never given
   * up for a new one: while all are in use, all new keys share one limit. Default 10 000.
   */
  maxKeys?: number;
  /** One limit for all methods that use this name; their limits must be equal. */
  name?: string;
}

export const rateLimitSchema = fields({
  limit: wholeNumber(1, 1_000_000),
  interval: v.optional(duration(), 1_000),
  mode: v.optional(oneOf(['wait', 'reject'])),
  maxWait: v.optional(durationOrNone(), 10_000),
  maxWaiting: v.optional(wholeNumber(0), 10_000),
  key: v.optional(callback<(...args: never[]) => string>()),
  maxKeys: v.optional(keyCount(), DEFAULT_MAX_KEYS),
  name: v.optional(text()),
});

/** The options with their defaults. */
export type ResolvedRateLimit = v.InferOutput<typeof rateLimitSchema>;
