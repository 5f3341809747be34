import { show } from '../core/options/index.js';
import { isThenable } from '../core/pipeline/index.js';
import { openSource, type AnyIterable } from './items.js';

/** Told what a source gives. */
export interface SourceListener<I> {
  item(item: I): void;
  failed(error: unknown): void;
  /** The source has answered after a while: more may be pulled. */
  ready(): void;
}

/**
 * A source of items. Its `next` is never called twice at once, and its `return` is called when it is left early. A
 * source that breaks the rules of iterators fails; whatever it does, nothing is thrown here.
 */
export class ItemSource<I> {
  /** Waits for an answer. */
  waiting = false;
  /** Gives no more items. */
  exhausted = false;
  #iterator: Iterator<I> | AsyncIterator<I> | undefined;
  /** The source's own code is running: it cannot be closed from inside of itself. */
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
    // Its own opening may have ended the run.
    if (this.exhausted) this.#close();
  }

  /** Asks for the next item, which comes at once or later. */
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

  /** Wants no more items. */
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
      // The run is over whatever the source makes of it.
      if (isThenable(left)) left.then(undefined, () => undefined);
    } catch {
      // As above.
    }
  }

  #answered(take: () => void): void {
    this.waiting = false;
    take();
    this.listener.ready();
  }

  #take(answer: unknown): void {
    // What arrives after the source was left was never begun.
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

/** What `next` answered with, or an error that says what is wrong with it. */
function read<I>(answer: unknown): { done: boolean; value?: I } {
  if ((typeof answer !== 'object' && typeof answer !== 'function') || answer === null)
    throw new TypeError(`got ${show(answer)} from the iterator's next(), allowed: { done, value }`);
  const result = answer as IteratorResult<I>;
  return result.done ? { done: true } : { done: false, value: result.value };
}

/** A promise that settles once, whatever a thenable does. */
function promised(answer: PromiseLike<unknown>): Promise<unknown> {
  if (answer instanceof Promise && answer.then === Promise.prototype.then) return answer;
  return new Promise((resolve) => resolve(answer));
}
