import { OperoShutdownError, withoutStack } from '../core/errors/index.js';
import { isThenable } from '../core/pipeline/index.js';
import type { EngineOptions, ResultSink, RunFailure } from './engine-options.js';
import { Turn } from './event-loop.js';
import { OpItemError, type AnyIterable, type OpItemResult } from './items.js';
import { OrderedResults } from './ordered-results.js';
import type { ProgressCounter } from './progress.js';
import { ItemSource } from './source.js';
import { UnderWay, type Item } from './under-way.js';

/** Processes the items of a source with bounded concurrency. */
export class MapEngine<I, R> {
  readonly #source: ItemSource<I>;
  readonly #turn: Turn;
  readonly #sink: ResultSink<R, I>;
  readonly #underWay = new UnderWay<I>();
  /** Whether items are being pulled now: an item that completes synchronously must not start a nested loop. */
  #pulling = false;
  /** The reader got a result and has not requested the next: it may stop, and further work would be wasted. */
  #handed = false;
  #ended = false;
  #failure: RunFailure | undefined;
  #aborted: { readonly reason: unknown } | undefined;
  #pulled = 0;
  #taken = 0;

  constructor(
    items: AnyIterable<I>,
    private readonly options: EngineOptions<I>,
    private readonly progress: ProgressCounter,
    sink: ResultSink<R, I>,
  ) {
    this.#sink = options.ordered ? new OrderedResults(sink) : sink;
    this.#source = new ItemSource(items, {
      item: (item) =>
        this.#begin({ index: this.#pulled++, item, undecided: false, task: undefined, place: -1 }),
      failed: (reason) => (this.#failure ??= { reason, by: 'source' }),
      ready: () => this.#pull(),
    });
    this.#turn = new Turn(options.loop, () => {
      this.#handed = false;
      this.#pull();
    });
  }

  start(): void {
    if (this.#ended) return;
    this.progress.start();
    if (!this.#failure) this.#source.open();
    this.#pull();
  }

  /** The reader was waiting and got a result. More items are pulled on its next request, or in the next turn. */
  handed(): void {
    this.#taken++;
    this.#handed = true;
    if (!this.#source.exhausted) this.#turn.begin();
  }

  /** The reader took a result that was ready: another item may be pulled. */
  taken(): void {
    this.#taken++;
    this.wanted();
  }

  wanted(): void {
    this.#handed = false;
    this.#pull();
  }

  /** Stops pulling items. Running items finish. */
  stopTaking(reason: unknown): void {
    if (this.#ended) return;
    this.#failure ??= { reason };
    this.#source.leave();
    this.#endIfDone();
  }

  abort(reason: unknown): void {
    this.#abort({ reason });
  }

  #abort(failure: RunFailure): void {
    if (this.#ended) return;
    const { reason } = failure;
    this.#failure ??= failure;
    this.#aborted ??= { reason };
    this.#source.leave();
    for (const item of this.#underWay.all()) if (item.undecided) this.#fail(item, 'aborted', reason);
    this.options.abortRunning(reason);
    this.#endIfDone();
    if (!this.#ended) this.options.loop.later(() => this.#giveUp());
  }

  /** An aborted item whose own code does not settle must not delay the end of the run. */
  #giveUp(): void {
    for (const item of this.#underWay.all()) this.#fail(item, 'aborted', this.#aborted?.reason);
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
    if (waiting || exhausted || this.#handed) return false;
    if (this.#underWay.size >= workers || this.#pulled - this.#taken >= window) return false;
    this.#turn.begin();
    return !this.#turn.spent();
  }

  #begin(item: Item<I>): void {
    this.#underWay.add(item);
    this.progress.running++;
    const { shouldProcess } = this.options;
    if (!shouldProcess) return this.#work(item);
    let asked: unknown;
    try {
      asked = shouldProcess(item.item, item.index);
      if (isThenable(asked)) return this.#decideLater(item, Promise.resolve(asked));
    } catch (error) {
      return this.#fail(item, 'failed', error);
    }
    this.#decide(item, asked);
  }

  #decideLater(item: Item<I>, asked: Promise<unknown>): void {
    item.undecided = true;
    asked.then(
      (answer) => this.#decide(item, answer),
      (error) => this.#fail(item, 'failed', error),
    );
    // `shouldProcess` may have ended the run.
    if (this.#aborted) this.#fail(item, 'aborted', this.#aborted.reason);
  }

  #decide(item: Item<I>, answer: unknown): void {
    item.undecided = false;
    if (!this.#underWay.has(item)) return;
    if (answer === undefined || answer) this.#work(item);
    else this.#fail(item, 'skipped', undefined);
  }

  #work(item: Item<I>): void {
    if (this.#failure) return this.#fail(item, 'aborted', this.#failure.reason);
    try {
      item.task = this.options.begin(item.item, item.index);
    } catch (error) {
      return this.#fail(item, 'failed', error);
    }
    const succeeded = (value: unknown) => {
      const { index, item: given } = item;
      this.#over(item, { index, item: given, ok: true, value: value as R });
    };
    const failed = (error: unknown) => this.#fail(item, this.#isAbort(error) ? 'aborted' : 'failed', error);
    const { result } = item.task;
    if (isThenable(result)) result.then(succeeded, failed);
    // The synchronous part of the method may have ended the run, before there was a wait to interrupt.
    if (this.#aborted) this.#fail(item, 'aborted', this.#aborted.reason);
    else if (!isThenable(result)) succeeded(result);
  }

  #isAbort(error: unknown): boolean {
    if (!this.#failure) return false;
    const { reason, by } = this.#failure;
    // A failed source aborts no items; an item may fail with the same error.
    if ((error === reason && by !== 'source') || error === this.#aborted?.reason) return true;
    return error instanceof OperoShutdownError;
  }

  #fail(entry: Item<I>, reason: OpItemError['reason'], cause: unknown): void {
    if (!this.#underWay.has(entry)) return;
    const { index, item, task } = entry;
    const attempts = task?.attempts() ?? 0;
    const error = withoutStack(() => new OpItemError(index, item, reason, attempts, cause));
    this.#over(entry, { index, item, ok: false, error });
  }

  /** The progress is emitted last: its listeners may end the run, and then the result must already be recorded. */
  #over(item: Item<I>, result: OpItemResult<R, I>): void {
    if (!this.#underWay.remove(item)) return;
    this.#count(result);
    this.#sink.take(result);
    if (!result.ok && result.error.reason === 'failed' && this.options.stopOnError)
      this.#abort({ reason: result.error, by: 'item' });
    this.progress.publish();
    this.#pull();
  }

  #count(result: OpItemResult<R, I>): void {
    const { progress } = this;
    progress.running--;
    if (result.ok) progress.succeeded++;
    else if (result.error.reason === 'skipped') progress.skipped++;
    else progress.failed++;
  }

  #endIfDone(): void {
    if (this.#ended || !this.#source.exhausted || this.#underWay.size > 0) return;
    this.#ended = true;
    this.progress.end();
    this.#sink.end(this.#failure);
  }
}
