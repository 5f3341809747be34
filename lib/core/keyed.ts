/** How the states of keys are kept. */
export interface KeyedSettings<S> {
  readonly make: (key: string) => S;
  /** Whether forgetting a state would make a difference: such a state goes only where there is no other to go. */
  readonly inUse: (state: S, now: number) => boolean;
  /** Whether somebody still holds on to a state: it must not go. */
  readonly busy?: (state: S) => boolean;
  /** How many keys are kept. Default 10 000. */
  readonly bound?: number;
  /** Ms without use after which a state goes by itself. Default 10 minutes. */
  readonly idle?: number;
}

interface Kept<S> {
  readonly state: S;
  usedAt: number;
}

/** How many of the oldest are looked at, so that a new key costs the same however many there are. */
const LOOKED_AT = 16;

/**
 * State kept per key, the least recently used first to go, and gone when it was not used for long. No timer: whoever
 * comes looks at the oldest. More than `bound` are kept only while so many are busy.
 */
export class KeyedStates<S> {
  readonly #states = new Map<string, Kept<S>>();
  readonly #settings: Required<KeyedSettings<S>>;
  /** Of those without a key, which most are. */
  #only: S | undefined;

  constructor(settings: KeyedSettings<S>) {
    this.#settings = { busy: () => false, bound: 10_000, idle: 600_000, ...settings };
  }

  get size(): number {
    return this.#states.size + (this.#only === undefined ? 0 : 1);
  }

  /** The state of `key`, made if there is none. */
  get(key: string, now: number): S {
    if (key === '') return (this.#only ??= this.#settings.make(key));
    let kept = this.#states.get(key);
    if (kept) this.#states.delete(key);
    else {
      this.#expire(now);
      if (this.#states.size >= this.#settings.bound) this.#evict(now);
      kept = { state: this.#settings.make(key), usedAt: now };
    }
    kept.usedAt = now;
    this.#states.set(key, kept);
    return kept.state;
  }

  /** Every key with its state. */
  *entries(): Generator<[key: string, state: S]> {
    if (this.#only !== undefined) yield ['', this.#only];
    for (const [key, { state }] of this.#states) yield [key, state];
  }

  /** Forgets the states of the keys that are meant. */
  forget(isMeant: (key: string) => boolean): void {
    if (isMeant('')) this.#only = undefined;
    for (const key of this.#states.keys()) if (isMeant(key)) this.#states.delete(key);
  }

  #expire(now: number): void {
    const { idle, inUse } = this.#settings;
    let looked = 0;
    for (const [key, { state, usedAt }] of this.#states) {
      if (usedAt + idle > now || looked++ === LOOKED_AT) return;
      if (!inUse(state, now)) this.#states.delete(key);
    }
  }

  #evict(now: number): void {
    const { inUse, busy } = this.#settings;
    let second: string | undefined;
    let looked = 0;
    for (const [key, { state }] of this.#states) {
      if (!inUse(state, now)) return void this.#states.delete(key);
      if (second === undefined && !busy(state)) second = key;
      if (++looked === LOOKED_AT) break;
    }
    if (second !== undefined) this.#states.delete(second);
  }
}
