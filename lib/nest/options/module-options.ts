import * as v from 'valibot';
import type { Clock, Random } from '../../core/time/index.js';
import {
  callback,
  check,
  durationOrNone,
  fields,
  flag,
  hasMethods,
  satisfying,
  show,
  type Problem,
} from '../../core/options/index.js';
import type { StrategyDefinition } from '../../core/strategy/index.js';
import { cacheFields, type OperoCacheOptions } from './cache-options.js';
import { checkLayer, type OperoOptions, type OperoProfile, type StrategySet } from '../../runtime/index.js';

/** Options of `OperoModule.forRoot()`. All are optional. */
export interface OperoModuleOptions {
  /**
   * Options under those of every operation.
   * @default {}
   */
  defaults?: OperoOptions;
  /**
   * Named options, used as `@Opero('payments')`.
   * @default {}
   */
  profiles?: Record<string, OperoProfile>;
  /**
   * Options by operation name. They override the decorators; `false` switches an operation off.
   * @default {}
   */
  operations?: Record<string, OperoOptions | false>;
  /**
   * The app's own strategies, created with `defineStrategy()`, each placed next to a built-in one.
   * @default []
   */
  strategies?: readonly StrategyDefinition<string, any, any>[];
  /**
   * `false` switches off every strategy except fallbacks and those of the app's own with `staysOn`.
   * @default true
   */
  enabled?: boolean;
  /**
   * Where results are cached.
   * @default {}
   */
  cache?: OperoCacheOptions;
  /**
   * What HTTP clients are told.
   * @default {}
   */
  http?: {
    /**
     * Whether errors of this library become HTTP exceptions (429, 502, 503, 504) with the error as `cause`; 502 and
     * 504 are logged. With `false`, the app's filters get them: `@Catch(OperoError)`. Other transports always get
     * their own exceptions.
     * @default true
     */
    translate?: boolean;
    /**
     * Whether a cached route answers with `X-Cache` (`HIT`, `MISS` or `STALE`), `Age` and `ETag`, and a limited one with
     * `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers). Headers that the app has set are kept.
     * @default true
     */
    headers?: boolean;
    /**
     * Whether a cached route that is asked with GET or HEAD answers with `Cache-Control: max-age` for the rest of its
     * ttl: `public` with `share: true`, else `private`.
     * @default false
     */
    cacheControl?: boolean;
  };
  /**
   * How calls end when the app closes.
   * @default {}
   */
  shutdown?: {
    /**
     * How long running calls may take to finish when the app closes, in ms: 0 or more.
     * @default 10_000
     */
    drainTimeout?: number;
  };
  /**
   * The source of time; tests can pass their own clock.
   * @default the system clock
   */
  clock?: Clock;
  /**
   * The source of random numbers, from 0 up to but not including 1; tests can pass a seeded one.
   * @default Math.random
   */
  random?: Random;
}

const record = (allowed: string) =>
  satisfying<Record<string, unknown>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    allowed,
  );

const httpFields = fields({
  translate: v.optional(flag()),
  headers: v.optional(flag()),
  cacheControl: v.optional(flag()),
});

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

/** Returns the problems in the module's own options, except those in profiles. */
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
