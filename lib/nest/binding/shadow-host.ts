import type { CallIdentity } from '../../core/call/index.js';
import type { DecoratedMethod } from '../metadata/decorated-methods.js';
import type { AnyMethod } from '../metadata/undecorated-methods.js';

/** Runs a call of a bound method; `method` is what the class has under its name now. */
export type BoundCall = (
  self: object,
  method: AnyMethod,
  args: unknown[],
  /** Tells instances apart; asked only where that matters. */
  identityOf: (self: object) => CallIdentity | undefined,
) => unknown;

/** A class as its instances are found. */
export interface OwnerClass {
  readonly prototype: object;
  readonly classType: object | null;
  /** The module it was first found in. */
  readonly origin: string;
}

/** Knows what to do with what is found. */
export interface ShadowHost {
  /** Tells how calls of a decorated method are run. */
  bindMethod(owner: OwnerClass, decorated: DecoratedMethod): BoundCall;
  /** Whether code that runs now belongs to a call of an instance's method `key`. */
  isRunning(self: object, prototype: object, key: PropertyKey): boolean;
  /** Takes note of a decorator that would have no effect. */
  report(owner: OwnerClass, key: string, message: string): void;
}

/** A decorated method as it was written, and the prototype that declares it. */
export interface WrittenMethod {
  readonly key: PropertyKey;
  readonly declaredOn: object;
  readonly method: AnyMethod;
}
