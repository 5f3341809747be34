import { Attempt } from './attempt.js';
import { BareCall } from './bare-call.js';
import { Call } from './call.js';
import { enclosingScope } from './async-context.js';
import type { OperoCall } from './opero-call.js';

/**
 * The call that this code runs in: inside a decorated method, its hooks and whatever they call, on every attempt.
 * Throws outside of one; see {@link findCurrentCall} for code that runs in both.
 */
export function currentCall(): OperoCall {
  const call = findCurrentCall();
  if (!call) throw new Error('currentCall() works only inside a method decorated with @Opero() or @OpMap()');
  return call;
}

/** Like {@link currentCall}, but `undefined` outside of a decorated method. */
export function findCurrentCall(): OperoCall | undefined {
  for (let scope = enclosingScope(); scope; scope = scope.owner) {
    if (scope instanceof Attempt || scope instanceof BareCall) return scope;
    // A function of the options that runs before the first attempt belongs to this call, not to the one around it.
    if (scope instanceof Call) return describeCall(scope);
  }
  return undefined;
}

/** What a fallback is told about the call it answers for. */
export const describeCall = (call: Call): OperoCall =>
  call.current ?? new Attempt(call, call.operation.clock.now());
