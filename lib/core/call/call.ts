import { randomUUID } from 'node:crypto';
import type { AttemptFailure } from '../errors/all-failed.js';
import type { CallSite } from './call-site.js';
import type { Clock } from '../time/clock.js';
import { runInside } from './async-context.js';
import { Deadline, type Deadlines, type TimeLimit } from '../time/deadlines.js';
import type { EventSource, Monitor } from '../events/monitor.js';
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
 * promise, `direct` answers as the method does and turns into a promise only when an attempt had to wait.
 */
export type CallKind = 'promise' | 'direct';

/** The method, and what it is called with. */
export interface Invocation {
  readonly self: unknown;
  readonly method: (...args: never[]) => unknown;
  readonly args: readonly unknown[];
  /** Whose state and cache entries the call uses; see the binder. */
  readonly identity?: CallIdentity;
  /** Why the call is neither answered from the cache nor shared, where its method answers with what cannot be. */
  readonly uncached?: string;
  /** Makes of what a fallback answers with what the method's own answers become. Runs in the fallback's attempt. */
  readonly adapt?: (answer: unknown) => unknown;
}

/** What shares the result of a load among equal calls. */
export interface SharedLoad {
  /** Those that wait for it inside of other calls, beside the one that it was begun for. */
  readonly nested: ReadonlySet<Call> | undefined;
}

/** Tells instances of one class apart. */
export interface CallIdentity {
  /** The same in every process of the app, or unique when `shared` is false. */
  readonly id: string;
  /** Whether another process, or a later instance, may use what this one cached. */
  readonly shared: boolean;
  /** What tells the users of an instance apart. Throws where that cannot be told: such a call is not cached. */
  readonly principal?: () => string | undefined;
}

/** Strikes when a call as a whole has taken too long. */
export class CallDeadline extends Deadline {
  constructor(
    private readonly call: Call,
    private readonly limit: TimeLimit<Call>,
  ) {
    super();
  }

  expire(): void {
    const error = this.limit.expired(this.call);
    this.call.stopped ??= { reason: error, limit: this };
    this.call.abort(error);
  }
}

const isAnswered = (): void => undefined;

/** One call of an operation, from its begin to its answer, with all its attempts. Aborting it ends it where it stands. */
export class Call extends Scope implements EventSource {
  args: readonly unknown[];
  /** Which attempt is running or was the last, from 1; 0 before the first. */
  attempt = 0;
  alternative = '';
  /** Tells the alternatives that are tried now apart by their values, without showing them; empty without. */
  alternativeKey = '';
  /** Ms waited before the attempt that runs now. */
  delay = 0;
  readonly failures: AttemptFailure[] = [];
  readonly startedAt: number;
  /** Set while the call must not go on: it was aborted, or a limit struck. */
  declare stopped: { readonly reason: unknown; readonly limit?: CallDeadline } | undefined;
  /** The limit on the whole call, while it is armed. */
  limit: CallDeadline | undefined;
  /** The attempt that runs, or was the last. */
  current: (Scope & OperoCall) | undefined;
  /** Whether the result is one that `retryOnResult` took, rather than the last of those it did not. */
  accepted = true;
  /** What shares the result of this call among equal ones, where it is a load. */
  loadFor: SharedLoad | undefined;
  /** What nested calls failed with after all their attempts. Not kept alive by it: a call may go on for ever. */
  spent: WeakSet<object> | undefined;
  /** Whether whoever called has a promise already, so that a failure rejects it rather than being thrown. */
  answersLater = false;
  /** With what the first attempt of this call that was not let in was refused, and all others: most calls have no other. */
  refusal: unknown;
  refusals: unknown[] | undefined;
  /** Set when a function of the options failed without which no attempt can be let in: what the call fails with. */
  broken: { readonly error: unknown } | undefined;
  readonly #counted: boolean;
  /** Where it came from, if that is remembered. */
  site: CallSite | undefined;
  #notes: Map<object, unknown> | undefined;
  #resolve!: (value: unknown) => void;

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
    // A load goes on for a call that is counted already.
    this.#counted = !origin;
    if (this.#counted) operation.monitor.running++;
    owner.adopt(this);
    if (owner.closed) this.abort(owner.closed.reason);
  }

  get monitor(): Monitor {
    return this.operation.monitor;
  }

  /** What strategies note down for the length of a call, by strategy. */
  get notes(): Map<object, unknown> {
    return (this.#notes ??= new Map());
  }

  protected override get ownDeadline(): number {
    return this.limit?.dueAt ?? Infinity;
  }

  protected override get ownsCorrelationId(): boolean {
    return true;
  }

  protected override get ownCorrelationId(): string {
    return (this.#correlationId ??= randomUUID());
  }
  #correlationId: string | undefined;

  /** The calls that this one is nested in must not begin its attempts anew. */
  protected override rememberSpent(error: unknown): void {
    if (typeof error === 'object' && error !== null) (this.spent ??= new WeakSet()).add(error);
  }

  /** An abort ends also what a limit that has struck leaves to a fallback. */
  protected override stop(reason: unknown): void {
    if (!this.stopped || (this.stopped.limit && this.stopped.reason !== reason)) this.stopped = { reason };
  }

  /** Whether `error` is why an attempt of this call itself was not let in: the method did not run for it. */
  refusedWith(error: unknown): boolean {
    if (this.refusal === undefined) return false;
    return this.refusal === error || (this.refusals?.includes(error) ?? false);
  }

  /** The answer of a call whose attempts have to be waited for: what {@link answer} will give it. */
  later(): Promise<unknown> {
    this.answersLater = true;
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  answer(value: unknown): void {
    this.#resolve(value);
    // A promise keeps what it was made in: of a method that goes on in calls of its own, each call would keep the last.
    this.#resolve = isAnswered;
  }

  /** Waits for `delay` ms before the next attempt. */
  pause(delay: number): Promise<void> {
    const { clock } = this.operation;
    return this.wait((resolve) => {
      const timer = clock.schedule(delay, () => resolve());
      return () => timer.cancel();
    }, clock.now() + delay);
  }

  /** The call is answered. */
  leave(): void {
    if (this.#counted) this.monitor.running--;
    this.end();
  }

  within<R>(work: () => R): R {
    return runInside(this.current ?? this, work, undefined);
  }
}
