import {
  AllFailedError,
  anyOf,
  AttemptTimeoutError,
  type budgetOf,
  decided,
  EXHAUSTED,
  isPermanent,
  LAST,
  LEAVE,
  RefusedError,
  retryAfterOf,
  UnacceptableResultError,
  type Call,
  type ResolvedBudget,
  type RepeatStrategy,
  type StrategyContext,
} from '../../core/index.js';
import { backoffDelay } from './backoff.js';
import type { ResolvedRetry } from './retry.options.js';

/** Whether an error is, or was caused by, one that a nested call failed with after all its tries. */
function isSpent(call: Call, error: unknown): boolean {
  let current = error;
  for (let depth = 0; depth < 4 && typeof current === 'object' && current !== null; depth++) {
    if (current instanceof AllFailedError || call.spent?.has(current)) return true;
    current = (current as { cause?: unknown }).cause;
  }
  return false;
}

/** A try that was not let through was no load for the other side: the next one is the first it sees. */
function costOf(error: unknown, { cost, timeoutCost }: ResolvedBudget): number {
  if (error instanceof RefusedError) return 0;
  return error instanceof AttemptTimeoutError ? timeoutCost : cost;
}

/** Repeats a call that failed for a passing reason. */
export class RetryStrategy implements RepeatStrategy {
  readonly kind = 'repeat';
  readonly rejects: ((call: Call, value: unknown) => boolean) | undefined;
  readonly #worthRetrying: (error: unknown) => boolean;

  constructor(
    private readonly options: ResolvedRetry,
    private readonly context: StrategyContext,
    private readonly paid: ReturnType<typeof budgetOf>,
    /** Whether something can answer in the place of a result that is not accepted. */
    private readonly hasFallback: boolean,
  ) {
    this.#worthRetrying = options.retryOn ? anyOf(options.retryOn) : (error) => !isPermanent(error);
    const { retryOnResult } = options;
    if (retryOnResult) {
      this.rejects = (_call, value) => decided(retryOnResult(value as never), 'retryOnResult');
    }
  }

  afterFailure(call: Call, error: unknown): number {
    if (!this.#isWorthRetrying(call)) return LEAVE;
    if (call.attempt > this.options.retries) return this.#spent(call, error);
    const delay = this.#delay(call, error);
    if (delay === undefined) return this.#exhausted(call, error);
    if (!this.#pay(call, error)) {
      this.context.monitor.emit('retry-refusal', call, { error });
      return this.#spent(call, error);
    }
    this.context.monitor.emit('retry', call, { error, delay });
    this.#previousDelay(call, delay);
    call.attempt++;
    return delay;
  }

  /** A retry that helped was no burden: it gives its cost back. */
  afterSuccess(call: Call): void {
    const { paid } = this;
    if (!paid) return;
    paid.budget.give(call.attempt === 1 ? 1 : ((call.notes.get(paid) as number | undefined) ?? 0));
  }

  #pay(call: Call, error: unknown): boolean {
    const { paid } = this;
    if (!paid) return true;
    const cost = costOf(error, paid.costs);
    call.notes.set(paid, cost);
    return paid.budget.take(cost, this.context.clock.now());
  }

  /** Further out this must not be retried, also where it is no AllFailedError: the tries would multiply. */
  #spent(call: Call, error: unknown): number {
    if (this.options.retries > 0) call.noteSpent(error);
    return this.#exhausted(call, error);
  }

  #exhausted(call: Call, error: unknown): number {
    const { exhausted } = this.options;
    if (exhausted === 'last') return LAST;
    if (exhausted === undefined) {
      const unaccepted = error instanceof UnacceptableResultError;
      return unaccepted && this.hasFallback ? EXHAUSTED : LEAVE;
    }
    return call.failures.length === 1 ? LEAVE : EXHAUSTED;
  }

  /** With fallback arguments a try is a whole list of failures, worth a retry if any of them is. */
  #isWorthRetrying(call: Call): boolean {
    return call.failures.some(
      ({ attempt, error }) => attempt === call.attempt && this.#isRetryable(call, error),
    );
  }

  #isRetryable(call: Call, error: unknown): boolean {
    if (error instanceof UnacceptableResultError) return true;
    // A refusal is not an answer of the other side: worth a wait only when somebody has set the time for it.
    if (error instanceof RefusedError && !this.options.retryOn) return call.deadline < Infinity;
    return this.#worthRetrying(error) && (this.options.retryOn !== undefined || !isSpent(call, error));
  }

  /** The wait, or `undefined` when the call would be given up before it is over. */
  #delay(call: Call, error: unknown): number | undefined {
    const { options, context } = this;
    const input = { attempt: call.attempt, previous: this.#previousDelay(call), error };
    let delay = backoffDelay(options, input, context.random, context.operation);
    if (options.respectRetryAfter) {
      const asked = retryAfterOf(error, context.clock) ?? 0;
      // All who were refused wait for the same moment: the backoff keeps them from coming in that moment at once.
      const wanted = error instanceof RefusedError ? asked + delay : Math.max(asked, delay);
      delay = Math.min(options.maxDelay, wanted);
    }
    return context.clock.now() + delay > call.deadline ? undefined : delay;
  }

  #previousDelay(call: Call, set?: number): number {
    if (this.options.jitter !== 'decorrelated') return 0;
    if (set !== undefined) call.notes.set(this, set);
    return (call.notes.get(this) as number | undefined) ?? 0;
  }
}
