import type { CircuitWindow } from './circuit-breaker.options.js';

/** The results that rates are taken from. Every operation costs the same however many results there are. */
export interface ResultWindow {
  add(now: number, failed: boolean, slow: boolean): void;
  /** How many results count at `now`, and how many of them failed or were slow. */
  totals(now: number): { readonly calls: number; readonly failed: number; readonly slow: number };
}

export function createWindow(window: CircuitWindow): ResultWindow {
  if (window.type === 'time') return new TimeWindow(window.duration);
  // Failures in a row are a window of that many results in which nothing may succeed.
  return new CountWindow(window.size);
}

/** The last `size` results, in a ring. */
class CountWindow implements ResultWindow {
  readonly #results: number[] = [];
  #next = 0;
  #failed = 0;
  #slow = 0;

  constructor(private readonly size: number) {}

  add(_now: number, failed: boolean, slow: boolean): void {
    const oldest = this.#results[this.#next] ?? 0;
    const result = (failed ? 1 : 0) | (slow ? 2 : 0);
    this.#failed += (result & 1) - (oldest & 1);
    this.#slow += (result >> 1) - (oldest >> 1);
    this.#results[this.#next] = result;
    this.#next = (this.#next + 1) % this.size;
  }

  totals() {
    return { calls: this.#results.length, failed: this.#failed, slow: this.#slow };
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
  readonly #parts: Part[] = Array.from({ length: PARTS }, () => ({
    index: -Infinity,
    calls: 0,
    failed: 0,
    slow: 0,
  }));

  constructor(private readonly duration: number) {}

  add(now: number, failed: boolean, slow: boolean): void {
    const index = this.#indexOf(now);
    const part = this.#parts[index % PARTS]!;
    if (part.index !== index) Object.assign(part, { index, calls: 0, failed: 0, slow: 0 });
    part.calls++;
    if (failed) part.failed++;
    if (slow) part.slow++;
  }

  totals(now: number) {
    const oldest = this.#indexOf(now) - PARTS + 1;
    const totals = { calls: 0, failed: 0, slow: 0 };
    for (const { index, calls, failed, slow } of this.#parts) {
      if (index < oldest) continue;
      totals.calls += calls;
      totals.failed += failed;
      totals.slow += slow;
    }
    return totals;
  }

  #indexOf(now: number): number {
    return Math.floor((now / this.duration) * PARTS);
  }
}
