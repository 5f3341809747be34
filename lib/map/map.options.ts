import * as v from 'valibot';
import { callback, duration, fields, flag, oneOf, satisfying, wholeNumber } from '../core/options/index.js';

/** Items processed concurrently by default. */
export const DEFAULT_WORKERS = 10;

/** How a method runs over many items. */
export interface OpMapRunOptions {
  /**
   * Where items are processed: `async`, on the event loop of this process.
   * @default 'async'
   */
  mode?: 'async';
  /**
   * Items processed concurrently: a whole number, 1 or more; `auto` is 10.
   * @default 'auto'
   */
  workers?: number | 'auto';
  /**
   * Whether results come in the order of the items, or as they complete.
   * @default true
   */
  ordered?: boolean;
  /**
   * Items pulled ahead of the results that the reader has taken: a whole number, 1 or more. In an ordered stream a
   * slow item holds back at most this many. A run that is awaited keeps all results and has no window.
   * @default 16 times the workers, at least 256
   */
  window?: number;
  /**
   * Whether to show progress: a bar on a terminal, otherwise a log line at each quarter.
   * @default false
   */
  progress?: boolean;
  /**
   * Whether the first failed item ends the run: no further item starts, running items are aborted.
   * @default false
   */
  stopOnError?: boolean;
  /**
   * Called before each item; `false` skips it.
   * @default every item is processed
   */
  shouldProcess?: (item: never, index: number) => boolean | Promise<boolean>;
  /**
   * Items in each call, for methods that take a list: a whole number, 1 or more; see `batched()`.
   * @default none: `batched()` requires it
   */
  batchSize?: number;
  /**
   * Time limit of one item with all attempts and delays, in ms: greater than 0. The same as `timeout.total`.
   * @default no limit
   */
  itemTimeout?: number;
}

export const mapSchema = fields({
  mode: v.optional(oneOf(['async']), 'async'),
  workers: v.optional(
    satisfying<number | 'auto'>(
      (value) => value === 'auto' || (Number.isInteger(value) && (value as number) >= 1),
      "a whole number >= 1, or 'auto'",
    ),
    'auto',
  ),
  ordered: v.optional(flag(), true),
  window: v.optional(wholeNumber(1)),
  progress: v.optional(flag(), false),
  stopOnError: v.optional(flag(), false),
  shouldProcess: v.optional(callback<(item: never, index: number) => boolean | Promise<boolean>>()),
  batchSize: v.optional(wholeNumber(1)),
  itemTimeout: v.optional(duration()),
});

/** The options with their defaults. */
export type ResolvedMap = v.InferOutput<typeof mapSchema>;

/** The keys of the run; all other keys configure the pipeline of each item. */
export const mapKeys: readonly string[] = Object.keys(mapSchema.entries);

export const workersOf = ({ workers }: ResolvedMap): number =>
  workers === 'auto' ? DEFAULT_WORKERS : workers;

export const windowOf = (options: ResolvedMap): number =>
  Math.max(workersOf(options), options.window ?? Math.max(16 * workersOf(options), 256));
