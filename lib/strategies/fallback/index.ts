import { defineStrategy } from '../../core/strategy/index.js';
import {
  fallbackSchema,
  listAnswers,
  validateFallback,
  type FallbackOptions,
  type FallbackTarget,
  type ResolvedFallback,
} from './fallback.options.js';
import { FallbackStrategy } from './fallback.strategy.js';

export type { FallbackFunction, FallbackOptions, FallbackTarget } from './fallback.options.js';

declare module '../../core/declarations/index.js' {
  interface OperoStrategies {
    /**
     * Fallback: the result of a call whose attempts have all failed. The name of a method, a function, `{ value }`, a list
     * of these, or an object with conditions.
     * @default off
     */
    fallback: { options: FallbackTarget | readonly FallbackTarget[] | FallbackOptions; events: 'fallback' };
  }
}

/** Answers in the method's place when all attempts have failed. */
export const fallback = defineStrategy<'fallback', ResolvedFallback, FallbackStrategy>({
  name: 'fallback',
  option: 'fallback',
  kind: 'recover',
  allowed: 'the name of a method, a function, { value }, a list of these, false, or { use, on }',
  shorthand: listAnswers,
  schema: fallbackSchema,
  events: ['fallback'],
  operationHooks: { onFallback: ['fallback'] },
  traits: ['answers-failures'],
  staysOn: true,
  validate: validateFallback,
  create: (options, context) => new FallbackStrategy(options, context),
});
