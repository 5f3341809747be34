import type { Problem } from '../../core/options/index.js';
import { defineStrategy, type Target } from '../../core/strategy/index.js';
import {
  validateTimeout,
  timeoutSchema,
  type ResolvedTimeout,
  type TimeoutOptions,
} from './timeout.options.js';
import { AttemptTimeoutStrategy, TotalTimeoutStrategy } from './timeout.strategy.js';

export type { TimeoutOptions } from './timeout.options.js';

const option = {
  option: 'timeout' as const,
  allowed: 'ms for each attempt, or { attempt, total }, or false',
  shorthand: (raw: unknown) => (typeof raw === 'number' ? { attempt: raw } : undefined),
  schema: timeoutSchema,
  raw: undefined as number | TimeoutOptions | undefined,
};

function validate(resolved: ResolvedTimeout, target: Target): Problem[] {
  const problems = validateTimeout(resolved);
  if (target.answers === 'direct') {
    problems.push({
      path: '',
      message: 'got a synchronous method, allowed: a method that returns a promise',
    });
  }
  return problems;
}

/** The limit on the whole call. */
export const totalTimeout = defineStrategy<'timeout', number | TimeoutOptions, ResolvedTimeout>({
  ...option,
  name: 'total timeout',
  validate,
  create: ({ total }, { operation }) => (total ? new TotalTimeoutStrategy(operation, total) : undefined),
});

/** The limit on one attempt. */
export const attemptTimeout = defineStrategy<'timeout', number | TimeoutOptions, ResolvedTimeout>({
  ...option,
  name: 'attempt timeout',
  create: ({ attempt }, { operation }) =>
    attempt ? new AttemptTimeoutStrategy(operation, attempt) : undefined,
});
