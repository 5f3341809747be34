import { LRUCache } from 'lru-cache';
import { Deadline, type CacheStore, type Clock, type Deadlines } from '../../core/index.js';

/** The store used where the app has no cache: in this process, holding at most `maxEntries`. */
export class MemoryStore implements CacheStore {
  readonly #entries: LRUCache<string, object>;

  constructor(maxEntries: number) {
    this.#entries = new LRUCache({ max: maxEntries });
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): unknown {
    return this.#entries.get(key);
  }

  set(key: string, value: unknown): void {
    this.#entries.set(key, value as object);
  }

  del(key: string): void {
    this.#entries.delete(key);
  }
}

/** A store that hangs, dies or lies, held at arm's length. */
export class GuardedStore {
  #failures = 0;
  #skipUntil = -Infinity;

  constructor(
    readonly store: CacheStore,
    private readonly clock: Clock,
    private readonly deadlines: Deadlines,
    private readonly timeout: number,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** What is stored; `undefined` also when the store fails, takes too long, or failed too often of late. */
  get(key: string): Promise<unknown> {
    return this.#bounded(() => this.store.get(key));
  }

  /** Resolves when stored, or when the store has had its time. Never rejects. `ttl` 0 means for ever. */
  async set(key: string, value: unknown, ttl: number): Promise<void> {
    await this.#bounded(() => this.store.set(key, value, ttl));
  }

  async del(key: string): Promise<void> {
    await this.#bounded(() => this.store.del(key));
  }

  async #bounded(work: () => unknown): Promise<unknown> {
    if (this.clock.now() < this.#skipUntil) return undefined;
    const limit = new StoreDeadline();
    this.deadlines.arm(limit, this.timeout, this.clock.now());
    try {
      const result = await Promise.race([work(), limit.expired]);
      this.#failures = 0;
      return result;
    } catch (error) {
      // Each call to a frozen store holds memory until it thaws: after a few, leave it alone for a while.
      if (++this.#failures >= 3) this.#skipUntil = this.clock.now() + PAUSE;
      this.onError(error);
      return undefined;
    } finally {
      this.deadlines.disarm(limit);
    }
  }
}

/** Ms that a store is left alone after three failures in a row. */
const PAUSE = 5_000;

class StoreDeadline extends Deadline {
  readonly expired: Promise<never>;
  #reject!: (reason: Error) => void;

  constructor() {
    super();
    this.expired = new Promise((_, reject) => (this.#reject = reject));
  }

  expire(): void {
    this.#reject(new Error('the cache store did not answer in time'));
  }
}
