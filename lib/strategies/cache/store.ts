import { Deadline, type Clock, type Deadlines } from '../../core/time/index.js';
import type { CacheStore } from '../../core/strategy/index.js';

/** Called with the error of a store, for the call that was concerned. */
export type StoreReport = (error: unknown) => void;

/** Why a store operation failed. */
export interface StoreFailure {
  readonly error: unknown;
}

/** Consecutive failures after which a store is not used for a while. */
const FAILURES = 3;
/** How long it is not used, in ms. */
const PAUSE = 5_000;

/**
 * Bounds and reports the operations of a store, which may hang, fail, or return anything; one for each store of an app.
 * After three consecutive failures the store is not used for five seconds. Then one call probes it, and the others
 * continue without it until the probe has ended.
 */
export class GuardedStore {
  #failures = 0;
  #pausedUntil = -Infinity;
  #probing = false;

  constructor(
    readonly store: CacheStore,
    private readonly clock: Clock,
    private readonly deadlines: Deadlines,
    private readonly timeout: number,
    private readonly onError: StoreReport = () => undefined,
  ) {}

  /** What is stored; `undefined` also when the store fails, takes too long, or failed too often of late. */
  get(key: string, report: StoreReport = this.onError): Promise<unknown> {
    return this.#bounded(() => this.store.get(key), report, valueOf);
  }

  /** Resolves when stored, or with why it was not. Never rejects. `ttl` 0 means for ever. */
  set(
    key: string,
    value: unknown,
    ttl: number,
    report: StoreReport = this.onError,
  ): Promise<StoreFailure | undefined> {
    return this.#bounded(() => this.store.set(key, value, ttl), report, failureOf);
  }

  /** Resolves when deleted, or with why it was not. Never rejects. */
  del(key: string, report: StoreReport = this.onError): Promise<StoreFailure | undefined> {
    return this.#bounded(() => this.store.del(key), report, failureOf);
  }

  #bounded<T>(
    work: () => unknown,
    report: StoreReport,
    outcome: (value: unknown, failure?: StoreFailure) => T,
  ): Promise<T> {
    const probe = this.#failures >= FAILURES;
    const now = this.clock.now();
    if (probe && (this.#probing || now < this.#pausedUntil))
      return Promise.resolve(outcome(undefined, paused()));
    this.#probing = probe;
    return new Promise((resolve) => {
      const failed = (error: unknown) => {
        if (!over()) return;
        // Each call to a store that hangs holds memory until it answers.
        if (++this.#failures === FAILURES || probe) this.#pausedUntil = this.clock.now() + PAUSE;
        resolve(outcome(undefined, { error }));
        report(error);
      };
      const limit = new StoreDeadline(failed);
      /** Whether this is the first answer: a store may answer, and take too long, and throw. */
      const over = () => {
        if (limit.over) return false;
        limit.over = true;
        this.deadlines.disarm(limit);
        if (probe) this.#probing = false;
        return true;
      };
      this.deadlines.arm(limit, this.timeout, now);
      try {
        Promise.resolve(work()).then((value) => {
          if (!over()) return;
          this.#failures = 0;
          resolve(outcome(value));
        }, failed);
      } catch (error) {
        failed(error);
      }
    });
  }
}

const paused = (): StoreFailure => ({
  error: new Error('the cache store is not used for a while after failures'),
});

const valueOf = (value: unknown): unknown => value;
const failureOf = (_value: unknown, failure?: StoreFailure): StoreFailure | undefined => failure;

/** @internal Exported for the shapes that are kept alive. */
export class StoreDeadline extends Deadline {
  over = false;

  constructor(private readonly failed: (error: Error) => void) {
    super();
  }

  expire(): void {
    this.failed(new Error('the cache store did not answer in time'));
  }
}
