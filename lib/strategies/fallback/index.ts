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

/** Answers in the method's place when all attempts have failed. */
export const fallback = defineStrategy<
  'fallback',
  FallbackTarget | readonly FallbackTarget[] | FallbackOptions,
  ResolvedFallback
>({
  name: 'fallback',
  option: 'fallback',
  allowed: 'the name of a method, a function, { value }, a list of these, false, or { use, on }',
  shorthand: listAnswers,
  schema: fallbackSchema,
  validate: validateFallback,
  create: (options, context) => new FallbackStrategy(options, context),
});
