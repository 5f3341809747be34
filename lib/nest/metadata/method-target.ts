import { Observable } from 'rxjs';
import type { Problem } from '../../core/options/index.js';
import type { Target } from '../../core/strategy/index.js';
import { bareMethod, type AnyMethod } from './undecorated-methods.js';
import type { DecoratedMethod } from './decorated-methods.js';
import { fallbackArguments } from './metadata.js';

/**
 * Return types emitted by the compiler that certainly are no promise. `Function` is not one of them: it also stands for a
 * class that was imported as a type only.
 */
const DIRECT: ReadonlySet<unknown> = new Set([
  String, Number, Boolean, Symbol, BigInt, Array, Date, Map, Set, RegExp, Buffer, Uint8Array,
]); // prettier-ignore

/** Describes the decorated method `key`, declared on `declaredOn`, for instances of `prototype`. */
export function targetOf(prototype: object, declaredOn: object, key: PropertyKey, method: AnyMethod): Target {
  return {
    answers: answersOf(declaredOn, key, method),
    prototype,
    parameters: method.length,
    fallbackArguments: fallbackArguments(declaredOn, key),
    parameterNames: parameterNames(bareMethod(method)),
    handler: isHandler(method),
  };
}

function answersOf(prototype: object, key: PropertyKey, method: object): Target['answers'] {
  if (Object.prototype.toString.call(method) === '[object AsyncFunction]') return 'promise';
  const type: unknown = Reflect.getMetadata('design:returntype', prototype, key as string);
  if (type === Promise) return 'promise';
  if (type === Observable || isSubject(type)) return 'observable';
  return DIRECT.has(type) ? 'direct' : 'unknown';
}

/** Whether a type is a class derived from Observable, such as Subject. */
const isSubject = (type: unknown): type is { readonly name: string } =>
  typeof type === 'function' && type.prototype instanceof Observable;

/** Checks whether the return type of a method still holds once it is decorated. */
export function validateReturnType({ declaredOn, key, method, declarations }: DecoratedMethod): Problem[] {
  const problem = (message: string) => [{ path: '', message }];
  const type: unknown = Reflect.getMetadata('design:returntype', declaredOn, key as string);
  // Callers get an Observable of ours, which has no `next()` or `getValue()`. Nest only subscribes.
  if (isSubject(type) && !isHandler(method))
    return problem(`got the return type ${type.name}, allowed: Observable`);
  // A run over many items awaits what the method returns, and would not subscribe to it.
  const isMapped = declarations.some(({ declaration }) => declaration.map !== undefined);
  if (isMapped && answersOf(declaredOn, key, method) === 'observable')
    return problem('got @OpMap() on a method that returns an Observable, allowed: a promise or a value');
  return [];
}

/** Metadata keys by which Nest marks handlers. */
const HANDLER_KEYS = [
  'path',
  'microservices:handler_type',
  'websockets:message_mapping',
  'graphql:resolver_type',
  'graphql:resolve_property',
  'graphql:resolve_reference',
];

export const isHandler = (method: object): boolean =>
  Reflect.getMetadataKeys(method).some((key) => HANDLER_KEYS.includes(String(key)));

/** Whether a handler is one of HTTP. */
export const isRoute = (method: object): boolean => Reflect.getMetadata('path', method) !== undefined;

/** The verb of an HTTP route if repeating it may be harmful. */
export function unsafeVerb(method: object): 'POST' | 'PATCH' | undefined {
  if (!isRoute(method)) return undefined;
  // The values of Nest's RequestMethod.
  const verbs: Record<number, 'POST' | 'PATCH'> = { 1: 'POST', 4: 'PATCH' };
  return verbs[Reflect.getMetadata('method', method) as number];
}

/**
 * The names of a method's parameters, parsed from its source; a destructured parameter has none. An unknown name is
 * reported at boot.
 */
export function parameterNames(method: AnyMethod): string[] {
  const source = Function.prototype.toString.call(method).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  const names: string[] = [];
  let depth = 0;
  let current = '';
  for (const letter of source.slice(source.indexOf('(') + 1)) {
    if (depth === 0 && (letter === ',' || letter === ')')) {
      if (current.trim()) names.push(/^\s*(?:\.\.\.)?([\w$]+)/.exec(current)?.[1] ?? '');
      if (letter === ')') break;
      current = '';
      continue;
    }
    if ('([{'.includes(letter)) depth++;
    if (')]}'.includes(letter)) depth--;
    current += letter;
  }
  return names;
}
