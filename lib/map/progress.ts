import { Observable, type Subscriber } from 'rxjs';
import type { Clock } from '../core/time/index.js';

/** The progress of a run. */
export interface OpProgress {
  /** Number of items, if the source knows it. */
  readonly total?: number;
  /** Items that succeeded, failed or were skipped. */
  readonly done: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly skipped: number;
  /** Items being processed. */
  readonly running: number;
  /** Time since the start, in ms. */
  readonly elapsed: number;
  /** Estimated time to the end, in ms; absent without a total. */
  readonly remaining?: number;
}

/** Minimum time between two progress reports, in ms. */
const PACE = 100;

/** Counts items and emits the progress at most ten times a second. */
export class ProgressCounter {
  succeeded = 0;
  failed = 0;
  skipped = 0;
  running = 0;
  #startedAt: number | undefined;
  #endedAt: number | undefined;
  #toldAt = -Infinity;
  readonly #subscribers = new Set<Subscriber<OpProgress>>();

  constructor(
    private readonly clock: Clock,
    private readonly total: number | undefined,
  ) {}

  /** Emits the current progress, then each change; completes with the run. */
  readonly changes = new Observable<OpProgress>((subscriber) => {
    if (this.#endedAt !== undefined) {
      subscriber.next(this.snapshot());
      subscriber.complete();
      return;
    }
    // Added first: the subscriber may end the run when it is told of it.
    this.#subscribers.add(subscriber);
    subscriber.next(this.snapshot());
    return () => this.#subscribers.delete(subscriber);
  });

  start(): void {
    this.#startedAt = this.clock.now();
  }

  /** Emits the progress after an item has completed. */
  publish(): void {
    if (this.#subscribers.size === 0) return;
    const now = this.clock.now();
    if (now - this.#toldAt < PACE) return;
    this.#toldAt = now;
    for (const subscriber of [...this.#subscribers]) subscriber.next(this.snapshot());
  }

  end(): void {
    this.#endedAt = this.clock.now();
    for (const subscriber of [...this.#subscribers]) {
      subscriber.next(this.snapshot());
      subscriber.complete();
    }
    this.#subscribers.clear();
  }

  snapshot(): OpProgress {
    const { succeeded, failed, skipped, running, total } = this;
    const done = succeeded + failed + skipped;
    const elapsed = this.#startedAt === undefined ? 0 : (this.#endedAt ?? this.clock.now()) - this.#startedAt;
    const remaining =
      total !== undefined && done > 0 ? (elapsed / done) * Math.max(0, total - done) : undefined;
    return {
      ...(total !== undefined && { total }),
      done,
      succeeded,
      failed,
      skipped,
      running,
      elapsed,
      ...(remaining !== undefined && { remaining }),
    };
  }
}
