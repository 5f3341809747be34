import { randomUUID } from 'node:crypto';
import type { AttemptFailure } from '../errors/all-failed.js';
import type { CallSite } from './call-site.js';
import { runInside } from './async-context.js';
import { Deadline, type TimeLimit } from '../time/deadlines.js';
import type { EventSource, Monitor } from '../events/monitor.js';
import type { CallNotes } from './notes.js';
import type { CallKind, CallOperation, Invocation } from './invocation.js';
import type { OperoCall } from './opero-call.js';
import type { CallResult } from './outcomes.js';
import { Scope } from './scope.js';

/** The load whose result is shared by equal calls (single-flight). */
export interface SharedLoad {
  /** The other calls that wait for it while nested in a call. */
  readonly nested: ReadonlySet<Call> | undefined;
}

/** Why a call was stopped. */
interface CallStop {
  readonly reason: unknown;
  /** The deadline that stopped it. */
  readonly limit?: CallDeadline;
  /** Whether the call goes on when what runs inside a strategy has ended. */
  readonly ofRun?: boolean;
}

/** The deadline of a whole call. */
export class CallDeadline extends Deadline {
  constructor(
    private readonly call: Call,
    private readonly limit: TimeLimit<Call>,
  ) {
    super();
  }

  expire(): void {
    if (this.call.stopped?.ofRun) return;
    const error = this.limit.expired(this.call);
    this.call.stopped ??= { reason: error, limit: this };
    this.call.abort(error);
  }
}

const isAnswered = (): void => undefined;

/** One call of an operation with all its attempts. Aborting it ends it at once. */
export class Call extends Scope implements EventSource {
  args: readonly unknown[];
  /** Number of the current or last attempt, from 1; 0 before the first. */
  attempt = 0;
  /** How often the method ran. A rejected attempt is none, and neither is a fallback. */
  runs = 0;
  alternative = '';
  /** Identifies the current alternatives by value, without showing them; empty without. */
  alternativeKey = '';
  /** Delay before the current attempt, in ms. */
  delay = 0;
  readonly failures: AttemptFailure[] = [];
  /** How many of the failures are those of an earlier run inside of a strategy. */
  earlier = 0;
  readonly startedAt: number;
  /** Set when the call was aborted or timed out. */
  declare stopped: CallStop | undefined;
  /** The deadline of the call while it is armed. */
  limit: CallDeadline | undefined;
  /** The current or last attempt. */
  current: (Scope & OperoCall) | undefined;
  /** False if the result was not accepted by `retryOnResult` and is returned as the last one. */
  accepted = true;
  /** Set on a load: how its result is shared. */
  loadFor: SharedLoad | undefined;
  /** Errors of nested calls that have used all their attempts. A weak set, because a call may run forever. */
  spent: WeakSet<object> | undefined;
  /** Whether the caller already has a promise, so that a failure rejects it instead of being thrown. */
  answersLater = false;
  /** The first rejection of an attempt of this call. Further ones are in `refusals`, which most calls do not need. */
  refusal: unknown;
  refusals: unknown[] | undefined;
  /** Set when a function in the options failed whose result is required: the error of the call. */
  broken: { readonly error: unknown } | undefined;
  readonly #counted: boolean;
  /** The call site, if captured. */
  site: CallSite | undefined;
  #notes: CallNotes | undefined;
  #resolve!: (value: unknown) => void;

  constructor(
    readonly operation: CallOperation,
    readonly invocation: Invocation,
    owner: Scope,
    origin?: Scope,
    /** How the call returns. Rejecting a promise costs less than throwing. */
    readonly kind: CallKind = 'promise',
  ) {
    super();
    this.origin = origin;
    this.args = invocation.args;
    this.startedAt = operation.clock.now();
    // A load belongs to a call that is already counted.
    this.#counted = !origin;
    if (this.#counted) operation.monitor.running++;
    owner.adopt(this);
    if (owner.closed) this.abort(owner.closed.reason);
  }

  get monitor(): Monitor {
    return this.operation.monitor;
  }

  /** Data of strategies for the duration of the call. */
  get notes(): CallNotes {
    return (this.#notes ??= new Map() as CallNotes);
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

  /** The surrounding calls must not retry this error. */
  protected override rememberSpent(error: unknown): void {
    if (typeof error === 'object' && error !== null) (this.spent ??= new WeakSet()).add(error);
  }

  /** An abort also ends a fallback that runs after a timeout, and a strategy that has ended what ran inside it. */
  protected override stop(reason: unknown): void {
    const { stopped } = this;
    if (!stopped || stopped.ofRun || (stopped.limit && stopped.reason !== reason)) this.stopped = { reason };
  }

  refused(error: unknown): void {
    if (this.refusal === undefined) this.refusal = error;
    else (this.refusals ??= []).push(error);
  }

  /** Whether `error` rejected an attempt of this call: the method did not run for it. */
  refusedWith(error: unknown): boolean {
    if (this.refusal === undefined) return false;
    return this.refusal === error || (this.refusals?.includes(error) ?? false);
  }

  /** The promise of a call that has to wait. {@link answer} settles it. */
  later(): Promise<unknown> {
    this.answersLater = true;
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  answer(result: CallResult): void {
    this.#resolve(result);
    // A promise retains the context it was created in: a method that keeps calling itself would retain all its calls.
    this.#resolve = isAnswered;
  }

  /** Waits `delay` ms before the next attempt. */
  pause(delay: number): Promise<void> {
    const { clock } = this.operation;
    return this.wait((resolve) => {
      const timer = clock.schedule(delay, () => resolve());
      return () => timer.cancel();
    }, clock.now() + delay);
  }

  override cancelFailed(error: unknown): void {
    this.monitor.callbackFailed('the function that cancels a wait', 'the wait ends', this, error);
  }

  /** A strategy runs what is inside it once more. */
  beginAgain(): void {
    this.earlier = this.failures.length;
    this.delay = 0;
    this.accepted = true;
    this.broken = undefined;
  }

  /** Ends the call. */
  leave(): void {
    if (this.#counted) this.monitor.running--;
    this.end();
  }

  within<R>(work: () => R): R {
    return runInside(this.current ?? this, work, undefined);
  }
}

export const invokeMethod = ({ invocation: { method, self }, args }: Call): unknown =>
  method.apply(self, args as never[]);
