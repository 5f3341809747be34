import { show } from '../core/options/index.js';

/** Whatever can be gone through, at once or over time: arrays, sets, generators, streams. */
export type AnyIterable<T> = Iterable<T> | AsyncIterable<T>;

/** Why an item has no result. */
export type OpItemFailure = 'failed' | 'skipped' | 'aborted';

/** Stands in the place of an item's result when there is none. It has no stack of its own: its `cause` has one. */
export class OpItemError<I = unknown> extends Error {
  static {
    // On the prototype, so that the first line of the stack has it too.
    Object.defineProperty(this.prototype, 'name', {
      value: 'OpItemError',
      configurable: true,
      writable: true,
    });
  }

  readonly code = 'OPERO_ITEM_FAILED';
  /**
   * Only on the error that a run with `stopOnError` rejects with: every item that was begun, in the order of the input.
   */
  declare readonly results?: readonly OpItemResult<any, I>[];

  constructor(
    /** The item's position, from 0. */
    readonly index: number,
    /** The item itself. */
    readonly item: I,
    /** `failed` after all its attempts, `skipped` by `shouldProcess`, or `aborted` with the run. */
    readonly reason: OpItemFailure,
    /** How often the method was tried for it, with each alternative and hedge; 0 if it never was. */
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

/** Whether a result stands for an item that has none. */
export const isItemError = <R, I>(result: R | OpItemError<I>): result is OpItemError<I> =>
  result instanceof OpItemError;

/** Whether a result is one. */
export const isOk = <R, I>(result: R | OpItemError<I>): result is R => !(result instanceof OpItemError);

/** What iterating a run gives for each item. */
export type OpItemResult<R, I> = { readonly index: number; readonly item: I } & (
  { readonly ok: true; readonly value: R } | { readonly ok: false; readonly error: OpItemError<I> }
);

/** A run that did not get to its end. What was done until then is not lost. `cause` is what ended it. */
export class OpAbortedError<R = unknown, I = unknown> extends Error {
  constructor(
    /**
     * Every item that was begun, in the order of the input; those cut short are errors with the reason `aborted`.
     * Empty for a run that is iterated: its reader has been given them.
     */
    readonly results: readonly OpItemResult<R, I>[],
    cause: unknown,
    message = `the run was aborted after ${results.length} items`,
  ) {
    super(message, { cause });
    this.name = new.target.name;
  }
}

/** A run whose source of items failed, or broke the rules of iterators. `cause` is the source's own error. */
export class OpSourceError<R = unknown, I = unknown> extends OpAbortedError<R, I> {
  constructor(results: readonly OpItemResult<R, I>[], cause: unknown) {
    super(results, cause, `the source of the items failed: ${messageOf(cause)}`);
  }
}

/** Something was given in the place of items that is none: nothing was begun. */
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

/** Opens a source; `next` is never called before the last one has answered. */
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

/** A source made of another one. */
export abstract class Lists {
  /** How many items it will give, if that is known. */
  abstract readonly size: number | undefined;
}

/** How many items a source will give, if it says so. */
export function sizeOf(items: unknown): number | undefined {
  try {
    if (Array.isArray(items)) return items.length;
    const counted = items instanceof Set || items instanceof Map || items instanceof Lists;
    const size: unknown = counted ? items.size : undefined;
    return typeof size === 'number' ? size : undefined;
  } catch {
    // A source that does not let itself be looked at tells it when it is opened.
    return undefined;
  }
}
