import { EvictionFailedError } from '../../core/errors/index.js';
import { copyOf } from '../../core/values/index.js';
import type { Call, CallIdentity } from '../../core/call/index.js';
import { decided, type AroundStrategy, type Runner, type SharedAnswers } from '../../core/strategy/index.js';
import type { ResolvedCache } from './cache.schema.js';
import type { CacheParts } from './cache.parts.js';
import { StoreReports, type EntriesContext } from './store-reports.js';
import type { Deadlines } from '../../core/time/index.js';
import type { Entry } from './envelope.js';
import { wouldWaitForItself, type Flight } from './flight.js';
import { UNSHARED, type LoadedValue } from './loaded-value.js';
import { Loads } from './loads.js';

/** Serves results from the cache. Equal concurrent calls that miss share one load (single-flight). */
export class CacheStrategy implements AroundStrategy, SharedAnswers {
  readonly kind = 'around';
  readonly answers: SharedAnswers = this;
  readonly #loads: Loads;

  constructor(
    private readonly options: ResolvedCache,
    private readonly parts: CacheParts,
    private readonly context: EntriesContext & { readonly deadlines: Deadlines },
  ) {
    this.#loads = new Loads(options, parts, context);
  }

  around(call: Call, next: Runner): unknown {
    const { uncached } = call.invocation;
    if (uncached !== undefined) {
      this.context.warn(`runs uncached: ${uncached}`);
      return next.run(call);
    }
    const { entries, flights } = this.parts;
    const guard = this.parts.guardOf(call.invocation.identity);
    const key = this.#key(call, guard === undefined);
    if (key === undefined) return next.run(call);
    const held = entries?.peek(key, guard);
    if (held) {
      if (this.#loads.refreshes?.isDue(held))
        this.#loads.refreshes.ahead({ call, key, guard, entry: held }, next);
      return this.#hit(call, held);
    }
    const stale = this.#loads.refreshes?.serve(call, key, guard, next);
    if (stale) return this.#hit(call, stale);
    const flight = flights.get(key);
    if (!flight) {
      const begun = flights.begin(key, entries?.epoch ?? 0);
      const joined = this.#follow(begun, call, next);
      void this.#loads.fly({ flight: begun, key, leader: call, guard }, next);
      return joined;
    }
    if (!flight.loaded && wouldWaitForItself(call, flight)) return next.run(call);
    this.context.monitor.emit('shared', call);
    return flight.loaded ? this.#take(flight.loaded, call, next) : this.#follow(flight, call, next);
  }

  /** The number of running loads. */
  get loading(): number {
    return this.parts.flights.size;
  }

  /**
   * Evicts the result for these arguments, also of a running load.
   *
   * @throws EvictionFailedError if the store did not delete the entry
   */
  async evict(args: readonly unknown[], identity: CallIdentity | undefined): Promise<void> {
    const guard = this.parts.guardOf(identity);
    const key = this.parts.keys.make(args, identity, guard === undefined);
    this.parts.flights.invalidate(key);
    this.parts.pauses.errors.end(key);
    await this.parts.entries?.forget(key, guard);
  }

  /**
   * Evicts all results of the operation. Other processes notice within a second.
   *
   * @throws EvictionFailedError if other processes cannot be notified
   */
  async evictAll(): Promise<void> {
    this.parts.flights.doomAll();
    this.parts.pauses.errors.endAll();
    await this.parts.entries?.forgetAll(this.parts.guardOf(undefined));
  }

  /**
   * Evicts all results of the app that have any of these tags. Other processes notice within a second.
   *
   * @throws EvictionFailedError if other processes cannot be notified
   */
  async evictTags(tags: readonly string[]): Promise<void> {
    const { idsOf, guardOf, tags: known } = this.parts;
    const report = new StoreReports(this.context).outsideCalls();
    const failure = await known.evict(idsOf(tags), guardOf(undefined), report);
    if (failure) throw new EvictionFailedError(this.context.operation, { cause: failure.error });
  }

  /** The key, or `undefined` if the call must not be cached. */
  #key(call: Call, inProcess: boolean): string | undefined {
    const { when } = this.options;
    if (this.parts.responses) this.#warnOfRequest(call);
    try {
      const args = call.invocation.args as never[];
      if (when && !call.within(() => decided(when(...args), 'cache.when'))) return undefined;
    } catch (error) {
      return this.#bypass('cache.when', call, error);
    }
    let whose: string;
    try {
      whose = this.parts.keys.whose(call.invocation.identity);
    } catch (error) {
      return this.#bypass(undefined, call, error);
    }
    try {
      return this.parts.keys.of(call, whose, inProcess);
    } catch (error) {
      return this.#bypass(this.options.key ? 'cache.key' : undefined, call, error);
    }
  }

  /** A handler of an instance for one request is called once on it. */
  #warnOfRequest({ invocation: { identity } }: Call): void {
    if (this.options.share || !identity?.ofRequest || identity.shared) return;
    this.context.warn(
      'is cached for an instance of one request, which no other request has: share: true lets all instances share results',
    );
  }

  #bypass(option: string | undefined, call: Call, error: unknown): undefined {
    this.context.monitor.emit('cache-bypass', call, { error });
    if (option) this.context.monitor.callbackFailed(option, 'the call runs uncached', call, error);
    else this.context.warn(`runs uncached: ${messageOf(error)}`);
  }

  #hit(call: Call, entry: Entry): unknown {
    const { value, nature } = entry;
    this.context.monitor.emit('cache-hit', call);
    this.parts.responses?.note(call, entry);
    return this.options.isolate && nature ? copyOf(value, nature) : value;
  }

  #follow(flight: Flight, call: Call, next: Runner): Promise<unknown> {
    return flight.join(call, (loaded) =>
      flight.isFor(call) ? this.#take(loaded, call, next) : next.run(call),
    );
  }

  #take(loaded: LoadedValue, call: Call, next: Runner): unknown {
    const value = loaded.take();
    if (value === UNSHARED) return next.run(call);
    this.parts.responses?.note(call, loaded.entry);
    return value;
  }
}

function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'an error that cannot be looked at';
  }
}
