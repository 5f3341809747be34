import * as v from 'valibot';
import { callback, fields, flag } from '../../core/options/index.js';
import type { PrincipalFunction } from '../../core/strategy/index.js';

/** Which calls count as equal. */
export interface SingleFlightOptions {
  /** Makes the key from the arguments. Default: as for the cache. */
  key?: (...args: never[]) => string;
  /** Share between all instances of the class, and on a handler between all users. Default false. */
  share?: boolean;
  /** Whose the answer is, from the request being answered; see the cache's `principal`. */
  principal?: PrincipalFunction;
  /** Give each caller a copy of its own, as the cache does. Default true. */
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
