import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/time/index.js';
import type { Origin } from './envelope.js';
import type { Tags } from './tags.js';
import type { GuardedStore, StoreFailure, StoreReport } from './store.js';

/** How many keys are remembered whose entries could not be deleted. */
const MOST = 10_000;

/** Keys whose entries in the store must not be served, because deleting them failed. */
export class Tombstones {
  /** Made when it is needed, which most operations never do: its size is reserved at once. */
  #keys: LRUCache<string, object> | undefined;

  /** `onOverflow` is told when a key had to be forgotten before its time. */
  constructor(
    private readonly onOverflow: () => void,
    private readonly most = MOST,
  ) {}

  has(key: string): boolean {
    return this.#keys?.has(key) ?? false;
  }

  /** Returns how to take the stone away, which does nothing when another was put there since. */
  put(key: string): () => void {
    const stone = {};
    const keys = (this.#keys ??= this.#make());
    keys.set(key, stone);
    return () => {
      if (keys.peek(key) === stone) keys.delete(key);
    };
  }

  /** A new entry has been stored. */
  lift(key: string): void {
    this.#keys?.delete(key);
  }

  #make(): LRUCache<string, object> {
    return new LRUCache<string, object>({
      max: this.most,
      dispose: (_value, _key, reason) => {
        if (reason === 'evict') this.onOverflow();
      },
    });
  }
}

/** Ms for which the epoch of an operation is believed before it is read again. */
const BELIEVED = 1_000;
/** Ms that an epoch may lie ahead: clocks of processes differ, but no store is believed that shuts out everything. */
const AHEAD = 86_400_000;

/**
 * When an operation was evicted as a whole. Each entry carries the epoch that held when its load began; those of an
 * earlier one are stale. The epoch is kept under a key of its own in the store. Other processes read it at most once a
 * second, when they find an entry, so they may serve what was evicted for a second and no longer.
 */
export class Epoch {
  #current = 0;
  #readAt = -Infinity;
  #reading: Promise<void> | undefined;

  constructor(
    private readonly key: string,
    private readonly now: () => number,
  ) {}

  get current(): number {
    return this.#current;
  }

  /** Whether an entry of `epoch` is of now; one of a later epoch tells that there is one. */
  admits(epoch: number, date: number): boolean {
    if (epoch > date + AHEAD) return false;
    if (epoch > this.#current) this.#current = epoch;
    return epoch === this.#current;
  }

  /** Begins the next epoch, in this process. */
  begin(date: number): void {
    this.#current = Math.max(Math.ceil(date), this.#current + 1);
  }

  /** Begins the next epoch for all processes; resolves with why they will not know. */
  async publish(
    guard: GuardedStore,
    date: number,
    ttl: number,
    report: StoreReport,
  ): Promise<StoreFailure | undefined> {
    this.begin(date);
    const before = this.#current;
    await this.#read(guard, date, report);
    if (this.#current > before) this.begin(date);
    return guard.set(this.key, { opero: 1, epoch: this.#current }, ttl, report);
  }

  /** Reads the epoch if it was not read of late. */
  refresh(guard: GuardedStore, date: number, report: StoreReport): Promise<void> | undefined {
    if (this.#reading || this.now() - this.#readAt < BELIEVED) return this.#reading;
    return (this.#reading = this.#read(guard, date, report).finally(() => (this.#reading = undefined)));
  }

  async #read(guard: GuardedStore, date: number, report: StoreReport): Promise<void> {
    this.#readAt = this.now();
    const stored = await guard.get(this.key, report);
    try {
      const { epoch } = (stored ?? {}) as { epoch?: unknown };
      if (typeof epoch === 'number') this.admits(epoch, date);
    } catch (error) {
      report(error);
    }
  }
}

/** What was evicted of one operation. */
export class Evictions {
  readonly epoch: Epoch;
  readonly tombstones: Tombstones;

  constructor(
    epochKey: string,
    clock: Clock,
    readonly tags: Tags,
  ) {
    this.epoch = new Epoch(epochKey, () => clock.now());
    // One key less to remember, all the more to be loaded anew.
    this.tombstones = new Tombstones(() => this.epoch.begin(clock.date()));
  }

  /** Whether an entry in this process was evicted with others, as far as is known. */
  admits(entry: Origin): boolean {
    return entry.epoch === this.epoch.current && this.tags.admits(entry);
  }

  /** The same for an entry in the store, which may tell of an eviction that is not known yet. */
  admitsStored(entry: Origin, date: number): boolean {
    return this.epoch.admits(entry.epoch, date) && this.tags.admits(entry);
  }

  /** Reads what may have been evicted of an entry by other processes; `undefined` if that was read of late. */
  refresh(
    guard: GuardedStore,
    entry: Origin,
    date: number,
    report: StoreReport,
  ): Promise<unknown> | undefined {
    const epoch = this.epoch.refresh(guard, date, report);
    const tags = this.tags.refresh(guard, entry, report);
    return epoch && tags ? Promise.all([epoch, tags]) : (epoch ?? tags);
  }
}
