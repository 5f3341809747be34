import { LinkedList, type Listed } from './linked-list.js';

/** How the states of keys are kept. */
export interface KeyedSettings<S> {
  readonly make: (key: string) => S;
  /** Whether forgetting a state would make a difference: such a state is kept. */
  readonly inUse: (state: S, now: number) => boolean;
  /** How many keys are kept. Default 10 000. */
  readonly bound?: number;
  /** Ms without use after which a state goes by itself. Default 10 minutes. */
  readonly idle?: number;
}

/** How many keys are kept where the options do not say. */
export const DEFAULT_MAX_KEYS = 10_000;

/** How many states are looked at for a new key, where they were not used since they were last looked at. */
const LOOKED_AT = 16;

interface Kept<S> extends Listed<Kept<S>> {
  readonly key: string;
  readonly state: S;
  usedAt: number;
}

/**
 * State kept per key, the least recently used first to go, and gone when it was not used for long. No timer: whoever
 * comes looks at the oldest. A state in use is never forgotten for the sake of a new key: where all that are kept are in
 * use, new keys share one state, so that nobody can have a limit forgotten by asking for many keys.
 */
export class KeyedStates<S> {
  readonly #states = new Map<string, Kept<S>>();
  readonly #settings: Required<KeyedSettings<S>>;
  /** Those used since they were last looked at, and those found in use since. */
  readonly #recent = new LinkedList<Kept<S>>();
  readonly #inUse = new LinkedList<Kept<S>>();
  /** Of those without a key, which most are. */
  #only: S | undefined;
  /** Of the keys for which there was no room. */
  #overflow: S | undefined;

  constructor(settings: KeyedSettings<S>) {
    this.#settings = { bound: DEFAULT_MAX_KEYS, idle: 600_000, ...settings };
  }

  get size(): number {
    return this.#states.size + (this.#only === undefined ? 0 : 1) + (this.#overflow === undefined ? 0 : 1);
  }

  /** The state of `key`, made if there is none. Of a key for which there is no room, the state that such keys share. */
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

  /** The state of `key` alone, also where there is no room for it. */
  insist(key: string, now: number): S {
    if (key === '') return this.get(key, now);
    const kept = this.#states.get(key);
    return kept ? this.#use(kept, now) : this.#add(key, now);
  }

  /** Every key with its state, as they are now; the state that keys share has none. */
  entries(): (readonly [key: string | undefined, state: S])[] {
    const entries: (readonly [string | undefined, S])[] = [];
    if (this.#only !== undefined) entries.push(['', this.#only]);
    for (const [key, { state }] of this.#states) entries.push([key, state]);
    if (this.#overflow !== undefined) entries.push([undefined, this.#overflow]);
    return entries;
  }

  /** Forgets the states of the keys that are meant. */
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

  /** Looks at the oldest, and at some of those that were in use when they were looked at before. */
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
   * Forgets one that is not in use; false if there is none. Each step over one of the recent is paid for by the use that
   * made it recent; of the others only a few are looked at: it takes constant time, however many keys there are.
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
