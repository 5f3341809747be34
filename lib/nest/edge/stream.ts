import type { AsyncResource } from 'node:async_hooks';
import { Subject, takeUntil, type Observable, type Subscriber } from 'rxjs';
import { Attempt, enclosingScope } from '../../core/call/index.js';

type StreamEvent = (subscriber: Subscriber<unknown>) => void;

/** The subscriber of a stream and its async context. */
export interface StreamReader {
  readonly subscriber: Subscriber<unknown>;
  readonly context: AsyncResource;
}

/**
 * Values buffered before the stream is connected. With more it connects at once: a source that emits synchronously may
 * be infinite, and only its subscriber can stop it.
 */
const MOST_PENDING = 1_000;

/**
 * An Observable that has emitted its first value or has completed. Its attempt, with bulkhead slot and signal, is
 * held until it completes, fails or is unsubscribed.
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

  /**
   * Subscribes within the current attempt; resolves at the first value or at completion. Unsubscribes when the
   * attempt is aborted.
   */
  static open(source: Observable<unknown>, reader: StreamReader): Promise<Stream> {
    const attempt = enclosingScope() as Attempt;
    const { signal } = attempt;
    // The attempt may have been aborted while the source was created: the signal would not fire again.
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const stream = new Stream(attempt, reader, attempt.hold());
      signal.addEventListener('abort', () => stream.#fail(signal.reason), { once: true });
      stream.#listen(source, () => resolve(stream), reject);
    });
  }

  /** Emits buffered values to the subscriber, then all further ones. */
  connect(): void {
    if (this.#connected) return;
    this.#connected = true;
    // Values that arrive meanwhile are appended, to keep the order.
    const pending = this.#pending!;
    for (let index = 0; index < pending.length && !this.reader.subscriber.closed; index++)
      this.#pass(pending[index]!);
    this.#pending = undefined;
  }

  /** The subscriber has unsubscribed: the source is released and the attempt's signal aborts. */
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
    // A source that emits synchronously during subscribe can only be stopped this way.
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

  /** Emits an event, or buffers it until the subscriber is connected. */
  #push(event: StreamEvent): void {
    if (!this.#pending) this.#pass(event);
    else if (this.#pending.push(event) >= MOST_PENDING) this.connect();
  }

  /**
   * Runs in the async context of the subscriber: calls made there are not part of the stream and do not end with it.
   */
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
