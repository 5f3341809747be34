import { OperoConfigurationError } from '../../core/errors/index.js';
import type { CallIdentity, Invocation } from '../../core/call/index.js';
import type { Layer, Operation } from '../../runtime/index.js';
import { digestOf, ownIdentity } from '../binding/identities.js';
import type { OperoHost } from '../host/opero.host.js';
import { ownershipOf, sharingOption } from '../edge/principals.js';

/** How the operation of a function came about. */
export interface Made {
  /** Those that share its name, by what they look like; absent where there is one function. */
  readonly functions?: Map<string, CallIdentity>;
  /** Whether its name was made by counting: in another process another function may have it. */
  readonly counted?: boolean;
}

/** What a function looks like; closures of one place look alike. */
export const textOf = (work: (...args: never[]) => unknown): string =>
  `${work.name}\n${Function.prototype.toString.call(work)}`;

/** The operation of a function that is run by hand, and whose state its calls use. */
export class AdHocOperation {
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
    private readonly made: Made,
  ) {
    if (!operation.caches) return;
    const { options } = operation.plan();
    this.#principal = ownershipOf({ handler: false, options, layers, principal: undefined }).principal;
    this.#ofNobody = this.#owned({ id: '', shared: true });
    const option = sharingOption(options);
    if (options[`${option}.key`]?.from !== 'the call') this.#keyed = option;
  }

  /** What a call by hand is made of. */
  invocation(self: unknown, method: (...args: never[]) => unknown, args: readonly unknown[]): Invocation {
    if (!this.operation.caches) return { self, method, args };
    const { functions } = this.made;
    const identity = functions ? this.#ofFunction(functions, method) : this.#identityOf(self);
    return { self, method, args, identity };
  }

  /** Without arguments all runs would have one key, and be given the first one's answer. */
  validateKey(args: readonly unknown[] | undefined): void {
    if (args !== undefined || this.#keyed === undefined) return;
    const { name } = this.operation;
    const problem =
      `${name}: ${this.#keyed}: got a run without args, allowed: with args, which its key is made from, ` +
      `or with a ${this.#keyed}.key function in the options of the run`;
    throw new OperoConfigurationError([problem], name);
  }

  /** Whose entries there may be: those of one object, or of all that live as long as the app. */
  identitiesOf(instance: object | undefined): ReadonlySet<CallIdentity | undefined> {
    const { functions } = this.made;
    // Of several functions, others may have run elsewhere: then nobody can tell all entries.
    if (functions) return new Set(functions.size === 1 && !this.#ranNative ? functions.values() : []);
    return instance ? new Set([this.#identityOf(instance)]) : new Set([...this.#known, this.#ofNobody]);
  }

  /** Arguments tell what one function answers; equal ones mean something else to another. */
  #ofFunction(functions: Map<string, CallIdentity>, work: (...args: never[]) => unknown): CallIdentity {
    const text = textOf(work);
    // All bound functions have one text: each is somebody of its own.
    if (text.endsWith('{ [native code] }')) {
      this.#ranNative = true;
      return { ...this.#identityOf(work)!, shared: false };
    }
    let identity = functions.get(text);
    if (!identity) functions.set(text, (identity = this.#owned({ id: digestOf(text), shared: true })));
    return identity;
  }

  #ranNative = false;

  #identityOf(self: unknown): CallIdentity | undefined {
    if (self === undefined || self === null) return this.#ofNobody;
    // A primitive is as good as its text, but for symbols, which have none of their own.
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

  #owned({ id, shared }: CallIdentity): CallIdentity {
    const own = { id, shared: shared && !this.made.counted };
    return this.#principal ? { ...own, principal: this.#principal } : own;
  }
}
