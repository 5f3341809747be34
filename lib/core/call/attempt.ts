import { AsyncResource } from 'node:async_hooks';
import { invokeMethod, type Call } from './call.js';
import { runInside } from './async-context.js';
import type { TimeLimit } from '../time/deadlines.js';
import { AttemptDeadline } from './attempt-deadline.js';
import { AttemptHold } from './attempt-hold.js';
import { failureOf } from './attempt-failure.js';
import { AttemptSignal } from './attempt-signal.js';
import { isTimeLimit, type RefusedError } from '../errors/errors.js';
import { REFUSED, type Step } from './outcomes.js';
import type { OperoCall } from './opero-call.js';
import { Scope } from './scope.js';

/** Called once when the wait for the method has ended. */
export interface AttemptWaiter {
  settled(attempt: Attempt, ok: boolean, outcome: unknown): void;
}

/** Called when one of several concurrent attempts has ended; decides how the call continues. */
export interface AttemptRound {
  attemptEnded(attempt: Attempt, ok: boolean, outcome: unknown, now: number): Step;
  /** Aborts the attempts that are still running. False if the call goes on, or has ended, with one of them already. */
  abandon(): boolean;
}

/** One attempt of a call. */
export class Attempt extends Scope implements OperoCall {
  readonly attempt: number;
  readonly alternative: string;
  /** Whether the method ran at all. */
  invoked = false;
  /** The token of each gate that permitted this attempt. */
  readonly tokens: unknown[] = [];
  /** Why the attempt was rejected. */
  refusal: RefusedError | undefined;
  /** The timeout error of this attempt. */
  timedOut: Error | undefined;
  #signal: AttemptSignal | undefined;
  #timer: AttemptDeadline<Attempt> | undefined;
  #waiter: AttemptWaiter | undefined;
  #waiting: AsyncResource | undefined;
  #hold: AttemptHold | undefined;

  constructor(
    readonly call: Call,
    /** When the method started. Time spent in queues does not count. */
    public startedAt: number,
    /** 0 for the first of concurrent attempts, 1 for its first hedge. */
    readonly hedge = 0,
    readonly round?: AttemptRound,
    alternative = call.alternative,
  ) {
    super();
    this.attempt = call.attempt;
    this.alternative = alternative;
    call.current = this;
    call.adopt(this);
  }

  get operation(): string {
    return this.call.operation.name;
  }

  get signal(): AbortSignal {
    if (!this.#signal) {
      this.#signal = new AttemptSignal();
      if (this.stopped) this.#signal.abort(this.stopped.reason);
    }
    return this.#signal.signal;
  }

  protected override get ownDeadline(): number {
    return this.#timer?.dueAt ?? Infinity;
  }

  /** Whether its result is still in use: an open stream. */
  get held(): boolean {
    return this.#hold !== undefined;
  }

  /** A shutdown does not wait for an open stream, but for the calls made for it. */
  override get active(): boolean {
    return !this.held || this.some(({ active }) => active);
  }

  override childEnded(): void {
    if (this.held) this.owner?.childEnded();
  }

  protected override get endsWithOwner(): boolean {
    return !this.held;
  }

  /** Keeps the attempt and its permits after it has answered. Returns a function that releases them. */
  hold(): () => void {
    this.#hold ??= new AttemptHold();
    return () => {
      const hold = this.#hold;
      this.#hold = undefined;
      hold?.release(this.call);
      if (hold && this.#answered) this.end();
    };
  }
  #answered = false;

  /** Calls `callback` when the attempt is released; at once if it is not held. */
  whenReleased(callback: () => void): void {
    if (this.#hold) this.#hold.add(callback);
    else callback();
  }

  /** The call has its answer: the attempt ends unless it is held. */
  answered(): void {
    this.#answered = true;
    if (!this.held) this.end();
  }

  /**
   * Whether the attempt was cancelled, so that its outcome says nothing about the downstream. A timeout, also of a
   * surrounding call, is not a cancellation.
   */
  get givenUp(): boolean {
    return (
      this.stopped !== undefined &&
      !this.timedOut &&
      !this.call.stopped?.limit &&
      !isTimeLimit(this.stopped.reason)
    );
  }

  /** Rejects this attempt. Returns the result for the gate. */
  refuse(error: RefusedError): typeof REFUSED {
    this.refusal = error;
    this.call.refused(error);
    return REFUSED;
  }

  /** Starts the time limit of this attempt. */
  startTimer(limit: TimeLimit<Attempt>, now: number): void {
    this.#timer = new AttemptDeadline(this, limit);
    this.call.operation.deadlines.arm(this.#timer, limit.duration, now);
  }

  /** Runs the method in the async context of this attempt. */
  invoke(): unknown {
    this.invoked = true;
    this.call.runs++;
    return runInside(this, invokeMethod, this.call);
  }

  /** Waits for the method's promise or an interrupt, and calls `waiter` once in the current async context. */
  awaitMethod(promised: PromiseLike<unknown>, waiter: AttemptWaiter): void {
    this.#waiter = waiter;
    // An interrupt may come from any async context, but what follows belongs to the caller. The context is captured only
    // if code of the caller can follow: without a time limit only an abort interrupts, and then only listeners run.
    const { call } = this;
    if (this.#timer || call.limit || call.monitor.hasListener('abort') || this.deadline < Infinity)
      this.#waiting = new AsyncResource('OperoAttempt');
    Promise.resolve(promised).then(
      (value) => this.#settle(true, value),
      (error) => this.#settle(false, error),
    );
    // The method itself aborted the attempt before there was a wait to interrupt.
    if (this.stopped) this.interrupt(this.stopped.reason);
  }

  override interrupt(reason: unknown): void {
    const waiter = this.#waiter;
    if (!waiter) return super.interrupt(reason);
    this.#waiter = undefined;
    // The code that interrupts must finish first.
    const settle = () => waiter.settled(this, false, reason);
    if (this.#waiting) this.#waiting.runInAsyncScope(queueMicrotask, undefined, settle);
    else queueMicrotask(settle);
    this.#waiting = undefined;
  }

  protected override stop(reason: unknown): void {
    if (this.ended || this.stopped) return;
    this.stopped = { reason };
    this.#signal?.abort(reason);
  }

  override cancelFailed(error: unknown): void {
    this.call.monitor.callbackFailed('the function that cancels a wait', 'the wait ends', this.call, error);
  }

  /** Records the failure of this attempt. */
  failed(error: unknown, now: number): void {
    const { call } = this;
    call.failures.push(failureOf(this, now - this.startedAt, error));
    call.delay = 0;
    call.monitor.emit('attempt-failure', call, { error });
  }

  /** The method has settled: the time limit no longer applies. */
  stopTimer(): void {
    this.settled();
    if (this.#timer) this.call.operation.deadlines.disarm(this.#timer);
  }

  #settle(ok: boolean, outcome: unknown): void {
    const waiter = this.#waiter;
    this.#waiter = this.#waiting = undefined;
    waiter?.settled(this, ok, outcome);
  }
}
