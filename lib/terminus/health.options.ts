import * as v from 'valibot';
import { check, duration, fields, satisfying, wholeNumber, type Problem } from '../core/options/index.js';

const isNames = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((name) => typeof name === 'string');

const healthSchema = fields({
  operations: v.optional(satisfying<readonly string[]>(isNames, 'a list of names of operations')),
  maxAge: v.optional(duration()),
  maxFailures: v.optional(wholeNumber(1)),
  critical: v.optional(
    satisfying<boolean | readonly string[]>(
      (value) => typeof value === 'boolean' || isNames(value),
      'true, false, or a list of names of operations',
    ),
  ),
});

/** Returns the problems in the options of a health check. */
export function checkHealthOptions(options: unknown): Problem[] {
  const problems: Problem[] = [];
  check(healthSchema, options, '', problems);
  return problems;
}
