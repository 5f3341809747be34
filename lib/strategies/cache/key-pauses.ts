import { LRUCache } from 'lru-cache';

/** How many keys are remembered for each operation. */
const MOST = 10_000;

interface Pause {
  readonly until: number;
  readonly reason: unknown;
}

/** Keys that are not loaded for a while, because a load has failed. */
export class KeyPauses {
  /** Made when it is needed: its size is reserved at once. */
  #pauses: LRUCache<string, Pause> | undefined;

  constructor(
    private readonly now: () => number,
    /** In ms. */
    private readonly duration: number,
  ) {}

  /** Why a key is not loaded; `undefined` if it is. */
  of(key: string): Pause | undefined {
    const pause = this.#pauses?.get(key);
    return pause && this.now() < pause.until ? pause : undefined;
  }

  begin(key: string, reason?: unknown): void {
    if (this.duration === 0) return;
    this.#pauses ??= new LRUCache<string, Pause>({ max: MOST });
    this.#pauses.set(key, { until: this.now() + this.duration, reason });
  }
}
