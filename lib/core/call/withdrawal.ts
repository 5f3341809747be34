import { Attempt } from './attempt.js';
import type { Call } from './call.js';
import { enclosingScope } from './async-context.js';

/** The reason with which a call ends that another one is made in place of. */
const WITHDRAWN = Symbol('withdrawn');

/**
 * Ends a call from inside its method as if neither had begun: permits are given back, nothing is counted, no fallback
 * answers. Its signal is not aborted, since what the method has made with it is still used. Throws what the method must
 * end with.
 */
export function withdraw(call: Call): never {
  const stopped = { reason: WITHDRAWN };
  const attempt = enclosingScope();
  if (attempt instanceof Attempt) {
    attempt.invoked = false;
    attempt.stopped ??= stopped;
    attempt.call.stopped ??= stopped;
    // A call that waits for a load which runs apart from it.
    if (attempt.call !== call) call.abort(WITHDRAWN);
  }
  throw WITHDRAWN;
}

/** Whether a call was ended by {@link withdraw}. */
export const isWithdrawn = ({ stopped }: Call): boolean => stopped?.reason === WITHDRAWN;
