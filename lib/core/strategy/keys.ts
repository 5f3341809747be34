import type { Attempt } from '../call/attempt.js';
import { show } from '../options/option-checks.js';
import { runInside } from '../call/async-context.js';
import { OperoConfigurationError, RefusedError } from '../errors/errors.js';
import type { StrategyMonitor } from '../events/monitor.js';

/** Makes a key from the arguments of a call. */
export type KeyFunction = (...args: never[]) => string;

/**
 * The key of the state that an attempt uses: of the user's key and of the alternative, so that no key can meet another one
 * with an alternative. Empty where there is neither.
 */
export const stateKey = (own: string, alternative: string): string =>
  own === '' && alternative === '' ? '' : `${keyPrefix(own)}${alternative}`;

/** What every key of the state of `own` begins with, and none of another. */
export const keyPrefix = (own: string): string => `${own.length}:${own}`;

/** What a function of the options may answer with. */
interface AllowedAnswers {
  is(answer: unknown): boolean;
  /** In words, for error messages. */
  readonly words: string;
}

const ANY_KEY: AllowedAnswers = {
  is: (answer) => typeof answer === 'string' && answer !== '',
  words: 'a string that is not empty',
};

/** The keys of one option, as `rateLimit.key`. */
export class StateKeys {
  constructor(
    private readonly option: string,
    private readonly make: KeyFunction | undefined,
    private readonly monitor: StrategyMonitor,
    private readonly allowed = ANY_KEY,
  ) {}

  /**
   * The user's key of an attempt; empty without a key function. Throws where the function does or answers with no key: calls
   * that cannot be told apart must not share a state. The call fails then, with the failure of an earlier attempt if the
   * method ever ran.
   */
  of(attempt: Attempt): string {
    if (!this.make) return '';
    const made = this.#make(attempt, this.make);
    if ('key' in made) return made.key;
    this.#report(attempt, 'a call that has no key is not let through', made.error);
    const real = attempt.call.failures.findLast(({ error }) => !(error instanceof RefusedError));
    // A hedge that cannot start does no harm.
    if (attempt.hedge === 0) attempt.call.broken = { error: real ? real.error : made.error };
    throw made.error;
  }

  /** Like {@link of}, where an attempt without a key is let through all the same: `undefined` then. */
  find(attempt: Attempt, consequence: string): string | undefined {
    if (!this.make) return '';
    const made = this.#make(attempt, this.make);
    if ('key' in made) return made.key;
    this.#report(attempt, consequence, made.error);
    return undefined;
  }

  #make(attempt: Attempt, make: KeyFunction): { readonly key: string } | { readonly error: unknown } {
    const { args } = attempt.call;
    try {
      const key: unknown = runInside(attempt, () => make(...(args as never[])), undefined);
      return this.allowed.is(key) ? { key: key as string } : { error: this.#refusalOf(key) };
    } catch (error) {
      return { error };
    }
  }

  #report({ call }: Attempt, consequence: string, error: unknown): void {
    this.monitor.callbackFailed(this.option, consequence, call, error);
  }

  #refusalOf(key: unknown): OperoConfigurationError {
    const { operation } = this.monitor;
    const line = `${operation}: ${this.option}: got ${nameOf(key)}, allowed: ${this.allowed.words}`;
    return new OperoConfigurationError([line], operation);
  }
}

/** What a key function answered with, without showing what may be a secret. */
function nameOf(key: unknown): string {
  if (typeof key === 'string') return key === '' ? 'an empty string' : 'another string';
  if (isPromise(key)) return 'a promise';
  if (typeof key === 'object' && key !== null) return Array.isArray(key) ? 'an array' : 'an object';
  if (typeof key === 'function' || typeof key === 'symbol' || typeof key === 'bigint')
    return `a ${typeof key}`;
  return typeof key === 'number' && Number.isFinite(key) ? 'a number' : show(key);
}

function isPromise(key: unknown): boolean {
  try {
    if (typeof (key as PromiseLike<unknown> | null | undefined)?.then !== 'function') return false;
    (key as PromiseLike<unknown>).then(undefined, () => undefined);
    return true;
  } catch {
    return false;
  }
}
