import { Attempt, Call, waitsForHolder, type Scope } from '../../core/call/index.js';
import { spentBehind } from '../../core/strategy/index.js';
import type { Entry } from './envelope.js';
import type { LoadedValue } from './loaded-value.js';

/** One load that any number of equal calls wait for. */
export class Flight {
  #load: Call | undefined;
  /** The value, once there: kept until it is stored, for calls that come in between. */
  loaded: LoadedValue | undefined;
  /** The entry that calls are answered with while this load refreshes it in the background. */
  refreshes: Entry | undefined;
  /** Whether the value was given to the cache, which did not refuse it. */
  stored = false;
  /** The generation of tags that was known when the load began. */
  generation = 0;
  /** Whether the entry was evicted meanwhile: the value is not stored. */
  invalidated = false;
  members = 0;
  /** Whether one of the members is nobody's: see {@link keep}. */
  #kept = false;
  /** Set where the load is no longer the one that the others wait for. */
  only: Call | undefined;
  /** Members that are part of loads, or made in attempts of other calls: those wait for this one. */
  nested: Set<Call> | undefined;
  readonly #done: Promise<LoadedValue>;
  #resolve!: (value: LoadedValue) => void;
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

  /** Makes this the refresh of an entry: it goes on without any call that waits for it. */
  keep(entry: Entry): void {
    this.refreshes = entry;
    this.#kept = true;
    this.members++;
  }

  /** From now on it goes on only for calls that wait for it. */
  release(reason: unknown): void {
    this.#kept = false;
    this.leave(reason);
  }

  /** Whether calls wait for it. */
  get awaited(): boolean {
    return this.members > (this.#kept ? 1 : 0);
  }

  /** Waits with the others. A member that is interrupted leaves alone; the last one to leave ends the load. */
  join(call: Call, take: (loaded: LoadedValue) => unknown): Promise<unknown> {
    const isLeader = this.members++ === 0;
    // Whoever began the load is found from there.
    if (isLeader ? isInLoad(call) : isInAttempt(call)) (this.nested ??= new Set()).add(call);
    return call.wait((resolve, reject) => {
      const over = () => this.nested?.delete(call);
      let left = false;
      this.#done.then(
        (loaded) => {
          over();
          // Whoever has left takes nothing: what can be used once is for those who wait.
          if (left) return;
          // A call that cannot share the value runs by itself now: an abort must reach what it does, not this wait.
          call.settled();
          try {
            resolve(take(loaded));
          } catch (error) {
            reject(error);
          }
        },
        (error) => {
          over();
          this.#shareFailures(call, error);
          reject(error);
        },
      );
      return () => {
        left = true;
        over();
        this.leave(call.stopped?.reason);
      };
    });
  }

  /** Whether the load waits for what is held around `call`: whoever holds it must not wait for the load. */
  waitsForHolder(call: Call): boolean {
    return this.#load !== undefined && isInAttempt(call) && waitsForHolder(this.#load, call);
  }

  /** Whether a member may have what has loaded. */
  isFor(member: Call): boolean {
    return this.only === undefined || this.only === member;
  }

  land(loaded: LoadedValue): void {
    this.loaded = loaded;
    this.#resolve(loaded);
  }

  fail(error: unknown): void {
    this.#reject(error);
  }

  /** The attempts of the load are those of every member: whoever is further out must not begin them anew. */
  #shareFailures(member: Call, error: unknown): void {
    if (!this.#load) return;
    const spent = spentBehind(this.#load, error);
    if (spent) member.noteSpent(spent);
    if (member.failures.length > 0) return;
    member.failures.push(...this.#load.failures);
    member.runs = this.#load.runs;
  }

  /** One member less; the last one ends the load. */
  leave(reason: unknown): void {
    if (--this.members > 0) return;
    this.onAbandoned(this);
    this.#load?.abort(reason);
  }
}

const flightOf = (scope: Scope): Flight | undefined => {
  const shares = scope instanceof Call ? scope.loadFor : undefined;
  return shares instanceof Flight ? shares : undefined;
};

/** Whether a call was made in an attempt of another. */
function isInAttempt(call: Call): boolean {
  for (let scope = call.owner; scope; scope = scope.owner) if (scope instanceof Attempt) return true;
  return false;
}

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
  if (flight.waitsForHolder(call)) return true;
  if (!isInLoad(call)) return false;
  const waiting = flightsAround(call);
  for (const one of waiting) {
    if (one === flight) return true;
    // Whatever waits for this flight waits for the call as well.
    for (const member of one.nested ?? []) for (const outer of flightsAround(member)) waiting.add(outer);
  }
  return false;
}
