import type { Measured } from './elasticity.js';
import type { LatencyWindow } from './latency-window.js';

/** Calls that take so many times as long, or as short, tell of a change downstream. */
export const JUMP = 1.5;

/** Windows in a row after which the limit was lowered. */
export interface Descent {
  /** The estimate before the first of them. */
  readonly from: number;
  /** What the second measured; the downstream may have changed in the middle of the first. */
  reference: Measured | undefined;
}

/** Whether the downstream has changed since the reference was measured: nothing follows from that any more. */
export const hasJumped = ({ reference }: Descent, { mean, error }: LatencyWindow): boolean =>
  reference !== undefined && mean - 2 * error > JUMP * reference.latency * (1 + reference.error);
