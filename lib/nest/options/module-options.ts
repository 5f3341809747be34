import * as v from 'valibot';
import type { Clock, Random } from '../../core/time/index.js';
import {
  callback,
  check,
  duration,
  durationOrNone,
  fields,
  flag,
  satisfying,
  show,
  text,
  wholeNumber,
  type Problem,
} from '../../core/options/index.js';
import type { CacheStore, PrincipalFunction, StrategyDefinition } from '../../core/strategy/index.js';
import { checkLayer, type OperoOptions, type OperoProfile, type StrategySet } from '../../runtime/index.js';

/** Where and how results are cached. */
export interface OperoCacheOptions {
  /**
   * `nest`: the app's cache (`CACHE_MANAGER`), wherever it is registered, else this process's memory. Or a cache of
   * one's own. Default `nest`.
   */
  store?: 'nest' | CacheStore;
  /** How many results are kept in this process where the app has no cache. Default 10 000. */
  maxEntries?: number;
  /** Ms that a store may take; then the call goes on without it. Default 500. */
  storeTimeout?: number;
  /** Keys hold a digest of the arguments; with a secret it cannot be guessed from likely arguments. */
  keySecret?: string | undefined;
  /** Whose data the current code works with. Entries are never shared between tenants; without one, none is made. */
  tenant?: () => string | undefined;
  /**
   * Whose the answers to a request are, for every cached route, resolver, gateway and message handler that does not say
   * it itself. See the method's `cache.principal`.
   *
   * @example
   * principal: (context) => context.switchToHttp().getRequest<AuthenticatedRequest>().user?.id
   */
  principal?: PrincipalFunction;
}

/** What `OperoModule.forRoot()` takes. Nothing is required. */
export interface OperoModuleOptions {
  /** Options under every operation. */
  defaults?: OperoOptions;
  /** Named options: `@Opero('payments')`. */
  profiles?: Record<string, OperoProfile>;
  /** The last word on single operations, by name, over what their decorators say; `false` turns one off. */
  operations?: Record<string, OperoOptions | false>;
  /**
   * Strategies of the app's own, made with `defineStrategy()`, each next to one that is there already.
   * Default: none.
   */
  strategies?: readonly StrategyDefinition<string, any, any>[];
  /** `false` turns every strategy off but the fallbacks, and those of the app's own that stay on. Default true. */
  enabled?: boolean;
  cache?: OperoCacheOptions;
  http?: {
    /**
     * Whether our errors become HTTP exceptions (429, 502, 503, 504), which hold the error as their `cause`; those with
     * 502 and 504 are logged. `false` leaves them to the app's filters: `@Catch(OperoError)`. Other transports always
     * get exceptions of their own. Default true.
     */
    translate?: boolean;
  };
  shutdown?: {
    /** Ms that calls under way get to end when the app closes. Default 10 000. */
    drainTimeout?: number;
  };
  /** Where time comes from; tests put a clock of their own here. */
  clock?: Clock;
  /** Where chance comes from; tests put a seeded source here. */
  random?: Random;
}

const record = (allowed: string) =>
  satisfying<Record<string, unknown>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    allowed,
  );

const hasMethods = (value: unknown, names: readonly string[]): boolean =>
  typeof value === 'object' &&
  value !== null &&
  names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');

const cacheFields = fields({
  store: v.optional(
    satisfying<'nest' | CacheStore>(
      (value) => value === 'nest' || hasMethods(value, ['get', 'set', 'del']),
      "'nest', or a cache with get, set and del",
    ),
  ),
  maxEntries: v.optional(wholeNumber(1)),
  storeTimeout: v.optional(duration()),
  keySecret: v.optional(text()),
  tenant: v.optional(callback<() => string | undefined>()),
  principal: v.optional(callback<PrincipalFunction>()),
});

const httpFields = fields({ translate: v.optional(flag()) });

const shutdownFields = fields({ drainTimeout: v.optional(durationOrNone()) });

const moduleFields = fields({
  defaults: v.optional(v.unknown()),
  profiles: v.optional(record('an object of profiles by name')),
  operations: v.optional(record('an object of options by operation')),
  strategies: v.optional(v.unknown()),
  enabled: v.optional(flag()),
  cache: v.optional(v.unknown()),
  http: v.optional(v.unknown()),
  shutdown: v.optional(v.unknown()),
  clock: v.optional(
    satisfying<Clock>(
      (value) => hasMethods(value, ['now', 'date', 'schedule']),
      'a clock with now, date and schedule',
    ),
  ),
  random: v.optional(callback<Random>()),
});

/** What is wrong with the module's own options, apart from the profiles. */
export function checkModuleOptions(options: OperoModuleOptions, strategies: StrategySet): Problem[] {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    return [{ path: 'options', message: `got ${show(options)}, allowed: an object` }];
  }
  const problems: Problem[] = [];
  check(moduleFields, options, '', problems);
  if (options.cache !== undefined) check(cacheFields, options.cache, 'cache', problems);
  if (options.http !== undefined) check(httpFields, options.http, 'http', problems);
  if (options.shutdown !== undefined) check(shutdownFields, options.shutdown, 'shutdown', problems);
  if (options.defaults !== undefined) problems.push(...checkLayer(strategies, options.defaults, 'defaults'));
  const operations = typeof options.operations === 'object' ? options.operations : {};
  for (const [name, layer] of Object.entries(operations ?? {})) {
    if (layer !== false) problems.push(...checkLayer(strategies, layer, `operations.${name}`));
  }
  return problems;
}
