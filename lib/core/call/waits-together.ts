import type { Interruptible } from './wait.js';

/** Several waits of one scope, as a strategy of an app may have beside those of the pipeline. */
export class WaitsTogether implements Interruptible {
  constructor(
    private readonly earlier: Interruptible,
    private readonly latest: Interruptible,
  ) {}

  interrupt(reason: unknown): void {
    this.latest.interrupt(reason);
    this.earlier.interrupt(reason);
  }

  /** What remains when `over` has ended, by default the latest. */
  without(over = this.latest): Interruptible {
    const { earlier, latest } = this;
    if (over === latest) return earlier;
    if (over === earlier) return latest;
    return earlier instanceof WaitsTogether ? new WaitsTogether(earlier.without(over), latest) : this;
  }
}
