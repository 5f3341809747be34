import { Call, type Scope } from '../../core/index.js';
import type { Landed } from './landed.js';

/** One load that any number of equal calls wait for. */
export class Flight {
  #load: Call | undefined;
  /** The value, once there: kept until it is stored, for calls that come in between. */
  landed: Landed | undefined;
  /** Whether the entry was evicted meanwhile: the value is not stored. */
  doomed = false;
  members = 0;
  /** Set where the load is no longer the one that the others wait for. */
  only: Call | undefined;
  /** Members that are themselves part of loads: those loads wait for this one. */
  nested: Set<Call> | undefined;
  readonly #done: Promise<Landed>;
  #resolve!: (value: Landed) => void;
  #reject!: (error: unknown) => void;

  constructor(
    private readonly onAbandoned: (flight: Flight) => void,
    /** Which eviction of the whole operation came before. */
    readonly epoch: number,
  ) {
    this.#done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#done.catch(() => undefined);
  }

  /** The call that loads, cut loose from whoever began it. */
  set load(load: Call) {
    this.#load = load;
    load.loadFor = this;
  }

  /** Waits with the others. A member that is interrupted leaves alone; the last one to leave ends the load. */
  join(call: Call): Promise<Landed> {
    this.members++;
    if (isInLoad(call)) (this.nested ??= new Set()).add(call);
    return call.wait((resolve, reject) => {
      const over = () => this.nested?.delete(call);
      this.#done.then(
        (landed) => (over(), resolve(landed)),
        (error) => {
          over();
          this.#shareFailures(call);
          reject(error);
        },
      );
      return () => {
        over();
        this.#leave(call);
      };
    });
  }

  /** Whether a member may have what has landed. */
  isFor(member: Call): boolean {
    return this.only === undefined || this.only === member;
  }

  land(landed: Landed): void {
    this.landed = landed;
    this.#resolve(landed);
  }

  fail(error: unknown): void {
    this.#reject(error);
  }

  /** The attempts of the load are those of every member: whoever is further out must not begin them anew. */
  #shareFailures(member: Call): void {
    for (const error of this.#load?.spent ?? []) member.noteSpent(error);
    if (this.#load && member.failures.length === 0) member.failures.push(...this.#load.failures);
  }

  #leave(call: Call): void {
    if (--this.members > 0) return;
    this.onAbandoned(this);
    this.#load?.abort(call.stopped?.reason);
  }
}

const flightOf = (scope: Scope): Flight | undefined => {
  const shares = scope instanceof Call ? scope.loadFor : undefined;
  return shares instanceof Flight ? shares : undefined;
};

/** Whether a call is part of a load, through whatever began it or goes on in its name. */
function isInLoad(call: Scope): boolean {
  for (let scope: Scope | undefined = call; scope; scope = scope.owner) {
    if (flightOf(scope)) return true;
    if (scope.origin) return flightsAround(scope).size > 0;
  }
  return false;
}

/** The flights whose loads a call is part of. */
function flightsAround(call: Scope): Set<Flight> {
  const flights = new Set<Flight>();
  const scopes = new Set<Scope>([call]);
  for (const scope of scopes) {
    const flight = flightOf(scope);
    if (flight) flights.add(flight);
    if (scope.owner) scopes.add(scope.owner);
    if (scope.origin) scopes.add(scope.origin);
  }
  return flights;
}

/**
 * Whether `call`, if it joined `flight`, would wait for itself: the load of `flight` is one that it is part of, or waits
 * for such a one, however many loads lie between.
 */
export function wouldWaitForItself(call: Call, flight: Flight): boolean {
  if (!isInLoad(call)) return false;
  const waiting = flightsAround(call);
  for (const one of waiting) {
    if (one === flight) return true;
    // Whatever waits for this flight waits for the call as well.
    for (const member of one.nested ?? []) for (const outer of flightsAround(member)) waiting.add(outer);
  }
  return false;
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

  begin(key: string, epoch: number): Flight {
    const flight = new Flight((abandoned) => this.end(key, abandoned), epoch);
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

  /** As {@link doom}, for all keys. */
  doomAll(): void {
    for (const key of this.#flights.keys()) this.doom(key);
  }
}
