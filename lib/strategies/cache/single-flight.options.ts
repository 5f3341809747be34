import * as v from 'valibot';
import { callback, fields, flag } from '../../core/index.js';

/** Which calls count as equal. */
export interface SingleFlightOptions {
  /** Makes the key from the arguments. Default: as for the cache. */
  key?: (...args: never[]) => string;
  /** Share between all instances of the class, and on a route between all users. Default false. */
  share?: boolean;
}

export const singleFlightSchema = fields({
  key: v.optional(callback<(...args: never[]) => string>()),
  share: v.optional(flag(), false),
});

/** The options with their defaults. */
export type ResolvedSingleFlight = v.InferOutput<typeof singleFlightSchema>;
