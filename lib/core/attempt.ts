import type { Call } from './call.js';
import { captureContext, enclosingScope, runInside } from './context.js';
import { Deadline } from './deadlines.js';
import type { OperoCall } from './opero-call.js';
import { Scope } from './scope.js';

/** One try of a call. */
export class Attempt extends Scope implements OperoCall {
  readonly attempt: number;
  readonly alternative: string;
  /** When the method began, or would have: time spent in queues does not count. */
  startedAt: number;
  /** Whether the method ran at all. */
  invoked = false;
  /** What each gate gave for this try. */
  readonly tokens: number[] = [];
  /** What the limit on this try ended it with. */
  timedOut: Error | undefined;
  #controller: AbortController | undefined;
  #inContext: (<R>(work: () => R) => R) | undefined;
  #timer: AttemptDeadline | undefined;

  constructor(readonly call: Call) {
    super();
    this.attempt = call.attempt;
    this.alternative = call.alternative;
    this.startedAt = call.operation.clock.now();
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
      this.#inContext = captureContext();
      if (this.stopped) this.#controller.abort(this.stopped.reason);
    }
    return this.#controller.signal;
  }

  override get deadline(): number {
    return Math.min(super.deadline, this.#timer?.dueAt ?? Infinity);
  }

  /** Starts the limit on this try's time. */
  startTimer(duration: number, makeError: () => Error): void {
    this.#timer = new AttemptDeadline(this, makeError);
    this.call.operation.deadlines.arm(this.#timer, duration);
  }

  /** Runs the method inside this try. */
  invoke(): unknown {
    this.invoked = true;
    return runInside(this, invokeMethod, this.call);
  }

  /** Gives this try up: signal, nested calls, and the wait for the method. */
  override abort(reason: unknown): void {
    if (this.ended || this.stopped) return;
    this.stopped = { reason };
    if (this.#controller && this.#inContext) this.#inContext(() => this.#controller?.abort(reason));
    super.abort(reason);
  }

  /** The method has answered: the limit no longer holds. */
  stopTimer(): void {
    this.settled();
    if (this.#timer) this.call.operation.deadlines.disarm(this.#timer);
  }
}

class AttemptDeadline extends Deadline {
  constructor(
    private readonly attempt: Attempt,
    private readonly makeError: () => Error,
  ) {
    super();
  }

  expire(): void {
    // Told later, in the async context of the call: this timer belongs to many.
    this.attempt.timedOut = this.makeError();
    this.attempt.abort(this.attempt.timedOut);
  }
}

function invokeMethod(call: Call): unknown {
  const method = call.invocation.method as (...args: unknown[]) => unknown;
  return method.apply(call.invocation.self, call.args as unknown[]);
}

/**
 * The call that this code runs in: inside a decorated method, its hooks and whatever they call, on every try.
 * Throws outside of one; see {@link findCurrentCall} for code that runs in both.
 */
export function currentCall(): OperoCall {
  const call = findCurrentCall();
  if (!call) throw new Error('currentCall() works only inside a method decorated with @Opero() or @OpMap()');
  return call;
}

/** Like {@link currentCall}, but `undefined` outside of a decorated method. */
export function findCurrentCall(): OperoCall | undefined {
  let scope = enclosingScope();
  while (scope && !(scope instanceof Attempt)) scope = scope.owner;
  return scope;
}

/** What a fallback is told about the call it answers for. */
export const describeCall = (call: Call): OperoCall => call.current ?? new Attempt(call);
