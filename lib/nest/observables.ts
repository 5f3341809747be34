import { from, isObservable, Observable, type Subscriber, type Subscription } from 'rxjs';
import { currentCall, isThenable, type Invocation } from '../core/index.js';
import type { Operation, OperoRuntime } from '../runtime/index.js';

/**
 * Makes an Observable of calls: cold as before, tried again only until its first value, which is what timeouts wait
 * for, and torn down with its subscriber.
 */
export function protect(
  runtime: OperoRuntime,
  operation: Operation,
  invocation: Invocation,
  assembled?: Observable<unknown>,
): Observable<unknown> {
  let first = assembled;
  return new Observable((subscriber) => {
    let stream: Subscription | undefined;
    const method = (...args: never[]) => {
      const source = first ?? from(invocation.method.apply(invocation.self, args) as Observable<unknown>);
      first = undefined;
      return begin(source);
    };
    const { call, result } = operation.start({ ...invocation, method }, runtime.scope);
    let over = false;
    result.then(
      (answer) => {
        over = true;
        stream = subscriber.closed ? discard(answer) : deliver(answer, subscriber);
      },
      (error) => {
        over = true;
        subscriber.error(error);
      },
    );
    return () => {
      stream?.unsubscribe();
      if (!over) call.abort(new DOMException('The subscriber went away', 'AbortError'));
    };
  });
}

/** A stream that has shown its first value, or has ended without one. */
class Stream {
  #pending: ((subscriber: Subscriber<unknown>) => void)[] = [];
  #subscriber: Subscriber<unknown> | undefined;
  subscription: Subscription | undefined;

  /** Passes an event on, or keeps it until somebody listens. */
  push(event: (subscriber: Subscriber<unknown>) => void): void {
    if (this.#subscriber) event(this.#subscriber);
    else this.#pending.push(event);
  }

  connect(subscriber: Subscriber<unknown>): void {
    this.#subscriber = subscriber;
    for (const event of this.#pending.splice(0)) event(subscriber);
  }
}

/** Subscribes, and resolves at the first value or the end. Given up with its try. */
function begin(source: Observable<unknown>): Promise<Stream> {
  const { signal } = currentCall();
  return new Promise((resolve, reject) => {
    const stream = new Stream();
    let started = false;
    const start = (event: (subscriber: Subscriber<unknown>) => void) => {
      stream.push(event);
      if (started) return;
      started = true;
      resolve(stream);
    };
    // Also after the first value: until its try has won, another may. A try that has won is never aborted.
    const giveUp = () => stream.subscription?.unsubscribe();
    signal.addEventListener('abort', giveUp, { once: true });
    stream.subscription = source.subscribe({
      next: (value) => start((subscriber) => subscriber.next(value)),
      complete: () => start((subscriber) => subscriber.complete()),
      error: (error) => {
        if (started) stream.push((subscriber) => subscriber.error(error));
        else reject(error);
      },
    });
  });
}

/** Hands the answer on: the stream, or what a fallback gave in its place. */
function deliver(answer: unknown, subscriber: Subscriber<unknown>): Subscription | undefined {
  if (answer instanceof Stream) {
    answer.connect(subscriber);
    return answer.subscription;
  }
  if (isObservable(answer)) return answer.subscribe(subscriber);
  if (isThenable(answer)) return from(Promise.resolve(answer)).subscribe(subscriber);
  subscriber.next(answer);
  subscriber.complete();
  return undefined;
}

function discard(answer: unknown): undefined {
  if (answer instanceof Stream) answer.subscription?.unsubscribe();
  return undefined;
}
