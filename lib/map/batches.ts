import { systemEventLoop, Turn, type EventLoop } from './event-loop.js';
import { Lists, openSource, sizeOf, type AnyIterable } from './items.js';

/** Items put together in lists, and how many lists there will be, if the items say how many they are. */
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
