import type { EventLoop } from './event-loop.js';
import type { OpItemResult } from './items.js';

/** Works on one item. `attempts` tells how often it was tried once it has failed. */
export interface ItemTask {
  readonly result: unknown;
  readonly attempts: () => number;
}

/** What the engine is told to do. */
export interface EngineOptions<I> {
  readonly workers: number;
  /** Items pulled ahead of what was taken out. */
  readonly window: number;
  readonly ordered: boolean;
  readonly stopOnError: boolean;
  readonly shouldProcess: ((item: I, index: number) => unknown) | undefined;
  /** Begins to work on an item. */
  readonly begin: (item: I, index: number) => ItemTask;
  /** Ends what was begun. */
  readonly abortRunning: (reason: unknown) => void;
  readonly loop: EventLoop;
}

/** Why a run ended early. */
export interface RunFailure {
  readonly reason: unknown;
  /** Who ended it, if it was not ended from outside: its source failed, or an item with `stopOnError`. */
  readonly by?: 'source' | 'item';
}

/** Takes results in the order in which the run gives them. */
export interface ResultSink<R, I> {
  take(result: OpItemResult<R, I>): void;
  /** No more will come. `failure` is why the run ended early, if it did. */
  end(failure: RunFailure | undefined): void;
}
