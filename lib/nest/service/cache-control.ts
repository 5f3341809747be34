import { show } from '../../core/options/index.js';
import type { CallIdentity } from '../../core/call/index.js';
import type { Operation, OperoRuntime } from '../../runtime/index.js';
import type { AdHocOperations } from './ad-hoc-operations.js';
import type { OperoHost } from '../host/opero.host.js';
import { boundIdentityOf } from '../binding/shadow-prototypes.js';

/** Which cached results to forget. */
export interface EvictOptions {
  /** An operation by name. */
  readonly operation: string;
  /** The arguments of the call to forget. Default: whatever they were, everything of the operation is forgotten. */
  readonly args?: readonly unknown[];
  /** The instance, where a class has several; default: the entries of all of them. Only with `args`. */
  readonly instance?: object;
  /** Whose entry, where the method has a `principal`. Default: the entries of all of them. Only with `args`. */
  readonly principal?: string;
}

/** The caches of an app in the hands of its code. */
export class CacheControl {
  constructor(
    private readonly host: OperoHost,
    private readonly functions: AdHocOperations,
    private readonly runtime: () => OperoRuntime,
  ) {}

  /**
   * Forgets the result of one call, or without `args` all results of an operation; also what is being loaded right
   * now. This process serves none of it from now on. Of a whole operation, other processes know within a second of
   * a hit; results with class instances are kept by each process, and only this form reaches those of others. Where
   * entries are kept apart by who asks, or by instance (transient, of one request, several of a class) and none is
   * given, the whole operation is evicted.
   *
   * @throws TypeError when there is no such operation, it caches nothing, or the instance is not bound
   * @throws EvictionFailedError when the store did not take part: other processes may go on serving what they have
   * @example
   * await opero.cache.evict({ operation: 'Prices.of', args: ['EUR'] });
   * await opero.cache.evict({ operation: 'Prices.of' });
   */
  readonly evict = async ({ operation: name, args, instance, principal }: EvictOptions): Promise<void> => {
    const operation = this.runtime().operations.get(name);
    if (!operation?.caches) throw new TypeError(`there is no operation '${name}' with a cache`);
    if (args !== undefined && !Array.isArray(args)) {
      throw new TypeError(`evict(): args: got ${show(args)}, allowed: the list of the call's arguments`);
    }
    if (instance && !args) {
      throw new TypeError('evict(): instance: got no args beside it, allowed: only together with args');
    }
    if (principal !== undefined && !args) {
      throw new TypeError('evict(): principal: got no args beside it, allowed: only together with args');
    }
    const identities = this.#identitiesFor(operation, instance, principal);
    // Of instances that are their own, more may live than are known.
    const unknown =
      identities.length === 0 ||
      (!instance && identities.some((one) => one?.shared === false)) ||
      (principal === undefined && identities.some((one) => one?.principal !== undefined));
    if (!args || unknown) return operation.evictAll();
    const outcomes = await Promise.allSettled(identities.map((identity) => operation.evict(args, identity)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  };

  /** Whose results are meant. None is known of instances that live as long as a request. */
  #identitiesFor(
    operation: Operation,
    instance: object | undefined,
    principal: string | undefined,
  ): (CallIdentity | undefined)[] {
    const { binder, bindings } = this.host;
    const byHand = this.functions.find(operation);
    if (instance && !byHand && !boundIdentityOf(instance))
      throw new TypeError('evict(): instance: got an object that is not bound to this app');
    const found = byHand
      ? byHand.identitiesOf(instance)
      : bindings.identitiesOf(operation, instance ? [instance] : binder.instances(), instance !== undefined);
    const identities = [...(found ?? [])];
    if (principal === undefined) return identities;
    return identities.map((identity) => identity && { ...identity, principal: () => principal });
  }
}
