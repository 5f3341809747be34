import type { ErrorConditions, PrincipalFunction } from '../../core/strategy/index.js';
import type { Revive } from './revive.js';

/** When an expired result may be served because the method failed (stale-if-error). */
export interface StaleIfErrorOptions {
  /** How long after its ttl a result may still be served, in ms: greater than 0. Required. */
  ttl: number;
  /**
   * Failures for which an expired result is served: classes, codes, statuses, or a function.
   * @default failures that do not depend on this request: network errors, 5xx, 408, 425, 429, timeouts, rejections by
   * this library; never a 403, a 404, a validation error or a programming error
   */
  on?: ErrorConditions;
  /**
   * How long after such a failure the expired result is served without a new load, in ms: 0 or more. Calls for which there
   * is none load as ever.
   * @default 1_000
   */
  pause?: number;
}

/** Returns how long a result is valid, in ms: greater than 0, or `Infinity`. */
export type TtlFunction = (result: never, ...args: never[]) => number;

/** Returns the tags of a result. */
export type TagsFunction = (result: never, ...args: never[]) => readonly string[];

/** Which errors of a method are cached (negative caching). */
export interface CacheErrorsOptions {
  /** How long an error is thrown again without running the method, in ms: greater than 0. Required. */
  ttl: number;
  /**
   * Errors that are cached: classes, codes, statuses, or a function. Never an abort, nor a rejection by this library.
   * @default 404 and 410: there is no such thing
   */
  on?: ErrorConditions;
}

/** What is cached, for how long, and who shares it. */
export interface CacheOptions {
  /**
   * How long a result is valid, in ms: greater than 0; `Infinity` keeps it until it is evicted. A function gets the
   * result and the arguments; a result for which it throws or returns anything else is not stored.
   * @default 300_000 (5 minutes)
   */
  ttl?: number | TtlFunction;
  /**
   * Returns the cache key from the arguments.
   * @default a canonical encoding of all arguments. Arguments it cannot encode (functions, symbols, promises,
   * requests, instances of classes that have methods) make the call run uncached, with a warning.
   */
  key?: (...args: never[]) => string;
  /**
   * Prefix of every key: a non-empty string.
   * @default 'opero'
   */
  namespace?: string;
  /**
   * Whether a call uses the cache at all, for reading and for writing.
   * @default every call does
   */
  when?: (...args: never[]) => boolean;
  /**
   * Whether a result must not be stored.
   * @default every result is stored, `undefined` too
   */
  unless?: (result: never) => boolean;
  /**
   * Returns the tags of a result from it and the arguments: at most 100 strings that are not empty, by which
   * `opero.cache.evict({ tags })` and `@CacheEvict({ tags })` evict it, whatever the operation. A result for which it
   * throws or returns anything else is not stored.
   * @default no tags
   */
  tags?: TagsFunction;
  /**
   * How long after its ttl a result may still be served when the method fails, in ms: greater than 0; `false` for not at
   * all. The object form also selects the failures.
   * @default an expired result is never served
   */
  staleIfError?: number | false | StaleIfErrorOptions;
  /**
   * How long an error is cached, too, in ms: greater than 0. Calls with equal arguments get the same error object without
   * running the method. In this process only. The object form also selects the errors.
   * @default no error is cached
   */
  cacheErrors?: number | false | CacheErrorsOptions;
  /**
   * How long after its ttl a result is still served at once while it is refreshed in the background, in ms: greater
   * than 0. A refresh runs outside of any request, through the strategies further in, one at a time for each key, and
   * ends after this duration at the latest.
   * @default a call past the ttl waits for the load
   */
  staleWhileRevalidate?: number | false;
  /**
   * Refreshes a result in the background before its ttl is over, the likelier the nearer the end is and the longer its
   * load took (XFetch). The number is how early, greater than 0: 1 for once or twice the time of a load, more for
   * earlier. `true` is 1. Runs as for `staleWhileRevalidate`, and ends after the ttl (5 minutes for a `ttl` function) at the latest.
   * @default a result is not refreshed while it is valid
   */
  refreshAhead?: boolean | number;
  /**
   * How long an entry of the app's store is also kept in this process and served without asking the store, in ms: 0 or
   * more, and never beyond its ttl. An eviction in another process is noticed after this time at the latest.
   * @default 0: the store is asked for each call
   */
  localTtl?: number;
  /**
   * Shortens each ttl by a random share of up to this much, so that entries written together do not expire together:
   * 0 to 1.
   * @default 0
   */
  jitter?: number;
  /**
   * Whether each caller gets its own copy of plain data, dates, maps, sets and bytes. Frozen data and instances of
   * classes are shared. With `false` all callers get the same object and must not modify it.
   * @default true
   */
  isolate?: boolean;
  /**
   * Restores instances of classes in results read from a store. A class: restores its instances and lists of them
   * without running the constructor; private fields are lost. A function: gets the result with plain objects in place
   * of instances.
   * @default results with instances are cached in this process only, unchanged
   */
  revive?: Revive;
  /**
   * Whether all instances of the class share entries. On a route, resolver, gateway or message handler: whether all
   * users share them. With a `principal` declared at the same or a nearer level, instances share entries but
   * principals do not.
   * @default false
   */
  share?: boolean;
  /**
   * Returns the principal (such as the user id) of the current request; it becomes part of the key. A cached handler
   * needs this option, here or in the module's `cache`, or `share: true`, or `key`. A call outside of a request, or
   * for which it returns no text, runs uncached, with a warning.
   * @default on handlers the module's `cache.principal`, otherwise none
   */
  principal?: PrincipalFunction;
}
