import { show } from '../../core/options/index.js';
import type { AnyIterable, OpRun } from '../../map/index.js';
import { asTheyAre, inLists, manyForm, type Arrange } from './mapped-methods.js';

/** Rejects a string, which would be iterated character by character. */
type NotString<C> = C extends string
  ? ['OpMap: a string is one item, pass [item] or an iterable of items']
  : unknown;

/** The many-items form of a method for one item. */
export type MappedMethod<F> = F extends (item: infer I, ...rest: infer A) => infer O
  ? unknown extends I
    ? F extends () => unknown
      ? never
      : ManyItems<I, A, O>
    : ManyItems<I, A, O>
  : never;

type ManyItems<I, A extends unknown[], O> = <C extends AnyIterable<I>>(
  items: C & NotString<C>,
  ...rest: A
) => OpRun<Awaited<O>, I>;

type MappableKeys<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => unknown ? (A extends [] ? never : K) : never;
}[keyof T];

/** A service whose `@OpMap` methods take many items. */
export type Mapped<T, K extends MappableKeys<T> = MappableKeys<T>> = {
  readonly [P in K]: MappedMethod<T[P]>;
};

/** The many-items form of a method that takes a list of items. */
export type BatchedMethod<F> = F extends (batch: infer B, ...rest: infer A) => infer O
  ? B extends readonly (infer I)[]
    ? <C extends AnyIterable<I>>(items: C & NotString<C>, ...rest: A) => OpRun<Awaited<O>, I[]>
    : never
  : never;

/** A service whose `@OpMap` methods for lists take any number of items. */
export type Batched<T, K extends MappableKeys<T> = MappableKeys<T>> = {
  readonly [P in K]: BatchedMethod<T[P]>;
};

/**
 * Returns the `@OpMap` methods of a service in their many-items form. Each call creates a run that starts when it is
 * awaited, iterated or started.
 *
 * An object that is not bound by an app (a mock, a plain object, an instance made by hand) and a method replaced by a
 * spy are mapped without strategies. The options of the run, such as `workers`, are taken from `@OpMap()` on the
 * object's class, or are the defaults.
 *
 * @throws TypeError if `service` is no object; later for a method of a bound service without `@OpMap()`
 * @example
 * const results = await mapped(this.pages).fetchPage(urls); // (Page | OpItemError)[]
 */
export function mapped<T extends object>(service: T): Mapped<T> {
  return view('mapped', service, asTheyAre) as Mapped<T>;
}

/**
 * Returns the `@OpMap` methods of a service that take a list, for any number of items. Items are grouped into lists
 * of `batchSize`; each list is one item of the run. A last, shorter list comes before the error of a source that
 * fails. A mock without `@OpMap()` on its class gets lists of 100.
 *
 * @throws TypeError if `service` is no object; later for a method of a bound service without `@OpMap()` or
 * `batchSize`
 * @example
 * // in Search: @OpMap({ batchSize: 50 }) index(products: Product[]): Promise<void>
 * await batched(this.search).index(allProducts);
 */
export function batched<T extends object>(service: T): Batched<T> {
  return view('batched', service, inLists) as Batched<T>;
}

function view(caller: string, service: object, arrange: Arrange): object {
  if ((typeof service !== 'object' && typeof service !== 'function') || service === null)
    throw new TypeError(`${caller}(): got ${show(service)}, allowed: a service`);
  const type = classOf(service);
  return new Proxy(
    {},
    {
      // Properties that every object has are not methods of the service.
      get: (target, key): unknown =>
        typeof key !== 'string' || key in target
          ? Reflect.get(target, key)
          : manyForm(service, key, type, arrange),
    },
  );
}

/** The class of an object, bound or not. */
function classOf(service: object): object | null {
  const { constructor } = service as { constructor?: unknown };
  return typeof constructor === 'function' ? constructor : null;
}
