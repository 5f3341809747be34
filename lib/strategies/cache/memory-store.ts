import { LRUCache } from 'lru-cache';
import type { CacheStore } from '../../core/strategy/index.js';

/** The store used where the app has no cache, or none that may have it: in this process, at most `maxEntries`. */
export class MemoryStore implements CacheStore {
  readonly #entries: LRUCache<string, object>;

  constructor(maxEntries: number) {
    this.#entries = new LRUCache({ max: maxEntries });
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): object | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: unknown): void {
    this.#entries.set(key, value as object);
  }

  del(key: string): void {
    this.#entries.delete(key);
  }
}
