import * as v from 'valibot';
import { callback, duration, fields, flag, oneOf, satisfying, wholeNumber } from '../core/options/index.js';

/** How many items are worked on at a time where nothing is said. */
export const DEFAULT_WORKERS = 10;

/** How a method is run over many items. */
export interface OpMapRunOptions {
  /** Where items are worked on: `async`, on this process's event loop. Default `async`. */
  mode?: 'async';
  /** Items worked on at a time. `auto` is 10. Default `auto`. */
  workers?: number | 'auto';
  /** Results in the order of the items, or as they come. Default true. */
  ordered?: boolean;
  /**
   * Items taken from the source ahead of what the reader has taken. A slow item holds back an ordered stream of at
   * most this many. Default 16 times the workers, at least 256. Awaiting a run keeps all results and has no window.
   */
  window?: number;
  /** Show progress: a bar on a terminal, a log line at each quarter elsewhere. Default false. */
  progress?: boolean;
  /** End the run at the first item that fails: nothing more is begun, what is running is aborted. Default false. */
  stopOnError?: boolean;
  /** Asked before each item; `false` skips it. */
  shouldProcess?: (item: never, index: number) => boolean | Promise<boolean>;
  /** Items in each call, for methods that take a list; see `batched()`. */
  batchSize?: number;
  /** Ms that one item may take in all, with its attempts and waits: the same as `timeout.total`. */
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

/** The keys that belong to the map, all others belong to the items' pipeline. */
export const mapKeys: readonly string[] = Object.keys(mapSchema.entries);

export const workersOf = ({ workers }: ResolvedMap): number =>
  workers === 'auto' ? DEFAULT_WORKERS : workers;

export const windowOf = (options: ResolvedMap): number =>
  Math.max(workersOf(options), options.window ?? Math.max(16 * workersOf(options), 256));
