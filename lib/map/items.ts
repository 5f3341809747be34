/** Whatever can be gone through, at once or over time: arrays, sets, generators, streams. */
export type AnyIterable<T> = Iterable<T> | AsyncIterable<T>;

/** Why an item has no result. */
export type OpItemFailure = 'failed' | 'skipped' | 'aborted';

/** Stands in the place of an item's result when there is none. */
export class OpItemError<I = unknown> extends Error {
  readonly code = 'OPERO_ITEM_FAILED';

  constructor(
    /** The item's position, from 0. */
    readonly index: number,
    /** The item itself. */
    readonly item: I,
    /** `failed` after all its tries, `skipped` by `shouldProcess`, or `aborted` with the run. */
    readonly reason: OpItemFailure,
    /** How often the method was tried for it. */
    readonly attempts: number,
    cause: unknown,
  ) {
    super(`item ${index} ${wording[reason]}`, { cause });
    this.name = 'OpItemError';
  }
}

const wording: Record<OpItemFailure, string> = {
  failed: 'failed',
  skipped: 'was skipped',
  aborted: 'was aborted',
};

/** Whether a result stands for an item that has none. */
export const isItemError = <R, I>(result: R | OpItemError<I>): result is OpItemError<I> =>
  result instanceof OpItemError;

/** Whether a result is one. */
export const isOk = <R, I>(result: R | OpItemError<I>): result is R => !(result instanceof OpItemError);

/** What iterating a run gives for each item. */
export type OpItemResult<R, I> = { readonly index: number; readonly item: I } & (
  { readonly ok: true; readonly value: R } | { readonly ok: false; readonly error: OpItemError<I> }
);

/** A run that did not get to its end. What was done until then is not lost. */
export class OpAbortedError<R = unknown, I = unknown> extends Error {
  constructor(
    /** Every item that was begun, in the order of the input; those cut short are errors with the reason `aborted`. */
    readonly results: readonly OpItemResult<R, I>[],
    cause: unknown,
  ) {
    super(`the run was aborted after ${results.length} items`, { cause });
    this.name = 'OpAbortedError';
  }
}

/** Opens a source; `next` is never called before the last one has answered. */
export function openSource<T>(items: AnyIterable<T>): Iterator<T> | AsyncIterator<T> {
  if (typeof items === 'string') {
    throw new TypeError('a string is one item: pass [item], or an iterable of items');
  }
  const source = items as Partial<AsyncIterable<T> & Iterable<T>> | null | undefined;
  const open = source?.[Symbol.asyncIterator] ?? source?.[Symbol.iterator];
  if (typeof open !== 'function') {
    throw new TypeError(
      `only an iterable or async iterable can be mapped, not ${items === null ? 'null' : typeof items}`,
    );
  }
  return (open as (this: unknown) => Iterator<T> | AsyncIterator<T>).call(source);
}

/** How many items a source will give, if it says so. */
export function sizeOf(items: unknown): number | undefined {
  if (Array.isArray(items)) return items.length;
  return items instanceof Set || items instanceof Map ? items.size : undefined;
}

/** Puts items together in lists of `size`. */
export async function* inBatches<T>(items: AnyIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
