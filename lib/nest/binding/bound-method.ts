import type { OperoConfigurationError } from '../../core/errors/index.js';
import type { CallIdentity } from '../../core/call/index.js';
import type { Target } from '../../core/strategy/index.js';
import type { ResolvedMap } from '../../map/index.js';
import type { Operation } from '../../runtime/index.js';
import type { DecoratedMethod } from '../metadata/decorated-methods.js';
import type { OwnerClass } from './shadow-host.js';

/** A decorated method of a class. */
export class BoundMethod {
  map: ResolvedMap | undefined;
  /** Identities of calls that live as long as the app. */
  identities: Set<CallIdentity> | undefined;
  operation: Operation | undefined;
  problem: OperoConfigurationError | undefined;
  answers: Target['answers'];
  /** Returns the current principal, if cached results depend on it. */
  principal: (() => string) | undefined;
  /** Whether it writes to the response of its request, if only to its headers. */
  getsResponse = false;
  #keepsHere = false;
  #own: WeakMap<CallIdentity, CallIdentity> | undefined;

  constructor(
    readonly owner: OwnerClass,
    readonly decorated: DecoratedMethod,
    readonly target: Target,
  ) {
    this.answers = target.answers;
  }

  /** Records how the method returned at its first call, if this was unknown before. */
  learn(answers: Target['answers']): void {
    if (this.answers === 'unknown') this.answers = answers;
  }

  /** The identity for cached results: that of the instance, with the principal if results depend on it. */
  whose(instance: CallIdentity | undefined): CallIdentity | undefined {
    const { principal, getsResponse } = this;
    if (!instance || !(principal || getsResponse || this.#keepsHere)) return instance;
    const known = this.#own?.get(instance);
    if (known) return known;
    const shared = instance.shared && !this.#keepsHere;
    const ofRequest = getsResponse || instance.ofRequest;
    const identity = { ...instance, shared, ofRequest, ...(principal && { principal }) };
    (this.#own ??= new WeakMap()).set(instance, identity);
    return identity;
  }

  /** Whether all instances share entries identified only by class and method name. */
  get sharesByName(): boolean {
    const { operation } = this;
    return operation?.optionsOf('cache')?.share === true && operation.name.includes(this.name);
  }

  /**
   * Keeps cached results in this process: if two classes have the same name, the first one found gets it, and that
   * may be the other one in another process.
   */
  keepHere(): void {
    this.#keepsHere = true;
    this.#own = undefined;
  }

  get name(): string {
    return `${classNameOf(this.owner)}.${String(this.decorated.key)}`;
  }
}

/** The class name for messages. */
export const classNameOf = ({ classType, prototype }: OwnerClass): string =>
  (classType as { name?: string } | null)?.name ||
  (prototype.constructor as { name?: string }).name ||
  'anonymous';
