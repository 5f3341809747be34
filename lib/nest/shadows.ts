import type { CallIdentity } from '../core/index.js';
import { findDecorated, type DecoratedClass, type DecoratedMethod } from './decorated-methods.js';
import { ownIdentity } from './identities.js';
import type { AnyMethod } from './method-target.js';

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
  /** Takes note of a decorator that would have no effect. */
  report(owner: OwnerClass, key: string, message: string): void;
}

/** Which shadows an instance's prototype belongs to, so that two apps that share a value see each other. */
const owners = new WeakMap<object, Shadows>();

/** Who bound an instance. */
export function hostOf(instance: object): ShadowHost | undefined {
  return owners.get(Object.getPrototypeOf(instance) as object)?.host;
}

/** The identity under which an instance was bound. */
export function boundIdentityOf(instance: object): CallIdentity | undefined {
  return owners.get(Object.getPrototypeOf(instance) as object)?.identityOf(instance);
}

/**
 * For each class one object between the instances of an app and the class's prototype. It holds the bound methods
 * only, so `instanceof`, `constructor`, private members, spies on the class and own properties stay as they were.
 */
export class Shadows {
  readonly #shadows = new Map<object, object | undefined>();
  readonly #identities = new WeakMap<object, CallIdentity | (() => CallIdentity)>();
  #closed = false;

  constructor(readonly host: ShadowHost) {}

  /** Makes the shadow of a class ahead of its first instance; false when it has nothing to bind. */
  prepare(classType: object, origin: string): boolean {
    const { prototype } = classType as { prototype?: object };
    return prototype ? this.#shadowOf(prototype, classType, origin) !== undefined : false;
  }

  /** Puts the shadow under an instance; false if there was nothing to do. */
  apply(instance: object, classType: object | undefined, origin: string): boolean {
    const prototype = Object.getPrototypeOf(instance) as object | null;
    if (prototype === null || prototype === Object.prototype) return false;
    const owner = owners.get(prototype);
    if (owner === this) return false;
    if (owner) throw new Error('it is already bound to another app');
    const shadow = this.#shadowOf(prototype, classType, origin);
    if (shadow) Object.setPrototypeOf(instance, shadow);
    return shadow !== undefined;
  }

  /** Gives an instance its own prototype back. */
  restore(instance: unknown): void {
    if (typeof instance !== 'object' || instance === null) return;
    try {
      const shadow = Object.getPrototypeOf(instance) as object | null;
      if (shadow && owners.get(shadow) === this)
        Object.setPrototypeOf(instance, Object.getPrototypeOf(shadow) as object);
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

  /** Empties all shadows: instances behave like the bare class again. */
  close(): void {
    this.#closed = true;
    for (const shadow of this.#shadows.values()) {
      for (const key of shadow ? Reflect.ownKeys(shadow) : []) Reflect.deleteProperty(shadow!, key);
    }
    this.#shadows.clear();
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

  #make(prototype: object, owner: OwnerClass, { methods, problems }: DecoratedClass): object | undefined {
    for (const { key, message } of problems) this.host.report(owner, key, message);
    if (methods.length === 0) return undefined;
    const shadow = Object.create(prototype) as object;
    owners.set(shadow, this);
    for (const decorated of methods) {
      const value = this.#wrap(prototype, decorated, this.host.bindMethod(owner, decorated));
      Object.defineProperty(shadow, decorated.key, { value, configurable: true, writable: true });
    }
    const { classType } = owner;
    if (classType && (prototype as { constructor?: unknown }).constructor !== classType) {
      // A class decorator that returns a Proxy: Nest finds class-level guards by the constructor of the prototype.
      Object.defineProperty(shadow, 'constructor', { value: classType, configurable: true, writable: true });
    }
    return shadow;
  }

  #wrap(prototype: object, { key, method }: DecoratedMethod, call: BoundCall): AnyMethod {
    const isClosed = () => this.#closed;
    const identityOf = (self: object) => {
      // A method called on an object that was never handed out: that object is somebody of its own.
      if (!this.#identities.has(self)) this.identify(self, () => ownIdentity());
      return this.identityOf(self);
    };
    const wrapped = {
      [key](this: object, ...args: unknown[]): unknown {
        // Looked up late, so that a spy on the class is called, through the operation.
        const current = ((prototype as Record<PropertyKey, unknown>)[key] ?? method) as AnyMethod;
        if (isClosed() || typeof this !== 'object' || this === null)
          return current.apply(this as never, args as never[]);
        return call(this, current, args, identityOf);
      },
    }[key as string]!;
    return disguise(wrapped as AnyMethod, method);
  }
}

/** Gives the wrapper everything that others read from the method. */
function disguise(wrapped: AnyMethod, method: AnyMethod): AnyMethod {
  for (const key of Reflect.ownKeys(method)) {
    if (key === 'prototype' || key === 'arguments' || key === 'caller') continue;
    const descriptor = Object.getOwnPropertyDescriptor(method, key)!;
    Object.defineProperty(wrapped, key, { ...descriptor, configurable: true });
  }
  for (const key of Reflect.getMetadataKeys(method)) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, method), wrapped);
  }
  return wrapped;
}
