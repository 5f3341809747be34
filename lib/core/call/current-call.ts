import { Attempt } from './attempt.js';
import { BareCall } from './bare-call.js';
import { Call } from './call.js';
import { enclosingScope } from './async-context.js';
import type { OperoCall } from './opero-call.js';

/**
 * Returns the current call: inside a decorated method, its hooks and everything they call, on every attempt.
 *
 * @throws Error outside of a decorated method; {@link findCurrentCall} does not throw
 * @example
 * @Opero({ retry: 2, timeout: seconds(3) })
 * async fetchPage(url: string): Promise<Response> { return fetch(url, { signal: currentCall().signal }); }
 */
export function currentCall(): OperoCall {
  const call = findCurrentCall();
  if (!call) throw new Error('currentCall() works only inside a method decorated with @Opero() or @OpMap()');
  return call;
}

/**
 * Like {@link currentCall}, but returns `undefined` outside of a decorated method.
 *
 * @example
 * logger.log(`${findCurrentCall()?.correlationId ?? 'no call'}: page loaded`);
 */
export function findCurrentCall(): OperoCall | undefined {
  for (let scope = enclosingScope(); scope; scope = scope.owner) {
    if (scope instanceof Attempt || scope instanceof BareCall) return scope;
    // A function in the options that runs before the first attempt belongs to this call, not to a surrounding one.
    if (scope instanceof Call) return describeCall(scope);
  }
  return undefined;
}

/** The call as shown to a fallback. */
export const describeCall = (call: Call): OperoCall =>
  call.current ?? new Attempt(call, call.operation.clock.now());
