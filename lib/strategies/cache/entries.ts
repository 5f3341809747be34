import { EvictionFailedError } from '../../core/errors/index.js';
import type { Call } from '../../core/call/index.js';
import type { ResolvedCache } from './cache.options.js';
import { isDue, isFresh, isRevalidatable, lifeOf, open, seal, type Entry } from './envelope.js';
import type { Evictions } from './evictions.js';
import type { Flight } from './flight.js';
import type { LoadedValue } from './loaded-value.js';
import type { MemoryStore } from './memory-store.js';
import { StoreReports, type EntriesContext } from './store-reports.js';
import { StoredForms } from './stored-form.js';
import type { GuardedStore, StoreFailure, StoreReport } from './store.js';
import { natureOf } from '../../core/values/index.js';

/** The longest ttl that a store is given: what lies beyond overflows the timers that some keep. */
const LONGEST_TTL = 2 ** 31 - 1;

/** What has loaded, and for how long it is to be kept. */
export interface Write {
  readonly key: string;
  readonly loaded: LoadedValue;
  readonly flight: Flight;
  /** `undefined` for results that only this process keeps. */
  readonly guard: GuardedStore | undefined;
  /** The call that the store's failures are reported for. */
  readonly call: Call;
  /** In ms. */
  readonly ttl: number;
  /** How long the load took, in ms. */
  readonly took: number;
}

/**
 * The entries of one operation: in the app's store, and in this process's memory what the store may not have or could
 * not bring back as it is.
 */
export class Entries {
  readonly #forms: StoredForms;
  readonly #reports: StoreReports;

  constructor(
    private readonly memory: MemoryStore,
    private readonly options: ResolvedCache,
    private readonly evictions: Evictions,
    private readonly context: EntriesContext,
  ) {
    this.#forms = new StoredForms(options.revive, (message) => context.warn(message));
    this.#reports = new StoreReports(context);
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

  /** The entry in this process that may be served past its ttl, while it is refreshed. */
  peekStale(key: string, guard: GuardedStore | undefined): Entry | undefined {
    const entry = this.#held(key);
    if (!entry || !this.mayRevalidate(entry)) return undefined;
    if (guard) void this.evictions.epoch.refresh(guard, this.#date, () => undefined);
    return entry;
  }

  mayRevalidate(entry: Entry): boolean {
    const window = this.options.staleWhileRevalidate ?? 0;
    return entry.epoch === this.epoch && isRevalidatable(entry, this.#date, this.#longestTtl, window);
  }

  /** Whether a fresh entry should be refreshed before its ttl is over. */
  isDue(entry: Entry): boolean {
    const beta = this.options.refreshAhead;
    return beta !== undefined && isDue(entry, this.#date, this.#longestTtl, beta, this.context.random());
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
    return isFresh(entry, this.#date, this.#longestTtl);
  }

  /** Keeps what has loaded, at once or later. Whatever the store does, the call it was loaded for has its answer. */
  write({ key, loaded, flight, guard, call, ttl, took }: Write): Promise<void> | undefined {
    const life = this.#life(flight.epoch, ttl, took);
    const nature = loaded.nature ?? natureOf(loaded.master);
    const sealed = guard && this.#forms.of(loaded.master, nature, call);
    if (!guard || !sealed) {
      const { storedAt, expires, stale, epoch } = life;
      this.memory.set(key, { storedAt, expires, stale, epoch, took, value: loaded.master, nature });
      return undefined;
    }
    this.memory.del(key);
    const kept = storeTtl(life.kept);
    const frozen = nature.copying === 'none' && typeof loaded.master === 'object' && loaded.master !== null;
    const envelope = seal(sealed.encoded, life, sealed.revive, frozen && !sealed.revive);
    const stored = guard.set(key, envelope, kept, this.#reports.for(call));
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
    const failure = await guard.del(key, this.#reports.outsideCalls());
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
    const report = this.#reports.outsideCalls();
    const longest = storeTtl(this.#longestTtl + Math.max(...Object.values(this.#windows)));
    const failure = await this.evictions.epoch.publish(guard, this.#date, longest, report);
    if (failure) throw new EvictionFailedError(this.context.operation, { cause: failure.error });
  }

  /** How long an entry may be served past its ttl, and why. */
  get #windows() {
    const { staleIfError, staleWhileRevalidate = 0 } = this.options;
    return { staleIfError: staleIfError?.ttl ?? 0, staleWhileRevalidate };
  }

  /** How long an entry may be good at most; a function that decides knows no limit. */
  get #longestTtl(): number {
    const { ttl } = this.options;
    return typeof ttl === 'number' ? ttl : Infinity;
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
    if (failure) flight.stored = false;
    if (flight.invalidated) await this.forget(key, guard).catch(() => undefined);
    else if (!failure) this.evictions.tombstones.lift(key);
  }

  #held(key: string): Entry | undefined {
    const entry = this.memory.get(key) as Entry | undefined;
    return entry?.epoch === this.evictions.epoch.current ? entry : undefined;
  }

  #readStored(key: string, guard: GuardedStore, call: Call): Promise<Entry | undefined> {
    const report = this.#reports.for(call);
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
      return open(answer, (plain) => this.#forms.revive(plain, call));
    } catch (error) {
      report(error);
      return undefined;
    }
  }

  #life(epoch: number, ttl: number, took: number): ReturnType<typeof lifeOf> {
    const { jitter } = this.options;
    const own = ttl === Infinity ? ttl : ttl * (1 - jitter * this.context.random());
    return lifeOf({ ttl: own, took, ...this.#windows }, this.#date, epoch);
  }
}

/** What a store is told: whole ms, 0 for ever. */
const storeTtl = (ttl: number): number => (ttl === Infinity ? 0 : Math.min(Math.ceil(ttl), LONGEST_TTL));
