import { AsyncResource } from 'node:async_hooks';
import { UnacceptableResultError } from '../errors/all-failed.js';
import { Attempt, type AttemptRound } from '../call/attempt.js';
import type { Call } from '../call/call.js';
import type { Timer } from '../time/clock.js';
import { PENDING, type Step } from '../call/outcomes.js';
import type { HedgeStrategy, HedgeVerdict } from '../strategy/strategy.js';

/** The outcome of an attempt, or of several concurrent ones. */
export interface AttemptOutcome {
  readonly ok: boolean;
  readonly value: unknown;
  /** Whether the value is already known to be acceptable. */
  readonly accepted?: boolean;
  /** The failure recorded for a value that was not accepted. */
  readonly failure?: UnacceptableResultError;
}

/** The part of the frame that a round uses. */
export interface RoundFrame {
  begin(attempt: Attempt, now: number): Step;
  /** Runs a step from a timer callback. */
  beginLater(run: () => Step): void;
  accepts(value: unknown): boolean;
  decide(attempt: Attempt, outcome: AttemptOutcome, now: number): Step;
}

/** One attempt and its hedges. The first acceptable result wins; the other attempts are aborted. */
export class HedgeRound implements AttemptRound {
  readonly #running = new Set<Attempt>();
  #context: AsyncResource | undefined = new AsyncResource('OperoHedge');
  #begun = 0;
  /** How many hedges may start. */
  #most: number;
  #newest: Attempt | undefined;
  #timer: Timer | undefined;
  #decided = false;
  /** The failure to end with when no attempt is left; a rejection only if there is no other failure. */
  #last: { readonly attempt: Attempt; readonly outcome: AttemptOutcome } | undefined;

  /** The first result that `hedge.failureOnResult` matched, returned if no attempt gives a better one. */
  #poor: { readonly attempt: Attempt; readonly outcome: AttemptOutcome } | undefined;

  constructor(
    private readonly call: Call,
    private readonly strategy: HedgeStrategy,
    private readonly frame: RoundFrame,
  ) {
    this.#most = strategy.maxHedges;
  }

  /** Starts an attempt in parallel to those that are running. */
  begin(now: number): Step {
    const step = this.#begin(now);
    if (!this.#decided) this.#schedule();
    return step;
  }

  attemptEnded(attempt: Attempt, ok: boolean, outcome: unknown, now: number): Step {
    this.#running.delete(attempt);
    if (attempt.hedge > 0 && !attempt.invoked) this.strategy.giveBack();
    const { call } = this;
    if (this.#decided || call.ended) return PENDING;
    if (call.stopped || call.broken) return this.#decide(attempt, { ok, value: outcome }, now);
    // Conditions on results are not asked about a stream, which would go on beside the one that wins.
    if (ok && attempt.held) return this.#win(attempt, outcome, now);
    if (!ok || !this.frame.accepts(outcome)) return this.#lose(attempt, ok, outcome, now);
    if (!this.strategy.failsWith(call, outcome)) return this.#win(attempt, outcome, now);
    this.#poor ??= { attempt, outcome: { ok, value: outcome, accepted: true } };
    return this.#goOn(attempt, 'again', now);
  }

  abandon(): boolean {
    if (this.#decided) return false;
    this.#decided = true;
    this.#timer?.cancel();
    // Both retain the async context of the call.
    this.#timer = this.#context = undefined;
    for (const loser of this.#running)
      loser.abort(new DOMException('Another attempt was decisive', 'AbortError'));
    return true;
  }

  #begin(now: number): Step {
    const attempt = new Attempt(this.call, now, this.#begun++, this);
    this.#running.add(attempt);
    this.#newest = attempt;
    if (attempt.hedge > 0) this.call.monitor.emit('hedge', this.call);
    return this.frame.begin(attempt, now);
  }

  #schedule(): void {
    this.#timer?.cancel();
    const delay = this.#begun <= this.#most ? this.strategy.delay() : undefined;
    if (delay !== undefined) this.#wait(delay, delay);
  }

  #wait(rest: number, delay: number): void {
    const run = () => this.#hedge(delay);
    this.#timer = this.call.operation.clock.schedule(rest, () =>
      this.#context?.runInAsyncScope(() => this.frame.beginLater(run)),
    );
  }

  /**
   * Starts a hedge. An attempt that still waits in a queue of a gate is not slow: the delay begins when its method
   * starts.
   */
  #hedge(delay: number): Step {
    if (this.#decided || this.call.stopped || this.#begun > this.#most) return PENDING;
    const now = this.call.operation.clock.now();
    if (now >= this.call.deadline) return PENDING;
    const newest = this.#newest!;
    const rest = newest.invoked ? newest.startedAt + delay - now : delay;
    if (rest > 0 && this.#running.has(newest)) {
      this.#wait(rest, delay);
      return PENDING;
    }
    return this.strategy.mayBegin(this.call) ? this.begin(now) : PENDING;
  }

  #win(winner: Attempt, value: unknown, now: number): Step {
    this.strategy.record(now - (this.#first(winner)?.startedAt ?? winner.startedAt));
    if (winner.hedge > 0) this.call.monitor.emit('hedge-win', this.call);
    return this.#decide(winner, { ok: true, value, accepted: true }, now);
  }

  #lose(attempt: Attempt, ok: boolean, outcome: unknown, now: number): Step {
    const refused = !ok && !attempt.invoked;
    // A rejected hedge is no failure of the call; only the rejection of the first attempt is recorded.
    if (!refused || attempt.hedge === 0) this.#fail(attempt, ok, outcome, now);
    if (refused) return this.#goOn(attempt, 'wait', now);
    const verdict = ok ? 'again' : this.strategy.judge(this.call, outcome);
    if (verdict === 'end') return this.#decide(attempt, { ok, value: outcome }, now);
    // The downstream asked for a delay: hedges that are due must not start either.
    if (verdict === 'hold') this.#stopHedging();
    return this.#goOn(attempt, verdict, now);
  }

  /** Starts another attempt if allowed, or waits for those that are running. If none is left, decides. */
  #goOn(attempt: Attempt, verdict: HedgeVerdict, now: number): Step {
    const { call } = this;
    // A predicate in the options may have ended the call.
    const isOver = call.stopped !== undefined || call.broken !== undefined;
    if (verdict === 'again' && !isOver && this.#begun <= this.#most && this.strategy.mayBegin(call)) {
      this.#timer?.cancel();
      const step = this.begin(now);
      if (this.#decided) return step;
    }
    if (this.#running.size > 0) return PENDING;
    const last = this.#poor ?? this.#last ?? { attempt, outcome: { ok: false, value: attempt.refusal } };
    return this.#decide(last.attempt, last.outcome, now);
  }

  #stopHedging(): void {
    this.#most = -1;
    this.#timer?.cancel();
  }

  #fail(attempt: Attempt, ok: boolean, value: unknown, now: number): void {
    const failure = ok ? new UnacceptableResultError(value) : undefined;
    attempt.failed(failure ?? value, now);
    if (this.#last && !ok && !attempt.invoked) return;
    this.#last = { attempt, outcome: failure ? { ok, value, failure } : { ok, value } };
  }

  #decide(attempt: Attempt, outcome: AttemptOutcome, now: number): Step {
    this.abandon();
    this.call.current = attempt;
    return this.frame.decide(attempt, outcome, now);
  }

  /** The first attempt if it is still running: its latency is at least the time since it started. */
  #first(winner: Attempt): Attempt | undefined {
    return winner.hedge === 0 ? winner : [...this.#running].find(({ hedge }) => hedge === 0);
  }
}
