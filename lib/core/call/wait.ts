/** Who waits, and is told that the wait is over. */
export interface Waiter {
  settled(): void;
}

/** What a scope waits for. It ends once: with a value, with a failure, or by an interrupt, which gives it up. */
export abstract class Wait<T> {
  #waiter: Waiter | undefined;
  #resolve!: (value: T) => void;
  #reject!: (reason: unknown) => void;

  /** @internal Begins on behalf of `waiter`. */
  beginFor(waiter: Waiter): Promise<T> {
    this.#waiter = waiter;
    return new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.begin();
    });
  }

  /** @internal Ends the wait with `reason`; its waiter knows. */
  interrupt(reason: unknown): void {
    this.giveUp();
    this.#reject(reason);
  }

  /** Begins to wait: from now on it may {@link succeed} or {@link fail}. */
  protected abstract begin(): void;

  /** The waiter waits no more: whatever would end the wait is taken back. */
  protected abstract giveUp(): void;

  protected succeed(value: T): void {
    this.#waiter?.settled();
    this.#resolve(value);
  }

  protected fail(reason: unknown): void {
    this.#waiter?.settled();
    this.#reject(reason);
  }
}

/** Starts a wait; returns how to give it up. */
export type BeginWait<T> = (resolve: (value: T) => void, reject: (reason: unknown) => void) => () => void;

/** A wait told by functions. */
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
