import { classDeclarations, fallbackArguments, methodDeclarations, type Declaration } from './metadata.js';
import type { AnyMethod } from './undecorated-methods.js';

/** A decorated method to be bound. */
export interface DecoratedMethod {
  readonly key: PropertyKey;
  readonly method: AnyMethod;
  /** The prototype that declares it. */
  readonly declaredOn: object;
  /** Set if an undecorated override hides the method, so that it is reached only through `super`. */
  readonly hidden?: true;
  /** All declarations that apply to it, the farthest first, and where each was made. */
  readonly declarations: readonly { readonly declaration: Declaration; readonly where: 'class' | 'method' }[];
}

/** The decorated methods of a class. */
export interface DecoratedClass {
  readonly methods: readonly DecoratedMethod[];
  /** The methods hidden by undecorated overrides. */
  readonly hidden: readonly DecoratedMethod[];
  /** Decorators that would have no effect. */
  readonly problems: readonly { readonly key: string; readonly message: string }[];
}

/**
 * Finds the decorated methods of instances of `prototype`, including inherited ones. An undecorated override hides
 * the decorated method. On a decorated controller every route counts.
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
      // Read from the descriptor, so that no getter runs.
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

/** Whether a method handles HTTP requests. */
export const isRoute = (method: object): boolean => Reflect.getMetadata('path', method) !== undefined;

const both = (
  onClass: readonly Declaration[],
  onMethod: readonly Declaration[],
): DecoratedMethod['declarations'] => [
  ...onClass.map((declaration) => ({ declaration, where: 'class' as const })),
  ...onMethod.map((declaration) => ({ declaration, where: 'method' as const })),
];
