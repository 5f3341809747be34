import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import {
  describeError,
  isOperoError,
  type OperoError,
  type OperoErrorCode,
} from '../../core/errors/index.js';

/** What is sent to a client: never the message of a cause, nor the name of an operation. */
export interface EdgeError {
  readonly status: number;
  readonly code: OperoErrorCode;
  readonly message: string;
  /** Seconds, for the `Retry-After` header. */
  readonly retryAfterSeconds: number | undefined;
}

/** What belongs to no strategy. */
const STATUSES: Readonly<Record<string, number>> = { OPERO_SHUTDOWN: 503, OPERO_ALL_FAILED: 502 };

const MESSAGES: Readonly<Record<number, string>> = {
  429: 'Too many requests',
  502: 'Bad gateway',
  503: 'Service unavailable',
  504: 'Gateway timeout',
};

/**
 * Converts an error of this package; `undefined` for any other error and for configuration errors. `statusOf` returns
 * the HTTP status of a strategy's error code.
 */
export function toEdgeError(
  error: unknown,
  statusOf: (code: string) => number | undefined,
): EdgeError | undefined {
  if (!isOperoError(error)) return undefined;
  const status = Object.hasOwn(STATUSES, error.code) ? STATUSES[error.code] : statusOf(error.code);
  if (status === undefined) return undefined;
  const message = MESSAGES[status] ?? STATUS_CODES[status] ?? 'Error';
  return { status, code: error.code, message, retryAfterSeconds: retryAfterSecondsOf(error) };
}

function retryAfterSecondsOf(error: OperoError): number | undefined {
  const { retryAfter } = error as { retryAfter?: unknown };
  return Number.isFinite(retryAfter) ? Math.max(1, Math.ceil(Number(retryAfter) / 1_000)) : undefined;
}

/** How many nested causes are searched. */
const DEEPEST = 8;

/** The HttpException of the last attempt, if a call failed after all its attempts with one. */
export function lastException(error: unknown): unknown {
  let last = error;
  for (let depth = 0; depth < DEEPEST && isOperoError(last) && last.code === 'OPERO_ALL_FAILED'; depth++) {
    last = last.cause;
  }
  return last !== error && isHttpException(last) ? last : undefined;
}

/** Whether it is a failure of the downstream, of which the client gets no details, so that it must be logged. */
export const isUnseen = ({ status }: EdgeError): boolean => status === 502 || status === 504;

/** The log line for it: the operation and the error. */
export function toLogLine(
  { status, code }: EdgeError,
  error: OperoError,
): { message: string; stack: string } {
  const { cause } = error;
  const why = cause === undefined ? '' : `, caused by ${describeError(cause)}`;
  const message = `${error.operation} failed, answered with ${status} ${code}: ${error.message}${why}`;
  const stacks = [error.stack ?? `${error.name}: ${error.message}`];
  const under = cause instanceof Error ? cause.stack : undefined;
  if (under !== undefined && !stacks[0]!.includes(under)) stacks.push(`caused by ${under}`);
  return { message, stack: stacks.join('\n') };
}

/** Whether it is an HttpException, including another copy of Nest. */
const isHttpException = (error: unknown): boolean =>
  typeof (error as { getStatus?: unknown } | undefined)?.getStatus === 'function' &&
  typeof (error as { getResponse?: unknown }).getResponse === 'function';

/** The exception for an HTTP response. */
export const toHttpException = ({ status, code, message }: EdgeError, cause: unknown): HttpException =>
  new HttpException({ statusCode: status, code, message }, status, { cause });
