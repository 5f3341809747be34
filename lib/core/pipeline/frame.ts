import { rememberFailures } from '../errors/all-failed.js';
import { appendCallSite } from '../call/call-site.js';
import { CallDeadline, type Call } from '../call/call.js';
import { asResult, type CallResult } from '../call/outcomes.js';
import { isWithdrawn } from '../call/withdrawal.js';
import type { TotalTimeLimit, RecoverStrategy, Runner } from '../strategy/strategy.js';

/**
 * A section of the pipeline that runs without promises between its strategies. A call that never has to wait returns
 * synchronously; otherwise each continuation runs in the async context of the caller.
 */
export abstract class Frame implements Runner {
  /** Whether the call ends with this frame. */
  outermost = false;

  constructor(
    private readonly recover: readonly RecoverStrategy[],
    private readonly limit: TotalTimeLimit | undefined,
  ) {}

  run(call: Call): CallResult {
    if (call.stopped) return this.fail(call, call.stopped.reason);
    const { limit } = this;
    if (limit) {
      call.limit = new CallDeadline(call, limit);
      call.operation.deadlines.arm(call.limit, limit.duration, call.operation.clock.now());
    }
    return this.proceed(call);
  }

  /** Runs the inner strategies and ends in {@link succeed} or {@link fail}. */
  protected abstract proceed(call: Call): CallResult;

  protected succeed(call: Call, value: unknown): CallResult {
    this.#stopLimit(call);
    if (this.outermost) call.leave();
    return asResult(value);
  }

  /** Ends the frame with `error` or the result of a fallback. */
  protected fail(call: Call, error: unknown): CallResult {
    this.#stopLimit(call);
    rememberFailures(error, call.failures);
    return this.#recoverFrom(call, error, this.recover.length - 1);
  }

  #recoverFrom(call: Call, error: unknown, index: number): CallResult {
    const strategy = call.stopped ? undefined : this.recover[index];
    if (!strategy) return this.#failWith(call, error);
    let result: unknown;
    let later: PromiseLike<unknown> | undefined;
    try {
      result = strategy.recover(call, error);
      if (isThenable(result)) later = result;
    } catch (failure) {
      return this.#failAgain(call, failure, index);
    }
    if (!later) return call.stopped ? this.#failWith(call, error) : this.succeed(call, result);
    const settled = call.race(later).then(
      (value) => this.succeed(call, value),
      (failure) => this.#failAgain(call, failure, index),
    );
    return asResult(settled);
  }

  /** The recovery at `index` failed, too. */
  #failAgain(call: Call, failure: unknown, index: number): CallResult {
    rememberFailures(failure, call.failures);
    return this.#recoverFrom(call, failure, index - 1);
  }

  #failWith(call: Call, error: unknown): CallResult {
    const { stopped } = call;
    const reason = stopped ? stopped.reason : error;
    if (reason !== error) rememberFailures(reason, call.failures);
    if (this.outermost) {
      if (stopped && !stopped.limit && !isWithdrawn(call))
        call.monitor.emit('abort', call, { error: reason });
      call.leave();
      // The reason of an abort or a shutdown does not belong to this call.
      if (call.site && !stopped) appendCallSite(reason, call.site, call.operation.name);
    }
    if (call.kind === 'promise' || call.answersLater) return asResult(Promise.reject(reason));
    throw reason;
  }

  /** A timeout ends only what is inside of this frame: a fallback further out may still run. */
  #stopLimit(call: Call): void {
    if (!this.limit || !call.limit) return;
    call.operation.deadlines.disarm(call.limit);
    if (call.stopped?.limit === call.limit) call.stopped = undefined;
    call.limit = undefined;
  }
}

/** Whether `value` is a promise or another thenable. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}
