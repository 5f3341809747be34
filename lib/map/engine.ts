import { isThenable } from '../core/index.js';
import { OpItemError, type AnyIterable, type OpItemResult } from './items.js';
import type { ProgressCounter } from './progress.js';
import { ItemSource } from './source.js';

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
}

/** Takes results in the order in which the run gives them. */
export interface ResultSink<R, I> {
  take(result: OpItemResult<R, I>): void;
  /** No more will come. `failure` is why the run ended early, if it did. */
  end(failure: { readonly reason: unknown } | undefined): void;
}

/** Works on the items of a source, a bounded number at a time. */
export class MapEngine<I, R> {
  readonly #source: ItemSource<I>;
  /** Goes through the source right now: an item that is over at once must not start it again. */
  #pulling = false;
  #ended = false;
  #failure: { readonly reason: unknown } | undefined;
  #running = 0;
  #pulled = 0;
  #taken = 0;
  #nextOut = 0;
  /** Results that wait for those before them. */
  readonly #held = new Map<number, OpItemResult<R, I>>();
  /** Ends items about which `shouldProcess` has not decided yet. */
  readonly #undecided = new Set<(reason: unknown) => void>();

  constructor(
    items: AnyIterable<I>,
    private readonly options: EngineOptions<I>,
    private readonly progress: ProgressCounter,
    private readonly sink: ResultSink<R, I>,
  ) {
    this.#source = new ItemSource(items, {
      item: (item) => this.#begin(item, this.#pulled++),
      failed: (reason) => (this.#failure ??= { reason }),
      ready: () => this.#pull(),
    });
  }

  start(): void {
    this.progress.start();
    if (!this.#failure) this.#source.open();
    this.#pull();
  }

  /** The reader has taken one more result: another item may be pulled. */
  taken(): void {
    this.#taken++;
    this.#pull();
  }

  /** Takes no more items; what is running may end by itself. */
  stopTaking(reason: unknown): void {
    if (this.#ended) return;
    this.#failure ??= { reason };
    this.#source.leave();
    this.#endIfDone();
  }

  /** Takes no more items and ends what is running. */
  abort(reason: unknown): void {
    if (this.#ended) return;
    this.#failure ??= { reason };
    this.#source.leave();
    for (const end of this.#undecided) end(reason);
    this.options.abortRunning(reason);
    this.#endIfDone();
  }

  #pull(): void {
    if (this.#pulling) return;
    this.#pulling = true;
    while (this.#mayPull()) this.#source.pull();
    this.#pulling = false;
    this.#endIfDone();
  }

  #mayPull(): boolean {
    const { workers, window } = this.options;
    const { waiting, exhausted } = this.#source;
    return !waiting && !exhausted && this.#running < workers && this.#pulled - this.#taken < window;
  }

  #begin(item: I, index: number): void {
    this.#running++;
    this.progress.running++;
    let asked: unknown = true;
    try {
      asked = this.options.shouldProcess?.(item, index) ?? true;
    } catch (error) {
      return this.#over(this.#failed(item, index, 'failed', 0, error));
    }
    if (!isThenable(asked)) return this.#work(item, index, Boolean(asked));
    this.#decideLater(item, index, asked);
  }

  #decideLater(item: I, index: number, asked: PromiseLike<unknown>): void {
    const decide = (proceed: () => void) => () => {
      if (this.#undecided.delete(abort)) proceed();
    };
    const fail = (reason: 'failed' | 'aborted', error: unknown) =>
      this.#over(this.#failed(item, index, reason, 0, error));
    const abort = (reason: unknown) => decide(() => fail('aborted', reason))();
    this.#undecided.add(abort);
    asked.then(
      (answer) => decide(() => this.#work(item, index, Boolean(answer)))(),
      (error) => decide(() => fail('failed', error))(),
    );
  }

  #work(item: I, index: number, wanted: boolean): void {
    if (!wanted) return this.#over(this.#failed(item, index, 'skipped', 0, undefined));
    if (this.#failure) return this.#over(this.#failed(item, index, 'aborted', 0, this.#failure.reason));
    let task: ItemTask;
    try {
      task = this.options.begin(item, index);
    } catch (error) {
      return this.#over(this.#failed(item, index, 'failed', 1, error));
    }
    const failed = (error: unknown) => {
      const aborted = this.#failure !== undefined && error === this.#failure.reason;
      this.#over(this.#failed(item, index, aborted ? 'aborted' : 'failed', task.attempts(), error));
    };
    const succeeded = (value: unknown) => this.#over({ index, item, ok: true, value: value as R });
    if (isThenable(task.result)) task.result.then(succeeded, failed);
    else succeeded(task.result);
  }

  #failed(
    item: I,
    index: number,
    reason: OpItemError['reason'],
    attempts: number,
    cause: unknown,
  ): OpItemResult<R, I> {
    return { index, item, ok: false, error: new OpItemError(index, item, reason, attempts, cause) };
  }

  #over(result: OpItemResult<R, I>): void {
    this.#running--;
    this.#count(result);
    this.#give(result);
    if (!result.ok && result.error.reason === 'failed' && this.options.stopOnError) this.abort(result.error);
    this.#pull();
  }

  #count(result: OpItemResult<R, I>): void {
    const { progress } = this;
    progress.running--;
    if (result.ok) progress.succeeded++;
    else if (result.error.reason === 'skipped') progress.skipped++;
    else progress.failed++;
    progress.tell();
  }

  #give(result: OpItemResult<R, I>): void {
    if (!this.options.ordered) return this.sink.take(result);
    this.#held.set(result.index, result);
    for (let next = this.#held.get(this.#nextOut); next; next = this.#held.get(this.#nextOut)) {
      this.#held.delete(this.#nextOut++);
      this.sink.take(next);
    }
  }

  #endIfDone(): void {
    if (this.#ended || !this.#source.exhausted || this.#running > 0) return;
    this.#ended = true;
    this.progress.end();
    this.sink.end(this.#failure);
  }
}
