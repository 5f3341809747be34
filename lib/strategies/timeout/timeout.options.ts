import * as v from 'valibot';
import { duration, fields, type Problem } from '../../core/options/index.js';

/** How long a method may take. */
export interface TimeoutOptions {
  /**
   * Ms that one attempt may take. The attempt's signal aborts and the attempt fails with {@link AttemptTimeoutError}, even if the
   * method does not listen. Retried like any other failure. Default: no limit.
   */
  attempt?: number;
  /**
   * Ms that the call may take in all: attempts, waits between them, waits for the rate limit. Ends in
   * {@link TotalTimeoutError}; a fallback may still answer. Default: no limit.
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
