import { isThenable } from '../core/index.js';
import { openSource, type AnyIterable } from './items.js';

/** Told what a source gives. */
export interface SourceListener<I> {
  item(item: I): void;
  failed(error: unknown): void;
  /** The source has answered after a while: more may be pulled. */
  ready(): void;
}

/** A source of items. Its `next` is never called twice at once, and its `return` is called when it is left early. */
export class ItemSource<I> {
  /** Waits for an answer. */
  waiting = false;
  /** Gives no more items. */
  exhausted = false;
  #iterator: Iterator<I> | AsyncIterator<I> | undefined;

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
  }

  /** Asks for the next item, which comes at once or later. */
  pull(): void {
    let next: IteratorResult<I> | Promise<IteratorResult<I>>;
    try {
      next = this.#iterator!.next();
    } catch (error) {
      return this.#fail(error);
    }
    if (!isThenable(next)) return this.#take(next);
    this.waiting = true;
    next.then(
      (result) => this.#answered(() => this.#take(result)),
      (error) => this.#answered(() => this.#fail(error)),
    );
  }

  /** Wants no more items. */
  leave(): void {
    if (this.exhausted) return;
    this.exhausted = true;
    try {
      const left = this.#iterator?.return?.();
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

  #take(next: IteratorResult<I>): void {
    // What arrives after the source was left was never begun.
    if (this.exhausted) return;
    if (next.done) this.exhausted = true;
    else this.listener.item(next.value);
  }

  #fail(error: unknown): void {
    if (this.exhausted) return;
    this.exhausted = true;
    this.listener.failed(error);
  }
}
