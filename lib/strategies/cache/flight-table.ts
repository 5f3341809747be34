import { Flight } from './flight.js';

/** The loads under way, by key. The only one, which most are, stays out of the map: that costs less than all the rest. */
export class FlightTable {
  readonly #others = new Map<string, Flight>();
  #onlyKey: string | undefined;
  #only: Flight | undefined;

  get size(): number {
    return this.#others.size + (this.#only ? 1 : 0);
  }

  get(key: string): Flight | undefined {
    return this.#onlyKey === key ? this.#only : this.#others.size > 0 ? this.#others.get(key) : undefined;
  }

  begin(key: string, epoch: number): Flight {
    const flight = new Flight((abandoned) => this.end(key, abandoned), epoch);
    if (this.#only) this.#others.set(key, flight);
    else {
      this.#onlyKey = key;
      this.#only = flight;
    }
    return flight;
  }

  /** Frees the key, unless another flight has taken it. */
  end(key: string, flight: Flight): void {
    if (this.#only === flight) this.#onlyKey = this.#only = undefined;
    else if (this.#others.size > 0 && this.#others.get(key) === flight) this.#others.delete(key);
  }

  /** The next call of `key` loads anew, and what is loading now is not stored. */
  invalidate(key: string): void {
    const flight = this.get(key);
    if (!flight) return;
    flight.invalidated = true;
    this.end(key, flight);
  }

  /** As {@link invalidate}, for all keys. */
  doomAll(): void {
    if (this.#onlyKey !== undefined) this.invalidate(this.#onlyKey);
    for (const key of this.#others.keys()) this.invalidate(key);
  }
}
