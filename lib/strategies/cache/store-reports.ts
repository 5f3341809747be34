import { describeError } from '../../core/errors/index.js';
import type { EventSource } from '../../core/events/index.js';
import type { StrategyContext } from '../../core/strategy/index.js';
import type { StoreReport } from './store.js';

/** What the entries of an operation need besides its options. */
export type EntriesContext = StrategyContext & { warn(message: string): void };

/** How many kinds of failures of a store are logged. */
const MOST_KINDS = 20;

/** Reports failures of a store: an event for each, and one log line for each kind. */
export class StoreReports {
  readonly #logged = new Set<string>();

  constructor(private readonly context: EntriesContext) {}

  /** Reports what fails on behalf of `source`. */
  for(source: EventSource): StoreReport {
    return (error) => {
      this.context.monitor.emit('cache-error', source, { error });
      const failure = describeError(error);
      // Ports and numbers of commands differ from one failure to the next.
      const kind = failure.replaceAll(/\d+/g, '#');
      if (this.#logged.has(kind) || this.#logged.size >= MOST_KINDS) return;
      this.#logged.add(kind);
      this.context.warn(`continues without its cache store: ${failure}`);
    };
  }

  /** Reports what fails outside of any call: an eviction. */
  outsideCalls(): StoreReport {
    const within = <R>(work: () => R): R => work();
    const startedAt = this.context.clock.now();
    return this.for({ attempt: 0, alternative: '', startedAt, correlationId: '', within });
  }
}
