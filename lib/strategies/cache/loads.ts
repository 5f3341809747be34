import { copyOf } from '../../core/values/index.js';
import { isOutage } from '../../core/errors/index.js';
import { Attempt, Call } from '../../core/call/index.js';
import { anyOf, type Runner } from '../../core/strategy/index.js';
import { isThenable } from '../../core/pipeline/index.js';
import type { ResolvedCache } from './cache.options.js';
import type { CacheParts } from './cache.parts.js';
import type { EntriesContext } from './store-reports.js';
import { isServable, type Entry } from './envelope.js';
import type { Flight } from './flight.js';
import { LoadedValue } from './loaded-value.js';
import type { Deadlines } from '../../core/time/index.js';
import type { GuardedStore } from './store.js';
import { longestRefresh, Refreshes, type LoadEnds, type LoadRequest } from './refreshes.js';
import { storedFor } from './storing.js';

/** Settles flights: with what is stored, or with the result of the method, which is then stored. */
export class Loads implements LoadEnds {
  /** Set where entries are refreshed in the background. */
  readonly refreshes: Refreshes | undefined;
  readonly #staleOn: (error: unknown) => boolean;

  constructor(
    private readonly options: ResolvedCache,
    private readonly parts: CacheParts,
    private readonly context: EntriesContext & { readonly deadlines: Deadlines },
  ) {
    const on = options.staleIfError?.on;
    this.#staleOn = on === undefined ? isOutage : anyOf(on);
    const { entries, history } = parts;
    if (entries && history && (options.staleWhileRevalidate ?? options.refreshAhead) !== undefined)
      this.refreshes = new Refreshes({ ...parts, entries, history }, context, this, longestRefresh(options));
  }

  /** Never rejects: nobody waits for it. */
  async fly(request: LoadRequest, next: Runner): Promise<void> {
    const { flight, key, leader, guard } = request;
    const { flights, entries } = this.parts;
    try {
      // Without a store to wait for, the method begins at once, as it would without the decorator.
      const found = entries?.read(key, guard, leader);
      const asked = isThenable(found);
      const entry = asked ? await found : found;
      if (entry && this.#answersWith(request, entry, next)) return;
      if (asked) this.#keepToLeader(request);
      if (entries && flight.members > 0) this.context.monitor.emit('cache-miss', leader);
      // Whoever waited may have left, also while a listener was told.
      if (flight.members === 0) return;
      const load = new Call(leader.operation, leader.invocation, this.parts.root, leader);
      flight.load = load;
      let value: unknown;
      try {
        const result = this.#run(load, leader, next);
        const late = waitsForMethod(load);
        value = await result;
        if (late || beganLater(load)) this.#keepToLeader(request);
      } catch (error) {
        flights.end(key, flight);
        return this.failed(flight, leader, error, entry);
      }
      const writing = this.land(request, load, value);
      if (writing) await writing;
    } catch (error) {
      flight.fail(error);
    } finally {
      flights.end(key, flight);
    }
  }

  /** Whether what is stored answers all who wait: it is fresh, or is refreshed in the background. */
  #answersWith(request: LoadRequest, entry: Entry, next: Runner): boolean {
    const { flight, key, leader, guard } = request;
    const fresh = this.#isFresh(entry, flight);
    const found = { call: leader, key, guard, entry };
    const refreshed =
      fresh && !this.refreshes?.isDue(entry) ? undefined : this.refreshes?.serveStored(found, flight, next);
    const served = refreshed ?? (fresh ? entry : undefined);
    if (served) this.#landFound(request, served);
    return served !== undefined;
  }

  /** Whoever changes an argument while a load waits for its turn gets what the new one gives, and nobody else does. */
  #keepToLeader({ flight, key, leader, guard }: LoadRequest): void {
    if (!leader.invocation.args.some(isChangeable) || this.isStill(key, leader, guard)) return;
    flight.only = leader;
    flight.invalidated = true;
    this.parts.flights.end(key, flight);
  }

  isStill(key: string, leader: Call, guard: GuardedStore | undefined): boolean {
    try {
      const { keys } = this.parts;
      return keys.of(leader, keys.whose(leader.invocation.identity), guard === undefined) === key;
    } catch {
      return false;
    }
  }

  #isFresh(entry: Entry, flight: Flight): boolean {
    return this.parts.entries!.isFresh(entry) && !flight.invalidated;
  }

  #landFound({ flight, key, leader }: LoadRequest, entry: Entry): void {
    this.parts.flights.end(key, flight);
    flight.land(this.#found(entry, flight.members > 1));
    this.context.monitor.emit('cache-hit', leader);
  }

  /** Hands the value to all who wait, and stores it. */
  land(request: LoadRequest, load: Call, value: unknown): Promise<void> | undefined {
    const { flight, key, leader, guard } = request;
    const { flights, entries } = this.parts;
    const loaded = new LoadedValue(value, entries !== undefined || flight.members > 1, this.options.isolate);
    const keeps = entries !== undefined && !loaded.live && load.accepted && !flight.invalidated;
    // Whoever comes while it is being stored gets it; what is not stored is nobody else's.
    if (!keeps) flights.end(key, flight);
    flight.land(loaded);
    if (loaded.live) this.#warnUnshared(loaded.live);
    const ttl = keeps ? storedFor(this.options, leader, value) : undefined;
    // Whoever was asked may have evicted the result meanwhile.
    if (ttl === undefined || flight.invalidated) return undefined;
    flight.stored = true;
    const took = this.refreshes ? this.context.clock.now() - load.startedAt : 0;
    return entries?.write({ key, loaded, flight, guard, call: leader, ttl, took });
  }

  /** The load's attempts are those of the call that began it. */
  #run(load: Call, leader: Call, next: Runner): unknown {
    const over = () => {
      leader.attempt = load.attempt;
      leader.runs = load.runs;
      leader.alternative = load.alternative;
      leader.current = load.current;
      // A flight keeps what it was begun in.
      load.loadFor = undefined;
      load.leave();
    };
    let result: unknown;
    try {
      result = next.run(load);
    } catch (error) {
      over();
      throw error;
    }
    if (isThenable(result)) result.then(over, over);
    else over();
    return result;
  }

  /** What this process holds stays untouched; what came from a store is of nobody else. */
  #found({ value, nature }: Entry, shared: boolean): LoadedValue {
    const { isolate } = this.options;
    return new LoadedValue(nature && isolate ? copyOf(value, nature) : value, shared, isolate, nature);
  }

  /** Fails all who wait, or answers them with what is stored. */
  failed(flight: Flight, leader: Call, error: unknown, entry: Entry | undefined): void {
    const servable = entry && !flight.invalidated && isServable(entry, this.context.clock.date());
    if (!servable || !this.#answersStale(leader, error)) return flight.fail(error);
    this.context.monitor.emit('cache-stale', leader, { error });
    flight.land(this.#found(entry, true));
  }

  #answersStale(leader: Call, error: unknown): boolean {
    try {
      return leader.within(() => this.#staleOn(error));
    } catch (thrown) {
      const consequence = 'the failure is passed on';
      this.context.monitor.callbackFailed('cache.staleIfError.on', consequence, leader, thrown);
      return false;
    }
  }

  #warnUnshared(what: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.context.warn(`answers with ${what}, which is for one caller: it is neither cached nor shared`);
  }
  #warned = false;
}

/** Whether the attempt of a load still waits for a permit. */
const waitsForMethod = ({ current }: Call): boolean => current instanceof Attempt && !current.invoked;

/** Whether the method ran again, or beside a first attempt, when an argument may have changed. */
const beganLater = ({ attempt, failures, current }: Call): boolean =>
  attempt > 1 || failures.length > 0 || (current instanceof Attempt && current.hedge > 0);

const isChangeable = (argument: unknown): boolean => typeof argument === 'object' && argument !== null;
