import type { CallIdentity } from '../../core/call/index.js';
import type { DecoratedMethod } from '../metadata/decorated-methods.js';
import type { AnyMethod } from '../metadata/undecorated-methods.js';

/** Runs a call of a bound method. `method` is the current method of the class. */
export type BoundCall = (
  self: object,
  method: AnyMethod,
  args: unknown[],
  /** Identifies the instance; called only when needed. */
  identityOf: (self: object) => CallIdentity | undefined,
) => unknown;

/** A class with decorated methods. */
export interface OwnerClass {
  readonly prototype: object;
  readonly classType: object | null;
  /** The module it was first found in. */
  readonly origin: string;
}

/** Used by {@link ShadowPrototypes} to bind methods. */
export interface ShadowHost {
  /** Returns how calls of a decorated method run. */
  bindMethod(owner: OwnerClass, decorated: DecoratedMethod): BoundCall;
  /** Whether the current async context belongs to a call of method `key` of the instance. */
  isRunning(self: object, prototype: object, key: PropertyKey): boolean;
  /** Reports a decorator without effect. */
  report(owner: OwnerClass, key: string, message: string): void;
}

/** An original method and the prototype that declares it. */
export interface WrittenMethod {
  readonly key: PropertyKey;
  readonly declaredOn: object;
  readonly method: AnyMethod;
}
