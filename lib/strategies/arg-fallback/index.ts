import { defineStrategy } from '../../core/strategy/index.js';
import {
  argFallbackSchema,
  parameterIndex,
  validateArgFallback,
  type ArgFallbackOptions,
  type ResolvedArgFallback,
} from './arg-fallback.options.js';
import { ArgFallbackStrategy } from './arg-fallback.strategy.js';

export type { ArgFallbackOptions } from './arg-fallback.options.js';

/** Tries the alternatives of an argument in order, within each attempt of `retry`. */
export const argFallback = defineStrategy<
  'argFallback',
  string | number | ArgFallbackOptions,
  ResolvedArgFallback
>({
  name: 'argument fallback',
  option: 'argFallback',
  allowed: 'the name or index of a parameter, true, false, or { param, values, on }',
  shorthand: (raw) => (typeof raw === 'string' || typeof raw === 'number' ? { param: raw } : undefined),
  schema: argFallbackSchema,
  validate: validateArgFallback,
  create({ param, values, on }, context) {
    const alternatives = new Map(context.target.fallbackArguments);
    if (param !== undefined) {
      const index = parameterIndex(param, context.target);
      alternatives.set(index, values ?? alternatives.get(index) ?? [undefined]);
    }
    const ordered = new Map([...alternatives].sort(([a], [b]) => a - b));
    if (ordered.size === 0) return undefined;
    const keepsState = context.enabled('circuitBreaker') || context.enabled('rateLimit');
    return new ArgFallbackStrategy({ alternatives: ordered, on, keepsState }, context);
  },
});
