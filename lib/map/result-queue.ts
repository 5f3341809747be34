import type { ResultSink, RunFailure } from './engine-options.js';
import type { OpItemResult } from './items.js';

type Reader<R, I> = {
  resolve(result: IteratorResult<OpItemResult<R, I>>): void;
  reject(reason: unknown): void;
};

interface Link<T> {
  readonly value: T;
  next: Link<T> | undefined;
}

/** A first-in, first-out queue that does not retain removed elements. */
class Line<T> {
  #first: Link<T> | undefined;
  #last: Link<T> | undefined;

  push(value: T): void {
    const link: Link<T> = { value, next: undefined };
    if (this.#last) this.#last.next = link;
    else this.#first = link;
    this.#last = link;
  }

  shift(): T | undefined {
    const first = this.#first;
    this.#first = first?.next;
    if (!this.#first) this.#last = undefined;
    return first?.value;
  }

  clear(): void {
    this.#first = this.#last = undefined;
  }
}

/** Notified of what the reader does. */
export interface QueueListener {
  /** The reader took a result that was ready. */
  taken(): void;
  /** The reader was waiting and got a result. */
  handed(): void;
  /** The reader waits for a result. */
  wanted(): void;
  /** The reader stopped iterating. */
  left(): void;
}

/** Passes results to one reader on demand. */
export class ResultQueue<R, I> implements ResultSink<R, I>, AsyncIterableIterator<OpItemResult<R, I>> {
  readonly #results = new Line<OpItemResult<R, I>>();
  readonly #readers = new Line<Reader<R, I>>();
  #end: { readonly failure: { readonly reason: unknown } | undefined } | undefined;
  #left = false;

  constructor(private readonly listener: QueueListener) {}

  take(result: OpItemResult<R, I>): void {
    if (this.#left) return;
    const reader = this.#readers.shift();
    if (!reader) return this.#results.push(result);
    reader.resolve({ done: false, value: result });
    this.listener.handed();
  }

  end(failure: RunFailure | undefined): void {
    if (this.#left) return;
    this.#end = { failure };
    this.#finishAll();
  }

  next(): Promise<IteratorResult<OpItemResult<R, I>>> {
    const value = this.#results.shift();
    if (value) {
      this.listener.taken();
      return Promise.resolve({ done: false, value });
    }
    return new Promise((resolve, reject) => {
      const reader = { resolve, reject };
      if (this.#end) return this.#finish(reader);
      this.#readers.push(reader);
      this.listener.wanted();
    });
  }

  /** The reader stopped early: the run ends without an error. */
  return(): Promise<IteratorResult<OpItemResult<R, I>>> {
    this.#results.clear();
    const ended = this.#end !== undefined;
    this.#left = true;
    this.#end = { failure: undefined };
    this.#finishAll();
    if (!ended) this.listener.left();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #finishAll(): void {
    for (let reader = this.#readers.shift(); reader; reader = this.#readers.shift()) this.#finish(reader);
  }

  #finish(reader: Reader<R, I>): void {
    const failure = this.#end?.failure;
    // The failure is reported once. After that the iterator is just done.
    this.#end = { failure: undefined };
    if (failure) reader.reject(failure.reason);
    else reader.resolve({ done: true, value: undefined });
  }
}
