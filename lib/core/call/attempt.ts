import { AsyncResource } from 'node:async_hooks';
import type { Call } from './call.js';
import { runInside } from './async-context.js';
import type { TimeLimit } from '../time/deadlines.js';
import { AttemptDeadline } from './attempt-deadline.js';
import { isTimeLimit, type RefusedError } from '../errors/errors.js';
import { retryAfterOf } from '../errors/retry-after.js';
import { REFUSED } from './outcomes.js';
import type { OperoCall } from './opero-call.js';
import { Scope } from './scope.js';

/** Told once how the wait for a method ended. */
export interface AttemptWaiter {
  settled(attempt: Attempt, ok: boolean, outcome: unknown): void;
}

/** Told that an attempt is over, where several run at a time; decides what comes of it. */
export interface AttemptRound {
  over(attempt: Attempt, ok: boolean, outcome: unknown, now: number): unknown;
  /** Aborts the attempts that still run: the call ends without them. */
  abandon(): void;
}

/** One attempt of a call. */
export class Attempt extends Scope implements OperoCall {
  readonly attempt: number;
  readonly alternative: string;
  /** Whether the method ran at all. */
  invoked = false;
  /** What each gate that let this attempt in gave for it. */
  readonly tokens: unknown[] = [];
  /** Why it was not let in. */
  refusal: RefusedError | undefined;
  /** What the limit on this attempt ended it with. */
  timedOut: Error | undefined;
  #controller: AbortController | undefined;
  #listening: AsyncResource | undefined;
  #timer: AttemptDeadline<Attempt> | undefined;
  #waiter: AttemptWaiter | undefined;
  #waiting: AsyncResource | undefined;
  #onRelease: (() => void)[] | undefined;

  constructor(
    readonly call: Call,
    /** When the method began, or would have: time spent in queues does not count. */
    public startedAt: number,
    /** 0 for the first of the attempts that run at a time, 1 for its first hedge. */
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
    if (!this.#controller) {
      this.#controller = new AbortController();
      // A timer shared by many calls fires in one of their contexts; listeners belong to the one that listens.
      this.#listening = new AsyncResource('OperoSignal');
      if (this.stopped) this.#controller.abort(this.stopped.reason);
    }
    return this.#controller.signal;
  }

  protected override get ownDeadline(): number {
    return this.#timer?.dueAt ?? Infinity;
  }

  /** Whether what it answered with is still in use: an open stream. */
  get held(): boolean {
    return this.#onRelease !== undefined;
  }

  /** A shutdown does not wait for an open stream, but for the calls that it has made. */
  override get active(): boolean {
    return !this.held || this.some(({ active }) => active);
  }

  override childEnded(): void {
    if (this.held) this.owner?.childEnded();
  }

  protected override get endsWithOwner(): boolean {
    return !this.held;
  }

  /** Keeps this attempt, and what it occupies, beyond its answer. Returns how to release it. */
  hold(): () => void {
    this.#onRelease ??= [];
    return () => {
      const callbacks = this.#onRelease;
      this.#onRelease = undefined;
      for (const callback of callbacks ?? []) callback();
      if (callbacks && this.#answered) this.end();
    };
  }
  #answered = false;

  /** Calls back when this attempt is released: at once, unless it is held. */
  whenReleased(callback: () => void): void {
    if (this.#onRelease) this.#onRelease.push(callback);
    else callback();
  }

  /** The call has its answer: the attempt is over, unless it is held. */
  answered(): void {
    this.#answered = true;
    if (!this.held) this.end();
  }

  /**
   * Whether somebody gave this attempt up, so that it says nothing about the other side. Its time being over does, also
   * where a limit of a call further out struck.
   */
  get givenUp(): boolean {
    return (
      this.stopped !== undefined &&
      !this.timedOut &&
      !this.call.stopped?.limit &&
      !isTimeLimit(this.stopped.reason)
    );
  }

  /** What a gate answers that does not let this attempt in. */
  refuse(error: RefusedError): typeof REFUSED {
    this.refusal = error;
    const { call } = this;
    if (call.refusal === undefined) call.refusal = error;
    else (call.refusals ??= []).push(error);
    return REFUSED;
  }

  /** Starts the limit on this attempt's time. */
  startTimer(limit: TimeLimit<Attempt>, now: number): void {
    this.#timer = new AttemptDeadline(this, limit);
    this.call.operation.deadlines.arm(this.#timer, limit.duration, now);
  }

  /** Runs the method inside this attempt. */
  invoke(): unknown {
    this.invoked = true;
    return runInside(this, invokeMethod, this.call);
  }

  /** Waits for the method's promise, or for an interrupt, and tells `waiter` once, in the async context of now. */
  awaitMethod(promised: PromiseLike<unknown>, waiter: AttemptWaiter): void {
    this.#waiter = waiter;
    // An interrupt comes in whatever context; what follows it belongs to the caller. Where nothing of the caller's can
    // follow, the context need not be kept: without a limit, of its own or around it, only an abort interrupts, after
    // which nobody but listeners is told.
    const { call } = this;
    if (this.#timer || call.limit || call.monitor.hasListener('abort') || this.deadline < Infinity)
      this.#waiting = new AsyncResource('OperoAttempt');
    Promise.resolve(promised).then(
      (value) => this.#settle(true, value),
      (error) => this.#settle(false, error),
    );
    // Aborted by the method itself, before there was a wait to interrupt.
    if (this.stopped) this.interrupt(this.stopped.reason);
  }

  override interrupt(reason: unknown): void {
    const waiter = this.#waiter;
    if (!waiter) return super.interrupt(reason);
    this.#waiter = undefined;
    // Whoever interrupts has its own work to finish first.
    const settle = () => waiter.settled(this, false, reason);
    if (this.#waiting) this.#waiting.runInAsyncScope(queueMicrotask, undefined, settle);
    else queueMicrotask(settle);
    this.#waiting = undefined;
  }

  protected override stop(reason: unknown): void {
    if (this.ended || this.stopped) return;
    this.stopped = { reason };
    if (this.#controller) this.#listening!.runInAsyncScope(() => this.#controller!.abort(reason));
  }

  /** Takes note that this attempt has failed. */
  failed(error: unknown, now: number): void {
    const { call, attempt, hedge, alternative } = this;
    const duration = now - this.startedAt;
    const { delay } = call;
    const retryAfter = retryAfterOf(error, call.operation.clock);
    call.failures.push(
      retryAfter === undefined
        ? { attempt, hedge, alternative, delay, duration, error }
        : { attempt, hedge, alternative, delay, duration, error, retryAfter },
    );
    call.delay = 0;
    call.monitor.emit('attempt-failure', call, { error });
  }

  /** The method has answered: the limit no longer holds. */
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

function invokeMethod(call: Call): unknown {
  const method = call.invocation.method as (...args: unknown[]) => unknown;
  return method.apply(call.invocation.self, call.args as unknown[]);
}
