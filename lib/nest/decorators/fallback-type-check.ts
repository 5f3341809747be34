import type { Observable } from 'rxjs';
import type { FallbackOptions, FallbackTarget, StrategySwitch } from '../../strategies/index.js';

/** Options whose fallback value is of type `V`. */
export type WithFallback<O, V> = Omit<O, 'fallback'> & {
  fallback?:
    boolean | FallbackTarget<V> | readonly FallbackTarget<V>[] | (FallbackOptions<V> & StrategySwitch);
};

/** The method, if a fallback value fits what it returns; else what is wrong, for the compiler to show. */
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

/** Who returns nothing may be given anything. */
type Answer<R> = R extends Observable<infer X> ? X | R : void extends Awaited<R> ? unknown : Awaited<R>;

/** A literal as it would be inferred without `const`: nothing in it is readonly. */
type Plain<V> = V extends (...args: never[]) => unknown
  ? V
  : V extends object
    ? { -readonly [K in keyof V]: Plain<V[K]> }
    : V;
