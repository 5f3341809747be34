import { NoteKey, withdrawRun, type Call } from '../../core/call/index.js';
import { isThenable } from '../../core/pipeline/index.js';
import type { Runner } from '../../core/strategy/index.js';
import type { Callbacks } from './callbacks.js';

const nothing = (): void => undefined;

/** The runs that a call is in: those of the innermost strategy. */
const CURRENT = new NoteKey<InnerRuns>();

/** What is inside of an around strategy, for one call: it runs once at a time, and not beyond the strategy's answer. */
export class InnerRuns implements Runner {
  /** The runs of the strategy further out, in one of which these are. */
  readonly #outer: InnerRuns | undefined;
  #running: Promise<unknown> | undefined;
  #closed = false;
  /** Why the call was aborted before the strategy answered. */
  #aborted: { readonly reason: unknown } | undefined;

  constructor(
    private readonly option: string,
    private readonly next: Runner,
    private readonly callbacks: Callbacks,
    call: Call,
  ) {
    this.#outer = call.notes.get(CURRENT);
  }

  get running(): boolean {
    return this.#running !== undefined;
  }

  /** Whether a strategy further out has answered, so that nobody waits for this one. */
  get abandoned(): boolean {
    const outer = this.#outer;
    return outer !== undefined && (outer.#closed || outer.abandoned);
  }

  run(call: Call): ReturnType<Runner['run']> {
    if (this.#closed) return this.#tooLate(call);
    if (this.#running)
      throw new Error(
        `the strategy ${this.option} called next.run() while it ran, allowed: one after the other`,
      );
    call.notes.set(CURRENT, this);
    const result = this.next.run(call);
    if (!isThenable(result)) return result;
    return (this.#running = this.#watch(result));
  }

  #watch(result: PromiseLike<unknown>): Promise<unknown> {
    const run = Promise.resolve(result).finally(() => (this.#running = undefined));
    // A strategy that answers without waiting for it is not to end the process.
    run.catch(nothing);
    return run;
  }

  /** The strategy has answered, or the call was aborted: cancels what still runs. Resolves when it has ended. */
  async close(call: Call): Promise<void> {
    this.#closed = true;
    this.#aborted ??= call.stopped;
    if (!this.#running) return;
    const answered = new DOMException(`the strategy ${this.option} has answered`, 'AbortError');
    await withdrawRun(call, this.#running, answered);
  }

  /** Nothing may wait for this promise, and its rejection must not end the process. */
  #tooLate(call: Call): Promise<never> {
    let error = this.#aborted?.reason;
    if (!this.#aborted) {
      error = new Error(`the strategy ${this.option} called next.run() after it had answered`);
      this.callbacks.report('around', 'what is inside it did not run again', call, error);
    }
    const rejected = Promise.reject(error);
    rejected.catch(nothing);
    return rejected;
  }
}
