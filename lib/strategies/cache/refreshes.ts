import { describeError, TotalTimeoutError, withoutStack } from '../../core/errors/index.js';
import { Call } from '../../core/call/index.js';
import type { Runner } from '../../core/strategy/index.js';
import { Deadline, outsideCallers, type Deadlines } from '../../core/time/index.js';
import { natureOf } from '../../core/values/index.js';
import type { ResolvedCache } from './cache.schema.js';
import type { CacheParts } from './cache.parts.js';
import type { Entries } from './entries.js';
import type { Entry } from './envelope.js';
import type { Flight } from './flight.js';
import type { EntriesContext } from './store-reports.js';
import type { GuardedStore } from './store.js';

/** A load, and whom it is for. */
export interface LoadRequest {
  readonly flight: Flight;
  readonly key: string;
  /** The call that started it. */
  readonly leader: Call;
  /** `undefined` for results that only this process keeps. */
  readonly guard: GuardedStore | undefined;
}

/** How a load ends, whether calls wait for it or not. */
export interface LoadEnds {
  /** Whether the arguments and the context of the call still give this key. */
  isStill(key: string, call: Call, guard: GuardedStore | undefined): boolean;
  land(request: LoadRequest, load: Call, value: unknown): Promise<void> | undefined;
  failed(request: LoadRequest, error: unknown, entry: Entry | undefined): void;
}

/** An entry that a call found, past its ttl. */
export interface Found {
  readonly call: Call;
  readonly key: string;
  readonly guard: GuardedStore | undefined;
  readonly entry: Entry;
}

/** How long a refresh may take where no option tells, in ms. */
const LONGEST = 300_000;

/** How long a refresh may take, in ms: as long as its result was, or may still be, served. */
export function longestRefresh({ ttl, staleWhileRevalidate = 0, refreshAhead }: ResolvedCache): number {
  const valid = refreshAhead === undefined ? 0 : typeof ttl === 'number' ? ttl : LONGEST;
  return Math.max(staleWhileRevalidate, valid);
}

/** Ms without another refresh of a key after one whose result was not stored. */
const PAUSE = 1_000;

/**
 * Loads entries anew in the background while calls are answered with them: outside of any caller's async context, under
 * the app's own scope, one at a time for each key.
 */
export class Refreshes {
  constructor(
    private readonly parts: CacheParts & { readonly entries: Entries },
    private readonly context: EntriesContext & { readonly deadlines: Deadlines },
    private readonly ends: LoadEnds,
    /** How long a refresh may take, in ms. */
    private readonly longest: number,
  ) {}

  /** The entry in this process to answer with although its ttl is over; `undefined` if the call has to load. */
  serve(call: Call, key: string, guard: GuardedStore | undefined, next: Runner): Entry | undefined {
    const { flights, entries } = this.parts;
    const flight = flights.get(key);
    if (flight) {
      const { refreshes } = flight;
      return refreshes && !flight.loaded && entries.mayRevalidate(refreshes) ? refreshes : undefined;
    }
    const entry = entries.peekStale(key, guard);
    return entry && this.begin({ call, key, guard, entry }, next) ? entry : undefined;
  }

  /** The same for an entry that the load `waiting` found in the store. */
  serveStored(found: Found, waiting: Flight, next: Runner): Entry | undefined {
    const { entry } = found;
    if (waiting.members === 0 || waiting.invalidated || !this.parts.entries.mayRevalidate(entry)) return;
    const served = { ...entry, nature: entry.nature ?? natureOf(entry.value) };
    return this.begin({ ...found, entry: served }, next, waiting) ? served : undefined;
  }

  /** Refreshes a fresh entry that a call is answered with, if its end is near. */
  ahead(found: Found, next: Runner): void {
    if (!this.parts.flights.get(found.key)) this.begin(found, next);
  }

  isDue(entry: Entry): boolean {
    return this.parts.entries.isDue(entry);
  }

  /** Begins a refresh, unless it has to wait. Returns whether the call may be answered with the entry. */
  begin(found: Found, next: Runner, replaced?: Flight): boolean {
    // During a shutdown nothing begins that nobody waits for.
    if (this.#isClosing || this.parts.pauses.refreshes.of(found.key)) return true;
    if (found.call.invocation.identity?.ofRequest) {
      this.context.warn(
        'is not refreshed in the background: its instance, or a response it gets, belongs to the request of a caller',
      );
      return false;
    }
    return outsideCallers(() => this.#begin(found, next, replaced));
  }

  #begin({ call, key, guard, entry }: Found, next: Runner, replaced?: Flight): boolean {
    const { flights, entries, root } = this.parts;
    const load = new Call(call.operation, call.invocation, root);
    if (!this.ends.isStill(key, load, guard)) {
      load.leave();
      this.context.warn(
        'is not refreshed in the background: without the request of a caller its arguments give another key or none',
      );
      return false;
    }
    // The function that makes keys may have begun one.
    if (flights.get(key) !== replaced) {
      load.leave();
      return true;
    }
    if (replaced) flights.end(key, replaced);
    const flight = flights.begin(key, entries.epoch);
    flight.keep(entry);
    flight.load = load;
    flight.generation = this.parts.tags.generation;
    void this.#refresh({ flight, key, leader: load, guard }, next);
    return true;
  }

  /** Never rejects: nobody waits for it. */
  async #refresh(request: LoadRequest, next: Runner): Promise<void> {
    const { flight, key, leader: load, guard } = request;
    const { clock, deadlines, monitor } = this.context;
    const limit = new RefreshLimit(flight, load, this.longest);
    deadlines.arm(limit, this.longest, clock.now());
    try {
      // The caller has its answer before the method takes any time.
      await Promise.resolve();
      monitor.emit('cache-refresh', load);
      const value = await next.run(load);
      if (!this.ends.isStill(key, load, guard)) {
        // A caller has changed its arguments meanwhile: the result may be that of others.
        flight.only = load;
        flight.invalidated = true;
        this.context.warn(
          'changes its arguments, or its callers do, while a result is refreshed in the background: it is not stored',
        );
      }
      await this.ends.land(request, load, value);
      this.parts.pauses.refreshFailed = false;
    } catch (error) {
      this.#failed(request, error);
    } finally {
      deadlines.disarm(limit);
      this.parts.flights.end(key, flight);
      // What was evicted has to be loaded at once; what has changed its arguments may do so each time.
      const evicted = flight.invalidated && flight.only === undefined;
      if (!flight.stored && !evicted) this.parts.pauses.refreshes.begin(key, PAUSE);
      load.loadFor = undefined;
      load.leave();
    }
  }

  #failed(request: LoadRequest, error: unknown): void {
    const { flight, key, leader: load } = request;
    this.parts.flights.end(key, flight);
    this.context.monitor.emit('cache-refresh-failure', load, { error });
    this.ends.failed(request, error, flight.awaited ? flight.refreshes : undefined);
    const { pauses } = this.parts;
    if (pauses.refreshFailed || (load.stopped && this.#isClosing)) return;
    pauses.refreshFailed = true;
    this.context.warn(`could not refresh a cached result, which is served on: ${describeError(error)}`);
  }

  get #isClosing(): boolean {
    const { root } = this.parts;
    return root.deadline < Infinity || root.stopped !== undefined;
  }
}

/** Ends a refresh that takes too long, unless calls wait for it by then. */
class RefreshLimit extends Deadline {
  constructor(
    private readonly flight: Flight,
    private readonly load: Call,
    private readonly duration: number,
  ) {
    super();
  }

  expire(): void {
    const { operation } = this.load;
    this.flight.release(withoutStack(() => new TotalTimeoutError(operation.name, this.duration)));
  }
}
