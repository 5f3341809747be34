import * as v from 'valibot';
import { DEFAULT_MAX_KEYS } from '../../core/collections/index.js';
import {
  callback,
  durationOrNone,
  fields,
  keyCount,
  satisfying,
  text,
  wholeNumber,
} from '../../core/options/index.js';

/** How much a call matters while there are more of them than can run. */
export type Priority = 'critical' | 'normal' | 'sheddable';

/** Tells the priority of a call from its arguments. */
export type PriorityFunction = (...args: never[]) => Priority;

/** Bounds of a concurrency that adapts. */
export interface AdaptiveBounds {
  /**
   * Attempts that may run at the same time at first: a whole number from `min` to `max`.
   * @default 20, or the nearest that `min` and `max` permit
   */
  initial?: number;
  /**
   * The fewest, however slow the downstream is: a whole number from 1 to 1 000 000.
   * @default 1
   */
  min?: number;
  /**
   * The most, however quick it is: a whole number from 1 to 1 000 000.
   * @default 200, or `min` or `initial` if that is more
   */
  max?: number;
}

/** Limits how many attempts run concurrently. */
export interface BulkheadOptions {
  /**
   * Attempts that may run at the same time: a whole number from 1 to 1 000 000, or `'adaptive'` for as many as the
   * downstream can take, which is found from how long it takes. Required.
   * @default none: it must be given by some layer of options
   */
  concurrency?: number | 'adaptive';
  /**
   * Bounds of an `'adaptive'` concurrency: `{ initial, min, max }`.
   * @default { initial: 20, min: 1, max: 200 }
   */
  adaptive?: AdaptiveBounds;
  /**
   * Attempts that may wait for a slot, in order of arrival unless there is a `priority`: a whole number, 0 or more. Further attempts are rejected
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
   * Returns the priority of a call from its arguments: `'critical'`, `'normal'` or `'sheddable'`. Asked when no slot is
   * free: a higher priority gets the next slot, and a place in a full `queue` in the stead of the lowest that waits. If the
   * function throws or returns anything else, the call counts as `'normal'`. Requires a `queue`.
   * @default all calls wait in order of arrival
   */
  priority?: PriorityFunction;
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

const MOST = 1_000_000;

const isConcurrency = (value: unknown): boolean =>
  value === 'adaptive' ||
  (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MOST);

export const adaptiveSchema = fields({
  initial: v.optional(wholeNumber(1, MOST)),
  min: v.optional(wholeNumber(1, MOST), 1),
  max: v.optional(wholeNumber(1, MOST)),
});

export const bulkheadSchema = fields({
  concurrency: satisfying<number | 'adaptive'>(
    isConcurrency,
    `a whole number from 1 to ${MOST}, or 'adaptive'`,
  ),
  adaptive: v.optional(adaptiveSchema),
  queue: v.optional(wholeNumber(0), 0),
  maxWait: v.optional(durationOrNone()),
  priority: v.optional(callback<PriorityFunction>()),
  key: v.optional(callback<(...args: never[]) => string>()),
  maxKeys: v.optional(keyCount(), DEFAULT_MAX_KEYS),
  name: v.optional(text()),
});

/** The options with their defaults. */
export type ResolvedBulkhead = v.InferOutput<typeof bulkheadSchema>;

/** The bounds of an adaptive concurrency with their defaults. */
export function boundsOf({ initial, min = 1, max = Math.max(200, min, initial ?? 0) }: AdaptiveBounds) {
  return { initial: initial ?? Math.min(max, Math.max(min, 20)), min, max };
}
