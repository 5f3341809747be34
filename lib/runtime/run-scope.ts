import { Scope } from '../core/call/index.js';

/** Where the calls of one run belong: an abort, or a shutdown, reaches the run through it. */
export class RunScope extends Scope {
  engine: { abort(reason: unknown): void; stopTaking(reason: unknown): void } | undefined;

  protected override stop(reason: unknown): void {
    if (this.stopped) return;
    super.stop(reason);
    this.engine?.abort(reason);
  }

  protected override beginDrain(reason: unknown): void {
    this.engine?.stopTaking(reason);
  }

  abortCalls(reason: unknown): void {
    for (const child of this.children()) child.abort(reason);
  }
}
