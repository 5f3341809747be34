/** What an abort ends. */
export interface Interruptible {
  interrupt(reason: unknown): void;
}

/** Notified when a wait has ended. */
export interface Waiter {
  settled(over: Interruptible): void;
  /** The wait was cancelled, and the code that cancels it threw. */
  cancelFailed(error: unknown): void;
}

/** A wait of a scope. It ends once: with a value, an error, or an interrupt, which cancels it. */
export abstract class Wait<T> implements Interruptible {
  #waiter: Waiter | undefined;
  #resolve!: (value: T) => void;
  #reject!: (reason: unknown) => void;
  #interrupted = false;

  /** @internal Starts the wait for `waiter`. */
  beginFor(waiter: Waiter): Promise<T> {
    this.#waiter = waiter;
    return new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      try {
        this.begin();
      } catch (error) {
        this.fail(error);
      }
      // Its own code aborted the scope, when there was nothing to cancel yet.
      if (this.#interrupted) this.#cancel();
    });
  }

  /** @internal Ends the wait with `reason`, without notifying the waiter. */
  interrupt(reason: unknown): void {
    this.#interrupted = true;
    this.#cancel();
    this.#reject(reason);
  }

  #cancel(): void {
    try {
      this.giveUp();
    } catch (error) {
      this.#waiter?.cancelFailed(error);
    }
  }

  /** Starts to wait; from now on {@link succeed} or {@link fail} may be called. */
  protected abstract begin(): void;

  /** Cancels the wait. */
  protected abstract giveUp(): void;

  protected succeed(value: T): void {
    this.#waiter?.settled(this);
    this.#resolve(value);
  }

  protected fail(reason: unknown): void {
    this.#waiter?.settled(this);
    this.#reject(reason);
  }
}

/** Starts a wait; returns a function that cancels it. */
export type BeginWait<T> = (resolve: (value: T) => void, reject: (reason: unknown) => void) => () => void;

/** A wait made from a function. */
export class CallbackWait<T> extends Wait<T> {
  #giveUp: (() => void) | undefined;

  constructor(private readonly start: BeginWait<T>) {
    super();
  }

  protected begin(): void {
    this.#giveUp = this.start(
      (value) => this.succeed(value),
      (reason) => this.fail(reason),
    );
  }

  protected giveUp(): void {
    this.#giveUp?.();
  }
}
