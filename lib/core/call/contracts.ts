import type { AttemptFailure } from '../errors/all-failed.js';
import type { RefusedError } from '../errors/errors.js';
import type { EventSource } from '../events/monitor.js';
import type { CallNotes } from './notes.js';
import type { REFUSED } from './outcomes.js';

/** Begins a wait that `resolve` and `reject` end; returns how to give it up, which must leave no timer behind. */
export type BeginStrategyWait<T> = (
  resolve: (value: T) => void,
  reject: (reason: unknown) => void,
) => () => void;

/** What a wait of a strategy ends with when the call, the attempt, or the app is given up. */
interface Waiting {
  /** When this will be given up, in ms of the clock's `now()`; `Infinity` without a limit. */
  readonly deadline: number;
  /** Set when this was aborted, or its time was over. */
  readonly stopped: { readonly reason: unknown } | undefined;
  /**
   * Waits for one thing, which an abort, a limit or a shutdown cuts short: then the wait is given up and rejects with the
   * reason. `until` is when it ends by itself, in ms of the clock's `now()`, if that is known: a shutdown does not wait for
   * what ends after its own deadline. Default 0: not known.
   */
  wait<T>(begin: BeginStrategyWait<T>, until?: number): Promise<T>;
}

/** A call, as strategies see it: one call of an operation, with all its attempts. */
export interface StrategyCall extends EventSource, Waiting {
  /** What the method is called with by the attempt that comes next. */
  args: readonly unknown[];
  /** Which attempt is running or was the last, from 1; 0 before the first. A `repeat` strategy counts it on. */
  readonly attempt: number;
  /** Stands for the values of fallback arguments that are tried now; empty without. */
  readonly alternativeKey: string;
  /** The failed attempts up to now, in order. */
  readonly failures: readonly AttemptFailure[];
  /** Data that strategies keep for the duration of the call. */
  readonly notes: CallNotes;
  /** Whether an attempt of this call was rejected with `error`: the method did not run for it. */
  refusedWith(error: unknown): boolean;
}

/** An attempt, as strategies see it. */
export interface StrategyAttempt extends Waiting {
  readonly call: StrategyCall;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  /** Whether the method ran at all. */
  readonly invoked: boolean;
  /** Whether somebody gave it up before it ended, so that its end says nothing about the downstream. */
  readonly givenUp: boolean;
  /** When the method began, or would have, in ms of the clock's `now()`. */
  readonly startedAt: number;
  /** Whether its result is still in use: a stream that has not ended. */
  readonly held: boolean;
  /** Calls `callback` when its result is no longer in use; at once if it is no stream. */
  whenReleased(callback: () => void): void;
  /** Rejects this attempt. `enter` returns what this returns, or its promise does. */
  refuse(error: RefusedError): typeof REFUSED;
}
