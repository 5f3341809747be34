import { rememberFailures } from '../errors/all-failed.js';
import { appendCallSite } from '../call/call-site.js';
import { CallDeadline, type Call } from '../call/call.js';
import type { TotalTimeLimit, RecoverStrategy, Runner } from '../strategy/strategy.js';

/**
 * A stretch of the pipeline that runs in one go, without a promise between its strategies. A call that never has to
 * wait is answered synchronously; otherwise each continuation runs in the async context of the caller.
 */
export abstract class Frame implements Runner {
  /** Whether the call is over when this frame is. */
  outermost = false;

  constructor(
    private readonly recover: readonly RecoverStrategy[],
    private readonly limit: TotalTimeLimit | undefined,
  ) {}

  run(call: Call): unknown {
    if (call.stopped) {
      call.monitor.emit('abort', call, { error: call.stopped.reason });
      return this.fail(call, call.stopped.reason);
    }
    const { limit } = this;
    if (limit) {
      call.limit = new CallDeadline(call, limit);
      call.operation.deadlines.arm(call.limit, limit.duration, call.operation.clock.now());
    }
    return this.proceed(call);
  }

  /** Runs the strategies further in and ends in {@link succeed} or {@link fail}. */
  protected abstract proceed(call: Call): unknown;

  protected succeed(call: Call, value: unknown): unknown {
    this.#stopLimit(call);
    if (this.outermost) call.leave();
    return value;
  }

  /** Ends the frame with `error`, or with what a fallback makes of it. */
  protected fail(call: Call, error: unknown): unknown {
    this.#stopLimit(call);
    rememberFailures(error, call.failures);
    return this.#recoverFrom(call, error, this.recover.length - 1);
  }

  #recoverFrom(call: Call, error: unknown, index: number): unknown {
    const strategy = call.stopped ? undefined : this.recover[index];
    if (!strategy) {
      if (this.outermost) call.leave();
      const reason = call.stopped ? call.stopped.reason : error;
      if (reason !== error) rememberFailures(reason, call.failures);
      // An error that the caller, or a shutdown, has given is not this call's.
      if (call.site && this.outermost && !call.stopped)
        appendCallSite(reason, call.site, call.operation.name);
      if (call.kind === 'promise' || call.answersLater) return Promise.reject(reason);
      throw reason;
    }
    let result: unknown;
    try {
      result = strategy.recover(call, error);
      if (!isThenable(result))
        return call.stopped ? this.#recoverFrom(call, error, -1) : this.succeed(call, result);
    } catch (failure) {
      return this.#recoverFrom(call, failure, index - 1);
    }
    return call.race(result).then(
      (value) => {
        call.settled();
        return this.succeed(call, value);
      },
      (failure) => {
        call.settled();
        return this.#recoverFrom(call, failure, index - 1);
      },
    );
  }

  /** A limit that struck ends only what stands inside of it: a fallback further out may still answer. */
  #stopLimit(call: Call): void {
    if (!this.limit || !call.limit) return;
    call.operation.deadlines.disarm(call.limit);
    if (call.stopped?.limit === call.limit) call.stopped = undefined;
    call.limit = undefined;
  }
}

/** Whether `value` settles later. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}
