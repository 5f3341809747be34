import * as v from 'valibot';
import { DEFAULT_MAX_KEYS } from '../../core/collections/index.js';
import { callback, durationOrNone, fields, keyCount, text, wholeNumber } from '../../core/options/index.js';

/** Limits how many attempts run concurrently. */
export interface BulkheadOptions {
  /**
   * Attempts that may run at the same time: a whole number from 1 to 1 000 000. Required.
   * @default none: it must be given by some layer of options
   */
  concurrency?: number;
  /**
   * Attempts that may wait for a slot, in order of arrival: a whole number, 0 or more. Further attempts are rejected
   * with `BulkheadFullError`. An attempt that would wait for a slot held by a call it is nested in is rejected, too.
   * @default 0
   */
  queue?: number;
  /**
   * How long an attempt may wait for a slot, in ms: 0 or more.
   * @default no limit except the deadline of the call
   */
  maxWait?: number;
  /**
   * Returns a key from the arguments: a non-empty string. Each key has its own bulkhead. If the function throws or
   * returns anything else, the method does not run and the call fails with that error.
   * @default one bulkhead for all calls
   */
  key?: (...args: never[]) => string;
  /**
   * How many keys, and values of fallback arguments, are kept: a whole number from 1 to 1 000 000. Each is kept for
   * 10 minutes after its last use. A key in use is never evicted; while all keys are in use, new keys share one
   * bulkhead.
   * @default 10_000
   */
  maxKeys?: number;
  /**
   * Shares one bulkhead between all methods that use this name. Their settings must be equal.
   * @default a bulkhead for this operation alone
   */
  name?: string;
}

export const bulkheadSchema = fields({
  concurrency: wholeNumber(1, 1_000_000),
  queue: v.optional(wholeNumber(0), 0),
  maxWait: v.optional(durationOrNone()),
  key: v.optional(callback<(...args: never[]) => string>()),
  maxKeys: v.optional(keyCount(), DEFAULT_MAX_KEYS),
  name: v.optional(text()),
});

/** The options with their defaults. */
export type ResolvedBulkhead = v.InferOutput<typeof bulkheadSchema>;
