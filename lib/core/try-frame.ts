import { allFailed, UnacceptableResultError } from './all-failed.js';
import { Attempt, PENDING, REFUSED, type AttemptWaiter } from './attempt.js';
import type { Call } from './call.js';
import { Frame, isThenable } from './frame.js';
import type { Gates } from './gates.js';
import { HedgeRound, type TryOutcome } from './hedge-round.js';
import type { Repeats } from './repeats.js';
import {
  EXHAUSTED,
  LEAVE,
  type AttemptLimitStrategy,
  type HedgeStrategy,
  type LimitStrategy,
  type RecoverStrategy,
} from './strategy.js';

/** Says that another try begins at once, without one more call on the stack. */
const AGAIN = Symbol('again');

/** What stands around the method, by kind. */
export interface TryStrategies {
  readonly repeat: Repeats;
  readonly hedge: HedgeStrategy | undefined;
  readonly gates: Gates;
  readonly attemptLimit: AttemptLimitStrategy | undefined;
}

/** The innermost frame: tries the method, through the gates, until a repeat strategy is content. */
export class TryFrame extends Frame implements AttemptWaiter {
  constructor(
    recover: readonly RecoverStrategy[],
    limit: LimitStrategy | undefined,
    private readonly strategies: TryStrategies,
  ) {
    super(recover, limit);
  }

  protected proceed(call: Call): unknown {
    call.attempt = 1;
    this.strategies.repeat.begin(call);
    // Reading the clock costs as much as a promise: nothing has happened yet since the call began.
    const now = this.outermost ? call.startedAt : call.operation.clock.now();
    const result = this.#keepTrying(call, now);
    return result === PENDING ? call.later() : result;
  }

  /** Takes a try as far as it goes at once; where it has to wait, the call is told later. */
  begin(attempt: Attempt, now: number): unknown {
    let entered: Promise<unknown> | typeof REFUSED | undefined;
    try {
      entered = this.strategies.gates.enter(attempt, now);
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
    try {
      this.#tell(call, this.#end(attempt, ok, outcome));
    } catch (error) {
      call.fail(error);
    }
  }

  /** Goes on after a wait: the stack is empty here, so the answer is told. */
  #resume(call: Call, step: () => unknown): void {
    try {
      this.#tell(call, step());
    } catch (error) {
      call.fail(error);
    }
  }

  #tell(call: Call, result: unknown): void {
    const answer = result === AGAIN ? this.#keepTrying(call, call.operation.clock.now()) : result;
    if (answer !== PENDING) call.answer(answer);
  }

  #keepTrying(call: Call, now: number): unknown {
    for (;;) {
      const result = call.stopped
        ? this.#giveUp(call, call.stopped.reason, now)
        : this.#beginRound(call, now);
      if (result !== AGAIN) return result;
      now = call.operation.clock.now();
    }
  }

  #beginRound(call: Call, now: number): unknown {
    const { hedge } = this.strategies;
    if (!hedge) return this.begin(new Attempt(call, now), now);
    const round = new HedgeRound(call, hedge, {
      begin: (attempt, at) => this.begin(attempt, at),
      beginLater: (step) => this.#resume(call, step),
      accepts: (value) => !this.strategies.repeat.reject(call, value),
      decide: (attempt, outcome, at) => this.#decide(attempt, outcome, at),
    });
    return round.begin(now);
  }

  #enterLater(attempt: Attempt, token: Promise<unknown>): unknown {
    const { call } = attempt;
    token.then(
      (given) => {
        const now = call.operation.clock.now();
        attempt.tokens.push(given);
        attempt.startedAt = now;
        // Given up in the moment in which the wait was over, it must not begin the next one.
        const { stopped } = attempt;
        this.#resume(call, () =>
          stopped ? this.#end(attempt, false, stopped.reason) : this.begin(attempt, now),
        );
      },
      (error) => this.settled(attempt, false, error),
    );
    return PENDING;
  }

  #invoke(attempt: Attempt, now: number): unknown {
    if (attempt.stopped) return this.#end(attempt, false, attempt.stopped.reason);
    const { attemptLimit, gates } = this.strategies;
    if (attemptLimit) attempt.startTimer(attemptLimit, now);
    gates.start(attempt, now);
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

  /** A try is over: the gates it entered are left, and it is decided what comes next. */
  #end(attempt: Attempt, ok: boolean, outcome: unknown): unknown {
    const { call } = attempt;
    const now = call.operation.clock.now();
    attempt.stopTimer();
    if (attempt.timedOut) call.monitor.emit('timeout', call, { error: attempt.timedOut });
    const thrown = this.strategies.gates.leave(attempt, now, ok, outcome);
    attempt.end();
    if (attempt.round)
      return attempt.round.over(attempt, ok && !thrown, thrown ? thrown.error : outcome, now);
    if (thrown && !call.stopped) return this.#giveUp(call, thrown.error, now);
    if (!ok && !call.stopped) attempt.failed(outcome, now);
    return this.#decide(attempt, { ok, value: outcome }, now);
  }

  #decide(attempt: Attempt, outcome: TryOutcome, now: number): unknown {
    const { call } = attempt;
    if (call.stopped) return this.#giveUp(call, call.stopped.reason, now);
    let { value } = outcome;
    try {
      let error = outcome.failure ?? value;
      if (outcome.ok && !outcome.failure) {
        if (outcome.accepted || !this.strategies.repeat.reject(call, value)) {
          return this.#succeed(call, value, now);
        }
        error = new UnacceptableResultError(value);
        attempt.failed(error, now);
      }
      const verdict = this.strategies.repeat.judge(call, error);
      if (verdict >= 0) return this.#again(call, verdict);
      if (verdict === EXHAUSTED || (verdict === LEAVE && outcome.several)) {
        value = allFailed(call.operation.name, call.failures);
      } else if (outcome.ok) {
        call.accepted = false;
        return this.#succeed(call, value, now);
      }
    } catch (thrownByPredicate) {
      value = thrownByPredicate;
    }
    return this.#giveUp(call, value, now);
  }

  #succeed(call: Call, value: unknown, now: number): unknown {
    this.strategies.repeat.succeeded(call);
    call.monitor.succeeded(call, now);
    return this.succeed(call, value);
  }

  #again(call: Call, delay: number): unknown {
    call.delay = delay;
    if (delay === 0) return AGAIN;
    call.pause(delay).then(
      () => this.#resume(call, () => AGAIN),
      (reason) => this.#resume(call, () => this.#giveUp(call, reason, call.operation.clock.now())),
    );
    return PENDING;
  }

  #giveUp(call: Call, error: unknown, now: number): unknown {
    if (call.stopped?.limit) call.monitor.emit('timeout', call, { error });
    if (call.stopped && !call.stopped.limit) call.monitor.emit('abort', call, { error });
    else call.monitor.failed(call, error, now);
    return this.fail(call, error);
  }
}
