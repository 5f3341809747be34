import type { OperoConfigurationError } from '../../core/errors/index.js';
import type { CallIdentity } from '../../core/call/index.js';
import type { Target } from '../../core/strategy/index.js';
import type { ResolvedMap } from '../../map/index.js';
import type { Operation } from '../../runtime/index.js';
import type { DecoratedMethod } from '../metadata/decorated-methods.js';
import type { OwnerClass } from './shadow-host.js';

/** One decorated method of one class. */
export class Binding {
  map: ResolvedMap | undefined;
  /** Those it was called with that live as long as the app. */
  readonly identities = new Set<CallIdentity | undefined>();
  operation: Operation | undefined;
  problem: OperoConfigurationError | undefined;
  answers: Target['answers'];
  /** Tells the users of the method apart, where that matters for what is cached. */
  principal: (() => string) | undefined;
  #keepsHere = false;
  #own = new WeakMap<CallIdentity, CallIdentity>();

  constructor(
    readonly owner: OwnerClass,
    readonly decorated: DecoratedMethod,
    readonly target: Target,
  ) {
    this.answers = target.answers;
  }

  /** Keeps how the method answered first, where nothing else tells. */
  learn(answers: Target['answers']): void {
    if (this.answers === 'unknown') this.answers = answers;
  }

  /** Whose results a call may use: its instance's, and where it matters its user's. */
  whose(instance: CallIdentity | undefined): CallIdentity | undefined {
    const { principal } = this;
    if (!instance || !(principal || this.#keepsHere)) return instance;
    const known = this.#own.get(instance);
    if (known) return known;
    const { id, shared } = instance;
    const identity = { id, shared: shared && !this.#keepsHere, ...(principal && { principal }) };
    this.#own.set(instance, identity);
    return identity;
  }

  /** Whether all instances share entries that nothing but the name of the class and its method tells from others. */
  get sharesByName(): boolean {
    const { options } = this.operation?.plan() ?? {};
    return options?.['cache.share']?.value === true && this.operation!.name.includes(this.name);
  }

  /**
   * Of two classes that are called alike, the one that is found first has the name, and in another process that may be
   * the other one: what either caches stays in this process.
   */
  keepHere(): void {
    this.#keepsHere = true;
    this.#own = new WeakMap();
  }

  get name(): string {
    return `${classNameOf(this.owner)}.${String(this.decorated.key)}`;
  }
}

/** The name of a class as messages show it. */
export const classNameOf = ({ classType, prototype }: OwnerClass): string =>
  (classType as { name?: string } | null)?.name ||
  (prototype.constructor as { name?: string }).name ||
  'anonymous';
