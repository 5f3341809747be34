import { declare, rejectWithoutParentheses, toDeclaration } from './decorators.js';
import type { FittingFallback } from './fallback-type-check.js';
import type { FittingKind, Waiting, WaitingOver, WithKinds, Written } from './kind-check.js';
import { splitMapOptions, type OpMapOptions } from '../metadata/map-metadata.js';

/** A method whose first parameter is the item. */
type ItemMethod = (item: never, ...rest: never[]) => unknown;

type OneItem<T> = T extends (...args: infer A) => unknown
  ? A extends []
    ? ['OpMap: the method must take the item as its first parameter']
    : T
  : never;

/**
 * A decorator for methods that process one item. `V` is the type of the fallback value, `W` the options that make a
 * call wait: both must fit the method.
 */
export type OpMapDecorator<V = never, W = never> = <T extends ItemMethod>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<T> & { value?: OneItem<T> & FittingFallback<T, V> & FittingKind<T, W> },
) => void;

/**
 * Runs a method for one item over many items, with bounded concurrency. Each item has its own retries, limits, cache
 * and fallbacks. A direct call processes one item; `mapped(service).method(items)` processes many.
 *
 * @throws OperoConfigurationError on a static method, a generator, a property or an accessor
 * @example
 * @OpMap({ workers: 20, rateLimit: 5, retry: 3 })
 * async fetchPage(url: string): Promise<Page> { return this.client.get(url); }
 *
 * // elsewhere: const results = await mapped(this.pages).fetchPage(urls);
 */
export function OpMap<
  const V = never,
  C extends Written<boolean | number> = false,
  T extends Written<boolean | number> = false,
  S extends Written<boolean> = false,
  H extends Written<boolean | number> = false,
  R extends Written<boolean | number> = false,
  N extends number = never,
  D extends number = never,
  M extends 'wait' | 'reject' = never,
  Q extends number = never,
>(
  options?: WithKinds<OpMapOptions, V, C, T, S, H, R, N, D, M, Q>,
): OpMapDecorator<V, Waiting<C, T, S, H, R, N, D, M, Q>>;
export function OpMap<
  const V = never,
  C extends Written<boolean | number> = false,
  T extends Written<boolean | number> = false,
  S extends Written<boolean> = false,
  H extends Written<boolean | number> = false,
  R extends Written<boolean | number> = false,
  N extends number = never,
  D extends number = never,
  M extends 'wait' | 'reject' = never,
  Q extends number = never,
>(
  profile: string,
  options?: WithKinds<OpMapOptions, V, C, T, S, H, R, N, D, M, Q>,
): OpMapDecorator<V, WaitingOver<C, T, S, H, D, M, Q>>;
export function OpMap(first?: OpMapOptions | string, second?: OpMapOptions): OpMapDecorator {
  rejectWithoutParentheses('@OpMap', first, second);
  const profile = typeof first === 'string' ? first : undefined;
  const given = typeof first === 'string' ? second : first;
  const { item, map } = splitMapOptions(given ?? {});
  const declaration = toDeclaration('@OpMap', profile ?? item, profile === undefined ? undefined : item, map);
  return declare(declaration) as unknown as OpMapDecorator;
}
