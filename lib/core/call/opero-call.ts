/** Information about the current call, for decorated methods and hooks. */
export interface OperoCall {
  /** Name of the operation: `Class.method` unless it was given a name. */
  readonly operation: string;
  /** Number of this attempt, from 1. */
  readonly attempt: number;
  /** 0, or the number of the hedge of this attempt, from 1. */
  readonly hedge: number;
  /** The position in each fallback argument, such as `arg[1]#2`; empty without fallback arguments. */
  readonly alternative: string;
  /**
   * Aborts when this attempt is cancelled: by its timeout, the total timeout, the caller, a client that disconnected,
   * or a shutdown. Created when first read; not aborted by success.
   */
  readonly signal: AbortSignal;
  /** When this attempt will time out, in ms on the clock of `performance.now()`; `Infinity` without a time limit. */
  readonly deadline: number;
  /** Id of the request or job that made the call. */
  readonly correlationId: string;
}
