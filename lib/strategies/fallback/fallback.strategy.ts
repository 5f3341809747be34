import { ownCopy } from '../../core/values/index.js';
import {
  AllFailedError,
  failuresOf,
  isAbort,
  isClientError,
  type AttemptFailure,
  findInCauses,
} from '../../core/errors/index.js';
import { Attempt, runInside, type Call } from '../../core/call/index.js';
import { anyOf, decided, type RecoverStrategy, type StrategyContext } from '../../core/strategy/index.js';
import { isThenable } from '../../core/pipeline/index.js';
import { type FallbackFunction, type FallbackTarget, type ResolvedFallback } from './fallback.options.js';

/** Returns a fallback result when all attempts have failed. */
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
    if (!this.#handles(call, error) || call.stopped) throw error;
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
    // A predicate or an event listener may have ended the call: then no fallback starts.
    if (call.stopped) throw original;
    const target = this.#targets[index]!;
    if (typeof target === 'object') return ownCopy(target.value);
    const { clock } = this.context;
    // An attempt of its own, because the signal of the failed one may be aborted, for example after a timeout.
    const attempt = new Attempt(call, clock.now(), 0, undefined, `${LABEL}${index + 1}`);
    const failed = (failure: unknown): unknown => {
      attempt.end();
      // It was cancelled alone where a strategy further out has answered.
      if (call.stopped || attempt.stopped) throw failure;
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

  /**
   * What the call fails with: the fallback's error if it leads to the original one, otherwise an error that contains
   * both. No error is modified.
   */
  #outcome(call: Call, original: unknown, failure: unknown): unknown {
    if (leadsTo(failure, original)) return failure;
    const isFallback = ({ alternative }: AttemptFailure) => alternative.startsWith(LABEL);
    const attempts = call.failures.filter((tried) => !isFallback(tried));
    if (attempts.length === 0) attempts.push(...failuresOf(original));
    if (!attempts.some(({ error }) => error === original)) {
      const { attempt, startedAt } = call;
      const duration = this.context.clock.now() - startedAt;
      attempts.push({ attempt, hedge: 0, alternative: '', delay: 0, duration, error: original });
    }
    return new AllFailedError(this.context.operation, [...attempts, ...call.failures.filter(isFallback)]);
  }
}

/** An error whose getters throw does not prevent a fallback. */
function isAnswerable(error: unknown): boolean {
  try {
    return !isAbort(error) && !isClientError(error);
  } catch {
    return true;
  }
}

/** Label of fallbacks among the alternatives of a call, followed by the position. */
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

/** Whether an error is the original one or has it among its causes. */
const leadsTo = (error: unknown, original: unknown): boolean =>
  error === original ||
  findInCauses(error, (one) => ('cause' in one && one.cause === original ? true : undefined)) === true;
