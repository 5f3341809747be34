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

declare module '../../core/declarations/index.js' {
  interface OperoStrategies {
    /**
     * Timeout: limits the time of each attempt and of the whole call. A number is the limit of an attempt, in ms.
     * @default off
     */
    timeout: { options: number | TimeoutOptions; errors: 'OPERO_ATTEMPT_TIMEOUT' | 'OPERO_TOTAL_TIMEOUT' };
  }
}

const option = {
  option: 'timeout' as const,
  allowed: 'ms for each attempt, or { attempt, total }, or false',
  shorthand: (raw: unknown) => (typeof raw === 'number' ? { attempt: raw } : undefined),
  schema: timeoutSchema,
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
export const totalTimeout = defineStrategy<'timeout', ResolvedTimeout, TotalTimeoutStrategy>({
  ...option,
  name: 'total timeout',
  kind: 'total-timeout',
  facts: ({ attempt, total }) => ({ attemptLimit: attempt, totalLimit: total }),
  errors: { OPERO_ATTEMPT_TIMEOUT: 504, OPERO_TOTAL_TIMEOUT: 504 },
  validate,
  create: ({ total }, { operation }) => (total ? new TotalTimeoutStrategy(operation, total) : undefined),
});

/** The limit on one attempt. */
export const attemptTimeout = defineStrategy<'timeout', ResolvedTimeout, AttemptTimeoutStrategy>({
  ...option,
  name: 'attempt timeout',
  kind: 'attempt-timeout',
  create: ({ attempt }, { operation }) =>
    attempt ? new AttemptTimeoutStrategy(operation, attempt) : undefined,
});
