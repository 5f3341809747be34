import { Deadline, type TimeLimit } from '../time/deadlines.js';

/** An attempt whose time is bounded. */
export interface TimedAttempt {
  timedOut: Error | undefined;
  abort(reason: unknown): void;
}

/** Strikes when an attempt has taken too long. */
export class AttemptDeadline<A extends TimedAttempt> extends Deadline {
  constructor(
    private readonly attempt: A,
    private readonly limit: TimeLimit<A>,
  ) {
    super();
  }

  expire(): void {
    // Told later, in the async context of the call: this timer belongs to many.
    this.attempt.timedOut = this.limit.expired(this.attempt);
    this.attempt.abort(this.attempt.timedOut);
  }
}
