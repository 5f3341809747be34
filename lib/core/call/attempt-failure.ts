import type { AttemptFailure } from '../errors/all-failed.js';
import { retryAfterOf } from '../errors/retry-after.js';
import type { Clock } from '../time/clock.js';

/** The attempt that failed. */
interface Failed {
  readonly attempt: number;
  readonly hedge: number;
  readonly alternative: string;
  readonly call: { readonly delay: number; readonly operation: { readonly clock: Clock } };
}

/**
 * The record of a failed attempt. Both forms are literals, whose hidden classes are kept alive (see
 * `pipeline/hidden-classes.ts`): copying one into the other makes rejections by an open circuit a third slower.
 */
export function failureOf(
  { attempt, hedge, alternative, call: { delay, operation } }: Failed,
  duration: number,
  error: unknown,
): AttemptFailure {
  const retryAfter = retryAfterOf(error, operation.clock);
  return retryAfter === undefined
    ? { attempt, hedge, alternative, delay, duration, error }
    : { attempt, hedge, alternative, delay, duration, error, retryAfter };
}
