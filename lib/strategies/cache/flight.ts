import type { Call } from '../../core/index.js';

/** One load that any number of equal calls wait for. */
export class Flight {
  /** The call that loads, cut loose from whoever began it. */
  call: Call | undefined;
  /** The value, once there: kept until it is stored, for calls that come in between. */
  landed: { readonly value: unknown } | undefined;
  /** Whether the entry was evicted meanwhile: the value is not stored. */
  doomed = false;
  members = 0;
  readonly #done: Promise<unknown>;
  #resolve!: (value: unknown) => void;
  #reject!: (error: unknown) => void;

  constructor(private readonly onAbandoned: (flight: Flight) => void) {
    this.#done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#done.catch(() => undefined);
  }

  /** Waits with the others. A member that is interrupted leaves alone; the last one to leave ends the load. */
  join(call: Call): Promise<unknown> {
    this.members++;
    return call.wait((resolve, reject) => {
      this.#done.then(resolve, (error) => {
        this.#tellSpent(call);
        // The tries of the load were made for each of its members.
        if (this.call && call.failures.length === 0) call.failures.push(...this.call.failures);
        reject(error);
      });
      return () => this.#leave(call);
    });
  }

  succeed(value: unknown): void {
    this.landed = { value };
    this.#resolve(value);
  }

  fail(error: unknown): void {
    this.#reject(error);
  }

  /** The tries of the load are those of every member: whoever is further out must not begin them anew. */
  #tellSpent(member: Call): void {
    for (const error of this.call?.spent ?? []) member.noteSpent(error);
  }

  #leave(call: Call): void {
    if (--this.members > 0) return;
    this.onAbandoned(this);
    this.call?.abort(call.stopped?.reason);
  }
}

/** The loads under way, by key. */
export class FlightTable {
  readonly #flights = new Map<string, Flight>();

  get size(): number {
    return this.#flights.size;
  }

  get(key: string): Flight | undefined {
    return this.#flights.get(key);
  }

  begin(key: string): Flight {
    const flight = new Flight((abandoned) => this.end(key, abandoned));
    this.#flights.set(key, flight);
    return flight;
  }

  /** Frees the key, unless another flight has taken it. */
  end(key: string, flight: Flight): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }

  /** The next call of `key` loads anew, and what is loading now is not stored. */
  doom(key: string): void {
    const flight = this.#flights.get(key);
    if (!flight) return;
    flight.doomed = true;
    this.#flights.delete(key);
  }
}
