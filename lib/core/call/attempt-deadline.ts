import { Deadline, type TimeLimit } from '../time/deadlines.js';

/** An attempt with a time limit. */
export interface TimedAttempt {
  timedOut: Error | undefined;
  abort(reason: unknown): void;
}

/** The deadline of an attempt. */
export class AttemptDeadline<A extends TimedAttempt> extends Deadline {
  constructor(
    private readonly attempt: A,
    private readonly limit: TimeLimit<A>,
  ) {
    super();
  }

  expire(): void {
    // The error is delivered later in the async context of the call, because this timer is shared by many calls.
    this.attempt.timedOut = this.limit.expired(this.attempt);
    this.attempt.abort(this.attempt.timedOut);
  }
}
