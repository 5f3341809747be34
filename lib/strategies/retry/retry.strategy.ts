import { AttemptTimeoutError, UnacceptableResultError } from '../../core/errors/index.js';
import type { Call } from '../../core/call/index.js';
import {
  ask,
  decided,
  EXHAUSTED,
  LAST,
  LEAVE,
  type BudgetCosts,
  type budgetOf,
  type RepeatStrategy,
  type Retryability,
  type StrategyContext,
} from '../../core/strategy/index.js';
import { backoffDelay } from './backoff.js';
import type { ResolvedRetry } from './retry.options.js';

/** Repeats a call that failed for a passing reason. */
export class RetryStrategy implements RepeatStrategy {
  readonly kind = 'repeat';
  readonly rejects: ((call: Call, value: unknown) => boolean) | undefined;

  constructor(
    private readonly options: ResolvedRetry,
    private readonly context: StrategyContext,
    private readonly retryability: Retryability,
    private readonly paid: ReturnType<typeof budgetOf>,
    /** Whether something can answer in the place of a result that is not accepted. */
    private readonly hasFallback: boolean,
  ) {
    const { retryOnResult } = options;
    if (retryOnResult) {
      this.rejects = (call, value) =>
        ask(call, 'retry.retryOnResult', 'the result is accepted', () =>
          decided(retryOnResult(value as never), 'retry.retryOnResult'),
        );
    }
  }

  afterFailure(call: Call, error: unknown): number {
    if (!this.#isWorthRetrying(call)) return LEAVE;
    if (call.attempt > this.options.retries) return this.#spent(call, error);
    const delay = this.#delay(call, error);
    if (delay === undefined) return LEAVE;
    if (call.operation.clock.now() + delay > call.deadline) return this.#exhausted(call, error);
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
    const cost = costOf(call, error, paid.costs);
    call.notes.set(paid, cost);
    return paid.budget.take(cost, this.context.clock.now());
  }

  /** Further out this must not be retried, also where it is no AllFailedError: the attempts would multiply. */
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

  /** With fallback arguments an attempt is a whole list of failures, worth a retry if any of them is. */
  #isWorthRetrying(call: Call): boolean {
    return failuresOfTry(call).some(({ error }) => this.#isRetryable(call, error));
  }

  #isRetryable(call: Call, error: unknown): boolean {
    // A refusal is not an answer of the other side: worth a wait only when somebody has set the time for it.
    if (call.refusedWith(error) && !this.options.retryOn) return call.deadline < Infinity;
    return this.retryability.worth(call, error);
  }

  /** The wait; `undefined` when no wait would do. */
  #delay(call: Call, error: unknown): number | undefined {
    const own = this.#backoff(call, error);
    if (own === undefined) return undefined;
    const { maxDelay } = this.options;
    const asked = this.#asked(call);
    // Who was told to wait longer than that does not come earlier: the call ends with what told it.
    if (asked > maxDelay) return undefined;
    // All who were refused wait for the same moment: the backoff keeps them from coming in that moment at once.
    return Math.min(maxDelay, call.refusedWith(error) ? asked + own : Math.max(asked, own));
  }

  /**
   * The longest wait that an answer of this attempt asked for. Refusals of ours cost the other side nothing: where any
   * alternative was let through they are asked again with it, else the one that ends first is waited for.
   */
  #asked(call: Call): number {
    const failures = failuresOfTry(call);
    const answers = failures.filter(({ error }) => !call.refusedWith(error));
    if (answers.length === 0) return Math.min(...failures.map(({ retryAfter = 0 }) => retryAfter));
    if (!this.options.respectRetryAfter) return 0;
    return Math.max(...answers.map(({ retryAfter = 0 }) => retryAfter));
  }

  #backoff(call: Call, error: unknown): number | undefined {
    const { options, context } = this;
    const input = { attempt: call.attempt, previous: this.#previousDelay(call), error };
    try {
      return call.within(() => backoffDelay(options, input, context.random, context.operation));
    } catch (thrown) {
      context.monitor.callbackFailed('retry.backoff', 'the error is not retried', call, thrown);
      return undefined;
    }
  }

  #previousDelay(call: Call, set?: number): number {
    if (this.options.jitter !== 'decorrelated') return 0;
    if (set !== undefined) call.notes.set(this, set);
    return (call.notes.get(this) as number | undefined) ?? 0;
  }
}

const failuresOfTry = ({ failures, attempt }: Call) =>
  failures.filter((failure) => failure.attempt === attempt);

/** An attempt of this call that was not let through was no load for the other side: the next one is the first it sees. */
function costOf(call: Call, error: unknown, { cost, timeoutCost }: BudgetCosts): number {
  if (call.refusedWith(error)) return 0;
  return error instanceof AttemptTimeoutError ? timeoutCost : cost;
}
