import { readSafely } from './safe-read.js';
import { OperoError, RefusedError } from './errors.js';

/** A failed attempt of a call. */
export interface AttemptFailure {
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  /** 0, or the number of the hedge of this attempt, from 1. */
  readonly hedge: number;
  /**
   * The position in each fallback argument, such as `arg[1]#2`; empty without fallback arguments. Never the value.
   */
  readonly alternative: string;
  /** Delay before this attempt, in ms. */
  readonly delay: number;
  /** Duration of this attempt, in ms. */
  readonly duration: number;
  /** The error it failed with, or an {@link UnacceptableResultError}. */
  readonly error: unknown;
  /**
   * The delay before the next attempt that the error asked for, in ms: by `Retry-After` or as a rejection by this
   * library.
   */
  readonly retryAfter?: number;
}

/**
 * All attempts of a call failed. `cause` is the last error; its stack is appended to this one's. A call without
 * alternatives fails with its last error itself, unless `retry.exhausted` is `'aggregate'`.
 *
 * @example
 * if (error instanceof AllFailedError) logger.warn(error.summary());
 */
export class AllFailedError extends OperoError {
  readonly code = 'OPERO_ALL_FAILED';

  constructor(
    operation: string,
    /** Every failed attempt, in order. */
    readonly errors: readonly AttemptFailure[],
  ) {
    const last = errors.at(-1)?.error;
    const attempts = errors.length === 1 ? 'its only attempt' : `all ${errors.length} attempts`;
    super(`${operation} failed in ${attempts}, the last with ${describeError(last)}`, operation, {
      cause: last,
    });
    appendCause(this, last);
  }

  /**
   * Returns one line per attempt, for logs. It contains the messages of the errors: do not send it to a client.
   * @example
   * logger.warn(error.summary());
   */
  summary(): string {
    return this.errors
      .map(({ attempt, alternative, hedge, duration, error }) => {
        const labels = [alternative, hedge > 0 && `hedge ${hedge}`].filter(Boolean);
        const which = labels.length > 0 ? `attempt ${attempt} (${labels.join(', ')})` : `attempt ${attempt}`;
        return `${which}, ${Math.round(duration)} ms: ${describeError(error)}`;
      })
      .join('\n');
  }

  /**
   * Counts the errors by class name.
   * @example
   * const timeouts = error.byType()['AttemptTimeoutError'] ?? 0;
   */
  byType(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { error } of this.errors) {
      const type = typeNameOf(error);
      counts[type] = (counts[type] ?? 0) + 1;
    }
    return counts;
  }
}

/** Appends the stack of the cause when `stack` is first read: formatting a stack costs as much as a call. */
function appendCause(error: Error, cause: unknown): void {
  const own: { stack?: string } = {};
  Error.captureStackTrace(own, AllFailedError);
  const frames = () => own.stack?.split('\n').slice(1) ?? [];
  const set = (value: unknown) =>
    Object.defineProperty(error, 'stack', { value, writable: true, configurable: true });
  const get = () =>
    [`${error.name}: ${error.message}`, ...frames(), `caused by ${stackOf(cause)}`].join('\n');
  Object.defineProperty(error, 'stack', { configurable: true, enumerable: false, get, set });
}

function stackOf(error: unknown): string {
  try {
    if (error instanceof Error && typeof error.stack === 'string') return error.stack;
  } catch {
    // The error has no readable stack: its description is used.
  }
  return describeError(error);
}

const failures = new WeakMap<object, readonly AttemptFailure[]>();

/** @internal Records the failed attempts of an error. */
export function rememberFailures(error: unknown, attempts: readonly AttemptFailure[]): void {
  if (attempts.length === 0 || typeof error !== 'object' || error === null) return;
  if (error instanceof AllFailedError) return;
  if (error instanceof OperoError) OperoError.noteAttempts(error, attempts);
  else failures.set(error, attempts);
}

/**
 * Returns the failed attempts behind an error thrown by an operation, in order; an empty list for any other error.
 * The error is not modified. If several calls failed with the same error object, the attempts of the latest are
 * returned.
 *
 * @example
 * for (const { attempt, duration } of failuresOf(error)) logger.warn(`attempt ${attempt}: ${duration} ms`);
 */
export function failuresOf(error: unknown): readonly AttemptFailure[] {
  if (typeof error !== 'object' || error === null) return [];
  // Its own list may have the failure of a fallback at its end.
  if (error instanceof AllFailedError) return error.errors;
  const noted = error instanceof OperoError ? OperoError.attemptsOf(error) : failures.get(error);
  return (noted as readonly AttemptFailure[] | undefined) ?? [];
}

/**
 * Returns the final error of a call. If every attempt was rejected, it is the rejection with the shortest
 * `retryAfter`.
 */
export function allFailed(
  operation: string,
  failures: readonly AttemptFailure[],
  /** Whether this call's own attempt was rejected, rather than that its method threw a rejection. */
  isOwnRefusal: (error: unknown) => boolean,
): OperoError {
  const refusals = failures
    .map(({ error }) => error)
    .filter((error): error is RefusedError => error instanceof RefusedError && isOwnRefusal(error));
  if (refusals.length < failures.length) return new AllFailedError(operation, failures);
  return refusals.reduce((soonest, next) => (next.retryAfter < soonest.retryAfter ? next : soonest));
}

/**
 * Represents a result that `retryOnResult` did not accept. It is thrown only inside an {@link AllFailedError}.
 *
 * @example
 * const pending = failuresOf(error).filter(({ error }) => error instanceof UnacceptableResultError);
 */
export class UnacceptableResultError extends Error {
  constructor(
    /** The result that was not accepted. */
    readonly result: unknown,
  ) {
    super('the result was not accepted by retryOnResult');
    this.name = 'UnacceptableResultError';
  }
}

/** The name of an error's class. Never throws, even if the error has no class or its getters throw. */
export const typeNameOf = (error: unknown): string =>
  readSafely(() => (error instanceof Error ? error.constructor.name : typeof error), 'Error');

/** Formats an error as one line. Never throws, even if the error's getters do. */
export function describeError(error: unknown): string {
  try {
    if (error instanceof Error) return `${error.name}: ${error.message}`;
    return `${typeof error}: ${String(error)}`;
  } catch {
    return typeof error;
  }
}
