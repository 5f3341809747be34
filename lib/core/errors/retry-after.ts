import type { Clock } from '../time/clock.js';
import { isOperoError, RefusedError } from './errors.js';
import { findInCauses } from './cause-chain.js';
import { isObject, readSafely, type AnyObject } from './safe-read.js';

/** The delay in ms that response headers ask for: `retry-after-ms` or `Retry-After`; `undefined` without one. */
function askedWait(headers: unknown, clock: Clock): number | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const precise = headerOf(headers, 'retry-after-ms');
  const ms = precise === undefined ? undefined : asNumber(precise);
  if (ms !== undefined) return ms;
  const header = headerOf(headers, 'retry-after');
  return header === undefined ? undefined : parse(header, clock);
}

/** Reads a header from a `Headers`, an `AxiosHeaders` or a plain object; the first of several values. */
function headerOf(headers: object, name: string): string | undefined {
  const { get } = headers as { get?: unknown };
  const value =
    typeof get === 'function'
      ? (get.call(headers, name) as unknown)
      : valueOf(headers as Record<string, unknown>, name);
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' || typeof first === 'number' ? String(first).trim() : undefined;
}

function valueOf(headers: Record<string, unknown>, name: string): unknown {
  if (headers[name] !== undefined) return headers[name];
  const key = Object.keys(headers).find((candidate) => candidate.toLowerCase() === name);
  return key === undefined ? undefined : headers[key];
}

const asNumber = (text: string): number | undefined =>
  /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;

/**
 * RFC 9110 §10.2.3: seconds (fractions are accepted, because some servers send them) or a date. A date in the past
 * means no delay.
 */
function parse(header: string, clock: Clock): number | undefined {
  const seconds = asNumber(header);
  if (seconds !== undefined) return seconds * 1_000;
  // `Date.parse` accepts '-1' and 'NaN+1'. An HTTP date begins with the name of a day.
  if (!/^[A-Z][a-z]{2}/.test(header)) return undefined;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - clock.date());
}

/**
 * The delay in ms that an error asks for: from a rejection by this library or a `Retry-After` header; `undefined` if
 * none.
 */
export function retryAfterOf(error: unknown, clock: Clock): number | undefined {
  if (error instanceof RefusedError) return error.retryAfter;
  return findInCauses(error, (one) =>
    isRefusal(one) ? one.retryAfter : readSafely(askedIn(one, clock), undefined),
  );
}

const askedIn = (bag: AnyObject, clock: Clock) => (): number | undefined => {
  const response = isObject(bag.response) ? bag.response : undefined;
  return askedWait(bag.headers, clock) ?? askedWait(response?.headers, clock);
};

/** Whether it is a rejection by this package, including another copy of it. */
const isRefusal = (error: object): error is { readonly retryAfter: number } =>
  error instanceof RefusedError ||
  (isOperoError(error) && typeof (error as { retryAfter?: unknown }).retryAfter === 'number');
