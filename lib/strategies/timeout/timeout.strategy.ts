import { AttemptTimeoutError, TotalTimeoutError, withoutStack } from '../../core/errors/index.js';
import type { Call } from '../../core/call/index.js';
import type { AttemptTimeLimit, TotalTimeLimit } from '../../core/strategy/index.js';

/** Ends a call that exceeds its time limit. The last failure, if any, is the `cause` of the error. */
export class TotalTimeoutStrategy implements TotalTimeLimit {
  readonly kind = 'total-timeout';

  constructor(
    private readonly operation: string,
    readonly duration: number,
  ) {}

  expired(call: Call): Error {
    const last = call.failures.at(-1);
    const options = last ? { cause: last.error } : undefined;
    return withoutStack(() => new TotalTimeoutError(this.operation, this.duration, options));
  }
}

/** Ends an attempt that exceeds its time limit. */
export class AttemptTimeoutStrategy implements AttemptTimeLimit {
  readonly kind = 'attempt-timeout';

  constructor(
    private readonly operation: string,
    readonly duration: number,
  ) {}

  expired(): Error {
    return withoutStack(() => new AttemptTimeoutError(this.operation, this.duration));
  }
}
