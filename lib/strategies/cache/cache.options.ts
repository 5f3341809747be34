import * as v from 'valibot';
import { callback, duration, fields, flag, ratio, satisfying, text } from '../../core/options/index.js';
import { errorConditions, type ErrorConditions, type PrincipalFunction } from '../../core/strategy/index.js';
import type { Revive } from './revive.js';

/** When a result may be served after its time. */
export interface StaleIfErrorOptions {
  /** Ms after its ttl that a result may still be served when the method fails. */
  ttl: number;
  /**
   * The failures that are answered so. Default: those that say nothing about this request: a broken network, a 5xx, 408,
   * 425 or 429, a timeout, a refusal of ours; never a 403, a 404, a validation error or a bug.
   */
  on?: ErrorConditions;
}

/** What is remembered, for how long, and for whom. */
export interface CacheOptions {
  /** Ms that a result is good for. Default 5 minutes; `Infinity` until it is evicted. */
  ttl?: number;
  /**
   * Makes the key from the arguments. Default: a canonical encoding of all arguments, which refuses what it cannot tell
   * apart (functions, symbols, promises, requests, instances of classes that have methods): such a call runs uncached,
   * with a warning.
   */
  key?: (...args: never[]) => string;
  /** The first part of every key. Default `opero`. */
  namespace?: string;
  /** Whether this call may be answered from, and stored in, the cache. Default: every call. */
  when?: (...args: never[]) => boolean;
  /** Tells results that must not be stored. Default: none; every value is a value, `undefined` too. */
  unless?: (result: never) => boolean;
  /**
   * Ms after its ttl that a result may still be served when the method fails for reasons that say nothing about the
   * request, or the same with the failures that are meant. Default: never.
   */
  staleIfError?: number | StaleIfErrorOptions;
  /** Shortens each ttl by up to this share of it, so that entries made together do not end together. Default 0. */
  jitter?: number;
  /**
   * Give each caller a copy of its own of plain data, dates, maps, sets and bytes; frozen data and instances of classes
   * are shared as they are. Default true; `false` gives all callers one object, which none of them may change.
   */
  isolate?: boolean;
  /**
   * Brings results that hold instances of classes back from a store. A class: for its instances and lists of them,
   * without running its constructor (private fields are lost: give a function). A function: gets the result with plain
   * objects in place of all instances. Default: such results are kept in this process only, as they are.
   */
  revive?: Revive;
  /**
   * Share entries between all instances of the class, and on a route, resolver, gateway or message handler between all
   * users. Default false: an instance sees only what it stored. With a `principal` written beside it or nearer, entries
   * are shared between instances, but not between principals.
   */
  share?: boolean;
  /**
   * Whose the answer is, from the request being answered: part of the key. A handler needs it, here or in the module's
   * `cache`, or `share: true`, or a `key`. A call for which it gives no text, or which is made for no request, runs
   * uncached, with a warning. Default: on handlers the module's `cache.principal`, else none.
   */
  principal?: PrincipalFunction;
}

const MINUTES = 60_000;
const TTL = 'a duration in ms, greater than 0, or Infinity';

const staleIfError = fields({ ttl: duration(), on: v.optional(errorConditions()) });

export const cacheSchema = fields({
  ttl: v.optional(
    satisfying<number>((value) => typeof value === 'number' && value > 0, TTL),
    5 * MINUTES,
  ),
  key: v.optional(callback<(...args: never[]) => string>()),
  namespace: v.optional(text(), 'opero'),
  when: v.optional(callback<(...args: never[]) => boolean>()),
  unless: v.optional(callback<(result: never) => boolean>()),
  staleIfError: v.optional(
    v.pipe(
      v.lazy((value) => (typeof value === 'object' ? staleIfError : duration())),
      v.transform((value) => (typeof value === 'number' ? { ttl: value, on: undefined } : value)),
    ),
  ),
  jitter: v.optional(ratio(), 0),
  isolate: v.optional(flag(), true),
  revive: v.optional(callback<Revive>()),
  share: v.optional(flag(), false),
  principal: v.optional(callback<PrincipalFunction>()),
});

/** The options with their defaults. */
export type ResolvedCache = v.InferOutput<typeof cacheSchema>;
