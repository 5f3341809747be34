import type { Observable } from 'rxjs';
import type { Clock } from '../core/time/index.js';
import { MapEngine } from './engine.js';
import type { EngineOptions, ResultSink, RunFailure } from './engine-options.js';
import {
  NoItemsError,
  OpAbortedError,
  OpItemError,
  OpSourceError,
  sizeOf,
  type AnyIterable,
  type OpItemResult,
} from './items.js';
import { ProgressCounter, type OpProgress } from './progress.js';
import { ResultQueue } from './result-queue.js';

/**
 * A run of a method over many items. It starts when it is awaited, iterated or started.
 *
 * - `await run`: all results in the order of the items, with an {@link OpItemError} for each item without a result
 * - `for await (const result of run)`: one result at a time, with back-pressure and bounded memory. It starts with the
 *   first result that is requested. While the reader processes a result, no item starts in that turn of the event loop:
 *   if the reader stops then, no more items than workers have started; if it is slow, at most `window` more than it took
 * - `await run.values()`: the values alone, or an `AggregateError` with all errors
 *
 * A run that does not complete rejects with an error that has `results`: {@link OpSourceError} if its source failed,
 * {@link OpAbortedError} if it was aborted, the first {@link OpItemError} with `stopOnError`. A run yields to the
 * event loop about every 10 ms.
 *
 * @example
 * const run = mapped(this.pages).fetchPage(urls);
 * for await (const result of run) if (result.ok) await this.store.save(result.item, result.value);
 */
export interface OpRun<R, I = unknown>
  extends PromiseLike<(R | OpItemError<I>)[]>, AsyncIterable<OpItemResult<R, I>> {
  /**
   * Returns the values in the order of the items, without skipped ones. Rejects with an `AggregateError` if any item
   * failed.
   */
  values(): Promise<R[]>;
  /** The current progress. */
  readonly progress: OpProgress;
  /** Emits the progress at most ten times a second, starting with the current one. Completes with the run. */
  readonly progress$: Observable<OpProgress>;
  /** Starts the run without waiting for it. */
  start(): this;
  /** Stops pulling items and aborts running ones. The run rejects with an {@link OpAbortedError}. */
  abort(reason?: unknown): void;
}

/** What a run needs besides its items. */
export interface RunSettings<I> extends EngineOptions<I> {
  readonly clock: Clock;
  /** Called at the start with the functions that end the run early. */
  readonly onStart: (run: { abort(reason: unknown): void; stopTaking(reason: unknown): void }) => void;
  readonly onEnd: () => void;
}

/** The implementation of {@link OpRun}. */
export class MapRun<R, I> implements OpRun<R, I> {
  readonly #counter: ProgressCounter;
  readonly #results: OpItemResult<R, I>[] = [];
  #engine: MapEngine<I, R> | undefined;
  #collected: Promise<(R | OpItemError<I>)[]> | undefined;
  #queue: ResultQueue<R, I> | undefined;
  #aborted: { readonly reason: unknown } | undefined;

  constructor(
    private readonly items: AnyIterable<I>,
    private readonly settings: RunSettings<I>,
  ) {
    this.#counter = new ProgressCounter(settings.clock, sizeOf(items));
  }

  get progress(): OpProgress {
    return this.#counter.snapshot();
  }

  get progress$(): Observable<OpProgress> {
    return this.#counter.changes;
  }

  start(): this {
    if (this.#queue) this.#beginReading(this.#queue);
    else void this.#collect();
    return this;
  }

  abort(reason: unknown = new DOMException('The run was aborted', 'AbortError')): void {
    this.#aborted ??= { reason };
    if (this.#engine) this.#engine.abort(reason);
    else this.#counter.end();
  }

  then<A = (R | OpItemError<I>)[], B = never>(
    onFulfilled?: ((results: (R | OpItemError<I>)[]) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#collect().then(onFulfilled, onRejected);
  }

  async values(): Promise<R[]> {
    const results = await this.#collect();
    const errors = results
      .filter((result) => result instanceof OpItemError)
      .filter(({ reason }) => reason !== 'skipped');
    if (errors.length > 0)
      throw new AggregateError(errors, `${errors.length} of ${results.length} items failed`);
    return results.filter((result) => !(result instanceof OpItemError)) as R[];
  }

  [Symbol.asyncIterator](): AsyncIterator<OpItemResult<R, I>> {
    if (this.#queue || this.#collected)
      throw new TypeError('a run can be awaited or iterated, and iterated only once');
    const queue: ResultQueue<R, I> = new ResultQueue<R, I>({
      taken: () => this.#engine?.taken(),
      handed: () => this.#engine?.handed(),
      wanted: () => (this.#engine ? this.#engine.wanted() : this.#beginReading(queue)),
      left: () => this.abort(new DOMException('The reader has left', 'AbortError')),
    });
    this.#queue = queue;
    return queue;
  }

  #beginReading(queue: ResultQueue<R, I>): void {
    if (!this.#engine) this.#begin(queue, this.settings.window);
  }

  #collect(): Promise<(R | OpItemError<I>)[]> {
    if (this.#queue) return Promise.reject(new TypeError('a run that is iterated cannot be awaited'));
    return this.#collected ?? this.#beginCollecting();
  }

  #beginCollecting(): Promise<(R | OpItemError<I>)[]> {
    const { promise, resolve, reject } = deferred<(R | OpItemError<I>)[]>();
    // Set before anything starts: the code of the source may access the run.
    this.#collected = promise;
    // Every caller that awaits the run gets the rejection. A run that was only started must not crash the process.
    promise.catch(() => undefined);
    const results = this.#results;
    const sink: ResultSink<R, I> = {
      take: (result) => results.push(result),
      end: (failure) => (failure ? reject(this.#failure(failure)) : resolve(inOrder(results))),
    };
    this.#begin(sink, Infinity);
    return promise;
  }

  #begin(sink: ResultSink<R, I>, window: number): void {
    const ordered = this.settings.ordered && window !== Infinity;
    const ending: ResultSink<R, I> = {
      take: (result) => sink.take(result),
      end: (failure) => {
        this.settings.onEnd();
        sink.end(failure && (sink === this.#queue ? { reason: this.#failure(failure) } : failure));
      },
    };
    const engine = new MapEngine<I, R>(
      this.items,
      { ...this.settings, window, ordered },
      this.#counter,
      ending,
    );
    this.#engine = engine;
    this.settings.onStart(engine);
    if (this.#aborted) engine.stopTaking(this.#aborted.reason);
    engine.start();
  }

  /** The error of the run: of the item that ended it, of its source, or of an abort, with the results so far. */
  #failure({ reason, by }: RunFailure): unknown {
    if (reason instanceof NoItemsError) return reason;
    const results = this.#queue ? [] : [...this.#results].sort((a, b) => a.index - b.index);
    if (by === 'source') return new OpSourceError(results, reason);
    if (by !== 'item') return new OpAbortedError(results, reason);
    // Not enumerable: the results contain this error.
    if (!this.#queue) Object.defineProperty(reason, 'results', { value: results, configurable: true });
    return reason;
  }
}

function deferred<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

function inOrder<R, I>(results: readonly OpItemResult<R, I>[]): (R | OpItemError<I>)[] {
  const ordered: (R | OpItemError<I>)[] = Array.from({ length: results.length });
  for (const result of results) ordered[result.index] = result.ok ? result.value : result.error;
  return ordered;
}
