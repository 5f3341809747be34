import { declare, refuseBare, toDeclaration } from './decorators.js';
import type { FittingFallback, WithFallback } from './fitting-fallback.js';
import { splitMapOptions, type OpMapOptions } from './map-metadata.js';

/** A method for one item: the item is its first parameter. */
type ItemMethod = (item: never, ...rest: never[]) => unknown;

type OneItem<T> = T extends (...args: infer A) => unknown
  ? A extends []
    ? ['OpMap: the method must take the item as its first parameter']
    : T
  : never;

/** Stands on a method that works on one item. `V` is the type of the fallback value, which must fit the method. */
export type OpMapDecorator<V = never> = <T extends ItemMethod>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<T> &
    TypedPropertyDescriptor<OneItem<T>> &
    TypedPropertyDescriptor<FittingFallback<T, V>>,
) => void;

/**
 * Lets a method written for one item be run over many, a bounded number at a time, each with its own retries, limits,
 * cache and fallbacks. A direct call works on one item; `mapped(service).method(items)` works on many.
 *
 * @throws OperoConfigurationError on a static method, a generator, a property or an accessor
 * @example
 * @OpMap({ workers: 20, rateLimit: 5, retry: 3 })
 * fetchPage(url: string): Promise<Page> { … }
 *
 * const results = await mapped(this.pages).fetchPage(urls);   // (Page | OpItemError)[]
 */
export function OpMap<const V = never>(options?: WithFallback<OpMapOptions, V>): OpMapDecorator<V>;
export function OpMap<const V = never>(
  profile: string,
  options?: WithFallback<OpMapOptions, V>,
): OpMapDecorator<V>;
export function OpMap(first?: OpMapOptions | string, second?: OpMapOptions): OpMapDecorator {
  refuseBare('@OpMap', first, second);
  const profile = typeof first === 'string' ? first : undefined;
  const given = typeof first === 'string' ? second : first;
  const { item, map } = splitMapOptions(given ?? {});
  const declaration = toDeclaration('@OpMap', profile ?? item, profile === undefined ? undefined : item, map);
  return declare(declaration) as unknown as OpMapDecorator;
}
