import { Deadline, type Clock, type Deadlines } from '../../core/time/index.js';
import type { CacheStore } from '../../core/strategy/index.js';

/** Told what a store failed with, in the name of the call that met it. */
export type StoreReport = (error: unknown) => void;

/** Why a store did not do what it was asked. */
export interface StoreFailure {
  readonly error: unknown;
}

/** After so many failures in a row a store is left alone. */
const FAILURES = 3;
/** Ms that it is left alone. */
const PAUSE = 5_000;

/**
 * A store that hangs, dies or lies, held at arm's length; one for each store of an app. After three failures in a row it
 * is left alone for five seconds. Then one call tries it, and the others go without until that one has had its answer.
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
    if (probe && (this.#probing || now < this.#pausedUntil)) {
      const error = new Error('the cache store is left alone after failures');
      return Promise.resolve(outcome(undefined, { error }));
    }
    this.#probing = probe;
    return new Promise((resolve) => {
      const failed = (error: unknown) => {
        if (!over()) return;
        // Each call to a frozen store holds memory until it thaws: after a few, leave it alone for a while.
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
