import * as v from 'valibot';
import {
  callback,
  duration,
  fields,
  hasMethods,
  satisfying,
  text,
  wholeNumber,
} from '../../core/options/index.js';
import type { CacheStore, PrincipalFunction } from '../../core/strategy/index.js';

/** Where results are cached. */
export interface OperoCacheOptions {
  /**
   * `nest`: the app's cache (`CACHE_MANAGER`) from any module, or this process's memory if there is none. Or a store
   * with `get`, `set` and `del`.
   * @default 'nest'
   */
  store?: 'nest' | CacheStore;
  /**
   * Name of the app in all keys, so that apps with one store never share entries: a non-empty string. Processes with the
   * same name do: those of one app, or several apps on purpose.
   * @default the `name` in the `package.json` of the script that was started, or of the working directory
   */
  app?: string;
  /**
   * Results kept in this process's memory, where the app has no cache or none that may have them: a whole number, 1 or
   * more.
   * @default 10_000
   */
  maxEntries?: number;
  /**
   * Bytes that results in this process's memory may take together, roughly: a whole number, 1 or more. The least recently
   * used ones go first; a larger one is not kept, with a warning.
   * @default any number: `maxEntries` alone bounds them
   */
  maxSize?: number;
  /**
   * How long a store operation may take, in ms: greater than 0. After that the call continues without the store.
   * @default 500
   */
  storeTimeout?: number;
  /**
   * A secret for the digest of the arguments in keys: a non-empty string. With it, a key cannot be computed from
   * guessed arguments.
   * @default a digest without a secret
   */
  keySecret?: string | undefined;
  /**
   * Returns the current tenant. Tenants never share entries; if it returns none, the call is not cached.
   * @default all calls belong to one tenant
   */
  tenant?: () => string | undefined;
  /**
   * Returns the principal of the current request, for every cached route, resolver, gateway and message handler
   * without its own `principal`. See the method's `cache.principal`.
   *
   * @default none
   * @example
   * const principal: PrincipalFunction = (context) => context.switchToHttp().getRequest<{ user?: User }>().user?.id;
   */
  principal?: PrincipalFunction;
}

/** The schema of the cache options. */
export const cacheFields = fields({
  store: v.optional(
    satisfying<'nest' | CacheStore>(
      (value) => value === 'nest' || hasMethods(value, ['get', 'set', 'del']),
      "'nest', or a cache with get, set and del",
    ),
  ),
  app: v.optional(text()),
  maxEntries: v.optional(wholeNumber(1)),
  maxSize: v.optional(wholeNumber(1)),
  storeTimeout: v.optional(duration()),
  keySecret: v.optional(text()),
  tenant: v.optional(callback<() => string | undefined>()),
  principal: v.optional(callback<PrincipalFunction>()),
});
