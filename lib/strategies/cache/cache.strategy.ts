import {
  Call,
  decided,
  isThenable,
  type AroundStrategy,
  type CallIdentity,
  type Runner,
  type Scope,
  type StrategyContext,
} from '../../core/index.js';
import type { CacheKeys } from './cache.key.js';
import type { ResolvedCache } from './cache.options.js';
import { isFresh, isServable, open, seal, type Entry } from './envelope.js';
import type { Flight, FlightTable } from './flight.js';
import { MemoryStore, type GuardedStore } from './store.js';

type Entries = GuardedStore | MemoryStore;

/** What the cache of one operation works with. */
export interface CacheParts {
  readonly keys: CacheKeys;
  readonly flights: FlightTable;
  /** Where entries are kept; `undefined` for single-flight alone. */
  readonly store: ((identity: CallIdentity | undefined) => GuardedStore | MemoryStore) | undefined;
  /** Where loads run, apart from the calls that wait for them. */
  readonly root: Scope;
}

/** Answers from the cache, and lets equal calls that find nothing share one load. */
export class CacheStrategy implements AroundStrategy {
  readonly kind = 'around';

  constructor(
    private readonly options: ResolvedCache,
    private readonly parts: CacheParts,
    private readonly context: StrategyContext & { warn(message: string): void },
  ) {}

  around(call: Call, next: Runner): unknown {
    const { uncached } = call.invocation;
    if (uncached !== undefined) {
      this.context.warn(`runs uncached: ${uncached}`);
      return next.run(call);
    }
    const entries = this.parts.store?.(call.invocation.identity);
    const inProcess = entries === undefined || entries instanceof MemoryStore;
    const key = this.#key(call, inProcess);
    if (key === undefined) return next.run(call);
    if (entries instanceof MemoryStore) {
      const entry = this.#fresh(entries.get(key));
      if (entry) return this.#hit(call, entry);
    }
    const { flights } = this.parts;
    const flight = flights.get(key);
    if (!flight) {
      const begun = flights.begin(key);
      const joined = begun.join(call);
      void this.#fly(begun, key, call, next, entries);
      return this.#own(joined);
    }
    // Waiting for the load one is part of would last for ever.
    if (flight.call && isWithin(call, flight.call)) return next.run(call);
    this.context.monitor.emit('shared', call);
    return this.#own(flight.landed ? Promise.resolve(flight.landed.value) : flight.join(call));
  }

  /** How many loads are under way. */
  get loading(): number {
    return this.parts.flights.size;
  }

  /** The next call with these arguments loads anew, also when one is loading now. */
  async evict(args: readonly unknown[], identity: CallIdentity | undefined): Promise<void> {
    const entries = this.parts.store?.(identity);
    const key = this.parts.keys.make(args, identity, !entries || entries instanceof MemoryStore);
    this.parts.flights.doom(key);
    await entries?.del(key);
  }

  /** The key, or `undefined` when this call must not be cached. */
  #key(call: Call, inProcess: boolean): string | undefined {
    const { when } = this.options;
    try {
      if (when && !decided(when(...(call.invocation.args as never[])), 'cache.when')) return undefined;
      return this.parts.keys.of(call, inProcess);
    } catch (error) {
      this.context.monitor.emit('cache-bypass', call, { error });
      this.context.warn(`runs uncached: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  #fresh(stored: unknown): Entry | undefined {
    const entry = open(stored);
    return entry && isFresh(entry, this.context.clock.date()) ? entry : undefined;
  }

  #hit(call: Call, entry: Entry): unknown {
    this.context.monitor.emit('cache-hit', call);
    return this.options.isolate ? this.#copy(entry.value) : entry.value;
  }

  async #fly(
    flight: Flight,
    key: string,
    leader: Call,
    next: Runner,
    entries: Entries | undefined,
  ): Promise<void> {
    const { flights } = this.parts;
    // Without a store to wait for, the method begins at once, as it would without the decorator.
    const stored = entries instanceof MemoryStore ? entries.get(key) : entries && (await entries.get(key));
    const fresh = this.#fresh(stored);
    if (fresh) {
      flight.succeed(fresh.value);
      this.context.monitor.emit('cache-hit', leader);
    } else if (flight.members > 0) {
      if (entries) this.context.monitor.emit('cache-miss', leader);
      try {
        const value = await this.#load(flight, leader, next);
        flight.succeed(value);
        if (entries) await this.#store(flight, key, value, entries, leader);
      } catch (error) {
        flights.end(key, flight);
        this.#failed(flight, leader, error, open(stored));
      }
    }
    flights.end(key, flight);
  }

  async #store(flight: Flight, key: string, value: unknown, entries: Entries, leader: Call): Promise<void> {
    if (flight.doomed || !this.#mayStore(leader, value)) return;
    const { envelope, ttl } = this.#seal(value, entries instanceof MemoryStore);
    await entries.set(key, envelope, ttl);
    if (flight.doomed) await entries.del(key);
  }

  #load(flight: Flight, leader: Call, next: Runner): unknown {
    const load = new Call(leader.operation, leader.invocation, this.parts.root, leader);
    flight.call = load;
    const over = () => {
      leader.attempt = load.attempt;
      leader.alternative = load.alternative;
      leader.current = load.current;
      load.leave();
    };
    let result: unknown;
    try {
      result = next.run(load);
    } catch (error) {
      over();
      throw error;
    }
    if (isThenable(result)) result.then(over, over);
    else over();
    return result;
  }

  #failed(flight: Flight, leader: Call, error: unknown, entry: Entry | undefined): void {
    if (!entry || !isServable(entry, this.context.clock.date())) return flight.fail(error);
    this.context.monitor.emit('cache-stale', leader, { error });
    flight.succeed(entry.value);
  }

  #mayStore(leader: Call, value: unknown): boolean {
    try {
      const { unless } = this.options;
      return !unless || !decided(unless(value as never), 'cache.unless');
    } catch (error) {
      this.context.monitor.emit('cache-error', leader, { error });
      return false;
    }
  }

  #seal(value: unknown, keepsReferences: boolean): { envelope: object; ttl: number } {
    const { staleIfError, jitter } = this.options;
    const ttl = this.options.ttl && this.options.ttl * (1 - jitter * this.context.random());
    const envelope = seal(value, { ttl, staleIfError }, this.context.clock.date(), keepsReferences);
    return { envelope, ttl: ttl === undefined ? 0 : Math.ceil(ttl + (staleIfError ?? 0)) };
  }

  #own(value: Promise<unknown>): Promise<unknown> {
    return this.options.isolate ? value.then((shared) => this.#copy(shared)) : value;
  }

  #copy(value: unknown): unknown {
    try {
      return structuredClone(value);
    } catch (error) {
      this.context.warn(`shares its results, which cannot be cloned: ${String(error)}`);
      return value;
    }
  }
}

function isWithin(scope: Scope, ancestor: Scope): boolean {
  for (let current: Scope | undefined = scope; current; current = current.owner) {
    if (current === ancestor) return true;
  }
  return false;
}
