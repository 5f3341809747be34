import { randomUUID } from 'node:crypto';
import type { CallIdentity } from '../../core/call/index.js';
import { originOf, type Wrapper } from './wrapper.js';

/**
 * Identifies instances for cache entries and state. A provider that lives as long as the app is identified by its
 * module and token, in every process. Any other instance (request-scoped, transient, made by hand, or of a module
 * that exists twice) has an identity of its own, and its cache entries stay in this process.
 */
export class Identities {
  readonly #names = new Map<string, number>();
  readonly #added = new WeakSet<Wrapper>();
  readonly #known = new WeakMap<Wrapper, CallIdentity>();

  /** Registers the name of a provider. All must be registered before {@link of} is called. */
  add(wrapper: Wrapper): void {
    if (this.#added.has(wrapper)) return;
    this.#added.add(wrapper);
    const name = nameOf(wrapper);
    this.#names.set(name, (this.#names.get(name) ?? 0) + 1);
  }

  /** The identity of an instance of a provider; `undefined` stands for one made by hand. */
  of(wrapper: Wrapper | undefined): CallIdentity {
    if (!wrapper) return ownIdentity();
    if (!wrapper.isDependencyTreeStatic())
      return { ...ownIdentity(), ofRequest: !wrapper.isDependencyTreeDurable() };
    if (wrapper.isTransient) return ownIdentity();
    let identity = this.#known.get(wrapper);
    if (!identity) {
      const name = nameOf(wrapper);
      const unique = this.#names.get(name) === 1;
      identity = unique ? { id: name, shared: true } : ownIdentity();
      this.#known.set(wrapper, identity);
    }
    return identity;
  }
}

/** A unique identity, for an instance that shares nothing. */
export const ownIdentity = (): CallIdentity => ({ id: randomUUID(), shared: false });

/**
 * The name of a provider. A guard, pipe, interceptor or filter is distinguished from the provider of its class, if
 * there is one.
 */
function nameOf(wrapper: Wrapper): string {
  const { token, subtype } = wrapper;
  const name = `${originOf(wrapper)}/${typeof token === 'function' ? token.name : String(token)}`;
  return subtype ? `${name} as ${subtype}` : name;
}
