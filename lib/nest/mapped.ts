import { Inject } from '@nestjs/common';
import { Batches, type AnyIterable, type OpRun } from '../map/index.js';
import { runItems } from '../runtime/index.js';
import type { Bindings, MapBinding } from './bindings.js';
import { showProgress } from './progress-display.js';
import { findDecorated } from './decorated-methods.js';
import { hostOf } from './shadows.js';

/** Refuses a string, which would be gone through letter by letter. */
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
 * The `@OpMap` methods of a service, for many items. Each call makes a run that starts when it is awaited, iterated or
 * started.
 *
 * @throws TypeError for a method without `@OpMap()`, and for an object that the app did not hand out
 * @example
 * const results = await mapped(this.pages).fetchPage(urls);
 * for await (const { item, ok } of mapped(this.pages).fetchPage(lines)) { … }
 */
export function mapped<T extends object>(service: T): Mapped<T> {
  return strict(
    service,
    view(prototypeOf(service), () => service, asTheyAre),
  ) as Mapped<T>;
}

/**
 * The `@OpMap` methods of a service that take a list, for any number of items: they are put together in lists of
 * `batchSize`, and each list is one item of the run.
 *
 * @example
 * @OpMap({ batchSize: 50 })
 * index(products: Product[]): Promise<void> { … }
 *
 * await batched(this.search).index(allProducts);
 */
export function batched<T extends object>(service: T): Batched<T> {
  return strict(
    service,
    view(prototypeOf(service), () => service, inLists),
  ) as Batched<T>;
}

/** @internal Like {@link mapped}, for a service that is looked up when it is used. */
export const mappedLater = (type: { prototype: object }, find: () => object): object =>
  view(type.prototype, find, asTheyAre);

/** The services that are injected with {@link InjectMapped} somewhere, and under which token. */
export const mappedTokens = new Map<new (...args: never[]) => unknown, symbol>();

/**
 * Injects the many-items form of a service that lives as long as the app.
 *
 * @example
 * constructor(@InjectMapped(Pages) private readonly pages: Mapped<Pages>) {}
 */
export function InjectMapped(
  service: new (...args: never[]) => unknown,
): ParameterDecorator & PropertyDecorator {
  let token = mappedTokens.get(service);
  if (!token) mappedTokens.set(service, (token = Symbol(`mapped ${service.name}`)));
  return Inject(token);
}

type Arrange = (
  items: AnyIterable<unknown>,
  options: MapBinding['options'],
  name: string,
) => AnyIterable<unknown>;

const asTheyAre: Arrange = (items) => items;

const inLists: Arrange = (items, { batchSize }, name) => {
  if (batchSize === undefined) throw new TypeError(`${name} has no batchSize in its @OpMap() options`);
  return new Batches(items, batchSize);
};

type Method = (items: AnyIterable<unknown>, ...rest: unknown[]) => OpRun<unknown>;

/** The mapped methods of a class, for whichever instance there is when they are used. */
function view(prototype: object, find: () => object, arrange: Arrange): Record<string, Method> {
  const methods: Record<string, Method> = {};
  for (const { key, declarations } of findDecorated(prototype, prototype.constructor).methods) {
    if (typeof key !== 'string' || !declarations.some(({ declaration }) => declaration.map)) continue;
    methods[key] = (items, ...rest) => {
      const service = find();
      return run(service, bindingOf(service, key), arrange, items, rest);
    };
  }
  return methods;
}

/** Says what is wrong with a method that is there but cannot be mapped, which types cannot see. */
function strict(service: object, methods: Record<string, Method>): object {
  return new Proxy(methods, {
    get(target, key) {
      const method = Reflect.get(target, key) as unknown;
      if (method !== undefined || typeof key !== 'string' || key === 'constructor') return method;
      if (typeof (service as Record<string, unknown>)[key] !== 'function') return undefined;
      throw new TypeError(`${service.constructor.name}.${key} cannot be mapped: it has no @OpMap()`);
    },
  });
}

/** The class's own prototype, under the one that binds. */
function prototypeOf(service: object): object {
  const prototype = Object.getPrototypeOf(service) as object;
  return hostOf(service) ? (Object.getPrototypeOf(prototype) as object) : prototype;
}

function run(
  service: object,
  { operation, options, runtime, identity, method }: MapBinding,
  arrange: Arrange,
  items: AnyIterable<unknown>,
  rest: unknown[],
): OpRun<unknown> {
  if (typeof items === 'string') {
    throw new TypeError(`${operation.name}: a string is one item: pass [item], or an iterable of items`);
  }
  const started = runItems(runtime, arrange(items, options, operation.name), {
    operation,
    options,
    invocation: (item) => ({ self: service, method: method(), args: [item, ...rest], identity }),
  });
  if (options.progress) showProgress(started, operation.name);
  return started;
}

function bindingOf(service: object, key: string): MapBinding {
  const name = `${service.constructor.name}.${key}`;
  const host = hostOf(service) as Bindings | undefined;
  if (!host)
    throw new TypeError(
      `${name} cannot be mapped: this object was not handed out by an app with OperoModule`,
    );
  const binding = host.mapBinding(service, key);
  if (!binding) throw new TypeError(`${name} cannot be mapped: it has no @OpMap()`);
  return binding;
}
