import { copyOf } from '../../core/values/index.js';
import { Call } from '../../core/call/index.js';
import type { Runner } from '../../core/strategy/index.js';
import { isThenable } from '../../core/pipeline/index.js';
import type { ResolvedCache } from './cache.schema.js';
import { CachedErrors } from './cached-errors.js';
import type { CacheParts } from './cache.parts.js';
import type { EntriesContext } from './store-reports.js';
import type { Entry } from './envelope.js';
import type { Flight } from './flight.js';
import { LoadedValue } from './loaded-value.js';
import type { Deadlines } from '../../core/time/index.js';
import type { GuardedStore } from './store.js';
import { longestRefresh, Refreshes, type LoadEnds, type LoadRequest } from './refreshes.js';
import { beganLater, mayChange, waitsForMethod } from './changed-arguments.js';
import { StaleAnswers } from './stale-answers.js';
import { storingOf } from './storing.js';

/** Settles flights: with what is stored, or with the result of the method, which is then stored. */
export class Loads implements LoadEnds {
  /** Set where entries are refreshed in the background. */
  readonly refreshes: Refreshes | undefined;
  readonly #stale: StaleAnswers;
  /** Set where errors are cached. */
  readonly #errors: CachedErrors | undefined;

  constructor(
    private readonly options: ResolvedCache,
    private readonly parts: CacheParts,
    private readonly context: EntriesContext & { readonly deadlines: Deadlines },
  ) {
    this.#stale = new StaleAnswers(options, parts.pauses.stale, context);
    if (options.cacheErrors) this.#errors = new CachedErrors(options.cacheErrors, parts.pauses.errors);
    const { entries } = parts;
    if (entries && (options.staleWhileRevalidate ?? options.refreshAhead) !== undefined)
      this.refreshes = new Refreshes({ ...parts, entries }, context, this, longestRefresh(options));
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
      if ((entry && this.#answersWith(request, entry, next)) || this.#failsAgain(request)) return;
      if (asked) this.#keepToLeader(request);
      if (entries && flight.members > 0) this.context.monitor.emit('cache-miss', leader);
      // Whoever waited may have left, also while a listener was told.
      if (flight.members === 0) return;
      const load = new Call(leader.operation, leader.invocation, this.parts.root, leader);
      flight.load = load;
      flight.generation = this.parts.tags.generation;
      let value: unknown;
      try {
        const result = this.#run(load, leader, next);
        const late = waitsForMethod(load);
        value = await result;
        if (late || beganLater(load)) this.#keepToLeader(request);
      } catch (error) {
        flights.end(key, flight);
        return this.failed(request, error, entry);
      }
      const writing = this.land(request, load, value);
      if (writing) await writing;
    } catch (error) {
      flight.fail(error);
    } finally {
      flights.end(key, flight);
    }
  }

  /** Whether what is stored answers all who wait: it is fresh, is refreshed in the background, or its load is paused. */
  #answersWith(request: LoadRequest, entry: Entry, next: Runner): boolean {
    const { flight, key, leader, guard } = request;
    const fresh = this.#isFresh(entry, flight);
    const found = { call: leader, key, guard, entry };
    const refreshed =
      fresh && !this.refreshes?.isDue(entry) ? undefined : this.refreshes?.serveStored(found, flight, next);
    const served = refreshed ?? (fresh ? entry : undefined);
    if (served) this.#landFound(request, served === entry && fresh ? this.#kept(request, entry) : served);
    return served !== undefined || this.#landPaused(request, entry);
  }

  /** Whoever changes an argument while a load waits for its turn gets what the new one gives, and nobody else does. */
  #keepToLeader({ flight, key, leader, guard }: LoadRequest): void {
    if (!mayChange(leader.invocation.args) || this.isStill(key, leader, guard)) return;
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

  #landPaused({ flight, key, leader }: LoadRequest, entry: Entry): boolean {
    const pause = this.#stale.pausedBy(key);
    if (!pause || !this.#stale.mayServe(entry, flight)) return false;
    this.parts.flights.end(key, flight);
    this.#landStale(flight, leader, entry, pause.reason);
    return true;
  }

  /** Whether all who wait fail with the error of an earlier load. */
  #failsAgain({ flight, key, leader }: LoadRequest): boolean {
    const known = this.#errors?.of(key);
    if (!known) return false;
    this.context.monitor.emit('cache-hit', leader, { error: known.reason });
    flight.fail(known.reason);
    return true;
  }

  /** A fresh entry of the store, which this process may keep. */
  #kept({ key, guard }: LoadRequest, entry: Entry): Entry {
    return guard ? this.parts.entries!.keepRead(key, entry) : entry;
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
    const storing = keeps ? storingOf(this.options, this.parts.idsOf, leader, value) : undefined;
    // Whoever was asked may have evicted the result meanwhile.
    if (!storing || flight.invalidated) return undefined;
    flight.stored = true;
    const took = this.refreshes ? this.context.clock.now() - load.startedAt : 0;
    return entries?.write({ key, loaded, flight, guard, call: leader, ...storing, took });
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
  #found(entry: Entry, shared: boolean): LoadedValue {
    const { value, nature } = entry;
    const { isolate } = this.options;
    return new LoadedValue(nature && isolate ? copyOf(value, nature) : value, shared, isolate, nature, entry);
  }

  /** Fails all who wait, or answers them with what is stored. */
  failed({ flight, key, leader }: LoadRequest, error: unknown, entry: Entry | undefined): void {
    if (this.#stale.mayServe(entry, flight) && this.#stale.answers(key, leader, error))
      this.#landStale(flight, leader, entry, error);
    else {
      this.#errors?.note(key, flight, leader, error);
      flight.fail(error);
    }
  }

  #landStale(flight: Flight, leader: Call, entry: Entry, error: unknown): void {
    this.context.monitor.emit('cache-stale', leader, { error });
    flight.land(this.#found(entry, true));
  }

  #warnUnshared(what: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.context.warn(`answers with ${what}, which is for one caller: it is neither cached nor shared`);
  }
  #warned = false;
}
