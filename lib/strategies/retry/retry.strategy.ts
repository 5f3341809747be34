import { AttemptTimeoutError, UnacceptableResultError } from '../../core/errors/index.js';
import { NoteKey, type Call } from '../../core/call/index.js';
import {
  ask,
  decided,
  type BudgetCosts,
  type budgetOf,
  type CreateContext,
  type RepeatDecision,
  type RepeatStrategy,
  type Retryability,
} from '../../core/strategy/index.js';
import { backoffDelay } from './backoff.js';
import type { ResolvedRetry } from './retry.options.js';

/** Retries a call after transient errors. */
export class RetryStrategy implements RepeatStrategy {
  readonly kind = 'repeat';
  readonly #cost = new NoteKey<number>();
  readonly #delayBefore = new NoteKey<number>();
  readonly rejects: ((call: Call, value: unknown) => boolean) | undefined;

  /** Whether a fallback can replace a result that is not accepted. */
  readonly #hasFallback: boolean;
  /** False for a synchronous method. */
  readonly #canWait: boolean;

  constructor(
    private readonly options: ResolvedRetry,
    private readonly context: CreateContext,
    private readonly retryability: Retryability,
    private readonly paid: ReturnType<typeof budgetOf>,
  ) {
    this.#hasFallback = context.has('answers-failures');
    this.#canWait = context.target.answers !== 'direct';
    const { retryOnResult } = options;
    if (retryOnResult) {
      this.rejects = (call, value) =>
        ask(call, 'retry.retryOnResult', 'the result is accepted', () =>
          decided(retryOnResult(value as never), 'retry.retryOnResult'),
        );
    }
  }

  afterFailure(call: Call, error: unknown): RepeatDecision {
    if (!this.#isWorthRetrying(call)) return 'none';
    if (call.attempt > this.options.retries) return this.#spent(call, error);
    const delay = this.#delay(call, error);
    if (delay === undefined) return 'none';
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

  /** A successful retry returns its cost to the budget. */
  afterSuccess(call: Call): void {
    const { paid } = this;
    if (!paid) return;
    paid.budget.give(call.attempt === 1 ? 1 : (call.notes.get(this.#cost) ?? 0));
  }

  #pay(call: Call, error: unknown): boolean {
    const { paid } = this;
    if (!paid) return true;
    const cost = costOf(call, error, paid.costs);
    call.notes.set(this.#cost, cost);
    return paid.budget.take(cost, this.context.clock.now());
  }

  /**
   * Marks the error so that surrounding operations do not retry it, even if it is no AllFailedError: the attempts
   * would multiply.
   */
  #spent(call: Call, error: unknown): RepeatDecision {
    if (this.options.retries > 0) call.noteSpent(error);
    return this.#exhausted(call, error);
  }

  #exhausted(call: Call, error: unknown): RepeatDecision {
    const { exhausted } = this.options;
    if (exhausted === 'last') return 'last';
    if (exhausted === undefined) {
      const unaccepted = error instanceof UnacceptableResultError;
      return unaccepted && this.#hasFallback ? 'aggregate' : 'none';
    }
    return call.failures.length === 1 ? 'none' : 'aggregate';
  }

  /** With fallback arguments an attempt has several failures. It is retried if any of them is retryable. */
  #isWorthRetrying(call: Call): boolean {
    return failuresOfTry(call).some(({ error }) => this.#isRetryable(call, error));
  }

  #isRetryable(call: Call, error: unknown): boolean {
    // A rejection does not come from the downstream: waiting is only useful if the call has a time limit.
    if (call.refusedWith(error) && !this.options.retryOn) return call.deadline < Infinity;
    return this.retryability.worth(call, error);
  }

  /** The delay in ms; `undefined` if no delay is allowed. */
  #delay(call: Call, error: unknown): number | undefined {
    const own = this.#backoff(call, error);
    if (own === undefined) return undefined;
    const { maxDelay } = this.options;
    const asked = this.#asked(call);
    // The required delay exceeds what is possible: the call ends with the error that asked for it.
    if (asked > (this.#canWait ? maxDelay : 0)) return undefined;
    // All rejected callers wait for the same moment: the backoff spreads them.
    return Math.min(maxDelay, call.refusedWith(error) ? asked + own : Math.max(asked, own));
  }

  /**
   * The longest delay that an error of this attempt asked for. Rejections put no load on the downstream: if any
   * alternative was permitted, rejected ones are attempted again along with it; otherwise the shortest `retryAfter`
   * counts.
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
    if (set !== undefined) call.notes.set(this.#delayBefore, set);
    return call.notes.get(this.#delayBefore) ?? 0;
  }
}

const failuresOfTry = ({ failures, attempt, earlier }: Call) =>
  failures.filter((failure, index) => index >= earlier && failure.attempt === attempt);

/** A rejected attempt put no load on the downstream: the next attempt is the first one it sees. */
function costOf(call: Call, error: unknown, { cost, timeoutCost }: BudgetCosts): number {
  if (call.refusedWith(error)) return 0;
  return error instanceof AttemptTimeoutError ? timeoutCost : cost;
}
