import type { Deadlines } from '../time/deadlines.js';
import type { Clock } from '../time/clock.js';
import type { Monitor } from '../events/monitor.js';

/** The parts of an operation that a call uses. */
export interface CallOperation {
  readonly name: string;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly monitor: Monitor;
  /** Whether the call site of each call is captured. */
  readonly callSites?: boolean;
}

/**
 * How a call returns: `promise` always returns a promise and never throws synchronously; `direct` returns as the
 * method does, and a promise only if an attempt had to wait.
 */
export type CallKind = 'promise' | 'direct';

/** The method, its instance and its arguments. */
export interface Invocation {
  readonly self: unknown;
  readonly method: (...args: never[]) => unknown;
  readonly args: readonly unknown[];
  /** The instance whose state and cache entries the call uses. */
  readonly identity?: CallIdentity;
  /** Why the call is neither cached nor shared, if its method returns a value that cannot be. */
  readonly uncached?: string;
  /** Converts the result of a fallback as the method's own results are converted. Runs in the fallback's attempt. */
  readonly adapt?: (answer: unknown) => unknown;
}

/** Identifies an instance of a class. */
export interface CallIdentity {
  /** The same in every process of the app; random if `shared` is false. */
  readonly id: string;
  /** Whether another process or a later instance may use what this one cached. */
  readonly shared: boolean;
  /** Whether the instance, or what its method writes to, ends with the request: nothing may run on it later. */
  readonly ofRequest?: boolean;
  /** Returns the principal of the current request. Throws if there is none: then the call is not cached. */
  readonly principal?: () => string | undefined;
}
