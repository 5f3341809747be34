import { OperoConfigurationError } from '../../core/errors/index.js';
import type { CallIdentity, Invocation } from '../../core/call/index.js';
import type { Layer, Operation } from '../../runtime/index.js';
import { ownIdentity } from '../binding/identities.js';
import type { OperoHost } from '../host/opero.host.js';
import { ownershipOf, sharingOption } from '../edge/principals.js';
import type { NamedFunctions } from './named-functions.js';

/** How the operation of a function was created. */
export interface Made {
  /** Functions that share its name; absent if there is only one. */
  readonly functions?: NamedFunctions;
  /** Whether its name contains a counter: in another process the name may belong to another function. */
  readonly counted?: boolean;
}

/** The operation of a function that is not a decorated method. */
export class AdHocOperation {
  readonly #principal: (() => string) | undefined;
  /** The option whose key is made from the arguments, if results are shared at all. */
  readonly #keyed: string | undefined;
  readonly #ofObjects = new WeakMap<object, CallIdentity>();
  /** Identities of calls that live as long as the app. */
  readonly #known = new Set<CallIdentity | undefined>();
  readonly #ofNobody: CallIdentity | undefined;

  constructor(
    readonly operation: Operation,
    layers: readonly Layer[],
    private readonly host: OperoHost,
    private readonly made: Made,
  ) {
    if (!operation.caches) return;
    const { options } = operation;
    this.#principal = ownershipOf({ handler: false, options, layers, principal: undefined }).principal;
    this.#ofNobody = this.#owned({ id: '', shared: true });
    const option = sharingOption(options);
    if (options[`${option}.key`]?.from !== 'the call') this.#keyed = option;
  }

  /** Creates the invocation of a call. */
  invocation(self: unknown, method: (...args: never[]) => unknown, args: readonly unknown[]): Invocation {
    if (!this.operation.caches) return { self, method, args };
    const { functions } = this.made;
    const identity = functions ? this.#owned(functions.identityOf(method)) : this.#identityOf(self);
    return { self, method, args, identity };
  }

  /** Throws if there are no arguments to make a key from: all runs would share the result of the first. */
  validateKey(args: readonly unknown[] | undefined): void {
    if (args !== undefined || this.#keyed === undefined) return;
    const { name } = this.operation;
    const problem =
      `${name}: ${this.#keyed}: got a run without args, allowed: with args, which its key is made from, ` +
      `or with a ${this.#keyed}.key function in the options of the run`;
    throw new OperoConfigurationError([problem], name);
  }

  /** The identities that may have cache entries: of one object, or of all that live as long as the app. */
  identitiesOf(instance: object | undefined): ReadonlySet<CallIdentity | undefined> {
    const { functions } = this.made;
    // If several functions share the name, others may have run in another process: the entries are not all known.
    if (functions) return new Set(functions.only ? [this.#owned(functions.only)] : []);
    return instance ? new Set([this.#identityOf(instance)]) : new Set([...this.#known, this.#ofNobody]);
  }

  #identityOf(self: unknown): CallIdentity | undefined {
    if (self === undefined || self === null) return this.#ofNobody;
    // Primitives are identified by their text. A symbol has none.
    if (typeof self === 'symbol') return this.#owned(ownIdentity());
    if (typeof self !== 'object' && typeof self !== 'function') {
      return this.#owned({ id: `${typeof self} ${String(self)}`, shared: true });
    }
    let identity = this.#ofObjects.get(self);
    if (!identity) {
      identity = this.#owned(this.host.binder.identityOf(self));
      this.#ofObjects.set(self, identity);
      if (identity.shared) this.#known.add(identity);
    }
    return identity;
  }

  #owned(identity: CallIdentity): CallIdentity {
    if (!this.#principal && !this.made.counted) return identity;
    const own = { ...identity, shared: identity.shared && !this.made.counted };
    return this.#principal ? { ...own, principal: this.#principal } : own;
  }
}
