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

const answers: Partial<Record<OperoErrorCode, readonly [status: number, message: string]>> = {
  OPERO_RATE_LIMIT_EXCEEDED: [429, 'Too many requests'],
  OPERO_CIRCUIT_OPEN: [503, 'Service unavailable'],
  OPERO_BULKHEAD_FULL: [503, 'Service unavailable'],
  OPERO_SHUTDOWN: [503, 'Service unavailable'],
  OPERO_ATTEMPT_TIMEOUT: [504, 'Gateway timeout'],
  OPERO_TOTAL_TIMEOUT: [504, 'Gateway timeout'],
  OPERO_ALL_FAILED: [502, 'Bad gateway'],
};

/** What an error of ours means at the edge; `undefined` for any other error, and for mistakes in the options. */
export function toEdgeError(error: unknown): EdgeError | undefined {
  if (!isOperoError(error)) return undefined;
  const answer = answers[error.code];
  if (!answer) return undefined;
  const [status, message] = answer;
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
