import type { ResultSink } from './engine.js';
import type { OpItemResult } from './items.js';

type Reader<R, I> = {
  resolve(result: IteratorResult<OpItemResult<R, I>>): void;
  reject(reason: unknown): void;
};

/** Hands results to one reader as it asks for them. */
export class ResultQueue<R, I> implements ResultSink<R, I>, AsyncIterator<OpItemResult<R, I>> {
  #results: OpItemResult<R, I>[] = [];
  #first = 0;
  readonly #readers: Reader<R, I>[] = [];
  #end: { readonly failure: { readonly reason: unknown } | undefined } | undefined;

  constructor(
    private readonly onTaken: () => void,
    private readonly onLeft: () => void,
  ) {}

  take(result: OpItemResult<R, I>): void {
    const reader = this.#readers.shift();
    if (!reader) {
      this.#results.push(result);
      return;
    }
    reader.resolve({ done: false, value: result });
    this.onTaken();
  }

  end(failure: { readonly reason: unknown } | undefined): void {
    this.#end = { failure };
    for (const reader of this.#readers.splice(0)) this.#finish(reader);
  }

  next(): Promise<IteratorResult<OpItemResult<R, I>>> {
    const value = this.#shift();
    if (value) {
      this.onTaken();
      return Promise.resolve({ done: false, value });
    }
    return new Promise((resolve, reject) => {
      const reader = { resolve, reject };
      if (this.#end) this.#finish(reader);
      else this.#readers.push(reader);
    });
  }

  /** The reader leaves early: the run ends, and nobody is told of it. */
  return(): Promise<IteratorResult<OpItemResult<R, I>>> {
    this.#results = [];
    this.#first = 0;
    if (!this.#end) this.onLeft();
    this.#end = { failure: undefined };
    return Promise.resolve({ done: true, value: undefined });
  }

  #finish(reader: Reader<R, I>): void {
    const failure = this.#end?.failure;
    // Once told, an iterator is just at its end.
    this.#end = { failure: undefined };
    if (failure) reader.reject(failure.reason);
    else reader.resolve({ done: true, value: undefined });
  }

  #shift(): OpItemResult<R, I> | undefined {
    const value = this.#results[this.#first];
    if (!value) return undefined;
    this.#first++;
    if (this.#first === this.#results.length) {
      this.#results = [];
      this.#first = 0;
    }
    return value;
  }
}
