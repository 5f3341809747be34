import { EvictionFailedError } from '../../core/errors/index.js';
import type { Call } from '../../core/call/index.js';
import type { ResolvedCache } from './cache.schema.js';
import { entryOf, open, seal, type Entry } from './envelope.js';
import type { Evictions } from './evictions.js';
import type { Flight } from './flight.js';
import { Lifetimes, storeTtl } from './lifetimes.js';
import type { LoadedValue } from './loaded-value.js';
import type { MemoryStore } from './memory-store.js';
import type { Storing } from './storing.js';
import { StoreReports, type EntriesContext } from './store-reports.js';
import { StoredForms } from './stored-form.js';
import type { GuardedStore, StoreFailure, StoreReport } from './store.js';
import { natureOf } from '../../core/values/index.js';

/** What has loaded, and for how long it is to be kept. */
export interface Write extends Storing {
  readonly key: string;
  readonly loaded: LoadedValue;
  readonly flight: Flight;
  /** `undefined` for results that only this process keeps. */
  readonly guard: GuardedStore | undefined;
  /** The call that the store's failures are reported for. */
  readonly call: Call;
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
  readonly #lifetimes: Lifetimes;

  constructor(
    private readonly memory: MemoryStore,
    private readonly options: ResolvedCache,
    private readonly evictions: Evictions,
    private readonly context: EntriesContext,
  ) {
    this.#forms = new StoredForms(options.revive, (message) => context.warn(message));
    this.#reports = new StoreReports(context);
    this.#lifetimes = new Lifetimes(options, context);
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
    if (guard) void this.evictions.refresh(guard, entry, this.#date, () => undefined);
    return entry;
  }

  /** The entry in this process that may be served past its ttl, while it is refreshed. */
  peekStale(key: string, guard: GuardedStore | undefined): Entry | undefined {
    const entry = this.#held(key);
    if (!entry || !this.mayRevalidate(entry)) return undefined;
    if (guard) void this.evictions.refresh(guard, entry, this.#date, () => undefined);
    return entry;
  }

  mayRevalidate(entry: Entry): boolean {
    return this.evictions.admits(entry) && this.#lifetimes.mayRevalidate(entry);
  }

  /** Whether a fresh entry should be refreshed before its ttl is over. */
  isDue(entry: Entry): boolean {
    return this.#lifetimes.isDue(entry);
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
    return this.#lifetimes.isFresh(entry);
  }

  /** Keeps what has loaded, at once or later. Whatever the store does, the call it was loaded for has its answer. */
  write({ key, loaded, flight, guard, call, ttl, tags, took }: Write): Promise<void> | undefined {
    const { epoch, generation } = flight;
    const life = this.#lifetimes.of({ epoch, generation, tags }, ttl, took);
    const nature = loaded.nature ?? natureOf(loaded.master);
    const sealed = guard && this.#forms.of(loaded.master, nature, call);
    if (!guard || !sealed) {
      this.#hold(key, entryOf(life, loaded.master, nature, Infinity));
      return undefined;
    }
    this.memory.del(key);
    if (this.options.localTtl > 0) this.#hold(key, entryOf(life, loaded.master, nature, this.#localUntil));
    const kept = storeTtl(life.kept);
    const frozen = nature.copying === 'none' && typeof loaded.master === 'object' && loaded.master !== null;
    const envelope = seal(sealed.encoded, life, sealed.revive, frozen && !sealed.revive);
    const stored = guard.set(key, envelope, kept, this.#reports.for(call));
    return this.#stored(stored, key, flight, guard);
  }

  /** Keeps what was read from the store for calls that follow soon. Returns the entry to answer with. */
  keepRead(key: string, entry: Entry): Entry {
    // An entry with a nature is this process's own already.
    if (this.options.localTtl === 0 || entry.nature) return entry;
    const nature = natureOf(entry.value);
    if (nature.live) return entry;
    const keptUntil = this.#lifetimes.keptUntil(entry);
    const held = { ...entry, nature, keptUntil, localUntil: this.#localUntil };
    this.#hold(key, held);
    return held;
  }

  get #localUntil(): number {
    return this.context.clock.now() + this.options.localTtl;
  }

  #hold(key: string, entry: Entry): void {
    if (this.memory.set(key, entry, this.#date)) return;
    this.context.warn('has a result that is larger than cache.maxSize, which is not kept in this process');
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
    const longest = storeTtl(this.#lifetimes.longest);
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
    if (failure) flight.stored = false;
    if (flight.invalidated) await this.forget(key, guard).catch(() => undefined);
    else if (!failure) this.evictions.tombstones.lift(key);
  }

  #held(key: string): Entry | undefined {
    const entry = this.memory.get(key);
    if (!entry || !this.evictions.admits(entry)) return undefined;
    const { localUntil } = entry;
    return localUntil === Infinity || this.context.clock.now() < localUntil ? entry : undefined;
  }

  #readStored(key: string, guard: GuardedStore, call: Call): Promise<Entry | undefined> {
    const report = this.#reports.for(call);
    return guard.get(key, report).then((answer) => {
      const stored = this.evictions.tombstones.has(key) ? undefined : this.#open(answer, call, report);
      if (!stored) return this.#held(key);
      const refreshing = this.evictions.refresh(guard, stored, this.#date, report);
      return refreshing ? refreshing.then(() => this.#newest(key, stored)) : this.#newest(key, stored);
    });
  }

  /** The entry in the store, unless it was evicted or this process holds a newer one. */
  #newest(key: string, stored: Entry): Entry | undefined {
    const held = this.#held(key);
    if (!this.evictions.admitsStored(stored, this.#date)) return held;
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
}
