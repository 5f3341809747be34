import { allFailed, UnacceptableResultError } from '../errors/all-failed.js';
import { AttemptRunner, type AttemptFrame } from './attempt-runner.js';
import { Attempt, type AttemptRound } from '../call/attempt.js';
import type { Call } from '../call/call.js';
import { Frame } from './frame.js';
import type { GateChain } from './gate-chain.js';
import { HedgeRound, type AttemptOutcome } from './hedge-round.js';
import { AGAIN, asResult, PENDING, type CallResult, type Step } from '../call/outcomes.js';
import type { RepeatChain } from './repeat-chain.js';
import type {
  AttemptTimeLimit,
  HedgeStrategy,
  TotalTimeLimit,
  RecoverStrategy,
} from '../strategy/strategy.js';
import { isWithdrawn } from '../call/withdrawal.js';

/** Attempts that follow each other at once. After that the event loop runs, so that time limits are reached. */
const MOST_AT_ONCE = 10_000;

/** The strategies around the method, by kind. */
export interface AttemptStrategies {
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
    private readonly strategies: AttemptStrategies,
  ) {
    super(recover, limit);
    this.#runner = new AttemptRunner(strategies.gates, strategies.attemptLimit, this);
  }

  protected proceed(call: Call): CallResult {
    if (call.attempt > 0) call.beginAgain();
    call.attempt = 1;
    // Reading the clock costs as much as a promise, and no time has passed since the call started.
    const now = this.outermost ? call.startedAt : call.operation.clock.now();
    try {
      this.strategies.repeat.begin(call);
    } catch (error) {
      return this.#giveUp(call, error, now);
    }
    const step = this.#runRounds(call, now);
    return step === PENDING ? asResult(call.later()) : step;
  }

  proceedWith(call: Call, step: Step): void {
    let next: Step = step;
    try {
      if (next === AGAIN) next = this.#runRounds(call, call.operation.clock.now());
    } catch (error) {
      next = this.crash(call, error);
    }
    if (next !== PENDING) call.answer(next);
  }

  crash(call: Call, error: unknown): CallResult {
    if (call.ended) return asResult(Promise.reject(error));
    for (const child of call.children()) child.abort(error);
    return this.#giveUp(call, error, call.operation.clock.now());
  }

  /** Runs a step from a timer or a promise callback, and settles the call with its result. */
  #resume(call: Call, run: () => Step): void {
    let step: Step;
    try {
      step = run();
    } catch (error) {
      step = this.crash(call, error);
    }
    this.proceedWith(call, step);
  }

  #runRounds(call: Call, now: number): CallResult | typeof PENDING {
    for (;;) {
      const step = call.stopped ? this.#giveUp(call, call.stopped.reason, now) : this.#beginRound(call, now);
      if (step !== AGAIN) return step;
      now = call.operation.clock.now();
    }
  }

  #beginRound(call: Call, now: number): Step {
    const { hedge } = this.strategies;
    if (!hedge) return this.#runner.begin(new Attempt(call, now), now);
    const round = new HedgeRound(call, hedge, {
      begin: (attempt, at) => this.#runner.begin(attempt, at),
      beginLater: (run) => this.#resume(call, run),
      accepts: (value) => !this.strategies.repeat.reject(call, value),
      decide: (attempt, outcome, at) => this.#decide(attempt, outcome, at),
    });
    return round.begin(now);
  }

  attemptEnded(attempt: Attempt, ok: boolean, value: unknown, now: number, thrown: boolean): Step {
    const { call } = attempt;
    if (attempt.round) return this.#endOfMany(attempt, attempt.round, ok, value, now);
    if (thrown && !call.stopped) return this.#giveUp(call, value, now);
    if (!ok && !call.stopped && !call.broken) attempt.failed(value, now);
    return this.#decide(attempt, { ok, value }, now);
  }

  #endOfMany(attempt: Attempt, round: AttemptRound, ok: boolean, value: unknown, now: number): Step {
    try {
      return round.attemptEnded(attempt, ok, value, now);
    } catch (error) {
      // A synchronous call has ended with this error already.
      if (!round.abandon()) throw error;
      return this.#giveUp(attempt.call, ok ? error : value, now);
    }
  }

  #decide(attempt: Attempt, outcome: AttemptOutcome, now: number): Step {
    const { call } = attempt;
    if (call.stopped) return this.#giveUp(call, call.stopped.reason, now);
    if (call.broken) return this.#giveUp(call, call.broken.error, now);
    let { value } = outcome;
    let accepted = false;
    try {
      accepted = this.#isAccepted(attempt, outcome);
      if (!accepted) {
        const error = outcome.ok ? (outcome.failure ?? this.#unacceptable(attempt, value, now)) : value;
        const decision = this.strategies.repeat.judge(call, error);
        if (typeof decision === 'number') return this.#again(call, decision);
        if (decision === 'aggregate')
          value = allFailed(call.operation.name, call.failures, (one) => call.refusedWith(one));
        else if (outcome.ok) {
          call.accepted = false;
          accepted = true;
        }
      }
    } catch (thrown) {
      // An error whose getters throw is not retried; the call fails with it.
      if (outcome.ok) value = thrown;
    }
    // A condition may have aborted the call.
    return accepted && !call.stopped ? this.#succeed(call, value, now) : this.#giveUp(call, value, now);
  }

  /** Conditions on results are not asked about a stream, of which no value is known. */
  #isAccepted({ call, held }: Attempt, { ok, value, accepted, failure }: AttemptOutcome): boolean {
    if (!ok || failure) return false;
    return accepted || held || !this.strategies.repeat.reject(call, value);
  }

  #unacceptable(attempt: Attempt, value: unknown, now: number): UnacceptableResultError {
    const error = new UnacceptableResultError(value);
    attempt.failed(error, now);
    return error;
  }

  #succeed(call: Call, value: unknown, now: number): CallResult {
    this.strategies.repeat.succeeded(call);
    call.monitor.succeeded(call, now);
    return this.succeed(call, value);
  }

  #again(call: Call, delay: number): Step {
    call.delay = delay;
    // A synchronous method has no later.
    const isDirect = call.kind === 'direct' && !call.answersLater;
    if (delay === 0 && (isDirect || call.failures.length % MOST_AT_ONCE !== 0)) return AGAIN;
    call.pause(delay).then(
      () => this.proceedWith(call, AGAIN),
      (reason) => this.#resume(call, () => this.#giveUp(call, reason, call.operation.clock.now())),
    );
    return PENDING;
  }

  #giveUp(call: Call, error: unknown, now: number): CallResult {
    if (isWithdrawn(call)) return this.fail(call, error);
    if (call.stopped?.limit) call.monitor.emit('timeout', call, { error });
    // An abort is counted where the whole call ends.
    if (!call.stopped || call.stopped.limit) call.monitor.failed(call, error, now);
    return this.fail(call, error);
  }
}
