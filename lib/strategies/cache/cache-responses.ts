import { noteResponse, type Call } from '../../core/call/index.js';
import type { Clock } from '../../core/time/index.js';
import { isFresh, remainingOf, type Entry } from './envelope.js';

/** Tells the responses of a handler how their results came from the cache. */
export class CacheResponses {
  constructor(
    /** The ttl that holds now; `undefined` where a function decides. */
    private readonly ttl: number | undefined,
    /** Whether all users share the results, unless a call has a principal. */
    private readonly share: boolean,
    private readonly clock: Clock,
  ) {}

  /** The result is an entry, or was just loaded. */
  note(call: Call, entry: Entry | undefined): void {
    const isPublic = this.share && call.invocation.identity?.principal === undefined;
    if (!entry)
      return noteResponse(call, { cache: { status: 'MISS', age: 0, freshFor: this.ttl, isPublic } });
    const now = this.clock.date();
    const ttl = this.ttl ?? Infinity;
    const status = isFresh(entry, now, ttl) ? 'HIT' : 'STALE';
    const age = entry.storedAt > 0 ? Math.max(0, now - entry.storedAt) : 0;
    noteResponse(call, { cache: { status, age, freshFor: remainingOf(entry, now, ttl), isPublic } });
  }
}
