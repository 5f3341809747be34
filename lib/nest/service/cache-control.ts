import { show } from '../../core/options/index.js';
import type { CallIdentity } from '../../core/call/index.js';
import type { Operation, OperoRuntime } from '../../runtime/index.js';
import type { AdHocOperations } from './ad-hoc-operations.js';
import type { OperoHost } from '../host/opero.host.js';
import { areTags } from '../../strategies/index.js';
import { boundIdentityOf } from '../binding/shadow-prototypes.js';

/** Selects the cached results of one operation to evict. */
export interface EvictOptions {
  /** Name of the operation. */
  readonly operation: string;
  /**
   * Arguments of the call whose result is evicted.
   * @default all results of the operation are evicted
   */
  readonly args?: readonly unknown[];
  /**
   * The instance, if a class has several. Only with `args`.
   * @default the entries of all instances
   */
  readonly instance?: object;
  /**
   * The principal, if the method has a `principal`. Only with `args`.
   * @default the entries of all principals
   */
  readonly principal?: string;
}

/** Selects the cached results to evict by tags, of whichever operations. */
export interface EvictTagsOptions {
  /** Results with any of these tags are evicted: strings that are not empty. */
  readonly tags: readonly string[];
}

/** Evicts cached results of an app. */
export class CacheControl {
  constructor(
    private readonly host: OperoHost,
    private readonly functions: AdHocOperations,
    private readonly runtime: () => OperoRuntime,
  ) {}

  /**
   * Evicts the result of one call, or all results of an operation without `args`; also of running loads. This process
   * serves none of them from now on. If a whole operation is evicted, other processes notice within a second; results
   * with instances of classes are kept by each process, and only this form reaches those of other processes. If
   * entries depend on the principal or the instance (transient, request-scoped, several of a class) and none is
   * given, the whole operation is evicted.
   *
   * With `tags`, evicts all results whose `cache.tags` gave any of them, for the tenant of the current code; also what loads
   * that run already will bring. Other processes notice within a second.
   *
   * @throws TypeError if there is no such operation, it has no cache, no operation has `cache.tags`, the instance is not bound, or there is a
   * principal on which no result depends
   * @throws EvictionFailedError if the store did not delete the entries: other processes may still serve them
   * @example
   * await opero.cache.evict({ operation: 'Prices.of', args: ['EUR'] });
   * await opero.cache.evict({ tags: [`customer:${id}`] });
   */
  readonly evict = async (options: EvictOptions | EvictTagsOptions): Promise<void> => {
    if ('tags' in options) return this.#evictTags(options);
    const { operation: name, args, instance, principal } = options;
    const operation = this.runtime().operations.get(name);
    if (!operation?.caches) throw new TypeError(`there is no operation '${name}' with a cache`);
    validateOptions(options);
    const identities = this.#identitiesFor(operation, instance);
    const isShared = identities.length > 0 && identities.every((one) => one?.principal === undefined);
    if (principal !== undefined && isShared) {
      throw new TypeError('evict(): principal: got one, allowed: none, since cache.principal is not used');
    }
    if (!args || mayMiss(identities, options)) return operation.evictAll();
    const whose = (identity: CallIdentity | undefined) =>
      identity && principal !== undefined ? { ...identity, principal: () => principal } : identity;
    const evictions = identities.map((identity) => operation.evict(args, whose(identity)));
    const outcomes = await Promise.allSettled(evictions);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  };

  async #evictTags({ tags, ...others }: EvictTagsOptions): Promise<void> {
    const beside = Object.keys(others);
    if (beside.length > 0)
      throw new TypeError(`evict(): tags: got ${beside.join(', ')} beside it, allowed: tags alone`);
    if (!areTags(tags) || tags.length === 0)
      throw new TypeError(`evict(): tags: got ${show(tags)}, allowed: a list of strings that are not empty`);
    let tagged: Operation | undefined;
    // All are looked at, because that makes them: tags must be remembered for as long as the longest-lived result.
    for (const operation of this.runtime().operations.values())
      if (operation.caches && operation.optionsOf('cache')?.tags !== undefined) tagged ??= operation;
    if (!tagged)
      throw new TypeError('evict(): tags: got some, allowed: none, since no operation has cache.tags');
    await tagged.evictTags(tags);
  }

  /** The identities whose results are evicted. Request-scoped instances are not known. */
  #identitiesFor(operation: Operation, instance: object | undefined): (CallIdentity | undefined)[] {
    const { binder, bindings } = this.host;
    const byHand = this.functions.find(operation);
    if (instance && !byHand && !boundIdentityOf(instance))
      throw new TypeError('evict(): instance: got an object that is not bound to this app');
    const found = byHand
      ? byHand.identitiesOf(instance)
      : bindings.identitiesOf(operation, instance ? [instance] : binder.instances(), instance !== undefined);
    return [...(found ?? [])];
  }
}

function validateOptions({ args, instance, principal }: EvictOptions): void {
  if (args !== undefined && !Array.isArray(args)) {
    throw new TypeError(`evict(): args: got ${show(args)}, allowed: the list of the call's arguments`);
  }
  for (const [option, value] of Object.entries({ instance, principal })) {
    if (value === undefined || args) continue;
    throw new TypeError(`evict(): ${option}: got no args beside it, allowed: only together with args`);
  }
}

/** Whether entries may belong to identities that are not known: there may be more instances, and principals. */
const mayMiss = (
  identities: readonly (CallIdentity | undefined)[],
  { instance, principal }: EvictOptions,
): boolean =>
  identities.length === 0 ||
  (!instance && identities.some((one) => one?.shared === false)) ||
  (principal === undefined && identities.some((one) => one?.principal !== undefined));
