import * as v from 'valibot';
import { DEFAULT_MAX_KEYS } from '../../core/collections/index.js';
import { callback, durationOrNone, fields, keyCount, text, wholeNumber } from '../../core/options/index.js';

/** How many attempts may run at a time. */
export interface BulkheadOptions {
  /** Attempts that may run at the same time. */
  concurrency?: number;
  /**
   * Attempts that may wait for a slot, in the order of arrival; more are rejected at once, and so is one that would wait for
   * the calls it was made in. Default 0: none waits.
   */
  queue?: number;
  /** Ms that an attempt may wait for a slot. Default: as long as it takes, within the call's own time. */
  maxWait?: number;
  /**
   * A bulkhead of its own for each key, made from the arguments: a string that is not empty. Where the function throws, or
   * answers with anything else, the call is not let through and fails with that.
   */
  key?: (...args: never[]) => string;
  /**
   * How many keys, and values of fallback arguments, are kept, each for 10 min after its use. One in use is never given
   * up for a new one: while all are in use, all new keys share one bulkhead. Default 10 000.
   */
  maxKeys?: number;
  /** One bulkhead for all methods that use this name; their settings must be equal. */
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
