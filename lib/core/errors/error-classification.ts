import { AllFailedError, UnacceptableResultError } from './all-failed.js';
import {
  isOperoError,
  isTimeLimit,
  OperoConfigurationError,
  OperoShutdownError,
  RefusedError,
  TotalTimeoutError,
} from './errors.js';
import { findInCauses } from './cause-chain.js';
import { isObject, readSafely, type AnyObject } from './safe-read.js';
import { isMarkedPermanent } from './permanent.js';

/** 4xx statuses that are transient. */
const PASSING = new Set([408, 425, 429]);

/** gRPC status codes for which a retry cannot help: https://grpc.io/docs/guides/status-codes/ */
const PERMANENT_GRPC = new Set([1, 3, 5, 6, 7, 9, 11, 12, 15, 16]);

const GRPC_CANCELLED = 1;

/** Names of errors thrown by validation libraries. */
const VALIDATION = new Set(['ZodError', 'ValiError', 'ValidationError', 'YupError', 'AssertionError']);

/** Error codes for an abort in Node, undici, axios and got. */
const ABORTS = new Set<unknown>(['ABORT_ERR', 'ERR_CANCELED', 'UND_ERR_ABORTED']);
const ABORT_NAMES = new Set<unknown>(['AbortError', 'CanceledError', 'CancelError']);

/** The error's own fields, unwrapped from `RpcException`. */
function content(error: unknown): AnyObject | undefined {
  if (!isObject(error)) return undefined;
  if (typeof error.getError === 'function') {
    const inner: unknown = (error as { getError(): unknown }).getError();
    if (isObject(inner)) return inner;
  }
  return error;
}

/**
 * The HTTP status of an error from HttpException, axios, undici, http-errors and similar; `undefined` without one.
 */
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

/** The codes of an error and its causes: `ECONNRESET`, `UND_ERR_SOCKET`, a gRPC number. */
export function codesOf(error: unknown): (string | number)[] {
  const codes: (string | number)[] = [];
  findInCauses(
    readSafely(() => content(error), undefined),
    ({ code }) => {
      if (typeof code === 'string' || typeof code === 'number') codes.push(code);
      return undefined;
    },
  );
  return codes;
}

/**
 * Whether the error is a deliberate abort: `AbortError`, axios' `CanceledError`, gRPC's CANCELLED. A timeout is not
 * an abort.
 */
export const isAbort = (error: unknown): boolean =>
  readSafely(() => isObject(error) && readAbort(error), false);

function readAbort(error: AnyObject): boolean {
  const { code, cause } = error;
  // Node wraps the reason of an aborted signal. The reason of `AbortSignal.timeout()` is a timeout, not an abort.
  if (isObject(cause) && (cause.name === 'TimeoutError' || isTimeLimit(cause))) return false;
  if (ABORT_NAMES.has(error.name) || ABORTS.has(code) || error.__CANCEL__ === true) return true;
  const inner = content(error);
  return inner?.code === GRPC_CANCELLED && 'details' in inner;
}

/** Whether the error is a programming error. The `TypeError` of `fetch` for a network error is not. */
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
 * Whether a retry cannot help as far as is known: errors marked with `permanent()`, aborts, client errors,
 * programming and validation errors, gRPC's permanent codes, and errors of a nested operation that has used all its
 * attempts.
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

/** Network error codes of Node, undici, axios and common drivers. */
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

/** gRPC status codes that correspond to a 5xx, a 429 or a timeout: https://grpc.io/docs/guides/status-codes/ */
const OUTAGE_GRPC = new Set([2, 4, 8, 13, 14, 15]);

/**
 * Whether a failure does not depend on the request, so that any other request would fail too: a network error, a 5xx,
 * 408, 425 or 429, a timeout, a rejection by this library, or an {@link AllFailedError} caused by one of these. Never
 * a 403, a 404, a validation error, an abort or a programming error; an unknown error is not an outage either. Never
 * throws, even if the error's getters do.
 */
export function isOutage(error: unknown): boolean {
  try {
    return readOutage(error, 0);
  } catch {
    return false;
  }
}

function readOutage(error: unknown, depth: number): boolean {
  if (depth > 8) return false;
  if (error instanceof RefusedError || isTimeLimit(error)) return true;
  if (error instanceof AllFailedError) return readOutage(error.cause, depth + 1);
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
