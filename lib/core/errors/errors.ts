import type { DeclaredErrorCode } from '../declarations/index.js';

const BRAND = Symbol.for('nestjs-opero.error');

/** Every `code` an {@link OperoError} can carry. Codes are stable; messages are not. */
export type OperoErrorCode =
  | 'OPERO_ALL_FAILED'
  | 'OPERO_SHUTDOWN'
  | 'OPERO_CONFIGURATION'
  | 'OPERO_ITEM_FAILED'
  | 'OPERO_EVICTION_FAILED'
  | DeclaredErrorCode;

/** The base of every error this package makes. Tell them apart by class or by `code`. */
export abstract class OperoError extends Error {
  abstract readonly code: OperoErrorCode;

  constructor(
    message: string,
    /** The operation that failed or refused, `Class.method` unless it was given a name. */
    readonly operation: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }

  /** @internal Survives two copies of this package in one process. */
  get [BRAND](): true {
    return true;
  }

  /** The failed attempts behind it: a weak map of errors costs as much garbage collection as a refusal costs in all. */
  #attempts: readonly object[] | undefined;

  /** @internal */
  static noteAttempts(error: OperoError, attempts: readonly object[]): void {
    error.#attempts = attempts;
  }

  /** @internal */
  static attemptsOf(error: OperoError): readonly object[] | undefined {
    return error.#attempts;
  }
}

/** Whether `error` was made by this package, by whichever copy of it. */
export function isOperoError(error: unknown): error is OperoError {
  return typeof error === 'object' && error !== null && BRAND in error;
}

/** A call that was not let through: the method did not run for it. */
export abstract class RefusedError extends OperoError {
  constructor(
    message: string,
    operation: string,
    /** In how many ms another attempt may be let through; 0 when that cannot be told. */
    readonly retryAfter: number,
    options?: ErrorOptions,
  ) {
    super(message, operation, options);
  }
}

/** The rate limit is spent and the wait would be longer than `maxWait`, or the mode is `reject`. */
export class RateLimitExceededError extends RefusedError {
  readonly code = 'OPERO_RATE_LIMIT_EXCEEDED';
}

/** The circuit breaker is open: the dependency failed too often of late. `cause` is the last failure it saw. */
export class CircuitOpenError extends RefusedError {
  readonly code = 'OPERO_CIRCUIT_OPEN';
}

/** All slots of the bulkhead are taken and its queue is full. */
export class BulkheadFullError extends RefusedError {
  readonly code = 'OPERO_BULKHEAD_FULL';
}

/** One attempt took longer than `timeout.attempt`. It is retried like any other failed attempt. */
export class AttemptTimeoutError extends OperoError {
  readonly code = 'OPERO_ATTEMPT_TIMEOUT';

  constructor(
    operation: string,
    /** The limit in ms. */
    readonly timeout: number,
  ) {
    super(`${operation} did not answer within ${timeout} ms`, operation);
  }
}

/** The call, with all its attempts and waits, took longer than `timeout.total`. */
export class TotalTimeoutError extends OperoError {
  readonly code = 'OPERO_TOTAL_TIMEOUT';

  constructor(
    operation: string,
    /** The limit in ms. */
    readonly timeout: number,
    options?: ErrorOptions,
  ) {
    super(`${operation} did not succeed within ${timeout} ms in all`, operation, options);
  }
}

/** Whether `error` says that the time for an attempt, or for a call, was over. */
export const isTimeLimit = (error: unknown): boolean =>
  error instanceof AttemptTimeoutError || error instanceof TotalTimeoutError;

/** The app is shutting down: a wait was cut short, or a call outlived the drain. */
export class OperoShutdownError extends OperoError {
  readonly code = 'OPERO_SHUTDOWN';

  constructor(operation: string, options?: ErrorOptions) {
    super(`${operation} was cut short because the app is shutting down`, operation, options);
  }
}

/**
 * A cached result could not be deleted from the store, which failed, took too long, or is left alone after failures.
 * This process no longer serves it; others may until it expires. `cause` is what the store failed with.
 */
export class EvictionFailedError extends OperoError {
  readonly code = 'OPERO_EVICTION_FAILED';

  constructor(operation: string, options?: ErrorOptions) {
    super(
      `the cache store did not forget what ${operation} had stored: other processes may serve it until it expires`,
      operation,
      options,
    );
  }
}

/** The options are wrong. Thrown at boot or when a decorator is misplaced; lists every problem at once. */
export class OperoConfigurationError extends OperoError {
  readonly code = 'OPERO_CONFIGURATION';

  /** One line a problem: `Class.method (Module): path: got what, allowed what`. */
  declare readonly problems: readonly string[];

  constructor(problems: readonly string[], operation = '') {
    const title = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    super(`nestjs-opero found ${title} in its options:\n  ${problems.join('\n  ')}`, operation);
    // The message has them already: whoever prints the error must not print them again.
    Object.defineProperty(this, 'problems', { value: problems, enumerable: false, configurable: true });
  }
}

/**
 * Makes an error without walking the stack: a refusal under load is made thousands of times a second, and its
 * stack would only show this package.
 */
export function withoutStack<E extends Error>(make: () => E): E {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = limit;
  }
}
