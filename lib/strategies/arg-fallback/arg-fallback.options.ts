import * as v from 'valibot';
import { fields, satisfying, type Problem } from '../../core/options/index.js';
import { errorConditions, type ErrorConditions, type Target } from '../../core/strategy/index.js';

/** Alternatives for one parameter, tried in order within each attempt. */
export interface ArgFallbackOptions {
  /** The parameter: its name, or its index from 0. Only needed where no `@FallbackArg()` stands on it. */
  param?: string | number;
  /**
   * The alternatives, best first. A caller may pass its own list in that place. Circuits and rate limits belong to the
   * value: equal primitives, plain data, dates, URLs and bytes share one wherever they come from; instances of classes and
   * functions have one each.
   */
  values?: readonly unknown[];
  /**
   * Which errors make the next alternative be tried: every error but aborts and programming mistakes. A 401 or 429
   * does move on: the next key may be a good one. A function that throws counts as no.
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
