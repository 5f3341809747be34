import { allFailed, UnacceptableResultError } from '../errors/all-failed.js';
import { AttemptRunner, type AttemptFrame } from './attempt-runner.js';
import { Attempt, type AttemptRound } from '../call/attempt.js';
import type { Call } from '../call/call.js';
import { Frame } from './frame.js';
import type { GateChain } from './gate-chain.js';
import { HedgeRound, type TryOutcome } from './hedge-round.js';
import { AGAIN, PENDING } from '../call/outcomes.js';
import type { RepeatChain } from './repeat-chain.js';
import {
  EXHAUSTED,
  type AttemptTimeLimit,
  type HedgeStrategy,
  type TotalTimeLimit,
  type RecoverStrategy,
} from '../strategy/strategy.js';
import { isWithdrawn } from '../call/withdrawal.js';

/** The strategies around the method, by kind. */
export interface TryStrategies {
  readonly repeat: RepeatChain;
  readonly hedge: HedgeStrategy | undefined;
  readonly gates: GateChain;
  readonly attemptLimit: AttemptTimeLimit | undefined;
}

/** The innermost frame: runs attempts through the gates until no repeat strategy asks for another. */
export class AttemptLoop extends Frame implements AttemptFrame {
  readonly #runner: AttemptRunner;

  constructor(
    recover: readonly RecoverStrategy[],
    limit: TotalTimeLimit | undefined,
    private readonly strategies: TryStrategies,
  ) {
    super(recover, limit);
    this.#runner = new AttemptRunner(strategies.gates, strategies.attemptLimit, this);
  }

  protected proceed(call: Call): unknown {
    call.attempt = 1;
    // Reading the clock costs as much as a promise, and no time has passed since the call started.
    const now = this.outermost ? call.startedAt : call.operation.clock.now();
    try {
      this.strategies.repeat.begin(call);
    } catch (error) {
      return this.#giveUp(call, error, now);
    }
    const result = this.#keepTrying(call, now);
    return result === PENDING ? call.later() : result;
  }

  tell(call: Call, result: unknown): void {
    let answer = result;
    try {
      if (answer === AGAIN) answer = this.#keepTrying(call, call.operation.clock.now());
    } catch (error) {
      answer = this.crash(call, error);
    }
    if (answer !== PENDING) call.answer(answer);
  }

  crash(call: Call, error: unknown): unknown {
    if (call.ended) return Promise.reject(error);
    for (const child of call.children()) child.abort(error);
    return this.#giveUp(call, error, call.operation.clock.now());
  }

  /** Runs a step from a timer or a promise callback, and settles the call with its result. */
  #resume(call: Call, step: () => unknown): void {
    let result: unknown;
    try {
      result = step();
    } catch (error) {
      result = this.crash(call, error);
    }
    this.tell(call, result);
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
    if (!hedge) return this.#runner.begin(new Attempt(call, now), now);
    const round = new HedgeRound(call, hedge, {
      begin: (attempt, at) => this.#runner.begin(attempt, at),
      beginLater: (step) => this.#resume(call, step),
      accepts: (value) => !this.strategies.repeat.reject(call, value),
      decide: (attempt, outcome, at) => this.#decide(attempt, outcome, at),
    });
    return round.begin(now);
  }

  over(attempt: Attempt, ok: boolean, value: unknown, now: number, thrown: boolean): unknown {
    const { call } = attempt;
    if (attempt.round) return this.#endOfMany(attempt, attempt.round, ok, value, now);
    if (thrown && !call.stopped) return this.#giveUp(call, value, now);
    if (!ok && !call.stopped && !call.broken) attempt.failed(value, now);
    return this.#decide(attempt, { ok, value }, now);
  }

  #endOfMany(attempt: Attempt, round: AttemptRound, ok: boolean, value: unknown, now: number): unknown {
    try {
      return round.over(attempt, ok, value, now);
    } catch (error) {
      round.abandon();
      return this.#giveUp(attempt.call, ok ? error : value, now);
    }
  }

  #decide(attempt: Attempt, outcome: TryOutcome, now: number): unknown {
    const { call } = attempt;
    if (call.stopped) return this.#giveUp(call, call.stopped.reason, now);
    if (call.broken) return this.#giveUp(call, call.broken.error, now);
    let { value } = outcome;
    try {
      let error = outcome.failure ?? value;
      if (outcome.ok && !outcome.failure) {
        // Conditions on results are not asked about a stream, of which no value is known.
        if (outcome.accepted || attempt.held || !this.strategies.repeat.reject(call, value)) {
          return this.#succeed(call, value, now);
        }
        error = new UnacceptableResultError(value);
        attempt.failed(error, now);
      }
      const verdict = this.strategies.repeat.judge(call, error);
      if (verdict >= 0) return this.#again(call, verdict);
      if (verdict === EXHAUSTED)
        value = allFailed(call.operation.name, call.failures, (one) => call.refusedWith(one));
      else if (outcome.ok) {
        call.accepted = false;
        return this.#succeed(call, value, now);
      }
    } catch (thrown) {
      // An error whose getters throw is not retried; the call fails with it.
      if (outcome.ok) value = thrown;
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
      () => this.tell(call, AGAIN),
      (reason) => this.#resume(call, () => this.#giveUp(call, reason, call.operation.clock.now())),
    );
    return PENDING;
  }

  #giveUp(call: Call, error: unknown, now: number): unknown {
    if (isWithdrawn(call)) return this.fail(call, error);
    if (call.stopped?.limit) call.monitor.emit('timeout', call, { error });
    if (call.stopped && !call.stopped.limit) call.monitor.emit('abort', call, { error });
    else call.monitor.failed(call, error, now);
    return this.fail(call, error);
  }
}
