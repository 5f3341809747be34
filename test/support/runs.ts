import * as v from 'valibot';
import { mapSchema, type AnyIterable, type OpMapRunOptions, type OpRun } from '../../lib/map/index.js';
import { runItems, type OperoOptions } from '../../lib/runtime/index.js';
import type { Harness } from './harness.js';

/** A run of a function over items, without Nest. */
export function runOver<I, R>(
  harness: Harness,
  items: AnyIterable<I>,
  work: (item: I) => R | PromiseLike<R>,
  options: OpMapRunOptions = {},
  itemOptions: OperoOptions = {},
): OpRun<R, I> {
  return runItems<R, I>(harness.runtime, items, {
    operation: harness.operation(itemOptions),
    options: v.parse(mapSchema, options),
    invocation: (item) => ({ self: undefined, method: work as (item: never) => unknown, args: [item] }),
  });
}

/** Lets everything of the process go first that is waiting to run. */
export const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

export const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
