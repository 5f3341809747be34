import type { Call } from '../call/call.js';
import { asResult, type CallResult } from '../call/outcomes.js';
import { Frame, isThenable } from './frame.js';
import type { AroundStrategy, TotalTimeLimit, RecoverStrategy, Runner } from '../strategy/strategy.js';

/** A frame around a strategy that may return without running the strategies inside it, such as the cache. */
export class AroundFrame extends Frame {
  constructor(
    recover: readonly RecoverStrategy[],
    limit: TotalTimeLimit | undefined,
    private readonly strategy: AroundStrategy,
    private readonly next: Runner,
  ) {
    super(recover, limit);
  }

  protected proceed(call: Call): CallResult {
    let result: unknown;
    try {
      result = this.strategy.around(call, this.next);
    } catch (error) {
      return this.fail(call, error);
    }
    if (!isThenable(result)) return this.succeed(call, result);
    const settled = Promise.resolve(result).then(
      (value) => this.succeed(call, value),
      (error) => this.fail(call, error),
    );
    return asResult(settled);
  }
}
