import { OperoError, RefusedError } from './errors.js';

/** One attempt that failed. */
export interface AttemptFailure {
  /** Which attempt, from 1. */
  readonly attempt: number;
  /** 0, or which of the hedges of this attempt it was, from 1. */
  readonly hedge: number;
  /** Which alternative of each fallback argument, as `arg[1]#2`; empty without fallback arguments. Never its value. */
  readonly alternative: string;
  /** Ms waited before this attempt. */
  readonly delay: number;
  /** Ms this attempt took. */
  readonly duration: number;
  /** What it threw, or an {@link UnacceptableResultError}. */
  readonly error: unknown;
  /** Ms that the error asked to wait before another attempt, with `Retry-After` or as a refusal of ours; absent if it did not. */
  readonly retryAfter?: number;
}

/**
 * Every retry and every alternative of a call failed. `cause` is the last error, and its stack follows this one's.
 * A call without alternatives fails with its last error itself, unless `retry.exhausted` is `'aggregate'`.
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

  /** A line an attempt, for logs. It holds the messages of the underlying errors: do not send it to a client. */
  summary(): string {
    return this.errors
      .map(({ attempt, alternative, hedge, duration, error }) => {
        const labels = [alternative, hedge > 0 && `hedge ${hedge}`].filter(Boolean);
        const which = labels.length > 0 ? `attempt ${attempt} (${labels.join(', ')})` : `attempt ${attempt}`;
        return `${which}, ${Math.round(duration)} ms: ${describeError(error)}`;
      })
      .join('\n');
  }

  /** How often each kind of error occurred, by class name. */
  byType(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { error } of this.errors) {
      const type = error instanceof Error ? error.constructor.name : typeof error;
      counts[type] = (counts[type] ?? 0) + 1;
    }
    return counts;
  }
}

/** Adds the stack of the cause to that of an error, when it is read: formatting one costs as much as a call. */
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
    // Told without it.
  }
  return describeError(error);
}

const failures = new WeakMap<object, readonly AttemptFailure[]>();

/** @internal Takes note of the attempts behind an error. */
export function rememberFailures(error: unknown, attempts: readonly AttemptFailure[]): void {
  if (attempts.length === 0 || typeof error !== 'object' || error === null) return;
  if (error instanceof OperoError) OperoError.noteAttempts(error, attempts);
  else failures.set(error, attempts);
}

/**
 * The failed attempts behind an error that came out of an operation, in order; empty for any other error. The error itself
 * is not touched. Of an error object that several calls failed with, those of the latest.
 *
 * @example
 * catch (error) { logger.warn(failuresOf(error).map(({ attempt, duration }) => `${attempt}: ${duration} ms`)); }
 */
export function failuresOf(error: unknown): readonly AttemptFailure[] {
  if (typeof error !== 'object' || error === null) return [];
  const noted = error instanceof OperoError ? OperoError.attemptsOf(error) : failures.get(error);
  return (noted as readonly AttemptFailure[] | undefined) ?? [];
}

/** What a call fails with in the end. If nothing was ever let through, that is the refusal which ends the soonest. */
export function allFailed(
  operation: string,
  failures: readonly AttemptFailure[],
  /** Whether an attempt was not let in, rather than that its method met a refusal. */
  isOwnRefusal: (error: unknown) => boolean,
): OperoError {
  const refusals = failures
    .map(({ error }) => error)
    .filter((error): error is RefusedError => error instanceof RefusedError && isOwnRefusal(error));
  if (refusals.length < failures.length) return new AllFailedError(operation, failures);
  return refusals.reduce((soonest, next) => (next.retryAfter < soonest.retryAfter ? next : soonest));
}

/** Stands for a result that `retryOnResult` did not accept. It leaves the call only inside an {@link AllFailedError}. */
export class UnacceptableResultError extends Error {
  constructor(
    /** The result itself. */
    readonly result: unknown,
  ) {
    super('the result was not accepted by retryOnResult');
    this.name = 'UnacceptableResultError';
  }
}

/** An error as one line; whatever its getters do, this does not throw. */
export function describeError(error: unknown): string {
  try {
    if (error instanceof Error) return `${error.name}: ${error.message}`;
    return `${typeof error}: ${String(error)}`;
  } catch {
    return typeof error;
  }
}
