import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import {
  describeError,
  isOperoError,
  type OperoError,
  type OperoErrorCode,
} from '../../core/errors/index.js';

/** What a client is told: never the text of a cause, nor the name of an operation. */
export interface EdgeError {
  readonly status: number;
  readonly code: OperoErrorCode;
  readonly message: string;
  /** Seconds, for the `Retry-After` header. */
  readonly retryAfter: number | undefined;
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
 * What an error of ours means at the edge; `undefined` for any other error, and for mistakes in the options. `statusOf`
 * tells the status of the errors of strategies.
 */
export function toEdgeError(
  error: unknown,
  statusOf: (code: string) => number | undefined,
): EdgeError | undefined {
  if (!isOperoError(error)) return undefined;
  const status = STATUSES[error.code] ?? statusOf(error.code);
  if (status === undefined) return undefined;
  const message = MESSAGES[status] ?? STATUS_CODES[status] ?? 'Error';
  return { status, code: error.code, message, retryAfter: retryAfterOf(error) };
}

function retryAfterOf(error: OperoError): number | undefined {
  const { retryAfter } = error as { retryAfter?: unknown };
  return typeof retryAfter === 'number' ? Math.max(1, Math.ceil(retryAfter / 1_000)) : undefined;
}

/** How many calls inside each other are looked through. */
const DEEPEST = 8;

/** The exception of its own that the other side's last answer was, if a call failed for good with one. */
export function lastException(error: unknown): unknown {
  let last = error;
  for (let depth = 0; depth < DEEPEST && isOperoError(last) && last.code === 'OPERO_ALL_FAILED'; depth++) {
    last = last.cause;
  }
  return last !== error && isHttpException(last) ? last : undefined;
}

/** A failure of the other side that the client is told nothing about, and nobody else would be. */
export const isUnseen = ({ status }: EdgeError): boolean => status === 502 || status === 504;

/** What is logged of it: the operation, what went wrong, and where. */
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

/** An HttpException of whichever copy of Nest. */
const isHttpException = (error: unknown): boolean =>
  typeof (error as { getStatus?: unknown } | undefined)?.getStatus === 'function' &&
  typeof (error as { getResponse?: unknown }).getResponse === 'function';

/** The exception that answers an HTTP request. */
export const toHttpException = ({ status, code, message }: EdgeError, cause: unknown): HttpException =>
  new HttpException({ statusCode: status, code, message }, status, { cause });
