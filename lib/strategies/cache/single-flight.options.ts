import * as v from 'valibot';
import { callback, fields, flag } from '../../core/options/index.js';
import type { PrincipalFunction } from '../../core/strategy/index.js';

/** Which concurrent calls are equal and share one execution (single-flight). */
export interface SingleFlightOptions {
  /**
   * Returns the key from the arguments. Calls with equal keys share one execution.
   * @default the same canonical encoding as for `cache.key`
   */
  key?: (...args: never[]) => string;
  /**
   * Whether all instances of the class share executions; on a handler: whether all users do.
   * @default false
   */
  share?: boolean;
  /**
   * Returns the principal of the current request; see `cache.principal`.
   * @default on handlers the module's `cache.principal`, otherwise none
   */
  principal?: PrincipalFunction;
  /**
   * Whether each caller gets its own copy of the result; see `cache.isolate`.
   * @default true
   */
  isolate?: boolean;
}

export const singleFlightSchema = fields({
  key: v.optional(callback<(...args: never[]) => string>()),
  share: v.optional(flag(), false),
  principal: v.optional(callback<PrincipalFunction>()),
  isolate: v.optional(flag(), true),
});

/** The options with their defaults. */
export type ResolvedSingleFlight = v.InferOutput<typeof singleFlightSchema>;
