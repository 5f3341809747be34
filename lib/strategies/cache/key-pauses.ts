import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/time/index.js';

/** How many keys are remembered. */
const MOST = 10_000;

interface Pause {
  readonly until: number;
  readonly reason: unknown;
}

/** Keys that are not loaded for a while, because a load has failed. */
export class KeyPauses {
  /** Made when it is needed: its size is reserved at once. */
  #pauses: LRUCache<string, Pause> | undefined;

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  /** Why a key is not loaded; `undefined` if it is. */
  of(key: string): Pause | undefined {
    const pause = this.#pauses?.get(key);
    return pause && this.clock.now() < pause.until ? pause : undefined;
  }

  /** `duration` in ms. */
  begin(key: string, duration: number, reason?: unknown): void {
    if (duration === 0) return;
    this.#pauses ??= new LRUCache<string, Pause>({ max: MOST });
    this.#pauses.set(key, { until: this.clock.now() + duration, reason });
  }

  end(key: string): void {
    this.#pauses?.delete(key);
  }

  endAll(): void {
    this.#pauses?.clear();
  }
}

/** The paused keys of one operation, by why they are: one for all runs of a name, which may each have options of their own. */
export class CachePauses {
  /** Keys that are not refreshed in the background. */
  readonly refreshes: KeyPauses;
  /** Whether the last refresh failed: the next failure is not logged. */
  refreshFailed = false;
  /** Keys whose expired results are served without a load. */
  readonly stale: KeyPauses;
  /** Keys whose error is thrown without a load. */
  readonly errors: KeyPauses;

  constructor(clock: Pick<Clock, 'now'>) {
    this.refreshes = new KeyPauses(clock);
    this.stale = new KeyPauses(clock);
    this.errors = new KeyPauses(clock);
  }
}
