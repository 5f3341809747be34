import * as v from 'valibot';
import {
  callback,
  duration,
  durationOrNone,
  fields,
  flag,
  numberFrom,
  oneOf,
  ratio,
  satisfying,
  text,
  wholeNumber,
} from './option-checks.js';

/** An optional field with a default. */
function optional<S extends v.GenericSchema>(schema: S): v.OptionalSchema<S, undefined>;
function optional<S extends v.GenericSchema, const D extends v.InferOutput<S>>(
  schema: S,
  otherwise: D,
): v.OptionalSchema<S, D>;
function optional(schema: v.GenericSchema, otherwise?: unknown): v.GenericSchema {
  return v.optional(schema, otherwise);
}

/**
 * Checks for the `schema` of a strategy. A value that does not pass fails the boot, with a message that says what is allowed.
 *
 * @example
 * checks.fields({ limit: checks.wholeNumber(1), interval: checks.optional(checks.duration(), 1_000) })
 */
export const checks = {
  callback,
  duration,
  durationOrNone,
  fields,
  flag,
  numberFrom,
  oneOf,
  optional,
  ratio,
  satisfying,
  text,
  wholeNumber,
} as const;
