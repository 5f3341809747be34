import type { EventLoop } from './event-loop.js';
import type { OpItemResult } from './items.js';

/** A running item. `attempts` returns the number of attempts made. */
export interface ItemTask {
  readonly result: unknown;
  readonly attempts: () => number;
}

/** Settings of the engine. */
export interface EngineOptions<I> {
  readonly workers: number;
  /** Items that may be pulled ahead of the results taken. */
  readonly window: number;
  readonly ordered: boolean;
  readonly stopOnError: boolean;
  readonly shouldProcess: ((item: I, index: number) => unknown) | undefined;
  /** Starts an item. */
  readonly begin: (item: I, index: number) => ItemTask;
  /** Aborts all running items. */
  readonly abortRunning: (reason: unknown) => void;
  readonly loop: EventLoop;
}

/** Why a run ended early. */
export interface RunFailure {
  readonly reason: unknown;
  /** What ended it: its source, or an item with `stopOnError`; `undefined` for an abort. */
  readonly by?: 'source' | 'item';
}

/** Receives results in the order in which the run delivers them. */
export interface ResultSink<R, I> {
  take(result: OpItemResult<R, I>): void;
  /** No more results follow. `failure` is set if the run ended early. */
  end(failure: RunFailure | undefined): void;
}
