import { createHash, randomUUID } from 'node:crypto';
import type { CallIdentity } from '../../core/call/index.js';
import { originOf, type Wrapper } from './wrapper.js';

/**
 * Whose state an instance uses. A provider that lives as long as the app is known by its module and token, the same
 * in every process; anything else (one request's, one consumer's, made by hand, of a module that is there twice) is
 * its own, and nothing it caches leaves this process.
 */
export class Identities {
  readonly #names = new Map<string, number>();
  readonly #added = new WeakSet<Wrapper>();
  readonly #known = new WeakMap<Wrapper, CallIdentity>();

  /** Takes note of a provider's name; all are needed before the first is asked for. */
  add(wrapper: Wrapper): void {
    if (this.#added.has(wrapper)) return;
    this.#added.add(wrapper);
    const name = nameOf(wrapper);
    this.#names.set(name, (this.#names.get(name) ?? 0) + 1);
  }

  /** The identity of an instance that a provider has made; `undefined` stands for one made by hand. */
  of(wrapper: Wrapper | undefined): CallIdentity {
    if (!wrapper || wrapper.isTransient || !wrapper.isDependencyTreeStatic()) return ownIdentity();
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

/** The identity of an instance that is nobody else. */
export const ownIdentity = (): CallIdentity => ({ id: randomUUID(), shared: false });

/** A short name for a text, the same in every process. */
export const digestOf = (text: string): string =>
  createHash('sha256').update(text, 'utf16le').digest('base64url');

/** A guard, pipe, interceptor or filter is made beside the provider of its class, if there is one. */
function nameOf(wrapper: Wrapper): string {
  const { token, subtype } = wrapper;
  const name = `${originOf(wrapper)}/${typeof token === 'function' ? token.name : String(token)}`;
  return subtype ? `${name} as ${subtype}` : name;
}
