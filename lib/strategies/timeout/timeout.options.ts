import * as v from 'valibot';
import { duration, fields, type Problem } from '../../core/options/index.js';

/** Time limits of an attempt and of the whole call. At least one must be given. */
export interface TimeoutOptions {
  /**
   * Time limit of one attempt, in ms: greater than 0. The attempt's signal aborts and the attempt fails with {@link
   * AttemptTimeoutError}, even if the method ignores the signal. It is retried like any other failure.
   * @default no limit
   */
  attempt?: number;
  /**
   * Time limit of the whole call with all attempts, delays and queueing, in ms: greater than 0 and not less than
   * `attempt`. The call fails with {@link TotalTimeoutError}; a fallback may still run.
   * @default no limit
   */
  total?: number;
}

export const timeoutSchema = fields({
  attempt: v.optional(duration()),
  total: v.optional(duration()),
});

/** The options with their defaults. */
export type ResolvedTimeout = v.InferOutput<typeof timeoutSchema>;

export function validateTimeout({ attempt, total }: ResolvedTimeout): Problem[] {
  if (attempt === undefined && total === undefined) {
    return [{ path: '', message: 'got no limit, allowed: attempt, total, or both' }];
  }
  if (attempt === undefined || total === undefined || total >= attempt) return [];
  return [
    { path: 'total', message: `got ${total}, allowed: at least one attempt, which may take ${attempt} ms` },
  ];
}
