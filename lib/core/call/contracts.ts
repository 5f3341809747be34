import type { AttemptFailure } from '../errors/all-failed.js';
import type { RefusedError } from '../errors/errors.js';
import type { EventSource } from '../events/monitor.js';
import type { CallNotes } from './notes.js';
import type { REFUSED } from './outcomes.js';

/** Starts a wait that `resolve` and `reject` end. Returns a function that cancels it, which must leave no timer. */
export type BeginStrategyWait<T> = (
  resolve: (value: T) => void,
  reject: (reason: unknown) => void,
) => () => void;

/** A call or an attempt in which a strategy can wait. */
interface Waiting {
  /** When it will be aborted, in ms of the clock's `now()`; `Infinity` without a time limit. */
  readonly deadline: number;
  /** Set when it was aborted or timed out. */
  readonly stopped: { readonly reason: unknown } | undefined;
  /**
   * Waits until `begin` resolves or rejects. An abort, a timeout or a shutdown cancels the wait, which rejects with the
   * reason. `until` is when it ends at the latest, in ms of the clock's `now()`; 0 if unknown. A shutdown does not wait for
   * waits that end after its deadline.
   */
  wait<T>(begin: BeginStrategyWait<T>, until?: number): Promise<T>;
}

/** One call of an operation with all its attempts, as strategies see it. */
export interface StrategyCall extends EventSource, Waiting {
  /** The arguments of the next attempt. */
  args: readonly unknown[];
  /** Which attempt is running or was the last, from 1; 0 before the first. A `repeat` strategy counts it on. */
  readonly attempt: number;
  /** Identifies the current values of fallback arguments; empty without. */
  readonly alternativeKey: string;
  /** The failed attempts so far, in order. */
  readonly failures: readonly AttemptFailure[];
  /** Data that strategies keep for the duration of the call. */
  readonly notes: CallNotes;
  /** Whether an attempt of this call was rejected with `error`: the method did not run for it. */
  refusedWith(error: unknown): boolean;
}

/** An attempt, as strategies see it. */
export interface StrategyAttempt extends Waiting {
  readonly call: StrategyCall;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Whether the method ran at all. */
  readonly invoked: boolean;
  /** Whether the attempt was cancelled, so that its outcome says nothing about the downstream. */
  readonly givenUp: boolean;
  /** When the method started, in ms of the clock's `now()`; before that, when the attempt started. */
  readonly startedAt: number;
  /** Whether its result is still in use: a stream that has not ended. */
  readonly held: boolean;
  /** Calls `callback` when its result is no longer in use; at once if it is no stream. */
  whenReleased(callback: () => void): void;
  /** Rejects this attempt. `enter` returns what this returns, or its promise does. */
  refuse(error: RefusedError): typeof REFUSED;
}
