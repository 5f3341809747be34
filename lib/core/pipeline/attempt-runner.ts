import type { Attempt, AttemptWaiter } from '../call/attempt.js';
import type { Call } from '../call/call.js';
import { isThenable } from './frame.js';
import type { GateChain } from './gate-chain.js';
import { PENDING, REFUSED } from '../call/outcomes.js';
import type { AttemptTimeLimit } from '../strategy/strategy.js';

/** Told how attempts end, and decides what comes next. */
export interface AttemptFrame {
  /** `thrown` says that a gate threw: the call fails with `value`. */
  over(attempt: Attempt, ok: boolean, value: unknown, now: number, thrown: boolean): unknown;
  /** Tells a call whose caller waits for a promise what a step has come to. */
  tell(call: Call, result: unknown): void;
  /** Ends a call in the one way calls end, whatever was thrown where nothing should be. */
  crash(call: Call, error: unknown): unknown;
}

/** Takes an attempt through the gates and the method, as far as it goes at once. */
export class AttemptRunner implements AttemptWaiter {
  constructor(
    private readonly gates: GateChain,
    private readonly limit: AttemptTimeLimit | undefined,
    private readonly frame: AttemptFrame,
  ) {}

  /** Takes an attempt as far as it goes at once; where it has to wait, the call is told later. */
  begin(attempt: Attempt, now: number): unknown {
    let entered: Promise<unknown> | typeof REFUSED | undefined;
    try {
      entered = this.gates.enter(attempt, now);
    } catch (error) {
      return this.#end(attempt, false, error);
    }
    if (entered === undefined) return this.#invoke(attempt, now);
    return entered === REFUSED
      ? this.#end(attempt, false, attempt.refusal)
      : this.#enterLater(attempt, entered);
  }

  /** The method has answered, or the wait for it was cut short. */
  settled(attempt: Attempt, ok: boolean, outcome: unknown): void {
    const { call } = attempt;
    let result: unknown;
    try {
      result = this.#end(attempt, ok, outcome);
    } catch (error) {
      result = this.frame.crash(call, error);
    }
    this.frame.tell(call, result);
  }

  #enterLater(attempt: Attempt, token: Promise<unknown>): unknown {
    const { call } = attempt;
    token.then(
      (given) => {
        const now = call.operation.clock.now();
        attempt.tokens.push(given);
        attempt.startedAt = now;
        // Given up in the moment in which the wait was over, it must not begin the next one.
        if (attempt.stopped) this.settled(attempt, false, attempt.stopped.reason);
        else this.#goOn(attempt, now);
      },
      (error) => this.settled(attempt, false, error),
    );
    return PENDING;
  }

  #goOn(attempt: Attempt, now: number): void {
    const { call } = attempt;
    let result: unknown;
    try {
      result = this.begin(attempt, now);
    } catch (error) {
      result = this.frame.crash(call, error);
    }
    this.frame.tell(call, result);
  }

  #invoke(attempt: Attempt, now: number): unknown {
    if (attempt.stopped) return this.#end(attempt, false, attempt.stopped.reason);
    if (this.limit) attempt.startTimer(this.limit, now);
    this.gates.start(attempt, now);
    let result: unknown;
    try {
      result = attempt.invoke();
      if (isThenable(result)) {
        attempt.awaitMethod(result, this);
        return PENDING;
      }
    } catch (error) {
      return this.#end(attempt, false, error);
    }
    return this.#end(attempt, true, result);
  }

  /** An attempt is over: the gates it entered are left, and it is decided what comes next. */
  #end(attempt: Attempt, ok: boolean, outcome: unknown): unknown {
    const { call } = attempt;
    const now = call.operation.clock.now();
    attempt.stopTimer();
    if (attempt.timedOut) call.monitor.emit('timeout', call, { error: attempt.timedOut });
    const thrown = this.gates.leave(attempt, now, ok, outcome);
    attempt.answered();
    // Nobody waits any more for an attempt that outlived its call; one of several still gives back what it was paid with.
    if (call.ended && !attempt.round) return PENDING;
    // What a gate throws does not hide what the method failed with.
    const failed = !ok || thrown !== undefined;
    const value = ok && thrown ? thrown.error : outcome;
    return this.frame.over(attempt, !failed, value, now, thrown !== undefined);
  }
}
