import { LRUCache } from 'lru-cache';

/** Ms without another refresh of a key after one whose result was not stored. */
const PAUSE = 1_000;
/** How many such keys are remembered. */
const MOST = 10_000;

/** How the background refreshes of an operation went: one for all runs of a name, which may each have options of their own. */
export class RefreshHistory {
  /** Whether the last refresh failed: the next failure is not logged. */
  failing = false;
  /** Made when it is needed, which most operations never do: its size is reserved at once. */
  #paused: LRUCache<string, number> | undefined;

  isPaused(key: string, now: number): boolean {
    const until = this.#paused?.get(key);
    return until !== undefined && now < until;
  }

  pause(key: string, now: number): void {
    this.#paused ??= new LRUCache<string, number>({ max: MOST });
    this.#paused.set(key, now + PAUSE);
  }
}
