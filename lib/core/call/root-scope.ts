import { Scope } from './scope.js';

/** The outermost scope of a runtime. */
export class RootScope extends Scope {
  #idle: (() => void) | undefined;
  #deadline = Infinity;

  protected override get ownDeadline(): number {
    return this.#deadline;
  }

  /** Limits every wait to this moment. */
  endBy(deadline: number): void {
    this.#deadline = deadline;
  }

  /** Resolves when nothing is running that a shutdown waits for. */
  whenIdle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => (this.#idle = resolve));
  }

  override childEnded(): void {
    if (this.#idle && this.#isIdle()) this.#idle();
  }

  #isIdle(): boolean {
    return !this.some(({ active }) => active);
  }
}
