import { show } from '../core/options/index.js';
import { isThenable } from '../core/pipeline/index.js';
import { openSource, type AnyIterable } from './items.js';

/** Receives the items of a source. */
export interface SourceListener<I> {
  item(item: I): void;
  failed(error: unknown): void;
  /** An asynchronous result has arrived: more items may be pulled. */
  ready(): void;
}

/**
 * A source of items. `next` is never called concurrently, and `return` is called if the run stops early. A source
 * that violates the iterator protocol fails; nothing is thrown here.
 */
export class ItemSource<I> {
  /** Waiting for an asynchronous result of `next`. */
  waiting = false;
  /** No more items follow. */
  exhausted = false;
  #iterator: Iterator<I> | AsyncIterator<I> | undefined;
  /** Code of the source is running: it cannot be closed from inside. */
  #asking = false;
  #toClose = false;

  constructor(
    private readonly items: AnyIterable<I>,
    private readonly listener: SourceListener<I>,
  ) {}

  open(): void {
    try {
      this.#iterator = openSource(this.items);
    } catch (error) {
      this.#fail(error);
    }
    // Opening the source may have ended the run.
    if (this.exhausted) this.#close();
  }

  /** Requests the next item, which arrives synchronously or later. */
  pull(): void {
    let answer: unknown;
    let later: Promise<unknown> | undefined;
    this.#asking = true;
    try {
      answer = nextOf(this.#iterator!);
      if (isThenable(answer)) later = promised(answer);
    } catch (error) {
      this.#asking = false;
      return this.#fail(error);
    }
    this.#asking = false;
    if (this.#toClose) this.#close();
    if (!later) return this.#take(answer);
    this.waiting = true;
    later.then(
      (result) => this.#answered(() => this.#take(result)),
      (error) => this.#answered(() => this.#fail(error)),
    );
  }

  /** Closes the source. */
  leave(): void {
    if (this.exhausted) return;
    this.exhausted = true;
    if (this.#asking) this.#toClose = true;
    else this.#close();
  }

  #close(): void {
    this.#toClose = false;
    const iterator = this.#iterator;
    this.#iterator = undefined;
    try {
      const left = iterator?.return?.();
      // The run has ended: an error from closing the source is ignored.
      if (isThenable(left)) left.then(undefined, () => undefined);
    } catch {
      // Ignored for the same reason.
    }
  }

  #answered(take: () => void): void {
    this.waiting = false;
    take();
    this.listener.ready();
  }

  #take(answer: unknown): void {
    // An item that arrives after the source was closed is dropped.
    if (this.exhausted) return;
    let item: I;
    try {
      const { done, value } = read<I>(answer);
      if (this.exhausted) return;
      if (done) {
        this.exhausted = true;
        return;
      }
      item = value!;
    } catch (error) {
      return this.#fail(error);
    }
    this.listener.item(item);
  }

  #fail(error: unknown): void {
    this.#toClose = false;
    if (this.exhausted) return;
    this.exhausted = true;
    this.listener.failed(error);
  }
}

function nextOf(iterator: Iterator<unknown> | AsyncIterator<unknown>): unknown {
  if (typeof iterator.next === 'function') return iterator.next();
  throw new TypeError(`got an iterator whose next is ${show(iterator.next)}, allowed: a function`);
}

/** Validates the result of `next`. */
function read<I>(answer: unknown): { done: boolean; value?: I } {
  if ((typeof answer !== 'object' && typeof answer !== 'function') || answer === null)
    throw new TypeError(`got ${show(answer)} from the iterator's next(), allowed: { done, value }`);
  const result = answer as IteratorResult<I>;
  return result.done ? { done: true } : { done: false, value: result.value };
}

/** A promise that settles once, even if the thenable does not behave. */
function promised(answer: PromiseLike<unknown>): Promise<unknown> {
  if (answer instanceof Promise && answer.then === Promise.prototype.then) return answer;
  return new Promise((resolve) => resolve(answer));
}
