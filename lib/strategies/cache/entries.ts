import { describeError, EvictionFailedError } from '../../core/errors/index.js';
import type { EventSource } from '../../core/events/index.js';
import type { Call } from '../../core/call/index.js';
import type { StrategyContext } from '../../core/strategy/index.js';
import type { ResolvedCache } from './cache.options.js';
import { encode, type Encoded } from './codec.js';
import { isFresh, lifeOf, open, seal, type Entry } from './envelope.js';
import type { Evictions } from './evictions.js';
import type { Flight } from './flight.js';
import type { LoadedValue } from './loaded-value.js';
import type { MemoryStore } from './memory-store.js';
import { reviverOf, type Reviver } from './revive.js';
import type { GuardedStore, StoreFailure, StoreReport } from './store.js';
import { natureOf, type Nature } from '../../core/values/index.js';

export type EntriesContext = StrategyContext & { warn(message: string): void };

/** How many kinds of failures of a store are logged. */
const MOST_KINDS = 20;

/** The longest ttl that a store is given: what lies beyond overflows the timers that some keep. */
const LONGEST_TTL = 2 ** 31 - 1;

/**
 * The entries of one operation: in the app's store, and in this process's memory what the store may not have or could
 * not bring back as it is.
 */
export class Entries {
  readonly #reviver: Reviver | undefined;

  constructor(
    private readonly memory: MemoryStore,
    private readonly options: ResolvedCache,
    private readonly evictions: Evictions,
    private readonly context: EntriesContext,
  ) {
    this.#reviver = reviverOf(options.revive);
  }

  /** Which eviction of the whole operation came last. */
  get epoch(): number {
    return this.evictions.epoch.current;
  }

  /** The good entry in this process, if there is one. */
  peek(key: string, guard: GuardedStore | undefined): Entry | undefined {
    const entry = this.#held(key);
    if (!entry || !this.isFresh(entry)) return undefined;
    // What is held beside a store may have been evicted by another process: known a second later at the latest.
    if (guard) void this.evictions.epoch.refresh(guard, this.#date, () => undefined);
    return entry;
  }

  /** What is stored under a key, good or not any more. */
  read(
    key: string,
    guard: GuardedStore | undefined,
    call: Call,
  ): Promise<Entry | undefined> | Entry | undefined {
    return guard && !this.evictions.tombstones.has(key)
      ? this.#readStored(key, guard, call)
      : this.#held(key);
  }

  isFresh(entry: Entry): boolean {
    return isFresh(entry, this.#date, this.options.ttl);
  }

  /** Keeps what has loaded, at once or later. Whatever the store does, the call it was loaded for has its answer. */
  write(
    key: string,
    loaded: LoadedValue,
    flight: Flight,
    guard: GuardedStore | undefined,
    call: Call,
  ): Promise<void> | undefined {
    const life = this.#life(flight.epoch);
    const nature = loaded.nature ?? natureOf(loaded.master);
    const sealed = guard && this.#encode(loaded.master, nature, call);
    if (!guard || !sealed) {
      const { storedAt, expires, stale, epoch } = life;
      this.memory.set(key, { storedAt, expires, stale, epoch, value: loaded.master, nature });
      return undefined;
    }
    this.memory.del(key);
    const ttl = storeTtl(Math.max(life.expires, life.stale) - life.storedAt);
    const frozen = nature.copying === 'none' && typeof loaded.master === 'object' && loaded.master !== null;
    const envelope = seal(sealed.encoded, life, sealed.revive, frozen && !sealed.revive);
    const stored = guard.set(key, envelope, ttl, this.#reportFor(call));
    return this.#stored(stored, key, flight, guard);
  }

  /**
   * Deletes an entry; this process serves it no more, whether the store deleted it or not.
   *
   * @throws EvictionFailedError when the store did not
   */
  async forget(key: string, guard: GuardedStore | undefined): Promise<void> {
    this.memory.del(key);
    if (!guard) return;
    const lift = this.evictions.tombstones.put(key);
    const failure = await guard.del(key, this.#reportFor(this.#nobody()));
    if (failure) throw new EvictionFailedError(this.context.operation, { cause: failure.error });
    lift();
  }

  /**
   * Makes every entry of the operation stale.
   *
   * @throws EvictionFailedError when other processes will not know
   */
  async forgetAll(guard: GuardedStore | undefined): Promise<void> {
    if (!guard) return this.evictions.epoch.begin(this.#date);
    const { ttl, staleIfError } = this.options;
    const report = this.#reportFor(this.#nobody());
    const longest = storeTtl(ttl + (staleIfError?.ttl ?? 0));
    const failure = await this.evictions.epoch.publish(guard, this.#date, longest, report);
    if (failure) throw new EvictionFailedError(this.context.operation, { cause: failure.error });
  }

  get #date(): number {
    return this.context.clock.date();
  }

  async #stored(
    storing: Promise<StoreFailure | undefined>,
    key: string,
    flight: Flight,
    guard: GuardedStore,
  ): Promise<void> {
    const failure = await storing;
    if (flight.invalidated) await this.forget(key, guard).catch(() => undefined);
    else if (!failure) this.evictions.tombstones.lift(key);
  }

  #held(key: string): Entry | undefined {
    const entry = this.memory.get(key) as Entry | undefined;
    return entry?.epoch === this.evictions.epoch.current ? entry : undefined;
  }

  #readStored(key: string, guard: GuardedStore, call: Call): Promise<Entry | undefined> {
    const report = this.#reportFor(call);
    return guard.get(key, report).then((answer) => {
      const stored = this.evictions.tombstones.has(key) ? undefined : this.#open(answer, call, report);
      if (!stored) return this.#held(key);
      const refreshing = this.evictions.epoch.refresh(guard, this.#date, report);
      return refreshing ? refreshing.then(() => this.#newest(key, stored)) : this.#newest(key, stored);
    });
  }

  /** The entry in the store, unless it was evicted or this process holds a newer one. */
  #newest(key: string, stored: Entry): Entry | undefined {
    const held = this.#held(key);
    if (!this.evictions.epoch.admits(stored.epoch, this.#date)) return held;
    return held && held.storedAt > stored.storedAt ? held : stored;
  }

  #open(answer: unknown, call: Call, report: StoreReport): Entry | undefined {
    try {
      return open(answer, (plain) => this.#revive(plain, call));
    } catch (error) {
      report(error);
      return undefined;
    }
  }

  #revive(plain: unknown, call: Call): unknown {
    if (!this.#reviver) throw new Error('it holds instances of classes, and there is no cache.revive');
    try {
      const value = call.within(() => this.#reviver!.revive(plain));
      const { live } = natureOf(value);
      if (live) throw new TypeError(`cache.revive must answer at once, it returned ${live}`);
      return value;
    } catch (error) {
      call.monitor.callbackFailed('cache.revive', 'what is stored counts as nothing', call, error);
      throw error;
    }
  }

  #encode(
    value: unknown,
    nature: Nature,
    call: Call,
  ): { readonly encoded: Encoded; readonly revive: boolean } | undefined {
    let encoded = encode(value, nature);
    if (encoded) return { encoded, revive: false };
    const flat = this.#flatten(value, call);
    encoded = flat && encode(flat.plain, natureOf(flat.plain));
    if (encoded) return { encoded, revive: true };
    this.#warnOnce(nature.foreign ?? 'something that cannot be written down');
    return undefined;
  }

  #flatten(value: unknown, call: Call): { readonly plain: unknown } | undefined {
    try {
      return this.#reviver?.flatten(value);
    } catch (error) {
      call.monitor.callbackFailed('cache.revive', 'the result is kept in this process only', call, error);
      return undefined;
    }
  }

  #warnOnce(what: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.context.warn(
      `keeps results in this process only: a store would not bring back ${what} as it is. Answer with plain data, or give cache.revive${this.#reviver ? ' another function or class' : ''}`,
    );
  }
  #warned = false;

  #life(epoch: number): ReturnType<typeof lifeOf> {
    const { ttl, staleIfError, jitter } = this.options;
    const own = ttl === Infinity ? ttl : ttl * (1 - jitter * this.context.random());
    return lifeOf({ ttl: own, staleIfError: staleIfError?.ttl ?? 0 }, this.#date, epoch);
  }

  #reportFor(source: EventSource): StoreReport {
    return (error) => {
      this.context.monitor.emit('cache-error', source, { error });
      const failure = describeError(error);
      // Ports and numbers of commands differ from one to the next.
      const kind = failure.replaceAll(/\d+/g, '#');
      if (this.#told.has(kind) || this.#told.size >= MOST_KINDS) return;
      this.#told.add(kind);
      this.context.warn(`goes without its cache store for now: ${failure}`);
    };
  }
  readonly #told = new Set<string>();

  /** Whoever evicts is no call. */
  #nobody(): EventSource {
    const within = <R>(work: () => R): R => work();
    return { attempt: 0, alternative: '', startedAt: this.context.clock.now(), correlationId: '', within };
  }
}

/** What a store is told: whole ms, 0 for ever. */
const storeTtl = (ttl: number): number => (ttl === Infinity ? 0 : Math.min(Math.ceil(ttl), LONGEST_TTL));
