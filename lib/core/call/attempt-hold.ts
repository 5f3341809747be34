import type { Call } from './call.js';

/** The use of an attempt's result beyond its answer, such as an open stream, and what is to be done at its end. */
export class AttemptHold {
  readonly #callbacks: (() => void)[] = [];

  add(callback: () => void): void {
    this.#callbacks.push(callback);
  }

  /** Runs all callbacks. One that throws must not keep the permits that the others return. */
  release(call: Call): void {
    for (const callback of this.#callbacks) {
      try {
        callback();
      } catch (error) {
        call.monitor.callbackFailed('whenReleased()', 'permits are returned', call, error);
      }
    }
  }
}
