/** What a decorated method and its hooks can learn about the call they run in. */
export interface OperoCall {
  /** The operation's name, `Class.method` unless it was given one. */
  readonly operation: string;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  /** 0, or which of the hedges of this attempt it is, from 1. */
  readonly hedge: number;
  /** The position in each fallback argument, as `arg[1]#2`; empty without. */
  readonly alternative: string;
  /**
   * Aborts when this attempt is given up: by its timeout, the total timeout, the caller, a client that went away, or a
   * shutdown. Created when it is first read; never aborted by success.
   */
  readonly signal: AbortSignal;
  /** When this attempt will be given up, in ms on the clock of `performance.now()`; `Infinity` without a limit. */
  readonly deadline: number;
  /** Names the request or job this belongs to. */
  readonly correlationId: string;
}
