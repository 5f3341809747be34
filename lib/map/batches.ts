import { systemEventLoop, Turn, type EventLoop } from './event-loop.js';
import { openSource, sizeOf, type AnyIterable } from './items.js';

/** Items put together in lists, and how many lists there will be, if the items say how many they are. */
export class Batches<T> implements AsyncIterable<T[]> {
  readonly total: number | undefined;

  constructor(
    private readonly items: AnyIterable<T>,
    private readonly size: number,
    private readonly loop: EventLoop = systemEventLoop,
  ) {
    const count = sizeOf(items);
    this.total = count === undefined ? undefined : Math.ceil(count / size);
  }

  /** The last list may be shorter; it comes before the source's error, if there is one. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T[]> {
    let batch: T[] = [];
    let failure: { readonly error: unknown } | undefined;
    let resume = () => {};
    const turn = new Turn(this.loop, () => resume());
    const opened = openSource(this.items);
    const source = { [Symbol.asyncIterator]: () => opened as AsyncIterator<T> };
    try {
      for await (const item of source) {
        batch.push(item);
        turn.begin();
        if (turn.spent()) await new Promise<void>((resolve) => (resume = resolve));
        if (batch.length < this.size) continue;
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
