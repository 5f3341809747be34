import * as v from 'valibot';
import { callback, duration, fields, flag, ratio, text, type PrincipalFunction } from '../../core/index.js';

/** What is remembered, for how long, and for whom. */
export interface CacheOptions {
  /** Ms that a result is good for. Default: until it is evicted. */
  ttl?: number;
  /**
   * Makes the key from the arguments. Default: a canonical encoding of all arguments, which refuses what it cannot
   * tell apart (functions, symbols, class instances, promises, requests): such a call runs uncached, with a warning.
   */
  key?: (...args: never[]) => string;
  /** The first part of every key. Default `opero`. */
  namespace?: string;
  /** Whether this call may be answered from, and stored in, the cache. Default: every call. */
  when?: (...args: never[]) => boolean;
  /** Tells results that must not be stored. Default: none; every value is a value, `undefined` too. */
  unless?: (result: never) => boolean;
  /** Ms after its ttl that a result may still be served when the method fails. Default 0: never. */
  staleIfError?: number;
  /** Shortens each ttl by up to this share of it, so that entries made together do not end together. Default 0. */
  jitter?: number;
  /** Give each caller a copy of its own, made with `structuredClone`. Default false: all share one object. */
  isolate?: boolean;
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

export const cacheSchema = fields({
  ttl: v.optional(duration()),
  key: v.optional(callback<(...args: never[]) => string>()),
  namespace: v.optional(text(), 'opero'),
  when: v.optional(callback<(...args: never[]) => boolean>()),
  unless: v.optional(callback<(result: never) => boolean>()),
  staleIfError: v.optional(duration(), undefined),
  jitter: v.optional(ratio(), 0),
  isolate: v.optional(flag(), false),
  share: v.optional(flag(), false),
  principal: v.optional(callback<PrincipalFunction>()),
});

/** The options with their defaults. */
export type ResolvedCache = v.InferOutput<typeof cacheSchema>;
