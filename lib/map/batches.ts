import { systemEventLoop, Turn, type EventLoop } from './event-loop.js';
import { Lists, openSource, sizeOf, type AnyIterable } from './items.js';

/** A source that gives nothing more once it was closed. */
class Leavable<T> implements AsyncIterator<T> {
  #source: Iterator<T> | AsyncIterator<T> | undefined;
  #left = false;

  constructor(private readonly items: AnyIterable<T>) {}

  async next(): Promise<IteratorResult<T>> {
    if (this.#left) return { done: true, value: undefined };
    return (this.#source ??= openSource(this.items)).next();
  }

  async return(): Promise<IteratorResult<T>> {
    this.#left = true;
    await this.#source?.return?.();
    return { done: true, value: undefined };
  }
}

/** Groups items into lists. Knows how many lists there will be if the source knows its size. */
export class Batches<T> extends Lists implements AsyncIterable<T[]> {
  readonly size: number | undefined;

  constructor(
    private readonly items: AnyIterable<T>,
    private readonly length: number,
    private readonly loop: EventLoop = systemEventLoop,
  ) {
    super();
    const count = sizeOf(items);
    this.size = count === undefined ? undefined : Math.ceil(count / length);
  }

  [Symbol.asyncIterator](): AsyncIterator<T[]> {
    const source = new Leavable(this.items);
    const lists = this.#lists(source);
    let asked = 0;
    return {
      next: async () => {
        asked++;
        try {
          return await lists.next();
        } finally {
          asked--;
        }
      },
      // A generator that waits for an item can only be closed after that item: the source is closed directly.
      return: async () => {
        if (asked > 0) await source.return();
        else await lists.return(undefined);
        return { done: true, value: undefined };
      },
    };
  }

  /** The last list may be shorter. It comes before the error of the source, if any. */
  async *#lists(opened: Leavable<T>): AsyncGenerator<T[], undefined> {
    let batch: T[] = [];
    let failure: { readonly error: unknown } | undefined;
    let resume = () => {};
    const turn = new Turn(this.loop, () => resume());
    const source = { [Symbol.asyncIterator]: () => opened };
    try {
      for await (const item of source) {
        batch.push(item);
        turn.begin();
        if (turn.spent()) await new Promise<void>((resolve) => (resume = resolve));
        if (batch.length < this.length) continue;
        const full = batch;
        batch = [];
        yield full;
      }
    } catch (error) {
      failure = { error };
    }
    if (batch.length > 0) yield batch;
    if (failure) throw failure.error;
  }
}
