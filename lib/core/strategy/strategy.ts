import type { Attempt } from '../call/attempt.js';
import type { Call } from '../call/call.js';
import type { CallIdentity } from '../call/invocation.js';
import type { StrategyAttempt, StrategyCall } from '../call/contracts.js';
import type { REFUSED } from '../call/outcomes.js';
import type { Clock } from '../time/clock.js';
import type { TimeLimit } from '../time/deadlines.js';
import type { StrategyMonitor } from '../events/monitor.js';
import type { Random } from '../time/random.js';

/** What strategies depend on besides their options. */
export interface StrategyContext {
  readonly operation: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly monitor: StrategyMonitor;
}

/** Returns a result for a failed call. Throws or rejects to pass the failure on. */
export interface RecoverStrategy {
  readonly kind: 'recover';
  recover(call: StrategyCall, error: unknown): unknown;
}

/** Surrounds everything further in, and may return without running it, or share its result, as the cache does. */
export interface AroundStrategy {
  readonly kind: 'around';
  around(call: StrategyCall, next: Runner): unknown;
  /** @internal The results it shares among calls, if any. */
  readonly answers?: SharedAnswers;
}

/** Results that equal calls share. */
export interface SharedAnswers {
  /** Number of running loads. */
  readonly loading: number;
  /** Evicts the result for these arguments, also that of a running load. */
  evict(args: readonly unknown[], identity: CallIdentity | undefined): Promise<void>;
  /** Evicts all results. */
  evictAll(): Promise<void>;
  /** Evicts all results of the app with any of these tags. */
  evictTags(tags: readonly string[]): Promise<void>;
}

/** Limits the time of everything further in, including waits. */
export interface TotalTimeLimit extends TimeLimit<Call> {
  readonly kind: 'total-timeout';
}

/**
 * What follows a failed attempt: a number is the delay of the next attempt, in ms. Else there is none, and unless a
 * strategy further out decides otherwise, the call fails: `none`, with its error as it is; `last`, with the error of the last
 * attempt; `aggregate`, with an `AllFailedError` of all attempts.
 */
export type RepeatDecision = number | 'none' | 'last' | 'aggregate';

/** Decides after each attempt whether another one follows. The innermost decides first. */
export interface RepeatStrategy {
  readonly kind: 'repeat';
  /** Prepares the first attempt of the call, or of the next attempt of an outer strategy. */
  begin?(call: StrategyCall): void;
  /** Decides whether another attempt follows. */
  afterFailure(call: StrategyCall, error: unknown): RepeatDecision;
  /** Whether a result counts as a failed attempt. */
  rejects?(call: StrategyCall, value: unknown): boolean;
  /** Called when an attempt has succeeded. */
  afterSuccess?(call: StrategyCall): void;
}

/**
 * What a failure means for concurrent attempts: `again`, another may start at once; `wait`, those that run may still succeed;
 * `hold`, the same, but none may start any more; `end`, the call fails with it.
 */
export type HedgeVerdict = 'again' | 'wait' | 'hold' | 'end';

/** Starts attempts in parallel to a slow one. The first accepted result is used. */
export interface HedgeStrategy {
  readonly kind: 'hedge';
  readonly maxHedges: number;
  /** Delay after which the next attempt starts, in ms; `undefined` for never. */
  delay(): number | undefined;
  /** Whether another attempt may start now. */
  mayBegin(call: StrategyCall): boolean;
  /** An attempt that was permitted did not run the method. */
  giveBack(): void;
  /** Classifies the failure of an attempt that ran. */
  judge(call: StrategyCall, error: unknown): HedgeVerdict;
  /** Whether a result counts as a failure: another attempt may give a better one. */
  failsWith(call: StrategyCall, value: unknown): boolean;
  /** Records a latency, or its lower bound. */
  record(duration: number): void;
}

/** Admits attempts and records how they end, without waiting where it can. */
export interface GateStrategy<Token = any> {
  readonly kind: 'gate';
  /**
   * Admits the attempt, at once or later, or rejects it with {@link StrategyAttempt.refuse}: throwing would cost as much
   * as a call. `start` and `leave` get the token of the attempt.
   */
  enter(attempt: StrategyAttempt, now: number): Token | Promise<Token | typeof REFUSED> | typeof REFUSED;
  /** All gates have admitted the attempt, and the method starts. */
  start?(token: Token, now: number): void;
  /** An admitted attempt has ended: called once for each, also if the method never ran. */
  leave(attempt: StrategyAttempt, token: Token, now: number, ok: boolean, outcome: unknown): void;
}

/** Limits the time of one attempt. */
export interface AttemptTimeLimit extends TimeLimit<Attempt> {
  readonly kind: 'attempt-timeout';
}

/** One enabled strategy of one operation. */
export type Strategy =
  | RecoverStrategy
  | AroundStrategy
  | TotalTimeLimit
  | RepeatStrategy
  | HedgeStrategy
  | GateStrategy
  | AttemptTimeLimit;

/** Runs a call through everything further in. Returns synchronously if nothing had to wait. */
export interface Runner {
  run(call: StrategyCall): unknown;
}
