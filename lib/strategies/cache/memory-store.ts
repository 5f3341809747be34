import { LRUCache } from 'lru-cache';
import { memorySize } from '../../core/values/index.js';
import type { Entry } from './envelope.js';

/** How long expired entries may stay, in ms: a sweep looks at all of them. */
const SWEEP = 60_000;

/** What bounds the entries in this process. */
export interface MemoryBounds {
  readonly maxEntries: number;
  /** In bytes. */
  readonly maxSize: number | undefined;
}

/**
 * The entries in this process, where the app has no cache or none that may have them. Bounded by number and, if asked, by
 * size; expired ones are swept when others are added.
 */
export class MemoryStore {
  readonly #entries: LRUCache<string, Entry>;
  readonly #maxSize: number | undefined;
  #sweptAt = -Infinity;

  constructor({ maxEntries, maxSize }: MemoryBounds) {
    this.#maxSize = maxSize;
    this.#entries = new LRUCache({ max: maxEntries, ...(maxSize !== undefined && { maxSize }) });
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** Returns whether it is kept: an entry that is larger than all may be is not. */
  set(key: string, entry: Entry, date: number): boolean {
    if (date - this.#sweptAt >= SWEEP) this.#sweep(date);
    if (this.#maxSize === undefined) {
      this.#entries.set(key, entry);
      return true;
    }
    const size = 2 * key.length + memorySize(entry.value, this.#maxSize);
    // An entry that is too large must not leave an older one in its place.
    if (size > this.#maxSize) this.#entries.delete(key);
    else this.#entries.set(key, entry, { size });
    return size <= this.#maxSize;
  }

  del(key: string): void {
    this.#entries.delete(key);
  }

  #sweep(date: number): void {
    this.#sweptAt = date;
    for (const [key, { keptUntil }] of this.#entries.entries())
      if (keptUntil <= date) this.#entries.delete(key);
  }
}
