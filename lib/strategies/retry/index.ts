import type { Problem } from '../../core/options/index.js';
import {
  budgetOf,
  defineStrategy,
  feedsBudget,
  validateBudget,
  retryabilityOf,
  type Target,
} from '../../core/strategy/index.js';
import { longestPauses } from './backoff.js';
import { retrySchema, type ResolvedRetry, type RetryOptions } from './retry.options.js';
import { RetryStrategy } from './retry.strategy.js';

export { backoffDelay, type BackoffInput } from './backoff.js';
export { retrySchema, type ResolvedRetry } from './retry.options.js';
export type { Backoff, BackoffFunction, Jitter, RetryOptions } from './retry.options.js';

declare module '../../core/declarations/index.js' {
  interface OperoStrategies {
    /**
     * Retry: repeats a call after transient errors, with a backoff. A number is `retries`; `true` is 3.
     * @default off
     */
    retry: { options: number | RetryOptions; events: 'retry' | 'retry-refusal' };
  }
}

function validate(
  { minDelay, maxDelay, retries, backoff, budget, retryOnResult }: ResolvedRetry,
  { answers }: Target,
): Problem[] {
  const problems: Problem[] = validateBudget(budget);
  if (answers === 'observable' && retryOnResult) {
    const message =
      'got a method that returns an Observable, allowed: a method that returns a promise or a value';
    problems.push({ path: 'retryOnResult', message });
  }
  if (maxDelay < minDelay) {
    problems.push({
      path: 'maxDelay',
      message: `got ${maxDelay}, allowed: at least minDelay, which is ${minDelay}`,
    });
  }
  if (answers === 'direct' && retries > 0 && (minDelay > 0 || typeof backoff === 'function')) {
    problems.push({
      path: 'minDelay',
      message: `got ${minDelay}, allowed: 0 and no backoff function on a synchronous method, which cannot wait`,
    });
  }
  return problems;
}

/** Repeats failed attempts. */
export const retry = defineStrategy<'retry', ResolvedRetry, RetryStrategy>({
  name: 'retry',
  option: 'retry',
  kind: 'repeat',
  allowed: 'a number of retries, true, false, or an object',
  shorthand: (raw) => (typeof raw === 'number' ? { retries: raw } : undefined),
  schema: retrySchema,
  events: ['retry', 'retry-refusal'],
  hooks: { onRetry: ['retry'] },
  isStateful: ({ budget }) => typeof budget === 'object' && budget.name === undefined,
  named: ({ budget }): Record<string, object> => (typeof budget === 'object' ? { budget } : {}),
  facts: (options) => ({
    idempotent: options.idempotent,
    retries: options.retries,
    pauses: longestPauses(options),
  }),
  validate,
  create(options, context) {
    // Hedges go by them too, also where nothing is ever retried.
    const retryability = retryabilityOf(context, options);
    const paid = budgetOf(context, options.budget, options.retries);
    if (options.retries === 0 && !options.retryOnResult) return undefined;
    if (paid) feedsBudget(context, 'retry');
    const around = {
      hasFallback: context.has('answers-failures'),
      canWait: context.target.answers !== 'direct',
    };
    return new RetryStrategy(options, context, retryability, paid, around);
  },
});
