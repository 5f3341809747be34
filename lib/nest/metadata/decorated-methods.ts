import { classDeclarations, fallbackArguments, methodDeclarations, type Declaration } from './metadata.js';
import type { AnyMethod } from './undecorated-methods.js';

/** A method that is to be bound. */
export interface DecoratedMethod {
  readonly key: PropertyKey;
  readonly method: AnyMethod;
  /** The prototype that declares it. */
  readonly declaredOn: object;
  /** Set where an override without a decorator hides the method, which is then reached through `super` only. */
  readonly hidden?: true;
  /** All declarations that hold for it, the farthest first, and where each stands. */
  readonly declarations: readonly { readonly declaration: Declaration; readonly where: 'class' | 'method' }[];
}

/** What was found on a class. */
export interface DecoratedClass {
  readonly methods: readonly DecoratedMethod[];
  /** Those that overrides without a decorator hide. */
  readonly hidden: readonly DecoratedMethod[];
  /** Decorators that would have no effect. */
  readonly problems: readonly { readonly key: string; readonly message: string }[];
}

/**
 * Finds the decorated methods that instances of `prototype` have, inherited ones included; an override that is not
 * decorated hides the one that is. On a controller with a class decorator every route counts.
 */
export function findDecorated(prototype: object, classType: object | null): DecoratedClass {
  const onClass = classDeclarations(classType);
  const methods: DecoratedMethod[] = [];
  const hidden: DecoratedMethod[] = [];
  const undecorated = new Set<PropertyKey>();
  const problems: { key: string; message: string }[] = [];
  const seen = new Set<PropertyKey>(['constructor']);
  for (let level: object | null = prototype; level && level !== Object.prototype; level = parentOf(level)) {
    for (const key of Reflect.ownKeys(level)) {
      if (seen.has(key) && !undecorated.has(key)) continue;
      // The descriptor, so that no getter runs.
      const method: unknown = Object.getOwnPropertyDescriptor(level, key)?.value;
      const own = methodDeclarations(level, key);
      if (seen.has(key)) {
        if (typeof method !== 'function' || own.length === 0) continue;
        undecorated.delete(key);
        hidden.push({
          key,
          method: method as AnyMethod,
          declaredOn: level,
          hidden: true,
          declarations: both(onClass, own),
        });
        continue;
      }
      seen.add(key);
      if (own.length === 0) undecorated.add(key);
      if (typeof method !== 'function') continue;
      if (own.length === 0 && !(onClass.length > 0 && isRoute(method))) {
        if (fallbackArguments(level, key).size > 0) {
          problems.push({
            key: String(key),
            message: 'got @FallbackArg() alone, allowed: together with @Opero() or @OpMap()',
          });
        }
        continue;
      }
      undecorated.delete(key);
      methods.push({ key, method: method as AnyMethod, declaredOn: level, declarations: both(onClass, own) });
    }
  }
  if (onClass.length > 0 && methods.length === 0) {
    const message = 'got a class decorator alone, allowed: on a class with decorated methods, or with routes';
    problems.push({ key: '', message });
  }
  return { methods, hidden, problems };
}

const parentOf = (prototype: object): object | null => Object.getPrototypeOf(prototype) as object | null;

/** Whether a method answers HTTP requests. */
export const isRoute = (method: object): boolean => Reflect.getMetadata('path', method) !== undefined;

const both = (
  onClass: readonly Declaration[],
  onMethod: readonly Declaration[],
): DecoratedMethod['declarations'] => [
  ...onClass.map((declaration) => ({ declaration, where: 'class' as const })),
  ...onMethod.map((declaration) => ({ declaration, where: 'method' as const })),
];
