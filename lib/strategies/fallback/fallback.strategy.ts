import {
  AllFailedError,
  anyOf,
  copyOf,
  natureOf,
  Attempt,
  decided,
  failuresOf,
  isAbort,
  isClientError,
  isThenable,
  runInside,
  type AttemptFailure,
  type Call,
  type RecoverStrategy,
  type StrategyContext,
} from '../../core/index.js';
import { type FallbackFunction, type FallbackTarget, type ResolvedFallback } from './fallback.options.js';

/** Answers in the method's place when all attempts have failed. */
export class FallbackStrategy implements RecoverStrategy {
  readonly kind = 'recover';
  readonly #targets: readonly FallbackTarget[];
  readonly #isMeant: ((error: unknown) => boolean) | undefined;

  constructor(
    options: ResolvedFallback,
    private readonly context: StrategyContext,
  ) {
    this.#targets = options.use ?? [];
    this.#isMeant = options.on === undefined ? undefined : anyOf(options.on);
  }

  recover(call: Call, error: unknown): unknown {
    if (!this.#handles(call, error)) throw error;
    this.context.monitor.emit('fallback', call, { error });
    return this.#answer(call, error, 0);
  }

  #handles(call: Call, error: unknown): boolean {
    if (!this.#isMeant) return isAnswerable(error);
    const isMeant = this.#isMeant;
    try {
      return call.within(() => decided(isMeant(error), 'fallback.on'));
    } catch (thrown) {
      this.context.monitor.callbackFailed('fallback.on', 'the fallback does not answer', call, thrown);
      return false;
    }
  }

  #answer(call: Call, original: unknown, index: number): unknown {
    const target = this.#targets[index]!;
    if (typeof target === 'object') return ownCopy(target.value);
    const { clock } = this.context;
    // An attempt of its own: the signal of the one that failed is aborted, after a timeout at the latest.
    const attempt = new Attempt(call, clock.now(), 0, undefined, `${LABEL}${index + 1}`);
    const failed = (failure: unknown): unknown => {
      attempt.end();
      if (call.stopped) throw failure;
      if (failure !== original) attempt.failed(failure, clock.now());
      if (index + 1 < this.#targets.length) return this.#answer(call, original, index + 1);
      throw this.#outcome(call, original, failure);
    };
    let result: unknown;
    try {
      result = runInside(attempt, () => ask(target, attempt, original), undefined);
      if (!isThenable(result)) {
        attempt.answered();
        return result;
      }
    } catch (failure) {
      return failed(failure);
    }
    return Promise.resolve(result).then((value) => {
      attempt.answered();
      return value;
    }, failed);
  }

  /** What the call fails with: an error that leads to the original as it is, else both in one. None of them is changed. */
  #outcome(call: Call, original: unknown, failure: unknown): unknown {
    if (leadsTo(failure, original)) return failure;
    const isFallback = ({ alternative }: AttemptFailure) => alternative.startsWith(LABEL);
    const tries = call.failures.filter((tried) => !isFallback(tried));
    if (tries.length === 0) tries.push(...failuresOf(original));
    if (!tries.some(({ error }) => error === original)) {
      const { attempt, startedAt } = call;
      const duration = this.context.clock.now() - startedAt;
      tries.push({ attempt, hedge: 0, alternative: '', delay: 0, duration, error: original });
    }
    return new AllFailedError(this.context.operation, [...tries, ...call.failures.filter(isFallback)]);
  }
}

/** One object for all callers would show each what the others do to it. */
function ownCopy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const nature = natureOf(value);
  if (nature.live !== undefined) return value;
  try {
    return copyOf(value, nature);
  } catch {
    return value;
  }
}

/** An error that does not let itself be looked at says nothing against an answer. */
function isAnswerable(error: unknown): boolean {
  try {
    return !isAbort(error) && !isClientError(error);
  } catch {
    return true;
  }
}

/** Names fallbacks among the alternatives of a call, by position. */
const LABEL = 'fallback#';

function ask(
  target: Exclude<FallbackTarget, object> | FallbackFunction,
  attempt: Attempt,
  error: unknown,
): unknown {
  const { self, args, adapt } = attempt.call.invocation;
  const answer =
    typeof target === 'function' ? target : ((self as Record<string, unknown>)[target] as FallbackFunction);
  const given = answer.call(self, error, attempt, ...args);
  return adapt ? adapt(given) : given;
}

/** Whether an error is the original one, or has it among its causes. */
function leadsTo(error: unknown, original: unknown): boolean {
  let current = error;
  for (let depth = 0; depth < 8; depth++) {
    if (current === original) return true;
    try {
      if (typeof current !== 'object' || current === null || !('cause' in current)) return false;
      current = current.cause;
    } catch {
      return false;
    }
  }
  return false;
}
