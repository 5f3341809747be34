import type { Observable, Subscriber, Subscription } from 'rxjs';
import { Attempt, enclosingScope } from '../core/index.js';

type StreamEvent = (subscriber: Subscriber<unknown>) => void;

/**
 * A source that has shown its first value, or has ended without one. Its attempt, with the bulkhead slot and the signal,
 * is held until it completes, fails, or its subscriber leaves.
 */
export class Stream {
  #pending: StreamEvent[] = [];
  #subscriber: Subscriber<unknown> | undefined;
  #subscription: Subscription | undefined;
  #over = false;

  private constructor(
    private readonly attempt: Attempt,
    private readonly release: () => void,
  ) {}

  /** Subscribes within the current attempt, and resolves at the first value or the end. Given up with its attempt. */
  static open(source: Observable<unknown>): Promise<Stream> {
    const attempt = enclosingScope() as Attempt;
    return new Promise((resolve, reject) => {
      const stream = new Stream(attempt, attempt.hold());
      attempt.signal.addEventListener('abort', () => stream.#fail(attempt.signal.reason), { once: true });
      stream.#listen(source, () => resolve(stream), reject);
    });
  }

  /** Passes on what has come and what will come. */
  connect(subscriber: Subscriber<unknown>): void {
    // What arrives meanwhile comes after what was there before.
    for (let index = 0; index < this.#pending.length && !subscriber.closed; index++)
      this.#pending[index]!(subscriber);
    this.#pending = [];
    this.#subscriber = subscriber;
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
    const subscription = source.subscribe({
      next: (value) => start((subscriber) => subscriber.next(value)),
      complete: () => {
        this.#end();
        start((subscriber) => subscriber.complete());
      },
      error: (error) => {
        this.#end();
        if (started) this.#push((subscriber) => subscriber.error(error));
        else onFailure(error);
      },
    });
    if (this.#over) subscription.unsubscribe();
    else this.#subscription = subscription;
  }

  /** Passes an event on, or keeps it until somebody listens. */
  #push(event: StreamEvent): void {
    if (this.#subscriber) event(this.#subscriber);
    else this.#pending.push(event);
  }

  #fail(reason: unknown): void {
    if (this.#over) return;
    this.#end();
    this.#subscription?.unsubscribe();
    this.#push((subscriber) => subscriber.error(reason));
  }

  #end(): void {
    this.#over = true;
    this.release();
  }
}
