import {
  checks,
  defineStrategy,
  RefusedError,
  withoutStack,
  type CreateContext,
  type GateStrategy,
  type OperoListener,
  type StrategyAttempt,
} from 'nestjs-opero';

/** How many attempts may run in all. */
export interface QuotaOptions {
  /** Attempts, 1 or more. */
  limit?: number;
  /** Told of each rejected attempt. */
  onRefusal?: OperoListener;
}

declare module 'nestjs-opero' {
  interface OperoStrategies {
    /** How many attempts may run in all. */
    quota: {
      options: number | QuotaOptions;
      events: 'quota-refusal';
      errors: 'QUOTA_SPENT';
      snapshot: { readonly left: number; readonly rejecting: boolean };
    };
  }
}

/** The quota is spent. */
export class QuotaSpentError extends RefusedError {
  readonly code = 'QUOTA_SPENT';
}

/** Lets a number of attempts through, and no more. */
class QuotaStrategy implements GateStrategy {
  readonly kind = 'gate';

  constructor(
    private readonly state: { left: number },
    private readonly context: CreateContext,
  ) {}

  get left(): number {
    return this.state.left;
  }

  enter(attempt: StrategyAttempt): unknown {
    if (this.state.left > 0) return this.state.left--;
    const { operation, monitor } = this.context;
    const error = withoutStack(() => new QuotaSpentError(`${operation} has spent its quota`, operation, 0));
    monitor.emit('quota-refusal', attempt.call, { error });
    return attempt.refuse(error);
  }

  /** What never began does not count. */
  leave(attempt: StrategyAttempt): void {
    if (!attempt.invoked) this.state.left++;
  }
}

export const quota = defineStrategy({
  name: 'quota',
  option: 'quota',
  kind: 'gate',
  before: 'bulkhead',
  allowed: 'a number of calls, false, or { limit }',
  shorthand: (raw) => (typeof raw === 'number' ? { limit: raw } : undefined),
  schema: checks.fields({
    limit: checks.wholeNumber(1),
    onRefusal: checks.optional(checks.callback<OperoListener>()),
  }),
  events: ['quota-refusal'],
  hooks: { onRefusal: ['quota-refusal'] },
  errors: { QUOTA_SPENT: 429 },
  isStateful: () => true,
  validate: ({ limit }) =>
    limit === 13 ? [{ path: 'limit', message: 'got 13, allowed: any other number' }] : [],
  create: ({ limit }, context) =>
    new QuotaStrategy(
      context.own.once('quota', () => ({ left: limit })),
      context,
    ),
  snapshot: ({ left }) => ({ left, rejecting: left === 0 }),
});
