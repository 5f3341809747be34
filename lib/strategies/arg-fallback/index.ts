import { defineStrategy, type Target } from '../../core/strategy/index.js';
import {
  argFallbackSchema,
  parameterIndex,
  validateArgFallback,
  type ArgFallbackOptions,
  type ResolvedArgFallback,
} from './arg-fallback.options.js';
import { ArgFallbackStrategy } from './arg-fallback.strategy.js';

export type { ArgFallbackOptions } from './arg-fallback.options.js';

declare module '../../core/declarations/index.js' {
  interface OperoStrategies {
    /**
     * Fallback argument: alternatives for an argument, tried in order within each attempt. The name or index of the
     * parameter, or an object. `@FallbackArg()` on the parameter does the same.
     * @default off
     */
    argFallback: { options: string | number | ArgFallbackOptions; events: 'alternative' };
  }
}

/** The declared alternatives, by parameter. */
function alternativesOf(
  { param, values }: ResolvedArgFallback,
  target: Target,
): Map<number, readonly unknown[]> {
  const alternatives = new Map(target.fallbackArguments);
  if (param === undefined) return alternatives;
  const index = parameterIndex(param, target);
  return alternatives.set(index, values ?? alternatives.get(index) ?? [undefined]);
}

/** Tries the alternatives of an argument in order, within each attempt of `retry`. */
export const argFallback = defineStrategy<'argFallback', ResolvedArgFallback, ArgFallbackStrategy>({
  name: 'argument fallback',
  option: 'argFallback',
  kind: 'repeat',
  allowed: 'the name or index of a parameter, true, false, or { param, values, on }',
  shorthand: (raw) => (typeof raw === 'string' || typeof raw === 'number' ? { param: raw } : undefined),
  schema: argFallbackSchema,
  events: ['alternative'],
  // Without its alternatives a method would lack an argument.
  staysOn: true,
  impliedBy: ({ fallbackArguments }) => fallbackArguments.size > 0,
  facts: (resolved, target) => ({
    alternatives: [...alternativesOf(resolved, target).values()].reduce(
      (product, { length }) => product * length,
      1,
    ),
  }),
  // They may be secrets, and plans are printed.
  describe: ({ values, ...shown }) => ({ ...shown, values: values?.map((_, index) => `#${index + 1}`) }),
  validate: validateArgFallback,
  create(resolved, context) {
    const alternatives = alternativesOf(resolved, context.target);
    const ordered = new Map([...alternatives].sort(([a], [b]) => a - b));
    if (ordered.size === 0) return undefined;
    const keepsState = context.has('state-per-alternative');
    return new ArgFallbackStrategy({ alternatives: ordered, on: resolved.on, keepsState }, context);
  },
});
