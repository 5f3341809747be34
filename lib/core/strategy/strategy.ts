import type { Attempt } from '../call/attempt.js';
import type { Call } from '../call/call.js';
import type { CallIdentity } from '../call/invocation.js';
import type { StrategyAttempt, StrategyCall } from '../call/contracts.js';
import type { REFUSED } from '../call/outcomes.js';
import type { Clock } from '../time/clock.js';
import type { TimeLimit } from '../time/deadlines.js';
import type { StrategyMonitor } from '../events/monitor.js';
import type { Random } from '../time/random.js';

/** What a strategy may see besides its options. */
export interface StrategyContext {
  readonly operation: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly monitor: StrategyMonitor;
}

/** Answers for a call that failed. Throws, or rejects, to pass the failure on. */
export interface RecoverStrategy {
  readonly kind: 'recover';
  recover(call: StrategyCall, error: unknown): unknown;
}

/** Stands around everything further in, and may answer without it or share it: the cache. */
export interface AroundStrategy {
  readonly kind: 'around';
  around(call: StrategyCall, next: Runner): unknown;
  /** The answers it shares among calls, if it does. */
  readonly answers?: SharedAnswers;
}

/** Answers that are kept for, or shared by, equal calls. */
export interface SharedAnswers {
  /** How many loads are under way. */
  readonly loading: number;
  /** The next call with these arguments loads anew, also when one is loading now. */
  evict(args: readonly unknown[], identity: CallIdentity | undefined): Promise<void>;
  /** The next call with whatever arguments loads anew. */
  evictAll(): Promise<void>;
}

/** Bounds the time of everything further in, attempts and waits included. */
export interface TotalTimeLimit extends TimeLimit<Call> {
  readonly kind: 'total-timeout';
}

/**
 * What follows a failed attempt: a number is the delay of the next attempt, in ms. Else there is none, and unless a
 * strategy further out decides otherwise, the call fails: `none`, with its error as it is; `last`, with the error of the last
 * attempt; `aggregate`, with an `AllFailedError` of all attempts.
 */
export type RepeatDecision = number | 'none' | 'last' | 'aggregate';

/** Decides after each attempt whether another one follows. Asked from the innermost outwards. */
export interface RepeatStrategy {
  readonly kind: 'repeat';
  /** Prepares the first attempt of a round: of the call, or of an outer strategy's next round. */
  begin?(call: StrategyCall): void;
  /** Decides whether another attempt follows. If so, adds 1 to `call.attempt`. */
  afterFailure(call: StrategyCall, error: unknown): RepeatDecision;
  /** Whether a result counts as a failed attempt. */
  rejects?(call: StrategyCall, value: unknown): boolean;
  /** Takes note that an attempt has succeeded. */
  afterSuccess?(call: StrategyCall): void;
}

/**
 * What a failure means for a round of attempts: `again`, another may begin at once; `wait`, those that run may still answer;
 * `hold`, the same, and none may begin any more, however long they take; `end`, it is the answer.
 */
export type HedgeVerdict = 'again' | 'wait' | 'hold' | 'end';

/** Runs further attempts beside one that takes long, and lets the first good answer win. */
export interface HedgeStrategy {
  readonly kind: 'hedge';
  readonly maxHedges: number;
  /** Ms after which the next attempt is to begin beside those that run; `undefined` for never. */
  delay(): number | undefined;
  /** Whether another attempt may begin now. */
  mayBegin(call: StrategyCall): boolean;
  /** An attempt that was let begin did not run the method. */
  giveBack(): void;
  /** What a failure of an attempt that ran means for the others. */
  judge(call: StrategyCall, error: unknown): HedgeVerdict;
  /** Whether a result is no better than a failure: another attempt may give a better one. */
  failsWith(call: StrategyCall, value: unknown): boolean;
  /** Takes note how long an answer took, or would have at least. */
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

/** Bounds the time of one attempt. */
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

/** Runs a call through everything further in. Answers at once when nothing had to be waited for. */
export interface Runner {
  run(call: StrategyCall): unknown;
}
