import { Attempt } from './attempt.js';
import type { Call } from './call.js';
import { enclosingScope } from './async-context.js';
import type { Scope } from './scope.js';

/** The abort reason of a call that is replaced by another one. */
const WITHDRAWN = Symbol('withdrawn');

/**
 * Ends a call from inside its method as if it had never started: permits are returned, nothing is counted, no
 * fallback runs. Its signal is not aborted, because what the method created with it stays in use. Throws the error
 * that the method must end with.
 */
export function withdraw(call: Call): never {
  const stopped = { reason: WITHDRAWN };
  const attempt = enclosingScope();
  if (attempt instanceof Attempt) {
    attempt.invoked = false;
    attempt.stopped = stopped;
    attempt.call.stopped ??= stopped;
    // The call waits for a load that runs as a call of its own.
    if (attempt.call !== call) call.abort(WITHDRAWN);
  }
  throw WITHDRAWN;
}

/**
 * Ends `run`, which a call no longer needs, as if it had never started, but with an abort of its signals. Resolves when
 * it has ended. The call itself goes on.
 */
export async function withdrawRun(call: Call, run: PromiseLike<unknown>, reason: unknown): Promise<void> {
  const stopped = { reason, ofRun: true };
  if (!call.stopped || call.stopped.limit) {
    call.stopped = stopped;
    for (const child of call.children()) child.abort(reason);
    call.interrupt(reason);
  }
  try {
    await run;
  } catch {
    // What it ended with is not asked for.
  }
  // An abort that came meanwhile ends the call.
  if (call.stopped === stopped) call.stopped = undefined;
}

/** Whether a call, or an attempt, was ended by {@link withdraw}. */
export const isWithdrawn = ({ stopped }: Scope): boolean => stopped?.reason === WITHDRAWN;
