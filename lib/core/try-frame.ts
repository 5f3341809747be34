import { allFailed, UnacceptableResultError } from './all-failed.js';
import { Attempt } from './attempt.js';
import type { Call } from './call.js';
import { Frame, isThenable } from './frame.js';
import {
  EXHAUSTED,
  LEAVE,
  type AttemptLimitStrategy,
  type GateStrategy,
  type LimitStrategy,
  type RecoverStrategy,
  type RepeatStrategy,
} from './strategy.js';

/** Says that another try begins at once, without one more call on the stack. */
const AGAIN = Symbol('again');

/** The innermost frame: tries the method, through the gates, until a repeat strategy is content. */
export class TryFrame extends Frame {
  constructor(
    recover: readonly RecoverStrategy[],
    limit: LimitStrategy | undefined,
    private readonly repeat: readonly RepeatStrategy[],
    private readonly gates: readonly GateStrategy[],
    private readonly attemptLimit: AttemptLimitStrategy | undefined,
  ) {
    super(recover, limit);
  }

  protected proceed(call: Call): unknown {
    call.attempt = 1;
    for (const strategy of this.repeat) strategy.begin?.(call);
    return this.#keepTrying(call);
  }

  #keepTrying(call: Call): unknown {
    for (;;) {
      const result = call.stopped
        ? this.#giveUp(call, call.stopped.reason)
        : this.#enter(new Attempt(call), 0);
      if (result !== AGAIN) return result;
    }
  }

  /** Continues after a wait: the stack is empty here. */
  #resume(call: Call, result: unknown): unknown {
    return result === AGAIN ? this.#keepTrying(call) : result;
  }

  #enter(attempt: Attempt, from: number): unknown {
    for (let index = from; index < this.gates.length; index++) {
      let token: number | Promise<number>;
      try {
        token = this.gates[index]!.enter(attempt);
      } catch (error) {
        return this.#settle(attempt, index, false, error);
      }
      if (typeof token !== 'number') return this.#enterLater(attempt, index, token);
      attempt.tokens.push(token);
    }
    return this.#invoke(attempt);
  }

  #enterLater(attempt: Attempt, index: number, token: Promise<number>): unknown {
    const { call } = attempt;
    return token.then(
      (given) => {
        attempt.tokens.push(given);
        attempt.startedAt = call.operation.clock.now();
        return this.#resume(call, this.#enter(attempt, index + 1));
      },
      (error) => this.#resume(call, this.#settle(attempt, index, false, error)),
    );
  }

  #invoke(attempt: Attempt): unknown {
    const { call } = attempt;
    const entered = this.gates.length;
    if (call.stopped) return this.#settle(attempt, entered, false, call.stopped.reason);
    const limit = this.attemptLimit;
    if (limit) attempt.startTimer(limit.duration, () => limit.expired(attempt));
    let result: unknown;
    let settled: Promise<unknown> | undefined;
    try {
      result = attempt.invoke();
      if (isThenable(result)) settled = attempt.race(result);
    } catch (error) {
      return this.#settle(attempt, entered, false, error);
    }
    if (!settled) return this.#settle(attempt, entered, true, result);
    return settled.then(
      (value) => this.#resume(call, this.#settle(attempt, entered, true, value)),
      (error) => this.#resume(call, this.#settle(attempt, entered, false, error)),
    );
  }

  /** A try is over: the gates it entered are left, and it is decided what comes next. */
  #settle(attempt: Attempt, entered: number, ok: boolean, outcome: unknown): unknown {
    const { call } = attempt;
    attempt.stopTimer();
    if (attempt.timedOut) call.monitor.emit('timeout', call, { error: attempt.timedOut });
    const thrown = this.#leave(attempt, entered, ok, outcome);
    attempt.end();
    if (call.stopped) return this.#giveUp(call, call.stopped.reason);
    if (thrown) return this.#giveUp(call, thrown.error);
    try {
      if (ok && !this.#rejects(call, outcome)) {
        call.monitor.succeeded(call);
        return this.succeed(call, outcome);
      }
      const error = ok ? new UnacceptableResultError(outcome) : outcome;
      this.#record(attempt, error);
      const verdict = this.#judge(call, error);
      if (verdict >= 0) return this.#again(call, verdict);
      if (verdict === EXHAUSTED) outcome = allFailed(call.operation.name, call.failures);
      else if (ok) {
        call.monitor.succeeded(call);
        return this.succeed(call, outcome);
      }
    } catch (thrownByPredicate) {
      outcome = thrownByPredicate;
    }
    return this.#giveUp(call, outcome);
  }

  /** Leaves the gates, all of them: an error that cannot even be looked at must not keep a slot. */
  #leave(attempt: Attempt, entered: number, ok: boolean, outcome: unknown): { error: unknown } | undefined {
    let thrown: { error: unknown } | undefined;
    for (let index = entered - 1; index >= 0; index--) {
      try {
        this.gates[index]!.leave(attempt, attempt.tokens[index]!, ok, outcome);
      } catch (error) {
        thrown = { error };
      }
    }
    return thrown;
  }

  #rejects(call: Call, value: unknown): boolean {
    for (let index = this.repeat.length - 1; index >= 0; index--) {
      if (this.repeat[index]!.rejects?.(call, value)) return true;
    }
    return false;
  }

  #record(attempt: Attempt, error: unknown): void {
    const { call } = attempt;
    call.failures.push({
      attempt: attempt.attempt,
      alternative: attempt.alternative,
      delay: call.delay,
      duration: call.operation.clock.now() - attempt.startedAt,
      error,
    });
    call.delay = 0;
    call.monitor.emit('attempt-failure', call, { error });
  }

  /** Asks from the innermost strategy outwards; one that goes on makes those inside of it begin anew. */
  #judge(call: Call, error: unknown): number {
    let verdict = LEAVE;
    for (let index = this.repeat.length - 1; index >= 0; index--) {
      const answer = this.repeat[index]!.afterFailure(call, error);
      if (answer >= 0) {
        for (const inner of this.repeat.slice(index + 1)) inner.begin?.(call);
        return answer;
      }
      if (answer !== LEAVE) verdict = answer;
    }
    return verdict;
  }

  #again(call: Call, delay: number): unknown {
    call.delay = delay;
    if (delay === 0) return AGAIN;
    const { clock } = call.operation;
    return call
      .wait<void>((resolve) => {
        const timer = clock.schedule(delay, () => resolve());
        return () => timer.cancel();
      }, clock.now() + delay)
      .then(
        () => this.#keepTrying(call),
        (reason) => this.#giveUp(call, reason),
      );
  }

  #giveUp(call: Call, error: unknown): unknown {
    if (call.stopped?.limit) call.monitor.emit('timeout', call, { error });
    if (call.stopped && !call.stopped.limit) call.monitor.emit('abort', call, { error });
    else call.monitor.failed(call, error);
    return this.fail(call, error);
  }
}
