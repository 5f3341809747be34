import type { Attempt, AttemptWaiter } from '../call/attempt.js';
import type { Call } from '../call/call.js';
import { isThenable } from './frame.js';
import type { GateChain } from './gate-chain.js';
import { PENDING, REFUSED, type CallResult, type Step } from '../call/outcomes.js';
import type { AttemptTimeLimit } from '../strategy/strategy.js';

/** Called when attempts end; decides how the call continues. */
export interface AttemptFrame {
  /** `thrown` means that a gate threw: the call fails with `value`. */
  attemptEnded(attempt: Attempt, ok: boolean, value: unknown, now: number, thrown: boolean): Step;
  /** Continues a call that had to wait: settles its promise, or starts another attempt. */
  proceedWith(call: Call, step: Step): void;
  /** Ends a call after an unexpected error. */
  crash(call: Call, error: unknown): CallResult;
}

/** Runs an attempt through the gates and the method, synchronously as far as possible. */
export class AttemptRunner implements AttemptWaiter {
  constructor(
    private readonly gates: GateChain,
    private readonly limit: AttemptTimeLimit | undefined,
    private readonly frame: AttemptFrame,
  ) {}

  /** Starts an attempt. If it has to wait, the frame is notified later. */
  begin(attempt: Attempt, now: number): Step {
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

  /** The method has settled, or the wait for it was interrupted. */
  settled(attempt: Attempt, ok: boolean, outcome: unknown): void {
    const { call } = attempt;
    let step: Step;
    try {
      step = this.#end(attempt, ok, outcome);
    } catch (error) {
      step = this.frame.crash(call, error);
    }
    this.frame.proceedWith(call, step);
  }

  #enterLater(attempt: Attempt, token: Promise<unknown>): typeof PENDING {
    const { call } = attempt;
    token.then(
      (given) => {
        if (given === REFUSED) return this.settled(attempt, false, attempt.refusal);
        const now = call.operation.clock.now();
        attempt.tokens.push(given);
        attempt.startedAt = now;
        // The attempt was cancelled in the moment its wait ended: it must not continue.
        if (attempt.stopped) this.settled(attempt, false, attempt.stopped.reason);
        else this.#goOn(attempt, now);
      },
      (error) => this.settled(attempt, false, error),
    );
    return PENDING;
  }

  #goOn(attempt: Attempt, now: number): void {
    const { call } = attempt;
    let step: Step;
    try {
      step = this.begin(attempt, now);
    } catch (error) {
      step = this.frame.crash(call, error);
    }
    this.frame.proceedWith(call, step);
  }

  #invoke(attempt: Attempt, now: number): Step {
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

  /** Leaves the gates the attempt entered, and asks the frame how to continue. */
  #end(attempt: Attempt, ok: boolean, outcome: unknown): Step {
    const { call } = attempt;
    const now = call.operation.clock.now();
    attempt.stopTimer();
    if (attempt.timedOut) call.monitor.emit('timeout', call, { error: attempt.timedOut });
    const thrown = this.gates.leave(attempt, now, ok, outcome);
    attempt.answered();
    // The call has already ended. A hedge continues, because it must return what was paid for it.
    if (call.ended && !attempt.round) return PENDING;
    // An error of a gate must not hide the error of the method.
    const failed = !ok || thrown !== undefined;
    const value = ok && thrown ? thrown.error : outcome;
    return this.frame.attemptEnded(attempt, !failed, value, now, thrown !== undefined);
  }
}
