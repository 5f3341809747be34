import { LRUCache } from 'lru-cache';
import type { CachingSettings } from '../../core/strategy/index.js';
import type { Clock } from '../../core/time/index.js';
import { digestOfText } from '../../core/values/index.js';
import type { Tagged } from './envelope.js';
import type { FlightTable } from './flight-table.js';
import { storeTtl } from './lifetimes.js';
import type { GuardedStore, StoreFailure, StoreReport } from './store.js';

/** How many tags are remembered in this process. */
const MOST = 10_000;
/** Ms for which what was read is believed before it is read again. */
const BELIEVED = 1_000;
/** Ms that a generation may lie ahead: clocks differ, but no store is believed that shuts out everything. */
const AHEAD = 86_400_000;
/** How often an eviction is published anew because another process published one at the same time. */
const MOST_ROUNDS = 3;

/** What is known of one tag. */
interface Tag {
  /** The generation that began when it was last evicted; 0 for never. */
  readonly evicted: number;
  readonly readAt: number;
}

/**
 * The tags of an app. Each eviction of a tag begins a new generation, a number that grows; an entry is stale if one of its
 * tags was evicted in a later generation than the one that was known when its load began. A process that knows of none too
 * late loads once more, and never serves what was evicted. Both numbers are kept in the store and read at most once a second.
 */
export class Tags {
  readonly #tags: LRUCache<string, Tag>;
  readonly #flights = new Set<FlightTable>();
  readonly #prefix: string;
  #generation = 0;
  /** Entries of earlier generations are stale: a tag was forgotten that may have been theirs. */
  #floor = 0;
  #readAt = -Infinity;
  #reading: Promise<void> | undefined;
  /** How long an entry with a tag may be kept at most, in ms. */
  #longest = 0;

  constructor(
    private readonly settings: Pick<CachingSettings, 'app' | 'keySecret'>,
    private readonly clock: Pick<Clock, 'now' | 'date'>,
    most = MOST,
  ) {
    this.#prefix = `opero:${encodeURIComponent(settings.app)}:#tag`;
    this.#tags = new LRUCache<string, Tag>({
      max: most,
      dispose: ({ evicted }, _id, reason) => {
        if (reason === 'evict') this.#floor = Math.max(this.#floor, evicted);
      },
    });
  }

  /** The newest generation that is known. */
  get generation(): number {
    return this.#generation;
  }

  /** Results of these loads, kept for `longest` ms at most, may have tags. */
  watch(flights: FlightTable, longest: number): void {
    this.#flights.add(flights);
    this.#longest = Math.max(this.#longest, longest);
  }

  /** The id of a tag, which does not show it. Tenants never share one. */
  idOf(tag: string, tenant: string | undefined): string {
    return digestOfText(
      JSON.stringify(tenant === undefined ? [tag] : [tag, tenant]),
      this.settings.keySecret,
    );
  }

  /** Whether none of its tags was evicted since an entry was loaded, as far as this process knows. */
  admits({ tags, generation }: Tagged): boolean {
    if (tags.length === 0 || generation >= this.#generation) return true;
    return this.#floor <= generation && tags.every((id) => (this.#tags.get(id)?.evicted ?? 0) <= generation);
  }

  /** Reads what may have been evicted of an entry since it was loaded; `undefined` if all is known. */
  refresh(guard: GuardedStore, entry: Tagged, report: StoreReport): Promise<void> | undefined {
    if (entry.tags.length === 0) return undefined;
    const reading = this.#refreshGeneration(guard, report);
    if (reading) return reading.then(() => this.#refreshTags(guard, entry, report));
    return this.#refreshTags(guard, entry, report);
  }

  /**
   * Evicts the entries with any of these tags, also of running loads. Resolves with why other processes will not know.
   */
  async evict(
    ids: readonly string[],
    guard: GuardedStore | undefined,
    report: StoreReport,
  ): Promise<StoreFailure | undefined> {
    this.#evictHere(ids);
    if (!guard) return undefined;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const before = this.#generation;
      await this.#read(guard, report);
      if (this.#generation > before) this.#evictHere(ids);
      const published = this.#generation;
      const failure = await this.#publish(ids, published, guard, report);
      if (failure) return failure;
      await this.#read(guard, report);
      // Another process has published meanwhile: loads that know its generation would count as later than this one.
      if (this.#generation === published) return undefined;
    }
    return undefined;
  }

  #evictHere(ids: readonly string[]): void {
    this.#generation = Math.max(Math.ceil(this.clock.date()), this.#generation + 1);
    const tag = { evicted: this.#generation, readAt: this.clock.now() };
    for (const id of ids) this.#tags.set(id, tag);
    for (const flights of this.#flights) flights.doomAll();
  }

  async #publish(
    ids: readonly string[],
    generation: number,
    guard: GuardedStore,
    report: StoreReport,
  ): Promise<StoreFailure | undefined> {
    const ttl = storeTtl(this.#longest);
    const keys = [...ids.map((id) => `${this.#prefix}:${id}`), this.#prefix];
    const failures = await Promise.all(
      keys.map((key) => guard.set(key, { opero: 1, generation }, ttl, report)),
    );
    return failures.find((failure) => failure !== undefined);
  }

  #refreshGeneration(guard: GuardedStore, report: StoreReport): Promise<void> | undefined {
    if (this.#reading || this.clock.now() - this.#readAt < BELIEVED) return this.#reading;
    return (this.#reading = this.#read(guard, report).finally(() => (this.#reading = undefined)));
  }

  async #read(guard: GuardedStore, report: StoreReport): Promise<void> {
    this.#readAt = this.clock.now();
    this.#learn(await this.#generationAt(this.#prefix, guard, report));
  }

  #refreshTags(
    guard: GuardedStore,
    { tags, generation }: Tagged,
    report: StoreReport,
  ): Promise<void> | undefined {
    // Nothing was evicted since.
    if (generation >= this.#generation) return undefined;
    const now = this.clock.now();
    const unknown = tags.filter((id) => now - (this.#tags.get(id)?.readAt ?? -Infinity) >= BELIEVED);
    if (unknown.length === 0) return undefined;
    return Promise.all(unknown.map((id) => this.#readTag(id, guard, report))).then(() => undefined);
  }

  async #readTag(id: string, guard: GuardedStore, report: StoreReport): Promise<void> {
    const stored = await this.#generationAt(`${this.#prefix}:${id}`, guard, report);
    const evicted = Math.max(stored, this.#tags.get(id)?.evicted ?? 0);
    this.#tags.set(id, { evicted, readAt: this.clock.now() });
    this.#learn(evicted);
  }

  #learn(generation: number): void {
    this.#generation = Math.max(this.#generation, generation);
  }

  async #generationAt(key: string, guard: GuardedStore, report: StoreReport): Promise<number> {
    const stored = await guard.get(key, report);
    try {
      const { generation } = (stored ?? {}) as { generation?: unknown };
      const isSound = typeof generation === 'number' && generation <= this.clock.date() + AHEAD;
      return isSound ? generation : 0;
    } catch (error) {
      report(error);
      return 0;
    }
  }
}
