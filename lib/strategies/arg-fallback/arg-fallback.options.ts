import * as v from 'valibot';
import { fields, satisfying, type Problem } from '../../core/options/index.js';
import { errorConditions, type ErrorConditions, type Target } from '../../core/strategy/index.js';

/** Ordered alternatives for one parameter. Each attempt goes through them until one succeeds. */
export interface ArgFallbackOptions {
  /**
   * The parameter: its name, or its index from 0 (a whole number). Only needed without `@FallbackArg()`.
   * @default the parameters decorated with `@FallbackArg()`
   */
  param?: string | number;
  /**
   * The alternatives, best first; at least one. A list that the caller passes as this argument replaces them.
   * Circuits and rate limits are kept per value: equal primitives, plain data, dates, URLs and bytes share one;
   * instances of classes and functions have one each.
   * @default the values of `@FallbackArg()`
   */
  values?: readonly unknown[];
  /**
   * Errors after which the next alternative is used: classes, codes, statuses, or a function. If the function throws,
   * the next alternative is not used.
   * @default every error except aborts and programming errors; 401 and 429 are included
   */
  on?: ErrorConditions;
}

export const argFallbackSchema = fields({
  param: v.optional(
    satisfying<string | number>(
      (value) =>
        (typeof value === 'string' && value !== '') || (Number.isInteger(value) && (value as number) >= 0),
      'the name of a parameter, or its index from 0',
    ),
  ),
  values: v.optional(
    satisfying<readonly unknown[]>(
      (value) => Array.isArray(value) && value.length > 0,
      'a list of at least one value',
    ),
  ),
  on: v.optional(errorConditions()),
});

/** The options with their defaults. */
export type ResolvedArgFallback = v.InferOutput<typeof argFallbackSchema>;

/** The index of the parameter that the option names; -1 if there is none. */
export function parameterIndex(param: string | number, target: Target): number {
  return typeof param === 'number' ? param : target.parameterNames.indexOf(param);
}

export function validateArgFallback({ param, values }: ResolvedArgFallback, target: Target): Problem[] {
  if (param === undefined) {
    if (target.fallbackArguments.size > 0 && !values) return [];
    return [{ path: 'param', message: 'got none, allowed: the name or the index of a parameter' }];
  }
  const index = parameterIndex(param, target);
  if (typeof param === 'string' && index < 0) {
    const names = target.parameterNames.join(', ') || 'this method has no parameter with a readable name';
    return [{ path: 'param', message: `got '${param}', allowed: ${names}` }];
  }
  if (
    typeof param === 'number' &&
    target.prototype &&
    index >= Math.max(target.parameters, target.parameterNames.length)
  ) {
    return [
      {
        path: 'param',
        message: `got ${param}, allowed: the index of one of ${target.parameterNames.length} parameters`,
      },
    ];
  }
  return [];
}
