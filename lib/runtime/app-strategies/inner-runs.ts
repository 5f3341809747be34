import { withdrawRun, type Call } from '../../core/call/index.js';
import { isThenable } from '../../core/pipeline/index.js';
import type { Runner } from '../../core/strategy/index.js';
import type { Callbacks } from './callbacks.js';

const nothing = (): void => undefined;

/** What is inside of an around strategy, for one call: it runs once at a time, and not beyond the strategy's answer. */
export class InnerRuns implements Runner {
  #running: Promise<unknown> | undefined;
  #closed = false;
  /** Why a run was cancelled. */
  #cancelled: { readonly reason: unknown } | undefined;

  constructor(
    private readonly option: string,
    private readonly next: Runner,
    private readonly callbacks: Callbacks,
  ) {}

  get running(): boolean {
    return this.#running !== undefined;
  }

  run(call: Call): ReturnType<Runner['run']> {
    if (this.#closed) return this.#tooLate(call);
    if (this.#running)
      throw new Error(
        `the strategy ${this.option} called next.run() while it ran, allowed: one after the other`,
      );
    const result = this.next.run(call);
    if (!isThenable(result)) return result;
    return (this.#running = this.#watch(result));
  }

  #watch(result: PromiseLike<unknown>): Promise<unknown> {
    const ended = (): void => {
      this.#running = undefined;
    };
    const run = Promise.resolve(result).finally(ended);
    const told = run.catch((error) => {
      throw this.#cancelled ? this.#cancelled.reason : error;
    });
    // A strategy that answers without waiting for it is not to end the process.
    told.catch(nothing);
    return told;
  }

  /** The strategy has answered: cancels what still runs. Resolves when it has ended. */
  async close(call: Call): Promise<void> {
    this.#closed = true;
    if (!this.#running) return;
    const answered = `the strategy ${this.option} has answered`;
    this.#cancelled = call.stopped ?? { reason: new DOMException(answered, 'AbortError') };
    await withdrawRun(call, this.#running, this.#cancelled.reason);
  }

  /** Nothing may wait for this promise, and its rejection must not end the process. */
  #tooLate(call: Call): Promise<never> {
    const error = new Error(`the strategy ${this.option} called next.run() after it had answered`);
    this.callbacks.report('around', 'what is inside it did not run again', call, error);
    const rejected = Promise.reject(error);
    rejected.catch(nothing);
    return rejected;
  }
}
