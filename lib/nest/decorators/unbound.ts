import { Logger } from '@nestjs/common';
import { runBare } from '../../core/call/index.js';
import { isStandIn, rememberBare, type AnyMethod } from '../metadata/undecorated-methods.js';
import { keepMethodIdentity } from '../metadata/method-identity.js';
import { callAround, hostOf } from '../binding/shadow-prototypes.js';

/**
 * Creates the function that replaces a decorated method on its class. Calls on bound instances do not reach it. A
 * call through `super` or the class is passed to the bound method; any other runs without strategies, with one
 * warning.
 */
export function standInFor(prototype: object, key: PropertyKey, method: AnyMethod): AnyMethod {
  if (isStandIn(method)) return method;
  let warned = false;
  const standIn = {
    [key](this: unknown, ...args: unknown[]): unknown {
      const run = callAround(this, { key, declaredOn: prototype, method });
      if (run) return run(args);
      if (!warned) {
        warned = true;
        new Logger('Opero').warn(warningFor(this, prototype, key));
      }
      return runBare(nameOf(prototype, key), () => method.apply(this as never, args as never[]));
    },
  }[key as string]! as AnyMethod;
  keepMethodIdentity(standIn, method);
  // Some libraries parse the parameter names.
  const toString = () => String(method);
  Object.defineProperty(standIn, 'toString', { value: toString, configurable: true, writable: true });
  rememberBare(standIn, method);
  return standIn;
}

function warningFor(self: unknown, prototype: object, key: PropertyKey): string {
  return `${nameOf(prototype, key)} ran bare, without its strategies: ${whyBare(self)}. This is said once`;
}

const nameOf = (prototype: object, key: PropertyKey): string =>
  `${(prototype.constructor as { name?: string }).name || 'anonymous'}.${String(key)}`;

function whyBare(self: unknown): string {
  if (typeof self !== 'object' || self === null)
    return 'it was called without its object: call it on the object, or pass on an arrow function';
  if (isBound(self))
    return (
      'the call went around its object, through super, the prototype, or a function taken from the object in its ' +
      'constructor: call it on the object'
    );
  return (
    'its object is not bound by an app. Import OperoModule.forRoot() in the root module and let Nest make the object ' +
    '(inject it, or ModuleRef.get()), or bind one made by hand with OperoService.bind(object). In a constructor the ' +
    'object is not bound yet: call it in onModuleInit()'
  );
}

function isBound(self: object): boolean {
  try {
    return hostOf(self) !== undefined;
  } catch {
    return false;
  }
}
