import type { Call } from '../../core/call/index.js';
import { isAbort, RefusedError } from '../../core/errors/index.js';
import { anyOf } from '../../core/strategy/index.js';
import type { ResolvedCache } from './cache.schema.js';
import type { Flight } from './flight.js';
import type { KeyPauses } from './key-pauses.js';

/** Negative caching: chosen errors of a load, which are thrown again for a while without another load. */
export class CachedErrors {
  readonly #on: (error: unknown) => boolean;
  readonly #ttl: number;

  constructor(
    { on, ttl }: NonNullable<ResolvedCache['cacheErrors']>,
    private readonly keys: KeyPauses,
  ) {
    this.#on = anyOf(on);
    this.#ttl = ttl;
  }

  /** The error that calls of this key get. */
  of(key: string): { readonly reason: unknown } | undefined {
    return this.keys.of(key);
  }

  /** Keeps the error of a load, if it is a chosen one. */
  note(key: string, flight: Flight, leader: Call, error: unknown): void {
    // An abort, also of the last who waited, and a rejection say nothing about what was asked for.
    if (!flight.awaited || isAbort(error) || error instanceof RefusedError) return;
    try {
      const isChosen = leader.within(() => this.#on(error));
      // Whoever is asked may have evicted the key.
      if (isChosen && !flight.invalidated) this.keys.begin(key, this.#ttl, error);
    } catch (thrown) {
      leader.monitor.callbackFailed('cache.cacheErrors.on', 'the error is not cached', leader, thrown);
    }
  }
}
