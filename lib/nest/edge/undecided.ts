import { isObservable } from 'rxjs';
import { withdraw, type Call, type Invocation } from '../../core/call/index.js';
import type { Target } from '../../core/strategy/index.js';
import { isThenable } from '../../core/pipeline/index.js';
import type { Operation, OperoRuntime } from '../../runtime/index.js';
import { protect } from './observables.js';

/** How a method returns, once known. */
type Known = Exclude<Target['answers'], 'unknown'>;

/** Why results are not cached if the first one was no promise. */
export const uncachedOf = (answers: Target['answers']): string | undefined => {
  if (answers === 'observable')
    return 'it answers with an Observable, allowed: a method that returns a promise';
  if (answers === 'direct') return 'it answers without a promise, allowed: a method that returns a promise';
  return undefined;
};

/**
 * Calls a method of which it is unknown whether it returns a promise, an Observable or a value. Its first result
 * decides, also for this call: for an Observable, and for a value if there is a cache, the call is withdrawn and
 * replaced by one of the right kind that gets the result. A method that throws has not decided: its error is
 * rethrown.
 *
 * If the method is not reached at all (rejected, cached, queued) the call returns a promise.
 */
export function callUndecided(
  runtime: OperoRuntime,
  operation: Operation,
  invocation: Invocation,
  learn: (answers: Known) => void,
): unknown {
  let begun = true;
  let reached = false;
  let taken: { readonly answer: unknown; readonly kind: Known } | undefined;
  const watched = (...args: never[]): unknown => {
    reached ||= begun;
    const answer: unknown = invocation.method.apply(invocation.self, args);
    const kind = kindOf(answer);
    learn(kind);
    if (!begun || kind === 'promise' || (kind === 'direct' && !operation.caches)) return answer;
    taken = { answer, kind };
    return withdraw(call);
  };
  const call: Call = operation.prepare({ ...invocation, method: watched }, runtime.scope, 'direct');
  let result: unknown;
  try {
    result = operation.proceed(call);
  } catch (error) {
    if (!taken) return reached ? rethrow(error) : Promise.reject(error);
  } finally {
    begun = false;
  }
  if (!taken) return reached ? result : Promise.resolve(result);
  if (isThenable(result)) result.then(undefined, () => undefined);
  const { answer, kind } = taken;
  const uncached = uncachedOf(kind);
  if (kind === 'observable') {
    warnOfConditions(runtime, operation);
    warnOfSubject(runtime, operation, answer);
    return protect(runtime, operation, { ...invocation, uncached }, answer as ReturnType<typeof protect>);
  }
  const method = given(answer, invocation);
  return operation.run({ ...invocation, uncached, method }, runtime.scope, 'direct');
}

/** Conditions on results: the boot refuses them on a method that is known to return an Observable. */
const CONDITIONS = ['retry.retryOnResult', 'hedge.failureOnResult', 'circuitBreaker.failureOnResult'];

function warnOfConditions(runtime: OperoRuntime, operation: Operation): void {
  const { options } = operation;
  for (const path of CONDITIONS)
    if (path in options)
      runtime.warn(
        `${operation.name} answers with an Observable, so ${path} is not asked, allowed: a method that returns a promise or a value`,
      );
}

/** The boot refuses a method whose written type is a Subject: callers get an Observable, to which they cannot emit. */
function warnOfSubject(runtime: OperoRuntime, { name }: Operation, answer: unknown): void {
  const { constructor, next } = answer as { constructor?: { name?: string }; next?: unknown };
  if (typeof next !== 'function') return;
  const type = constructor?.name ?? 'Subject';
  runtime.warn(`${name} answers with a ${type}, which its callers get as an Observable, allowed: Observable`);
}

function kindOf(answer: unknown): Known {
  if (isObservable(answer)) return 'observable';
  return isThenable(answer) ? 'promise' : 'direct';
}

/** A method that first returns a result which is already there. */
function given(answer: unknown, { self, method }: Invocation): Invocation['method'] {
  let isFirst = true;
  return (...args: never[]) => {
    if (!isFirst) return method.apply(self, args);
    isFirst = false;
    return answer;
  };
}

function rethrow(error: unknown): never {
  throw error;
}
