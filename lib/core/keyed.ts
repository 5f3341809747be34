/**
 * State kept per key, the least recently used first to go. A key that is in use stays, so the bound is exceeded only
 * by keys in use.
 */
export class KeyedStates<S> {
  readonly #states = new Map<string, S>();

  constructor(
    private readonly make: (key: string) => S,
    private readonly inUse: (state: S) => boolean,
    private readonly bound = 10_000,
  ) {}

  get size(): number {
    return this.#states.size;
  }

  /** The state of `key`, made if there is none. */
  get(key: string): S {
    let state = this.#states.get(key);
    if (state !== undefined) {
      if (this.#states.size > 1) {
        this.#states.delete(key);
        this.#states.set(key, state);
      }
      return state;
    }
    if (this.#states.size >= this.bound) this.#evict();
    state = this.make(key);
    this.#states.set(key, state);
    return state;
  }

  values(): IterableIterator<S> {
    return this.#states.values();
  }

  /** Looks at a few of the oldest only, so that a new key costs the same however many there are. */
  #evict(): void {
    let looked = 0;
    for (const [key, state] of this.#states) {
      if (!this.inUse(state)) {
        this.#states.delete(key);
        return;
      }
      if (++looked === 16) return;
    }
  }
}
