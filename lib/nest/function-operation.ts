import { OperoConfigurationError, type CallIdentity, type Invocation } from '../core/index.js';
import type { Layer, Operation } from '../runtime/index.js';
import { ownIdentity } from './identities.js';
import type { OperoHost } from './opero.host.js';
import { ownershipOf, sharingOption } from './principals.js';

/** The operation of a function that is run by hand, and whose state its calls use. */
export class FunctionOperation {
  readonly #principal: (() => string) | undefined;
  /** The option whose key is made from the arguments, if results are shared at all. */
  readonly #keyed: string | undefined;
  readonly #ofObjects = new WeakMap<object, CallIdentity>();
  /** Those it was called with that live as long as the app. */
  readonly #known = new Set<CallIdentity | undefined>();
  readonly #ofNobody: CallIdentity | undefined;

  constructor(
    readonly operation: Operation,
    layers: readonly Layer[],
    private readonly host: OperoHost,
  ) {
    if (!operation.caches) return;
    const { options } = operation.plan();
    this.#principal = ownershipOf({ handler: false, options, layers, principal: undefined }).principal;
    this.#ofNobody = this.#principal && { id: '', shared: true, principal: this.#principal };
    const option = sharingOption(options);
    if (options[`${option}.key`]?.from !== 'the call') this.#keyed = option;
  }

  /** What a call by hand is made of. */
  invocation(self: unknown, method: (...args: never[]) => unknown, args: readonly unknown[]): Invocation {
    return { self, method, args, identity: this.operation.caches ? this.#identityOf(self) : undefined };
  }

  /** Without arguments all runs would have one key, and be given the first one's answer. */
  proveKey(args: readonly unknown[] | undefined): void {
    if (args !== undefined || this.#keyed === undefined) return;
    const { name } = this.operation;
    const problem =
      `${name}: ${this.#keyed}: got a run without args, allowed: with args, which its key is made from, ` +
      `or with a ${this.#keyed}.key function in the options of the run`;
    throw new OperoConfigurationError([problem], name);
  }

  /** Whose entries there may be: those of one object, or of all that live as long as the app. */
  identitiesOf(instance: object | undefined): ReadonlySet<CallIdentity | undefined> {
    return instance ? new Set([this.#identityOf(instance)]) : new Set([...this.#known, this.#ofNobody]);
  }

  #identityOf(self: unknown): CallIdentity | undefined {
    if (self === undefined || self === null) return this.#ofNobody;
    // A primitive is as good as its text, but for symbols, which have none of their own.
    if (typeof self === 'symbol') return this.#withPrincipal(ownIdentity());
    if (typeof self !== 'object' && typeof self !== 'function') {
      return this.#withPrincipal({ id: `${typeof self} ${String(self)}`, shared: true });
    }
    let identity = this.#ofObjects.get(self);
    if (!identity) {
      identity = this.#withPrincipal(this.host.binder.identityOf(self));
      this.#ofObjects.set(self, identity);
      if (identity.shared) this.#known.add(identity);
    }
    return identity;
  }

  #withPrincipal(identity: CallIdentity): CallIdentity {
    return this.#principal ? { ...identity, principal: this.#principal } : identity;
  }
}
