import { show } from '../core/options/index.js';

/** Any synchronous or asynchronous iterable: arrays, sets, generators, streams. */
export type AnyIterable<T> = Iterable<T> | AsyncIterable<T>;

/** Why an item has no result. */
export type OpItemFailure = 'failed' | 'skipped' | 'aborted';

/**
 * Takes the place of the result of an item without one. It has no stack; its `cause` does.
 *
 * @example
 * const failed = results.filter(isItemError).map(({ item, cause }) => ({ item, cause }));
 */
export class OpItemError<I = unknown> extends Error {
  static {
    // On the prototype, so that the first line of the stack shows it.
    Object.defineProperty(this.prototype, 'name', {
      value: 'OpItemError',
      configurable: true,
      writable: true,
    });
  }

  readonly code = 'OPERO_ITEM_FAILED';
  /** Only on the error that a run with `stopOnError` rejects with: every item that was started, in input order. */
  declare readonly results?: readonly OpItemResult<any, I>[];

  constructor(
    /** Position of the item, from 0. */
    readonly index: number,
    /** The item. */
    readonly item: I,
    /** `failed` after all attempts, `skipped` by `shouldProcess`, or `aborted` with the run. */
    readonly reason: OpItemFailure,
    /** Number of attempts, including alternatives and hedges; 0 if the method never ran. */
    readonly attempts: number,
    cause: unknown,
  ) {
    super(`item ${index} ${wording[reason]}`, { cause });
  }
}

const wording: Record<OpItemFailure, string> = {
  failed: 'failed',
  skipped: 'was skipped',
  aborted: 'was aborted',
};

/**
 * Whether a result is the error of an item.
 *
 * @example
 * const failed = results.filter(isItemError);
 */
export const isItemError = <R, I>(result: R | OpItemError<I>): result is OpItemError<I> =>
  result instanceof OpItemError;

/**
 * Whether a result is a value.
 *
 * @example
 * const pages = results.filter(isOk);
 */
export const isOk = <R, I>(result: R | OpItemError<I>): result is R => !(result instanceof OpItemError);

/** A result of iterating a run. */
export type OpItemResult<R, I> = { readonly index: number; readonly item: I } & (
  { readonly ok: true; readonly value: R } | { readonly ok: false; readonly error: OpItemError<I> }
);

/**
 * The run did not complete. It holds the results so far; `cause` is why it ended.
 *
 * @example
 * if (error instanceof OpAbortedError) await this.store.saveAll(error.results);
 */
export class OpAbortedError<R = unknown, I = unknown> extends Error {
  constructor(
    /**
     * Every item that was started, in input order; items that were interrupted have the reason `aborted`. Empty for a
     * run that is iterated, because its reader already has the results.
     */
    readonly results: readonly OpItemResult<R, I>[],
    cause: unknown,
    message = `the run was aborted after ${results.length} items`,
  ) {
    super(message, { cause });
    this.name = new.target.name;
  }
}

/**
 * The source of items failed or violated the iterator protocol. `cause` is the error of the source.
 *
 * @example
 * if (error instanceof OpSourceError) logger.error('the input could not be read', error.cause);
 */
export class OpSourceError<R = unknown, I = unknown> extends OpAbortedError<R, I> {
  constructor(results: readonly OpItemResult<R, I>[], cause: unknown) {
    super(results, cause, `the source of the items failed: ${messageOf(cause)}`);
  }
}

/** The argument is not iterable: nothing was started. */
export class NoItemsError extends TypeError {
  static {
    Object.defineProperty(this.prototype, 'name', { value: 'TypeError', configurable: true, writable: true });
  }
}

function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return typeof error;
  }
}

/** Opens a source. `next` is never called before the previous call has settled. */
export function openSource<T>(items: AnyIterable<T>): Iterator<T> | AsyncIterator<T> {
  if (typeof items === 'string') {
    throw new NoItemsError('a string is one item: pass [item], or an iterable of items');
  }
  const source = items as Partial<AsyncIterable<T> & Iterable<T>> | null | undefined;
  const open: unknown = source?.[Symbol.asyncIterator] ?? source?.[Symbol.iterator];
  if (typeof open !== 'function') {
    throw new NoItemsError(
      `only an iterable or async iterable can be mapped, not ${items === null ? 'null' : typeof items}`,
    );
  }
  const iterator: unknown = (open as (this: unknown) => unknown).call(source);
  if ((typeof iterator === 'object' && iterator !== null) || typeof iterator === 'function')
    return iterator as Iterator<T> | AsyncIterator<T>;
  throw new TypeError(`got ${show(iterator)} from the source, allowed: an iterator`);
}

/** A source that groups the items of another one. */
export abstract class Lists {
  /** How many lists it will give, if known. */
  abstract readonly size: number | undefined;
}

/** How many items a source will give, if it has a size. */
export function sizeOf(items: unknown): number | undefined {
  try {
    if (Array.isArray(items)) return items.length;
    const counted = items instanceof Set || items instanceof Map || items instanceof Lists;
    const size: unknown = counted ? items.size : undefined;
    return typeof size === 'number' ? size : undefined;
  } catch {
    // A source whose getters throw fails when it is opened.
    return undefined;
  }
}
