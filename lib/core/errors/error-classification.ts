import { AllFailedError, UnacceptableResultError } from './all-failed.js';
import {
  AttemptTimeoutError,
  isOperoError,
  isTimeLimit,
  OperoConfigurationError,
  OperoShutdownError,
  RefusedError,
  TotalTimeoutError,
} from './errors.js';
import { isObject, readSafely, type AnyObject } from './safe-read.js';
import { isMarkedPermanent } from './permanent.js';

/** Statuses of the 4xx range that say "not now" rather than "not like this". */
const PASSING = new Set([408, 425, 429]);

/** gRPC status codes that a repetition cannot change: https://grpc.io/docs/guides/status-codes/ */
const PERMANENT_GRPC = new Set([1, 3, 5, 6, 7, 9, 11, 12, 15, 16]);

const GRPC_CANCELLED = 1;

/** How validation libraries name what they throw. */
const VALIDATION = new Set(['ZodError', 'ValiError', 'ValidationError', 'YupError', 'AssertionError']);

/** The codes with which Node, undici, axios and got say that somebody gave up. */
const ABORTS = new Set<unknown>(['ABORT_ERR', 'ERR_CANCELED', 'UND_ERR_ABORTED']);
const ABORT_NAMES = new Set<unknown>(['AbortError', 'CanceledError', 'CancelError']);

/** What an error says about itself, unwrapped from `RpcException`. */
function content(error: unknown): AnyObject | undefined {
  if (!isObject(error)) return undefined;
  if (typeof error.getError === 'function') {
    const inner: unknown = (error as { getError(): unknown }).getError();
    if (isObject(inner)) return inner;
  }
  return error;
}

/** The HTTP status an error stands for: HttpException, axios, undici, http-errors and the like; `undefined` if none. */
export const statusOf = (error: unknown): number | undefined =>
  readSafely(() => readStatus(error), undefined);

function readStatus(error: unknown): number | undefined {
  const bag = content(error);
  if (!bag) return undefined;
  if (typeof bag.getStatus === 'function') return asStatus((bag as { getStatus(): unknown }).getStatus());
  const response = isObject(bag.response) ? bag.response : undefined;
  return (
    asStatus(bag.status) ??
    asStatus(bag.statusCode) ??
    asStatus(response?.status) ??
    asStatus(response?.statusCode)
  );
}

function asStatus(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 100 && value <= 599 ? value : undefined;
}

/** The codes an error carries, its causes' included: `ECONNRESET`, `UND_ERR_SOCKET`, a gRPC number. */
export function codesOf(error: unknown): (string | number)[] {
  const codes: (string | number)[] = [];
  readSafely(() => {
    let current: unknown = content(error);
    for (let depth = 0; depth < 4 && isObject(current); depth++) {
      const { code } = current;
      if (typeof code === 'string' || typeof code === 'number') codes.push(code);
      current = current.cause;
    }
  }, undefined);
  return codes;
}

/** Whether somebody gave up on purpose: `AbortError`, axios' `CanceledError`, gRPC's CANCELLED. A timeout is no abort. */
export const isAbort = (error: unknown): boolean =>
  readSafely(() => isObject(error) && readAbort(error), false);

function readAbort(error: AnyObject): boolean {
  const { code, cause } = error;
  // Node wraps what a signal was aborted with: the one of `AbortSignal.timeout()` says that time was over.
  if (isObject(cause) && (cause.name === 'TimeoutError' || isTimeLimit(cause))) return false;
  if (ABORT_NAMES.has(error.name) || ABORTS.has(code) || error.__CANCEL__ === true) return true;
  const inner = content(error);
  return inner?.code === GRPC_CANCELLED && 'details' in inner;
}

/** Whether the error is a mistake in the program. What `fetch` throws for a broken network is not. */
export function isProgrammingError(error: unknown): boolean {
  return readSafely(() => {
    const programming =
      error instanceof TypeError ||
      error instanceof ReferenceError ||
      error instanceof SyntaxError ||
      error instanceof RangeError;
    if (!programming || error.message === 'fetch failed') return false;
    return !codesOf(error).some((code) => typeof code === 'string' && !code.startsWith('ERR_'));
  }, false);
}

/** Whether the request itself was wrong: a 4xx other than 408, 425 and 429. */
export function isClientError(error: unknown): boolean {
  const status = statusOf(
    readSafely(() => (error instanceof AllFailedError ? error.cause : error), undefined),
  );
  return status !== undefined && status >= 400 && status < 500 && !PASSING.has(status);
}

/**
 * Whether a repetition cannot help, as far as is known: what was marked with `permanent()`, aborts, client errors,
 * programming and validation mistakes, gRPC's permanent codes, and failures of a nested operation that has already spent
 * its own attempts.
 */
export function isPermanent(error: unknown): boolean {
  return isMarkedPermanent(error) || readSafely(() => readPermanent(error), false);
}

function readPermanent(error: unknown): boolean {
  if (error instanceof UnacceptableResultError) return false;
  if (error instanceof RefusedError) return true;
  if (isOperoError(error)) return isFinal(error);
  if (isAbort(error) || isClientError(error) || isProgrammingError(error)) return true;
  if (isObject(error) && VALIDATION.has(String(error.name))) return true;
  const bag = content(error);
  return typeof bag?.code === 'number' && 'details' in bag && PERMANENT_GRPC.has(bag.code);
}

/** Codes of a network that does not carry, of Node, undici, axios and the usual drivers. */
const NETWORK = new RegExp(
  `^(${[
    'ECONN(REFUSED|RESET|ABORTED)|ENOTFOUND|EAI_\\w+|EPIPE|ENOTCONN|ESERVFAIL|ENODATA',
    'EHOST(UNREACH|DOWN)|ENET(UNREACH|DOWN|RESET)|E(SOCKET)?TIMEDOUT|ETIMEOUT',
    'ERR_NETWORK|ERR_SOCKET_(CLOSED|CONNECTION_TIMEOUT)|ERR_HTTP2_(STREAM|SESSION)_ERROR|ERR_HTTP2_GOAWAY_SESSION',
    'UND_ERR_((CONNECT|HEADERS|BODY)_TIMEOUT|SOCKET|CLOSED|DESTROYED)|PROTOCOL_CONNECTION_LOST',
    // SQLSTATE: connection, resources, operator; Prisma: unreachable, timed out, closed, pool.
    '(08|53|57P)\\w{2,3}|P1001|P1002|P1008|P1017|P2024',
  ].join('|')})$`,
);

/** gRPC status codes that stand for a 5xx, a 429 or a timeout: https://grpc.io/docs/guides/status-codes/ */
const OUTAGE_GRPC = new Set([2, 4, 8, 13, 14, 15]);

/**
 * Whether a failure says nothing about the request it answered, so that any other request would have met it too: a
 * broken network, a 5xx, 408, 425 or 429, a timeout, one of our refusals, or an {@link AllFailedError} that was caused
 * by such. Never a 403, a 404, a validation error, an abort, or a bug; an error that tells nothing is no outage either.
 * Does not throw, whatever the error's getters do.
 */
export function isOutage(error: unknown): boolean {
  try {
    return tellsOfOutage(error, 0);
  } catch {
    return false;
  }
}

function tellsOfOutage(error: unknown, depth: number): boolean {
  if (depth > 8) return false;
  if (
    error instanceof RefusedError ||
    error instanceof AttemptTimeoutError ||
    error instanceof TotalTimeoutError
  )
    return true;
  if (error instanceof AllFailedError) return tellsOfOutage(error.cause, depth + 1);
  if (isOperoError(error) || isAbort(error) || isProgrammingError(error)) return false;
  const status = statusOf(error);
  if (status !== undefined) return status >= 500 || PASSING.has(status);
  const bag = content(error);
  if (!bag || VALIDATION.has(String(bag.name))) return false;
  if (bag.name === 'TimeoutError') return true;
  if (typeof bag.code === 'number' && 'details' in bag) return OUTAGE_GRPC.has(bag.code);
  return codesOf(error).some((code) => typeof code === 'string' && NETWORK.test(code));
}

function isFinal(error: Error): boolean {
  return (
    error instanceof AllFailedError ||
    error instanceof TotalTimeoutError ||
    error instanceof OperoShutdownError ||
    error instanceof OperoConfigurationError
  );
}
