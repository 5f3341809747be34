import * as v from 'valibot';
import {
  callback,
  duration,
  durationOrNone,
  fields,
  flag,
  ratio,
  satisfying,
  text,
} from '../../core/options/index.js';
import { errorConditions, type ErrorConditions, type PrincipalFunction } from '../../core/strategy/index.js';
import type { TagsFunction, TtlFunction } from './cache.options.js';
import type { Revive } from './revive.js';

const MINUTES = 60_000;
const TTL = 'a duration in ms, greater than 0, or Infinity, or a function of the result';

/** Whether a result can be kept for this long. */
export const isTtl = (value: unknown): value is number => typeof value === 'number' && value > 0;

/** Ms without a new load of a key after a failure that was answered with an expired result. */
const STALE_PAUSE = 1_000;

const staleIfError = fields({
  ttl: duration(),
  on: v.optional(errorConditions()),
  pause: v.optional(durationOrNone(), STALE_PAUSE),
});

const NOT_THERE: ErrorConditions = [404, 410];

const cacheErrors = fields({ ttl: duration(), on: v.optional(errorConditions(), NOT_THERE) });

/** `false` turns off what a farther layer of options says. */
const durationOrOff = (value: unknown) => (value === false ? v.literal(false) : duration());

export const cacheSchema = fields({
  ttl: v.optional(
    satisfying<number | TtlFunction>((value) => typeof value === 'function' || isTtl(value), TTL),
    5 * MINUTES,
  ),
  key: v.optional(callback<(...args: never[]) => string>()),
  namespace: v.optional(text(), 'opero'),
  when: v.optional(callback<(...args: never[]) => boolean>()),
  tags: v.optional(callback<TagsFunction>()),
  unless: v.optional(callback<(result: never) => boolean>()),
  staleIfError: v.optional(
    v.pipe(
      v.lazy((value) => (typeof value === 'object' ? staleIfError : durationOrOff(value))),
      v.transform((value) =>
        typeof value === 'number' ? { ttl: value, on: undefined, pause: STALE_PAUSE } : value || undefined,
      ),
    ),
  ),
  cacheErrors: v.optional(
    v.pipe(
      v.lazy((value) => (typeof value === 'object' ? cacheErrors : durationOrOff(value))),
      v.transform((value) =>
        typeof value === 'number' ? { ttl: value, on: NOT_THERE } : value || undefined,
      ),
    ),
  ),
  staleWhileRevalidate: v.optional(
    v.pipe(
      v.lazy(durationOrOff),
      v.transform((value) => value || undefined),
    ),
  ),
  refreshAhead: v.optional(
    v.pipe(
      satisfying<boolean | number>(
        (value) => typeof value === 'boolean' || (isTtl(value) && value < Infinity),
        'true, false, or a number greater than 0',
      ),
      v.transform((value) => (typeof value === 'number' ? value : value ? 1 : undefined)),
    ),
  ),
  localTtl: v.optional(durationOrNone(), 0),
  jitter: v.optional(ratio(), 0),
  isolate: v.optional(flag(), true),
  revive: v.optional(callback<Revive>()),
  share: v.optional(flag(), false),
  principal: v.optional(callback<PrincipalFunction>()),
});

/** The options with their defaults. */
export type ResolvedCache = v.InferOutput<typeof cacheSchema>;
