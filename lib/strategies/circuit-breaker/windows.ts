import type { CircuitWindow } from './circuit-breaker.options.js';

/** The results that rates are taken from. A result costs the same however many there are. */
export interface ResultWindow {
  /** How many results count since the last one was added, and how many of them failed or were slow. */
  readonly calls: number;
  readonly failed: number;
  readonly slow: number;
  add(now: number, failed: boolean, slow: boolean): void;
}

export function createWindow(window: CircuitWindow): ResultWindow {
  if (window.type === 'time') return new TimeWindow(window.duration);
  // Failures in a row are a window of that many results in which nothing may succeed.
  return new CountWindow(window.size);
}

/** The last `size` results, in a ring. */
class CountWindow implements ResultWindow {
  failed = 0;
  slow = 0;
  readonly #results: number[] = [];
  #next = 0;

  constructor(private readonly size: number) {}

  get calls(): number {
    return this.#results.length;
  }

  add(_now: number, failed: boolean, slow: boolean): void {
    const oldest = this.#results[this.#next] ?? 0;
    const result = (failed ? 1 : 0) | (slow ? 2 : 0);
    this.failed += (result & 1) - (oldest & 1);
    this.slow += (result >> 1) - (oldest >> 1);
    this.#results[this.#next] = result;
    this.#next = (this.#next + 1) % this.size;
  }
}

const PARTS = 10;

interface Part {
  index: number;
  calls: number;
  failed: number;
  slow: number;
}

/** The results of the last while, counted in ten parts of it; a part that is too old does not count. */
class TimeWindow implements ResultWindow {
  calls = 0;
  failed = 0;
  slow = 0;
  readonly #parts: Part[] = Array.from({ length: PARTS }, () => ({
    index: -Infinity,
    calls: 0,
    failed: 0,
    slow: 0,
  }));
  #newest = -Infinity;

  constructor(private readonly duration: number) {}

  add(now: number, failed: boolean, slow: boolean): void {
    const index = Math.floor((now / this.duration) * PARTS);
    if (index !== this.#newest) this.#forget(index);
    const part = this.#parts[index % PARTS]!;
    part.calls++;
    this.calls++;
    if (failed) {
      part.failed++;
      this.failed++;
    }
    if (slow) {
      part.slow++;
      this.slow++;
    }
  }

  /** Another part begins: those that are too old leave the totals. */
  #forget(newest: number): void {
    this.#newest = newest;
    for (const part of this.#parts) {
      if (part.index > newest - PARTS) continue;
      this.calls -= part.calls;
      this.failed -= part.failed;
      this.slow -= part.slow;
      part.calls = part.failed = part.slow = 0;
    }
    this.#parts[newest % PARTS]!.index = newest;
  }
}
