import { AsyncResource } from 'node:async_hooks';

/**
 * The signal of an attempt. A shared timer may abort in the async context of another call: listeners run in the context in
 * which the signal was first asked for.
 */
export class AttemptSignal {
  readonly #controller = new AbortController();
  readonly #context = new AsyncResource('OperoSignal');

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#context.runInAsyncScope(() => this.#controller.abort(reason));
  }
}
