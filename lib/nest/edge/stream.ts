import type { AsyncResource } from 'node:async_hooks';
import { Subject, takeUntil, type Observable, type Subscriber } from 'rxjs';
import { Attempt, enclosingScope } from '../../core/call/index.js';

type StreamEvent = (subscriber: Subscriber<unknown>) => void;

/** Who listens to a stream, and in which async context. */
export interface StreamReader {
  readonly subscriber: Subscriber<unknown>;
  readonly context: AsyncResource;
}

/** A source that has given so many values and nobody listens yet may go on for ever before it comes to its end. */
const MOST_PENDING = 1_000;

/**
 * A source that has shown its first value, or has ended without one. Its attempt, with the bulkhead slot and the signal,
 * is held until it completes, fails, or its subscriber leaves.
 */
export class Stream {
  #pending: StreamEvent[] | undefined = [];
  #connected = false;
  #over = false;
  #closed = false;
  readonly #closing = new Subject<void>();

  private constructor(
    private readonly attempt: Attempt,
    private readonly reader: StreamReader,
    private readonly release: () => void,
  ) {}

  /** Subscribes within the current attempt, and resolves at the first value or the end. Given up with its attempt. */
  static open(source: Observable<unknown>, reader: StreamReader): Promise<Stream> {
    const attempt = enclosingScope() as Attempt;
    const { signal } = attempt;
    // What made the source may have ended its own attempt: no signal would ever tell of it again.
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const stream = new Stream(attempt, reader, attempt.hold());
      signal.addEventListener('abort', () => stream.#fail(signal.reason), { once: true });
      stream.#listen(source, () => resolve(stream), reject);
    });
  }

  /** Passes on what has come and what will come. */
  connect(): void {
    if (this.#connected) return;
    this.#connected = true;
    // What arrives meanwhile comes after what was there before.
    const pending = this.#pending!;
    for (let index = 0; index < pending.length && !this.reader.subscriber.closed; index++)
      this.#pass(pending[index]!);
    this.#pending = undefined;
  }

  /** The subscriber is gone: the source is released, and the attempt's signal aborts. */
  leave(): void {
    if (!this.#over) this.attempt.abort(new DOMException('The subscriber went away', 'AbortError'));
  }

  #listen(source: Observable<unknown>, onStart: () => void, onFailure: (error: unknown) => void): void {
    let started = false;
    const start = (event: StreamEvent) => {
      this.#push(event);
      started = true;
      onStart();
    };
    // A source that gives its values while it is subscribed to can be left by nothing else.
    takeUntil(this.#closing)(source).subscribe({
      next: (value) => start((subscriber) => subscriber.next(value)),
      complete: () => {
        if (this.#closed) return;
        this.#end();
        start((subscriber) => subscriber.complete());
      },
      error: (error) => {
        this.#end();
        if (started) this.#push((subscriber) => subscriber.error(error));
        else onFailure(error);
      },
    });
  }

  /** Passes an event on, or keeps it until somebody listens. */
  #push(event: StreamEvent): void {
    if (!this.#pending) this.#pass(event);
    else if (this.#pending.push(event) >= MOST_PENDING) this.connect();
  }

  /** In the context of whoever subscribed: what that one begins now is not part of the stream, and not ended with it. */
  #pass(event: StreamEvent): void {
    const { subscriber, context } = this.reader;
    context.runInAsyncScope(event, undefined, subscriber);
    if (subscriber.closed) this.#close();
  }

  #fail(reason: unknown): void {
    if (this.#over) return;
    this.#end();
    this.#close();
    this.#push((subscriber) => subscriber.error(reason));
  }

  #end(): void {
    this.#over = true;
    this.release();
  }

  #close(): void {
    this.#closed = true;
    this.#closing.next();
  }
}
