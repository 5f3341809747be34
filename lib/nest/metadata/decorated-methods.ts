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
  const search = new Search(classDeclarations(classType));
  for (let level: object | null = prototype; level && level !== Object.prototype; level = parentOf(level)) {
    for (const key of Reflect.ownKeys(level)) search.visit(level, key);
  }
  return search.result();
}

/** The methods found so far, from the class to its ancestors. */
class Search {
  readonly #methods: DecoratedMethod[] = [];
  readonly #hidden: DecoratedMethod[] = [];
  readonly #problems: { key: string; message: string }[] = [];
  readonly #seen = new Set<PropertyKey>(['constructor']);
  /** Those seen that no decorated method of an ancestor has been found for yet. */
  readonly #undecorated = new Set<PropertyKey>();

  constructor(private readonly onClass: readonly Declaration[]) {}

  visit(level: object, key: PropertyKey): void {
    if (this.#seen.has(key)) return this.#visitHidden(level, key);
    this.#seen.add(key);
    const own = methodDeclarations(level, key);
    if (own.length === 0) this.#undecorated.add(key);
    const method = methodOf(level, key);
    if (!method) return;
    if (own.length > 0 || (this.onClass.length > 0 && isRoute(method))) {
      this.#undecorated.delete(key);
      this.#methods.push({ key, method, declaredOn: level, declarations: both(this.onClass, own) });
    } else if (fallbackArguments(level, key).size > 0) {
      const message = 'got @FallbackArg() alone, allowed: together with @Opero() or @OpMap()';
      this.#problems.push({ key: String(key), message });
    }
  }

  #visitHidden(level: object, key: PropertyKey): void {
    if (!this.#undecorated.has(key)) return;
    const method = methodOf(level, key);
    const own = methodDeclarations(level, key);
    if (!method || own.length === 0) return;
    this.#undecorated.delete(key);
    const declarations = both(this.onClass, own);
    this.#hidden.push({ key, method, declaredOn: level, hidden: true, declarations });
  }

  result(): DecoratedClass {
    if (this.onClass.length > 0 && this.#methods.length === 0) {
      const message =
        'got a class decorator alone, allowed: on a class with decorated methods, or with routes';
      this.#problems.push({ key: '', message });
    }
    return { methods: this.#methods, hidden: this.#hidden, problems: this.#problems };
  }
}

/** Reads from the descriptor, so that no getter runs. */
function methodOf(level: object, key: PropertyKey): AnyMethod | undefined {
  const method: unknown = Object.getOwnPropertyDescriptor(level, key)?.value;
  return typeof method === 'function' ? (method as AnyMethod) : undefined;
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
