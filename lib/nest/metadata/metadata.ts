import 'reflect-metadata';
import { mapKeys } from '../../map/index.js';
import type { Layer, OperoOptions } from '../../runtime/index.js';

const METHOD = 'opero:method';
const CLASS = 'opero:class';
const FALLBACK_ARGUMENTS = 'opero:fallback-arguments';

/** The arguments of one decorator. */
export interface Declaration {
  /** The profile under the options, if any. */
  readonly profile: string | undefined;
  readonly options: OperoOptions;
  /** Name of the decorator: `@Opero` or `@OpMap`. */
  readonly decorator: string;
  /** The options of the run, for `@OpMap`. */
  readonly map?: unknown;
}

/**
 * Adds a declaration to a method. With several decorators the topmost has precedence. It is stored on the prototype,
 * not on the function, because another decorator may replace the function.
 */
export function declareMethod(prototype: object, key: PropertyKey, declaration: Declaration): void {
  const all = [...methodDeclarations(prototype, key), declaration];
  Reflect.defineMetadata(METHOD, all, prototype, key as string);
}

/** The declarations on the method of this prototype itself, the farthest first. */
export const methodDeclarations = (prototype: object, key: PropertyKey): readonly Declaration[] =>
  (Reflect.getOwnMetadata(METHOD, prototype, key as string) as readonly Declaration[] | undefined) ?? [];

/** Adds a declaration to a class. */
export function declareClass(target: object, declaration: Declaration): void {
  Reflect.defineMetadata(CLASS, [...ownClassDeclarations(target), declaration], target);
}

const ownClassDeclarations = (target: object): readonly Declaration[] =>
  (Reflect.getOwnMetadata(CLASS, target) as readonly Declaration[] | undefined) ?? [];

/** The declarations on a class and its base classes, the farthest first. */
export function classDeclarations(target: object | null): readonly Declaration[] {
  if (typeof target !== 'function') return [];
  return [
    ...classDeclarations(Object.getPrototypeOf(target) as object | null),
    ...ownClassDeclarations(target),
  ];
}

/** Adds alternatives to a parameter of a method. */
export function declareFallbackArgument(
  prototype: object,
  key: PropertyKey,
  index: number,
  values: readonly unknown[],
): void {
  const own = Reflect.getOwnMetadata(FALLBACK_ARGUMENTS, prototype, key as string) as
    Map<number, unknown> | undefined;
  const all = new Map(own);
  all.set(index, values);
  Reflect.defineMetadata(FALLBACK_ARGUMENTS, all, prototype, key as string);
}

const NONE: ReadonlyMap<number, readonly unknown[]> = new Map();

/** The alternatives declared on the parameters of the method of this prototype itself, by index. */
export const fallbackArguments = (
  prototype: object,
  key: PropertyKey,
): ReadonlyMap<number, readonly unknown[]> =>
  (Reflect.getOwnMetadata(FALLBACK_ARGUMENTS, prototype, key as string) as
    Map<number, readonly unknown[]> | undefined) ?? NONE;

/** Converts a declaration to a layer of options. */
export const toLayer = ({ decorator, options, map }: Declaration, where: string): Layer => ({
  from: `${decorator}() on the ${where}`,
  options,
  ...(map !== undefined && { also: mapKeys }),
});
