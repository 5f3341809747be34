import type { Observable } from 'rxjs';
import type { FallbackOptions, FallbackTarget, StrategySwitch } from '../../strategies/index.js';

/** Options with a fallback value of type `V`. */
export type WithFallback<O, V> = Omit<O, 'fallback'> & {
  /**
   * Fallback: the result of a call whose attempts have all failed. The name of a method, a function, `{ value }`, a list of
   * these, or an object with conditions.
   * @default off
   */
  fallback?:
    boolean | FallbackTarget<V> | readonly FallbackTarget<V>[] | (FallbackOptions<V> & StrategySwitch);
};

/** The method if the fallback value has its return type; otherwise a message as a compile error. */
export type FittingFallback<T, V> = [V] extends [never]
  ? T
  : unknown extends V
    ? T
    : T extends (...args: never[]) => infer R
      ? [V] extends [Answer<R>]
        ? T
        : [Plain<V>] extends [Answer<R>]
          ? T
          : ['the fallback value is not of the type that the method returns']
      : never;

/** Any value fits a method that returns nothing. */
type Answer<R> = R extends Observable<infer X> ? X | R : void extends Awaited<R> ? unknown : Awaited<R>;

/** A literal type without the `readonly` of `const` inference. */
type Plain<V> = V extends (...args: never[]) => unknown
  ? V
  : V extends object
    ? { -readonly [K in keyof V]: Plain<V[K]> }
    : V;
