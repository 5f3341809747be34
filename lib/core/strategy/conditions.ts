import type { Call } from '../call/call.js';
import { satisfying } from '../options/option-checks.js';
import { codesOf, statusOf } from '../errors/error-classification.js';

/** A class of errors. */
export type ErrorClass = abstract new (...args: never[]) => Error;

/** Selects errors: a class, a code (`'ECONNRESET'`), an HTTP status, or a predicate. */
export type ErrorCondition = ErrorClass | string | number | ((error: any) => boolean);

/** One condition, or a list of which any will do. */
export type ErrorConditions = ErrorCondition | readonly ErrorCondition[];

const isErrorClass = (value: unknown): value is ErrorClass =>
  typeof value === 'function' && (value === Error || (value.prototype as unknown) instanceof Error);

const isCondition = (value: unknown): boolean =>
  typeof value === 'function' ||
  (typeof value === 'string' && value !== '') ||
  (typeof value === 'number' && Number.isInteger(value) && value >= 0);

/** Checks what is written for {@link ErrorConditions}. */
export const errorConditions = () =>
  satisfying<ErrorConditions>(
    (value) => (Array.isArray(value) ? value.every(isCondition) : isCondition(value)),
    'an error class, a code, a status, a function, or a list of these',
  );

/** Makes one function of conditions. */
export function anyOf(conditions: ErrorConditions): (error: unknown) => boolean {
  const tests = (Array.isArray(conditions) ? conditions : [conditions]).map(toTest);
  return (error) => tests.some((test) => test(error));
}

function toTest(condition: ErrorCondition): (error: unknown) => boolean {
  if (typeof condition === 'string') return (error) => codesOf(error).includes(condition);
  if (typeof condition === 'number')
    return (error) => statusOf(error) === condition || codesOf(error).includes(condition);
  if (isErrorClass(condition)) return (error) => error instanceof condition;
  return (error) => decided(condition(error), 'a condition on errors');
}

/** What a function of the user's decided; a promise would always count as yes, so it is refused. */
export function decided(answer: unknown, what: string): boolean {
  if (typeof (answer as PromiseLike<unknown> | null | undefined)?.then === 'function') {
    (answer as PromiseLike<unknown>).then(undefined, () => undefined);
    throw new TypeError(`${what} must answer true or false at once, it returned a promise`);
  }
  return Boolean(answer);
}

/**
 * Asks a function of the options inside the call it is about. One that throws, or answers with a promise, never hides
 * what really happened: it is reported, and counts as `otherwise`, which `consequence` puts into words.
 */
export function ask(
  call: Call,
  option: string,
  consequence: string,
  test: () => boolean,
  otherwise = false,
): boolean {
  try {
    return call.within(test);
  } catch (error) {
    call.monitor.callbackFailed(option, consequence, call, error);
    return otherwise;
  }
}
