import type { Call } from '../../core/call/index.js';
import { isOutage } from '../../core/errors/index.js';
import { anyOf } from '../../core/strategy/index.js';
import type { ResolvedCache } from './cache.schema.js';
import { isServable, type Entry } from './envelope.js';
import type { Flight } from './flight.js';
import type { KeyPauses } from './key-pauses.js';
import type { EntriesContext } from './store-reports.js';

/** Which failures are answered with an expired result, and for how long its key is not loaded then. */
export class StaleAnswers {
  readonly #on: (error: unknown) => boolean;
  readonly #pause: number;

  constructor(
    { staleIfError }: ResolvedCache,
    private readonly pauses: KeyPauses,
    private readonly context: EntriesContext,
  ) {
    this.#on = staleIfError?.on === undefined ? isOutage : anyOf(staleIfError.on);
    this.#pause = staleIfError?.pause ?? 0;
  }

  /** Whether an entry may be served, by its time and because nobody has evicted it. */
  mayServe(entry: Entry | undefined, flight: Flight): entry is Entry {
    return entry !== undefined && !flight.invalidated && isServable(entry, this.context.clock.date());
  }

  /** The failure because of which a key is not loaded now. */
  pausedBy(key: string): { readonly reason: unknown } | undefined {
    return this.pauses.of(key);
  }

  /** Whether `error` is answered with an expired result. If so, the pause begins. */
  answers(key: string, leader: Call, error: unknown): boolean {
    try {
      if (!leader.within(() => this.#on(error))) return false;
    } catch (thrown) {
      const consequence = 'the failure is passed on';
      this.context.monitor.callbackFailed('cache.staleIfError.on', consequence, leader, thrown);
      return false;
    }
    this.pauses.begin(key, this.#pause, error);
    return true;
  }
}
