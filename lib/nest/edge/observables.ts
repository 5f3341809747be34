import { AsyncResource } from 'node:async_hooks';
import { from, isObservable, Observable, type Subscriber, type Subscription } from 'rxjs';
import type { Invocation } from '../../core/call/index.js';
import { isThenable } from '../../core/pipeline/index.js';
import type { Operation, OperoRuntime } from '../../runtime/index.js';
import { Stream } from './stream.js';

/**
 * Wraps an Observable: cold as before, retried only until its first value, to which timeouts apply too, and
 * unsubscribed with its subscriber.
 */
export function protect(
  runtime: OperoRuntime,
  operation: Operation,
  invocation: Invocation,
  assembled?: Observable<unknown>,
): Observable<unknown> {
  let first = assembled;
  return new Observable((subscriber) => {
    let delivered: Pick<Subscription, 'unsubscribe'> | undefined;
    let over = false;
    const reader = { subscriber, context: new AsyncResource('OperoStream') };
    const method = (...args: never[]) => {
      const source = first ?? from(invocation.method.apply(invocation.self, args) as Observable<unknown>);
      first = undefined;
      return Stream.open(source, reader);
    };
    // The stream of a fallback is held like the method's. If it fails before its first value, the fallback has
    // failed.
    const adapt = (answer: unknown): unknown => {
      if (isObservable(answer)) return Stream.open(answer, reader);
      return isThenable(answer) ? Promise.resolve(answer).then(adapt) : answer;
    };
    const { call, result } = operation.start({ ...invocation, method, adapt }, runtime.scope);
    result.then(
      (answer) => {
        over = true;
        delivered = deliver(answer, subscriber);
        if (subscriber.closed) delivered?.unsubscribe();
      },
      (error) => {
        over = true;
        subscriber.error(error);
      },
    );
    return () => {
      delivered?.unsubscribe();
      if (!over) call.abort(new DOMException('The subscriber went away', 'AbortError'));
    };
  });
}

/** Connects the subscriber to the stream, or to the result of a fallback. */
function deliver(
  answer: unknown,
  subscriber: Subscriber<unknown>,
): Pick<Subscription, 'unsubscribe'> | undefined {
  if (answer instanceof Stream) {
    answer.connect();
    return { unsubscribe: () => answer.leave() };
  }
  if (isObservable(answer)) return answer.subscribe(subscriber);
  if (isThenable(answer)) return from(Promise.resolve(answer)).subscribe(subscriber);
  subscriber.next(answer);
  subscriber.complete();
  return undefined;
}
