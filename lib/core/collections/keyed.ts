import { LinkedList, type Listed } from './linked-list.js';

/** How states are created and evicted. */
export interface KeyedSettings<S> {
  readonly make: (key: string) => S;
  /** Whether the state still matters. A state in use is not evicted. */
  readonly inUse: (state: S, now: number) => boolean;
  /**
   * How many keys are kept.
   * @default 10_000
   */
  readonly bound?: number;
  /**
   * Time without use after which a state may be evicted, in ms.
   * @default 600_000 (10 minutes)
   */
  readonly idle?: number;
}

/** The default of `maxKeys`. */
export const DEFAULT_MAX_KEYS = 10_000;

/** How many states are checked for eviction when a key is added. */
const LOOKED_AT = 16;

interface Kept<S> extends Listed<Kept<S>> {
  readonly key: string;
  readonly state: S;
  usedAt: number;
}

/**
 * Keeps a state per key and evicts the least recently used. States that were not used for long are evicted without a
 * timer: adding a key checks the oldest ones. A state in use is never evicted for a new key. If all states are in
 * use, new keys share one state, so that a limit cannot be reset by sending many keys.
 */
export class KeyedStates<S> {
  readonly #states = new Map<string, Kept<S>>();
  readonly #settings: Required<KeyedSettings<S>>;
  /** States used since they were last checked, and states that were found in use. */
  readonly #recent = new LinkedList<Kept<S>>();
  readonly #inUse = new LinkedList<Kept<S>>();
  /** The state of calls without a key, which is the usual case. */
  #only: S | undefined;
  /** The state shared by keys that did not fit. */
  #overflow: S | undefined;

  constructor(settings: KeyedSettings<S>) {
    this.#settings = { bound: DEFAULT_MAX_KEYS, idle: 600_000, ...settings };
  }

  get size(): number {
    return this.#states.size + (this.#only === undefined ? 0 : 1) + (this.#overflow === undefined ? 0 : 1);
  }

  /** Returns the state of `key`, creating it if needed. A key that does not fit gets the shared state. */
  get(key: string, now: number): S {
    if (key === '') return (this.#only ??= this.#settings.make(key));
    const kept = this.#states.get(key);
    if (kept) return this.#use(kept, now);
    this.#expire(now);
    if (this.#states.size >= this.#settings.bound && !this.#makeRoom(now)) {
      return (this.#overflow ??= this.#settings.make(key));
    }
    return this.#add(key, now);
  }

  /** Returns the state of `key` alone, even if that exceeds the bound. */
  insist(key: string, now: number): S {
    if (key === '') return this.get(key, now);
    const kept = this.#states.get(key);
    return kept ? this.#use(kept, now) : this.#add(key, now);
  }

  /** Returns every key with its state. The shared state has the key `undefined`. */
  entries(): (readonly [key: string | undefined, state: S])[] {
    const entries: (readonly [string | undefined, S])[] = [];
    if (this.#only !== undefined) entries.push(['', this.#only]);
    for (const [key, { state }] of this.#states) entries.push([key, state]);
    if (this.#overflow !== undefined) entries.push([undefined, this.#overflow]);
    return entries;
  }

  /** Removes the states of all keys for which `isMeant` is true. */
  forget(isMeant: (key: string | undefined) => boolean): void {
    if (isMeant('')) this.#only = undefined;
    if (isMeant(undefined)) this.#overflow = undefined;
    for (const kept of [...this.#states.values()]) if (isMeant(kept.key)) this.#forget(kept);
  }

  #use(kept: Kept<S>, now: number): S {
    kept.usedAt = now;
    this.#recent.append(kept);
    return kept.state;
  }

  #add(key: string, now: number): S {
    const kept: Kept<S> = {
      key,
      state: this.#settings.make(key),
      usedAt: now,
      list: undefined,
      next: undefined,
      previous: undefined,
    };
    this.#states.set(key, kept);
    this.#recent.append(kept);
    return kept.state;
  }

  #forget(kept: Kept<S>): void {
    this.#states.delete(kept.key);
    kept.list?.remove(kept);
  }

  /** Evicts idle states among the oldest, and among those that were in use when last checked. */
  #expire(now: number): void {
    for (const list of [this.#recent, this.#inUse]) {
      for (let looked = 0; looked < LOOKED_AT; looked++) {
        const kept = list.first;
        if (!kept || kept.usedAt + this.#settings.idle > now) break;
        if (this.#settings.inUse(kept.state, now)) this.#inUse.append(kept);
        else this.#forget(kept);
      }
    }
  }

  /**
   * Evicts one state that is not in use; false if none was found. It takes constant time on average: every step over
   * a recent state was paid for by the use that put it there, and only a few others are checked.
   */
  #makeRoom(now: number): boolean {
    for (let kept = this.#recent.first; kept; kept = this.#recent.first) {
      if (!this.#settings.inUse(kept.state, now)) return (this.#forget(kept), true);
      this.#inUse.append(kept);
    }
    for (let looked = 0; looked < LOOKED_AT; looked++) {
      const kept = this.#inUse.first;
      if (!kept) return false;
      if (!this.#settings.inUse(kept.state, now)) return (this.#forget(kept), true);
      this.#inUse.append(kept);
    }
    return false;
  }
}
