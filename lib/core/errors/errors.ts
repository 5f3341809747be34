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

/**
 * Base class of every error of this package. Distinguish them by class or by `code`.
 * @example
 * if (error instanceof OperoError) logger.warn(`${error.operation}: ${error.code}`);
 */
export abstract class OperoError extends Error {
  abstract readonly code: OperoErrorCode;

  constructor(
    message: string,
    /** Name of the operation: `Class.method` unless it was given a name. */
    readonly operation: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }

  /** @internal Recognises errors of another copy of this package in the same process. */
  get [BRAND](): true {
    return true;
  }

  /** The failed attempts. A `WeakMap` of errors would double the garbage collection cost of a rejection. */
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

/**
 * Whether `error` was made by this package, including another copy of it in the same process.
 * @example
 * if (isOperoError(error) && error.code === 'OPERO_CIRCUIT_OPEN') return cachedPrices;
 */
export function isOperoError(error: unknown): error is OperoError {
  return typeof error === 'object' && error !== null && BRAND in error;
}

/**
 * A strategy rejected the call: the method did not run.
 * @example
 * if (error instanceof RefusedError) setTimeout(refresh, error.retryAfter);
 */
export abstract class RefusedError extends OperoError {
  constructor(
    message: string,
    operation: string,
    /** Time until another attempt may be permitted, in ms; 0 if unknown. */
    readonly retryAfter: number,
    options?: ErrorOptions,
  ) {
    super(message, operation, options);
  }
}

/**
 * The rate limit is reached, and the wait would exceed `maxWait` or the mode is `reject`.
 * @example
 * if (error instanceof RateLimitExceededError) response.setHeader('Retry-After', Math.ceil(error.retryAfter / 1_000));
 */
export class RateLimitExceededError extends RefusedError {
  readonly code = 'OPERO_RATE_LIMIT_EXCEEDED';
}

/**
 * The circuit breaker is open: too many recent calls failed. `cause` is the last failure it recorded.
 * @example
 * if (error instanceof CircuitOpenError) logger.warn(`${error.operation} is unavailable`, error.cause);
 */
export class CircuitOpenError extends RefusedError {
  readonly code = 'OPERO_CIRCUIT_OPEN';
}

/**
 * All slots of the bulkhead are taken, and its queue is full or the wait exceeded `maxWait`.
 * @example
 * if (error instanceof BulkheadFullError) throw new ServiceUnavailableException();
 */
export class BulkheadFullError extends RefusedError {
  readonly code = 'OPERO_BULKHEAD_FULL';
}

/**
 * One attempt exceeded `timeout.attempt`. It is retried like any other failed attempt.
 * @example
 * if (error instanceof AttemptTimeoutError) logger.warn(`no answer within ${error.timeout} ms`);
 */
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

/**
 * The call with all its attempts and delays exceeded `timeout.total`. `cause` is the last failure, if any.
 * @example
 * if (error instanceof TotalTimeoutError) throw new GatewayTimeoutException();
 */
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

/** Whether `error` is a timeout of an attempt or of a call. */
export const isTimeLimit = (error: unknown): boolean =>
  error instanceof AttemptTimeoutError || error instanceof TotalTimeoutError;

/**
 * The app is shutting down: a wait was ended, or a call was still running after the drain timeout.
 * @example
 * if (error instanceof OperoShutdownError) await queue.putBack(job);
 */
export class OperoShutdownError extends OperoError {
  readonly code = 'OPERO_SHUTDOWN';

  constructor(operation: string, options?: ErrorOptions) {
    super(`${operation} was cut short because the app is shutting down`, operation, options);
  }
}

/**
 * The store did not delete a cached result: it failed, timed out, or is disabled after failures. This process no
 * longer serves the result; others may until it expires. `cause` is the error of the store.
 * @example
 * if (error instanceof EvictionFailedError) logger.error('prices may be outdated', error.cause);
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

/**
 * The options are invalid. Thrown at boot, or by a misplaced decorator; lists all problems.
 * @example
 * if (error instanceof OperoConfigurationError) for (const line of error.problems) console.error(line);
 */
export class OperoConfigurationError extends OperoError {
  readonly code = 'OPERO_CONFIGURATION';

  /** One line per problem: `Class.method (Module): path: got what, allowed what`. */
  declare readonly problems: readonly string[];

  constructor(problems: readonly string[], operation = '') {
    const title = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    super(`nestjs-opero found ${title} in its options:\n  ${problems.join('\n  ')}`, operation);
    // Not enumerable: the message contains the problems, and printing the error must not repeat them.
    Object.defineProperty(this, 'problems', { value: problems, enumerable: false, configurable: true });
  }
}

/**
 * Creates an error without a stack trace. Under load, thousands of rejections are created per second, and their
 * stacks would only show this package.
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
