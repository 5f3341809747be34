import { runBare, type CallIdentity } from '../../core/call/index.js';
import { bareMethod, type AnyMethod } from '../metadata/undecorated-methods.js';
import { keepMethodIdentity } from '../metadata/method-identity.js';
import type { BoundCall, OwnerClass, ShadowHost, WrittenMethod } from './shadow-host.js';
import { findDecorated, type DecoratedClass, type DecoratedMethod } from '../metadata/decorated-methods.js';
import { ownIdentity } from './identities.js';

/** The owner of each shadow prototype, so that two apps that share an instance find each other. */
const owners = new WeakMap<object, ShadowPrototypes>();

/** Instances of closed apps. */
const released = new WeakSet<object>();

/**
 * How to run a call that did not reach the bound method; `undefined` if no app has bound the method for this object.
 */
export function callAround(
  self: unknown,
  written: WrittenMethod,
): ((args: unknown[]) => unknown) | undefined {
  if (typeof self !== 'object' || self === null) return undefined;
  if (released.has(self)) return bareCall(self, written);
  try {
    const shadow = Object.getPrototypeOf(self) as object | null;
    return shadow ? owners.get(shadow)?.around(self, shadow, written) : undefined;
  } catch {
    // An object that does not let itself be looked at was never bound.
    return undefined;
  }
}

const bareCall =
  (self: object, { key, method }: WrittenMethod) =>
  (args: unknown[]): unknown =>
    runBare(String(key), () => method.apply(self as never, args as never[]));

/** The app that bound an instance. */
export function hostOf(instance: object): ShadowHost | undefined {
  return owners.get(Object.getPrototypeOf(instance) as object)?.host;
}

/** The identity with which an instance was bound. */
export function boundIdentityOf(instance: object): CallIdentity | undefined {
  return owners.get(Object.getPrototypeOf(instance) as object)?.identityOf(instance);
}

/**
 * Inserts one object per class between the instances of an app and the prototype of the class. It holds only the
 * bound methods, so `instanceof`, `constructor`, private members, spies on the class and own properties keep working.
 */
export class ShadowPrototypes {
  readonly #shadows = new Map<object, object | undefined>();
  readonly #identities = new WeakMap<object, CallIdentity | (() => CallIdentity)>();
  /** For each shadow, the methods hidden by undecorated overrides, by name. */
  #hidden = new WeakMap<object, Map<PropertyKey, HiddenMethod>>();
  #closed = false;

  constructor(readonly host: ShadowHost) {}

  /** Creates the shadow of a class before its first instance; false if there is nothing to bind. */
  prepare(classType: object, origin: string): boolean {
    const { prototype } = classType as { prototype?: object };
    return prototype ? this.#shadowOf(prototype, classType, origin) !== undefined : false;
  }

  /** Inserts the shadow under an instance; false if there is nothing to bind. */
  apply(instance: object, classType: object | undefined, origin: string): boolean {
    const prototype = Object.getPrototypeOf(instance) as object | null;
    if (prototype === null || prototype === Object.prototype) return false;
    const owner = owners.get(prototype);
    if (owner === this) return false;
    if (owner) throw new Error('it is already bound to another app');
    const shadow = this.#shadowOf(prototype, classType, origin);
    if (!shadow) return false;
    Object.setPrototypeOf(instance, shadow);
    released.delete(instance);
    return true;
  }

  /** Restores the original prototype of an instance. */
  restore(instance: unknown): void {
    if (typeof instance !== 'object' || instance === null) return;
    try {
      const shadow = Object.getPrototypeOf(instance) as object | null;
      if (!shadow || owners.get(shadow) !== this) return;
      Object.setPrototypeOf(instance, Object.getPrototypeOf(shadow) as object);
      released.add(instance);
    } catch {
      // An object that does not let itself be looked at was never bound.
    }
  }

  identify(instance: object, identity: () => CallIdentity): void {
    this.#identities.set(instance, identity);
  }

  identityOf(instance: object): CallIdentity | undefined {
    const known = this.#identities.get(instance);
    if (typeof known !== 'function') return known;
    const identity = known();
    this.#identities.set(instance, identity);
    return identity;
  }

  /**
   * How a call runs that did not reach the bound method: through its operation if an override hides the method;
   * without strategies if it is part of a call of the same method. Any other is not bound.
   */
  around(
    self: object,
    shadow: object,
    { key, declaredOn, method }: WrittenMethod,
  ): ((args: unknown[]) => unknown) | undefined {
    if (this.#closed) return bareCall(self, { key, declaredOn, method });
    const bound = this.#hidden.get(shadow)?.get(key);
    if (bound?.declaredOn === declaredOn) return (args) => bound.call(self, method, args, this.#identityOf);
    const prototype = Object.getPrototypeOf(shadow) as object;
    // Part of a running call of the same method.
    if (!this.host.isRunning(self, prototype, key)) return undefined;
    return (args) => method.apply(self as never, args as never[]);
  }

  /** Removes all bound methods: instances behave like the plain class again. */
  close(): void {
    this.#closed = true;
    for (const shadow of this.#shadows.values()) {
      for (const key of shadow ? Reflect.ownKeys(shadow) : []) Reflect.deleteProperty(shadow!, key);
    }
    this.#shadows.clear();
    this.#hidden = new WeakMap();
  }

  #shadowOf(prototype: object, classType: object | undefined, origin: string): object | undefined {
    if (this.#shadows.has(prototype)) return this.#shadows.get(prototype);
    const type = classType ?? (prototype as { constructor?: object }).constructor ?? null;
    const shadow = this.#make(
      prototype,
      { prototype, classType: type, origin },
      findDecorated(prototype, type),
    );
    this.#shadows.set(prototype, shadow);
    return shadow;
  }

  #make(prototype: object, owner: OwnerClass, found: DecoratedClass): object | undefined {
    const { methods, hidden, problems } = found;
    for (const { key, message } of problems) this.host.report(owner, key, message);
    if (methods.length === 0 && hidden.length === 0) return undefined;
    const shadow = Object.create(prototype) as object;
    owners.set(shadow, this);
    for (const decorated of methods) {
      const value = this.#wrap(prototype, decorated, this.host.bindMethod(owner, decorated));
      Object.defineProperty(shadow, decorated.key, { value, configurable: true, writable: true });
    }
    const through = hidden.map((decorated) => {
      const { key, declaredOn } = decorated;
      return [key, { declaredOn, call: this.host.bindMethod(owner, decorated) }] as const;
    });
    this.#hidden.set(shadow, new Map(through));
    const { classType } = owner;
    if (classType && (prototype as { constructor?: unknown }).constructor !== classType) {
      // For a class decorator that returns a Proxy: Nest finds class-level guards by the constructor of the
      // prototype.
      Object.defineProperty(shadow, 'constructor', { value: classType, configurable: true, writable: true });
    }
    return shadow;
  }

  #wrap(prototype: object, { key, method }: DecoratedMethod, call: BoundCall): AnyMethod {
    const isClosed = () => this.#closed;
    const identityOf = this.#identityOf;
    let last = method;
    let bare = bareMethod(last);
    const wrapped = {
      [key](this: object, ...args: unknown[]): unknown {
        // Looked up at each call, so that a spy on the class is called through the operation.
        const current = ((prototype as Record<PropertyKey, unknown>)[key] ?? method) as AnyMethod;
        // Called without `this`: the function on the class reports that it is not bound.
        if (typeof this !== 'object' || this === null) return current.apply(this as never, args as never[]);
        if (current !== last) bare = bareMethod((last = current));
        if (!isClosed()) return call(this, bare, args, identityOf);
        return runBare(String(key), () => bare.apply(this as never, args as never[]));
      },
    }[key as string]!;
    return keepMethodIdentity(wrapped as AnyMethod, method);
  }

  readonly #identityOf = (self: object): CallIdentity | undefined => {
    // An object that was not handed out by the app gets an identity of its own.
    if (!this.#identities.has(self)) this.identify(self, () => ownIdentity());
    return this.identityOf(self);
  };
}

/** How calls run of a method that is reached only through `super`. */
interface HiddenMethod {
  readonly call: BoundCall;
  readonly declaredOn: object;
}
