import * as v from 'valibot';
import { fields, satisfying, show, type Problem } from '../../core/options/index.js';
import type { OperoCall } from '../../core/call/index.js';
import { errorConditions, type ErrorConditions, type Target } from '../../core/strategy/index.js';

/**
 * Returns the result in place of the failed method. `this` is the instance, `error` is what the call failed with.
 * `call` is the fallback's own attempt: its signal aborts when the caller cancels, not when an attempt of the method
 * was aborted.
 */
export type FallbackFunction = (error: any, call: OperoCall, ...args: any[]) => unknown;

/** The name of a method of the same class, a function, or a value. */
export type FallbackTarget<V = unknown> = string | FallbackFunction | { readonly value: V };

/** What the call returns when all attempts have failed. The result of a fallback is never cached. */
export interface FallbackOptions<V = unknown> {
  /**
   * Fallbacks in order: when one fails, the next runs. If the last fails, the call fails with its error if that is
   * the original error or has it as a `cause`, otherwise with an `AllFailedError` of all attempts and fallbacks.
   * @default none: `use`, `value` or both must be given
   */
  use?: FallbackTarget<V> | readonly FallbackTarget<V>[];
  /**
   * The value to return, after `use` has failed. Each caller gets its own copy of plain data; instances of classes
   * are shared.
   * @default none
   */
  value?: V;
  /**
   * Errors for which the fallback runs: classes, codes, statuses, or a function.
   * @default all except aborts by the caller and 4xx other than 408, 425 and 429
   */
  on?: ErrorConditions;
}

const isTarget = (value: unknown): boolean =>
  (typeof value === 'string' && value !== '') ||
  typeof value === 'function' ||
  (typeof value === 'object' && value !== null && 'value' in value && Object.keys(value).length === 1);

export const fallbackSchema = fields({
  use: v.optional(
    satisfying<readonly FallbackTarget[]>(
      (value) => Array.isArray(value) && value.length > 0 && value.every(isTarget),
      'the name of a method, a function, { value }, or a list of these',
    ),
  ),
  on: v.optional(errorConditions()),
});

/** The options with their defaults. */
export type ResolvedFallback = v.InferOutput<typeof fallbackSchema>;

/** Normalises all forms of the option to a list of fallbacks; a value comes last. */
export function listAnswers(raw: unknown): unknown {
  if (typeof raw === 'string' || typeof raw === 'function') return { use: [raw] };
  if (Array.isArray(raw)) return { use: raw };
  if (typeof raw !== 'object' || raw === null) return undefined;
  const { use, value, ...rest } = raw as FallbackOptions;
  const first = use === undefined ? [] : Array.isArray(use) ? use : [use];
  const answers = 'value' in raw ? [...first, { value }] : first;
  return 'value' in raw || 'use' in raw ? { ...rest, use: answers } : rest;
}

export function validateFallback(options: ResolvedFallback, { prototype }: Target): Problem[] {
  if (!options.use)
    return [{ path: '', message: 'got nothing to answer with, allowed: use, value, or both' }];
  return options.use
    .filter((target) => typeof target === 'string')
    .filter((name) => !prototype || typeof (prototype as Record<string, unknown>)[name] !== 'function')
    .map((name) => ({
      path: '',
      message: `got ${show(name)}, allowed: the name of a method of the same class`,
    }));
}
