import * as v from 'valibot';
import { callback, durationOrNone, fields, text, wholeNumber } from '../../core/index.js';

/** How many tries may run at a time. */
export interface BulkheadOptions {
  /** Tries that may run at the same time. */
  concurrency?: number;
  /** Tries that may wait for a slot, in the order of arrival; more are rejected at once. Default 0: none waits. */
  queue?: number;
  /** Ms that a try may wait for a slot. Default: as long as it takes, within the call's own time. */
  maxWait?: number;
  /** A bulkhead of its own for each key, made from the arguments. At most 10 000 keys are remembered. */
  key?: (...args: never[]) => string;
  /** One bulkhead for all methods that use this name; their settings must be equal. */
  name?: string;
}

export const bulkheadSchema = fields({
  concurrency: wholeNumber(1, 1_000_000),
  queue: v.optional(wholeNumber(0), 0),
  maxWait: v.optional(durationOrNone()),
  key: v.optional(callback<(...args: never[]) => string>()),
  name: v.optional(text()),
});

/** The options with their defaults. */
export type ResolvedBulkhead = v.InferOutput<typeof bulkheadSchema>;
