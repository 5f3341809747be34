import { randomUUID } from 'node:crypto';
import type { AttemptFailure } from './all-failed.js';
import type { CallSite } from './call-site.js';
import type { Clock } from './clock.js';
import { runInside } from './context.js';
import { Deadline, type Deadlines, type Limit } from './deadlines.js';
import type { EventSource, Monitor } from './monitor.js';
import type { OperoCall } from './opero-call.js';
import { Scope } from './scope.js';

/** What a call needs to know of its operation. */
export interface CallOperation {
  readonly name: string;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly monitor: Monitor;
  /** Whether it is remembered where calls come from. */
  readonly callSites?: boolean;
}

/**
 * How a method answers, which its calls keep: `promise` never throws synchronously and always answers with a
 * promise, `direct` answers as the method does and turns into a promise only when a try had to wait.
 */
export type CallKind = 'promise' | 'direct';

/** The method, and what it is called with. */
export interface Invocation {
  readonly self: unknown;
  readonly method: (...args: never[]) => unknown;
  readonly args: readonly unknown[];
  /** Whose state and cache entries the call uses; see the binder. */
  readonly identity?: CallIdentity;
}

/** Tells instances of one class apart. */
export interface CallIdentity {
  /** The same in every process of the app, or unique when `shared` is false. */
  readonly id: string;
  /** Whether another process, or a later instance, may use what this one cached. */
  readonly shared: boolean;
  /** What tells the users of an instance apart, such as the credentials of a request. */
  readonly principal?: () => string | undefined;
}

/** Strikes when a call as a whole has taken too long. */
export class CallDeadline extends Deadline {
  constructor(
    private readonly call: Call,
    private readonly limit: Limit<Call>,
  ) {
    super();
  }

  expire(): void {
    const error = this.limit.expired(this.call);
    this.call.stopped ??= { reason: error, limit: this };
    this.call.abort(error);
  }
}

/** One call of an operation, from its begin to its answer, with all its tries. Aborting it ends it where it stands. */
export class Call extends Scope implements EventSource {
  args: readonly unknown[];
  /** Which try is running or was the last, from 1; 0 before the first. */
  attempt = 0;
  alternative = '';
  /** Ms waited before the try that runs now. */
  delay = 0;
  readonly failures: AttemptFailure[] = [];
  readonly startedAt: number;
  /** Set while the call must not go on: it was aborted, or a limit struck. */
  declare stopped: { readonly reason: unknown; readonly limit?: CallDeadline } | undefined;
  /** The limit on the whole call, while it is armed. */
  limit: CallDeadline | undefined;
  /** The try that runs, or was the last. */
  current: (Scope & OperoCall) | undefined;
  /** What nested calls failed with after all their tries. */
  spent: Set<unknown> | undefined;
  /** Where it came from, if that is remembered. */
  site: CallSite | undefined;
  #notes: Map<object, unknown> | undefined;
  #resolve!: (value: unknown) => void;
  #reject!: (reason: unknown) => void;

  constructor(
    readonly operation: CallOperation,
    readonly invocation: Invocation,
    owner: Scope,
    origin?: Scope,
    /** How the method answers: a call that answers with a promise fails with one, which costs less than a throw. */
    readonly kind: CallKind = 'promise',
  ) {
    super();
    this.origin = origin;
    this.args = invocation.args;
    this.startedAt = operation.clock.now();
    operation.monitor.running++;
    owner.adopt(this);
    if (owner.stopped) this.abort(owner.stopped.reason);
  }

  get monitor(): Monitor {
    return this.operation.monitor;
  }

  /** What strategies note down for the length of a call, by strategy. */
  get notes(): Map<object, unknown> {
    return (this.#notes ??= new Map());
  }

  override get deadline(): number {
    return Math.min(super.deadline, this.limit?.dueAt ?? Infinity);
  }

  override get correlationId(): string {
    return super.correlationId || (this.#ownCorrelationId ??= randomUUID());
  }
  #ownCorrelationId: string | undefined;

  /** Tells the calls that this one is nested in: they must not begin the tries of it anew. */
  override noteSpent(error: unknown): void {
    if (typeof error === 'object' && error !== null) (this.spent ??= new Set()).add(error);
    super.noteSpent(error);
  }

  /** The answer of a call whose tries have to be waited for: what {@link answer} or {@link fail} will give it. */
  later(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  answer(value: unknown): void {
    this.#resolve(value);
  }

  fail(reason: unknown): void {
    this.#reject(reason);
  }

  /** Waits for `delay` ms before the next try. */
  pause(delay: number): Promise<void> {
    const { clock } = this.operation;
    return this.wait((resolve) => {
      const timer = clock.schedule(delay, () => resolve());
      return () => timer.cancel();
    }, clock.now() + delay);
  }

  /** The call is answered. */
  leave(): void {
    this.monitor.running--;
    this.end();
  }

  within<R>(work: () => R): R {
    return runInside(this.current ?? this, work, undefined);
  }
}
