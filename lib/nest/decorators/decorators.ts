import { OperoConfigurationError } from '../../core/errors/index.js';
import { show } from '../../core/options/index.js';
import type { OperoOptions } from '../../runtime/index.js';
import type { FittingFallback } from './fallback-type-check.js';
import type { FittingKind, Waiting, WaitingOver, WithKinds, Written } from './kind-check.js';
import type { AnyMethod } from '../metadata/undecorated-methods.js';
import { standInFor } from './unbound.js';
import { isRoute } from '../metadata/decorated-methods.js';
import {
  declareClass,
  declareFallbackArgument,
  declareMethod,
  type Declaration,
} from '../metadata/metadata.js';

type Method = (...args: never[]) => unknown;

/**
 * A decorator for methods and classes. `V` is the type of the fallback value, `W` the options that make a call wait:
 * both must fit the method.
 */
export interface OperoDecorator<V = never, W = never> {
  <T extends Method>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<T> & { value?: FittingFallback<T, V> & FittingKind<T, W> },
  ): void;
  <C extends abstract new (...args: never[]) => unknown>(target: C): void;
}

/**
 * Runs the calls of a method through the given strategies. On a class it sets the options under those of its decorated
 * methods; on a controller it applies to every route.
 *
 * The decorator only adds metadata: `OperoModule` binds the instances that the app creates. On any other instance the
 * method runs without strategies, with one warning. Invalid options fail the boot; a misplaced decorator throws at once.
 *
 * @throws OperoConfigurationError on a static method, a generator, a property or an accessor
 * @example
 * @Opero({ retry: 3, timeout: seconds(2), fallback: { value: [] } })
 * async search(query: string): Promise<Product[]> { return this.client.search(query); }
 *
 * @Opero('payments', { retry: 1 }) // the profile `payments`, with one retry
 * async charge(order: Order): Promise<Receipt> { return this.bank.charge(order); }
 */
export function Opero<
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
  options?: WithKinds<OperoOptions, V, C, T, S, H, R, N, D, M, Q>,
): OperoDecorator<V, Waiting<C, T, S, H, R, N, D, M, Q>>;
export function Opero<
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
  options?: WithKinds<OperoOptions, V, C, T, S, H, R, N, D, M, Q>,
): OperoDecorator<V, WaitingOver<C, T, S, H, D, M, Q>>;
export function Opero(first?: OperoOptions | string, second?: OperoOptions): OperoDecorator {
  rejectWithoutParentheses('@Opero', first, second);
  return declare(toDeclaration('@Opero', first, second));
}

/**
 * Throws if a decorator is used without parentheses: it would get the class, or the prototype and the key, as its
 * options.
 */
export function rejectWithoutParentheses(decorator: string, first: unknown, second: unknown): void {
  const isKey = (typeof second === 'string' || typeof second === 'symbol') && typeof first === 'object';
  if (typeof first !== 'function' && !isKey) return;
  const owner =
    typeof first === 'function' ? first : (first as { constructor?: { name?: string } }).constructor;
  const key = typeof second === 'string' || typeof second === 'symbol' ? `.${String(second)}` : '';
  const where = `${owner?.name ?? 'anonymous'}${key}`;
  const problem = `${where}: ${decorator}: got a decorator without parentheses, allowed: ${decorator}()`;
  throw new OperoConfigurationError([problem], where);
}

/** Converts the arguments of a decorator. */
export function toDeclaration(
  decorator: string,
  first: OperoOptions | string | undefined,
  second: OperoOptions | undefined,
  map?: unknown,
): Declaration {
  const profile = typeof first === 'string' ? first : undefined;
  const options = (profile === undefined ? first : second) as OperoOptions | undefined;
  // Copied, because a shared options object may be modified later.
  const isObject = typeof options === 'object' && options !== null && !Array.isArray(options);
  const own = isObject ? { ...options } : options;
  return { profile, options: own ?? {}, decorator, map };
}

/** Creates the decorator that adds a declaration. */
export function declare(declaration: Declaration): OperoDecorator {
  return ((target: object, key?: string | symbol | object, descriptor?: PropertyDescriptor): void => {
    if (key === undefined) {
      declareClass(target, declaration);
      coverRoutes((target as { prototype: object }).prototype);
      return;
    }
    if (typeof key === 'object') rejectStandardDecorator(declaration.decorator, key);
    const problem = reasonAgainst(target, descriptor);
    if (problem) rejectDecorator(declaration.decorator, target, key, problem);
    declareMethod(target, key, declaration);
    descriptor!.value = standInFor(target, key, descriptor!.value as AnyMethod);
  }) as OperoDecorator;
}

/** Replaces the routes of a controller on which only the class is decorated. */
function coverRoutes(prototype: object): void {
  for (const key of Reflect.ownKeys(prototype)) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, key)!;
    if (typeof descriptor.value !== 'function' || !descriptor.configurable || !isRoute(descriptor.value))
      continue;
    const value = standInFor(prototype, key, descriptor.value as AnyMethod);
    Object.defineProperty(prototype, key, { ...descriptor, value });
  }
}

function reasonAgainst(target: object, descriptor: PropertyDescriptor | undefined): string | undefined {
  if (typeof target === 'function') return 'a static method';
  if (!descriptor) return 'a property';
  if (descriptor.get || descriptor.set) return 'an accessor';
  if (typeof descriptor.value !== 'function') return show(descriptor.value);
  const tag = Object.prototype.toString.call(descriptor.value);
  if (tag.includes('Generator')) return tag.includes('Async') ? 'an async generator' : 'a generator';
  return undefined;
}

/** Compilers without `experimentalDecorators` pass the function and a context. */
function rejectStandardDecorator(decorator: string, context: { readonly name?: unknown }): never {
  const name = String(context.name);
  const problem = `${name}: ${decorator}(): got called as a standard decorator, allowed: with "experimentalDecorators": true, which Nest needs too`;
  throw new OperoConfigurationError([problem], name);
}

function rejectDecorator(decorator: string, target: object, key: string | symbol, given: string): never {
  const owner = typeof target === 'function' ? target : target.constructor;
  const where = `${owner.name}.${String(key)}`;
  throw new OperoConfigurationError(
    [
      `${where}: ${decorator}(): got ${given}, allowed: an instance method that returns a promise, an Observable or a value`,
    ],
    where,
  );
}

/**
 * Gives a parameter ordered alternatives: each attempt goes through them until one succeeds. They are used if the
 * caller omits the argument. If the caller passes a list, that list is used; any other value is used alone. Several
 * such parameters go through their combinations, the last one changing fastest.
 *
 * Alternatives may be secrets: they are never logged; errors and events show their position, such as `arg[1]#2`.
 *
 * @throws OperoConfigurationError without a value, or on a constructor or static method
 * @example
 * @Opero({ retry: 2 })
 * async ask(prompt: string, @FallbackArg('large', 'small') model?: string): Promise<string> {
 *   return this.client.ask(prompt, model);
 * }
 */
export function FallbackArg(...values: [unknown, ...unknown[]]): ParameterDecorator {
  const [first, second, third] = values;
  const isPrototype =
    (first as { constructor?: { prototype?: unknown } } | null)?.constructor?.prototype === first;
  if (values.length === 3 && typeof first === 'object' && isPrototype && typeof third === 'number') {
    rejectWithoutParentheses('@FallbackArg', first, second);
  }
  return (target, key, index) => {
    const owner = typeof target === 'function' ? target : target.constructor;
    const where = `${owner.name}.${String(key ?? 'constructor')}`;
    const problem =
      key === undefined || typeof target === 'function'
        ? 'got a parameter of a constructor or static method, allowed: a parameter of an instance method'
        : values.length === 0
          ? 'got no value, allowed: one or more'
          : undefined;
    if (problem) throw new OperoConfigurationError([`${where}: @FallbackArg(): ${problem}`], where);
    declareFallbackArgument(target, key!, index, values);
  };
}
