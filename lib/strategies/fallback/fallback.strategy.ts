import {
  anyOf,
  describeCall,
  isAbort,
  isClientError,
  isThenable,
  runInside,
  type Call,
  type RecoverStrategy,
  type StrategyContext,
} from '../../core/index.js';
import { type FallbackFunction, type FallbackTarget, type ResolvedFallback } from './fallback.options.js';

/** Answers in the method's place when all tries have failed. */
export class FallbackStrategy implements RecoverStrategy {
  readonly kind = 'recover';
  readonly #targets: readonly FallbackTarget[];
  readonly #handles: (error: unknown) => boolean;

  constructor(
    options: ResolvedFallback,
    private readonly context: StrategyContext,
  ) {
    this.#targets = options.use ?? [];
    this.#handles = options.on ? anyOf(options.on) : (error) => !isAbort(error) && !isClientError(error);
  }

  recover(call: Call, error: unknown): unknown {
    if (!this.#handles(error)) throw error;
    this.context.monitor.emit('fallback', call, { error });
    return this.#answer(call, error, 0);
  }

  #answer(call: Call, original: unknown, index: number): unknown {
    const failed = (failure: unknown): unknown => {
      if (index + 1 < this.#targets.length && !call.stopped) return this.#answer(call, original, index + 1);
      throw withCause(failure, original);
    };
    let result: unknown;
    try {
      result = runInside(call.current ?? call, () => ask(this.#targets[index]!, call, original), undefined);
    } catch (failure) {
      return failed(failure);
    }
    return isThenable(result) ? result.then(undefined, failed) : result;
  }
}

function ask(target: FallbackTarget, call: Call, error: unknown): unknown {
  if (typeof target === 'object') return target.value;
  const { self, args } = call.invocation;
  const answer =
    typeof target === 'function' ? target : ((self as Record<string, unknown>)[target] as FallbackFunction);
  return answer.call(self, error, describeCall(call), ...args);
}

/** Keeps the original error findable when the fallback fails too. */
function withCause(failure: unknown, original: unknown): unknown {
  if (
    failure instanceof Error &&
    failure !== original &&
    failure.cause === undefined &&
    Object.isExtensible(failure)
  ) {
    Object.defineProperty(failure, 'cause', { value: original, configurable: true, writable: true });
  }
  return failure;
}
