import { OperoError, RefusedError } from './errors.js';

/** One try that failed. */
export interface AttemptFailure {
  /** Which try, from 1. */
  readonly attempt: number;
  /** 0, or which of the hedges of this try it was, from 1. */
  readonly hedge: number;
  /** Which alternative of each fallback argument, as `arg[1]#2`; empty without fallback arguments. Never its value. */
  readonly alternative: string;
  /** Ms waited before this try. */
  readonly delay: number;
  /** Ms this try took. */
  readonly duration: number;
  /** What it threw, or an {@link UnacceptableResultError}. */
  readonly error: unknown;
  /** Ms that the error asked to wait before another try, with `Retry-After` or as a refusal of ours; absent if it did not. */
  readonly retryAfter?: number;
}

/** Every retry and every alternative failed. `cause` is the last error. */
export class AllFailedError extends OperoError {
  readonly code = 'OPERO_ALL_FAILED';

  constructor(
    operation: string,
    /** Every failed try, in order. */
    readonly errors: readonly AttemptFailure[],
  ) {
    super(`${operation} failed in all ${errors.length} tries`, operation, { cause: errors.at(-1)?.error });
  }

  /** A line a try, for logs. It holds the messages of the underlying errors: do not send it to a client. */
  summary(): string {
    return this.errors
      .map(({ attempt, alternative, hedge, duration, error }) => {
        const labels = [alternative, hedge > 0 && `hedge ${hedge}`].filter(Boolean);
        const which = labels.length > 0 ? `try ${attempt} (${labels.join(', ')})` : `try ${attempt}`;
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

/** What a call fails with in the end. If nothing was ever let through, that is the refusal which ends the soonest. */
export function allFailed(operation: string, failures: readonly AttemptFailure[]): OperoError {
  const refusals = failures.map(({ error }) => error).filter((error) => error instanceof RefusedError);
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
