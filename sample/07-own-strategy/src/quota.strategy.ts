import { checks, defineStrategy, RefusedError, type StrategyAttempt } from 'nestjs-opero';

declare module 'nestjs-opero' {
  interface OperoStrategies {
    /** How many attempts may run in all: a number, or `{ limit }`. */
    quota: {
      options: number | { limit?: number };
      events: 'quota-refusal';
      errors: 'QUOTA_SPENT';
      snapshot: { readonly left: number };
    };
  }
}

export class QuotaSpentError extends RefusedError {
  readonly code = 'QUOTA_SPENT';
}

export const quota = defineStrategy({
  name: 'quota',
  option: 'quota',
  kind: 'gate',
  before: 'rate limit',
  allowed: 'a number of attempts, false, or { limit }',
  shorthand: (raw) => (typeof raw === 'number' ? { limit: raw } : undefined),
  schema: checks.fields({ limit: checks.wholeNumber(1) }),
  events: ['quota-refusal'],
  errors: { QUOTA_SPENT: 429 },
  isStateful: () => true,
  create({ limit }, { own, monitor, operation }) {
    const state = own.once('quota', () => ({ left: limit }));
    return {
      kind: 'gate',
      state,
      enter(attempt: StrategyAttempt) {
        if (state.left > 0) return state.left--;
        const error = new QuotaSpentError(`${operation} has spent its quota`, operation, 0);
        monitor.emit('quota-refusal', attempt.call, { error });
        return attempt.refuse(error);
      },
      leave(attempt: StrategyAttempt) {
        if (!attempt.invoked) state.left++;
      },
    } as const;
  },
  snapshot: ({ state }) => ({ left: state.left, rejecting: state.left === 0 }),
});
