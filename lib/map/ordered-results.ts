import type { ResultSink, RunFailure } from './engine-options.js';
import type { OpItemResult } from './items.js';

/** Passes results on in the order of their items. A result that is early waits for those before it. */
export class OrderedResults<R, I> implements ResultSink<R, I> {
  readonly #early = new Map<number, OpItemResult<R, I>>();
  #next = 0;

  constructor(private readonly sink: ResultSink<R, I>) {}

  take(result: OpItemResult<R, I>): void {
    if (result.index !== this.#next) return void this.#early.set(result.index, result);
    for (let next: OpItemResult<R, I> | undefined = result; next; next = this.#early.get(this.#next)) {
      this.#early.delete(this.#next++);
      this.sink.take(next);
    }
  }

  end(failure: RunFailure | undefined): void {
    this.sink.end(failure);
  }
}
