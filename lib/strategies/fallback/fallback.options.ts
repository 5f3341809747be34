import * as v from 'valibot';
import { fields, satisfying, show, type Problem } from '../../core/options/index.js';
import type { OperoCall } from '../../core/call/index.js';
import { errorConditions, type ErrorConditions, type Target } from '../../core/strategy/index.js';

/**
 * Answers in the method's place. `this` is the instance, `error` what the call failed with. `call` is the attempt that the
 * fallback itself is: its signal aborts when the caller gives up, not when the attempts of the method did.
 */
export type FallbackFunction = (error: any, call: OperoCall, ...args: any[]) => unknown;

/** A method of the same class, by name; a function; or a value. */
export type FallbackTarget<V = unknown> = string | FallbackFunction | { readonly value: V };

/** What answers when all attempts have failed. A fallback's answer is never cached. */
export interface FallbackOptions<V = unknown> {
  /**
   * Answers in turn: when one fails the next is asked. When the last fails, the call fails with what that one threw if it
   * is the original error or has it as a `cause`, else with an `AllFailedError` of all attempts and fallbacks.
   */
  use?: FallbackTarget<V> | readonly FallbackTarget<V>[];
  /** Answers with this value: each caller gets a copy of plain data, while instances of classes are shared. */
  value?: V;
  /** Which errors it answers for. Default: all but aborts by the caller and 4xx other than 408, 425 and 429. */
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

/** Brings all forms into one: a list of answers, a value being the last of them. */
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
