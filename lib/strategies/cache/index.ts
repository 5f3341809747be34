import type { Problem } from '../../core/options/index.js';
import {
  defineStrategy,
  type CacheStore,
  type CreateContext,
  type Target,
} from '../../core/strategy/index.js';
import { CacheResponses } from './cache-responses.js';
import { CacheKeys } from './cache.key.js';
import type { CacheOptions } from './cache.options.js';
import { cacheSchema, type ResolvedCache } from './cache.schema.js';
import type { CacheParts } from './cache.parts.js';
import { CacheStrategy } from './cache.strategy.js';
import { Entries } from './entries.js';
import { Evictions } from './evictions.js';
import { FlightTable } from './flight-table.js';
import { CachePauses } from './key-pauses.js';
import { KeyClasses } from './key-classes.js';
import { Lifetimes } from './lifetimes.js';
import { MemoryStore } from './memory-store.js';
import {
  singleFlightSchema,
  type ResolvedSingleFlight,
  type SingleFlightOptions,
} from './single-flight.options.js';
import { cacheShapes } from './shapes.js';
import { GuardedStore } from './store.js';
import { Tags } from './tags.js';

export type { CacheErrorsOptions, CacheOptions, StaleIfErrorOptions } from './cache.options.js';
export type { Revive } from './revive.js';
export type { SingleFlightOptions } from './single-flight.options.js';
export { CacheStrategy } from './cache.strategy.js';
export { canonical, UnkeyableError } from './canonical.js';
export { areTags } from './storing.js';
export { MemoryStore } from './memory-store.js';
export { GuardedStore } from './store.js';

type CacheEvent =
  | 'cache-refresh'
  | 'cache-refresh-failure'
  | 'cache-hit'
  | 'cache-miss'
  | 'cache-stale'
  | 'cache-error'
  | 'cache-bypass'
  | 'shared';

declare module '../../core/declarations/index.js' {
  interface OperoStrategies {
    /**
     * Cache: serves results from the app's cache; equal concurrent calls share one load. A number is the `ttl` in ms;
     * `true` is 5 minutes.
     * @default off
     */
    cache: { options: number | CacheOptions; events: CacheEvent };
    /**
     * Single-flight: equal concurrent calls share one result, and nothing is cached. `true`, or an object.
     * @default off
     */
    singleFlight: { options: SingleFlightOptions; events: 'shared' | 'cache-bypass' };
  }
}

function validate(_resolved: unknown, { answers }: Target): Problem[] {
  if (answers !== 'observable' && answers !== 'direct') return [];
  const method = answers === 'direct' ? 'a synchronous method' : 'a method that returns an Observable';
  return [{ path: '', message: `got ${method}, allowed: a method that returns a promise` }];
}

/** Finds the guarded store for a call: the app's, unless no other process may use what the call answers. */
function guardsOf({ caching, shared, clock, deadlines }: CreateContext): CacheParts['guardOf'] {
  const guards = shared.once('cache guards', () => new WeakMap<CacheStore, GuardedStore>());
  return (identity) => {
    const store = identity?.shared === false ? undefined : caching.store();
    if (!store) return undefined;
    let guard = guards.get(store);
    if (!guard) guards.set(store, (guard = new GuardedStore(store, clock, deadlines, caching.storeTimeout)));
    return guard;
  };
}

function keysOf(options: ResolvedCache, context: CreateContext): CacheKeys {
  const classes = context.shared.once('cache key classes', () => new KeyClasses());
  context.shared.once('cache shapes', cacheShapes);
  return new CacheKeys(context.operation, options, context.caching, classes);
}

const pausesOf = ({ own, clock }: CreateContext): CachePauses =>
  own.once('cache pauses', () => new CachePauses(clock));

/** The tags of the app. */
const tagsOf = ({ shared, caching, clock }: CreateContext): Tags =>
  shared.once('cache tags', () => new Tags(caching, clock));

const idsOf = (keys: CacheKeys, tags: Tags) => (names: readonly string[]) => {
  const tenant = keys.tenant();
  return names.map((name) => tags.idOf(name, tenant));
};

/** The reports to the responses of a handler. */
const responsesOf = (
  { ttl, share }: ResolvedCache,
  { target, clock }: CreateContext,
): CacheResponses | undefined =>
  target.handler ? new CacheResponses(typeof ttl === 'number' ? ttl : undefined, share, clock) : undefined;

/**
 * Cache: serves results from the app's cache; equal concurrent calls share one load. A number is the `ttl` in ms;
 * `true` is 5 minutes.
 * @default off
 */
export const cache = defineStrategy<'cache', ResolvedCache, CacheStrategy>({
  name: 'cache',
  option: 'cache',
  kind: 'around',
  allowed: 'true, a ttl in ms, false, or an object',
  shorthand: (raw) => (typeof raw === 'number' ? { ttl: raw } : undefined),
  schema: cacheSchema,
  events: [
    'cache-hit',
    'cache-miss',
    'cache-stale',
    'cache-error',
    'cache-refresh',
    'cache-refresh-failure',
    'cache-bypass',
    'shared',
  ],
  traits: ['shares-loads'],
  isStateful: () => true,
  validate(resolved, target) {
    const problems = validate(resolved, target);
    for (const path of ['staleIfError', 'staleWhileRevalidate', 'refreshAhead'] as const) {
      if (resolved[path] === undefined || resolved.ttl !== Infinity) continue;
      problems.push({
        path,
        message: 'got a ttl of Infinity beside it, allowed: only together with a ttl that ends',
      });
    }
    return problems;
  },
  create(options, context) {
    const keys = keysOf(options, context);
    const memory = context.shared.once('cache memory', () => new MemoryStore(context.caching));
    const tags = tagsOf(context);
    const evictions = context.own.once('evictions', () => new Evictions(keys.epoch, context.clock, tags));
    const entries = new Entries(memory, options, evictions, context);
    const { root } = context;
    const flights = context.own.once('flights', () => new FlightTable());
    const responses = responsesOf(options, context);
    const pauses = pausesOf(context);
    if (options.tags) tags.watch(flights, new Lifetimes(options, context).longest);
    const parts = {
      keys,
      flights,
      pauses,
      tags,
      idsOf: idsOf(keys, tags),
      entries,
      guardOf: guardsOf(context),
      responses,
      root,
    };
    return new CacheStrategy(options, parts, context);
  },
});

/** Lets equal calls share one run, and keeps nothing. The cache brings this along. */
export const singleFlight = defineStrategy<'singleFlight', ResolvedSingleFlight, CacheStrategy>({
  name: 'single-flight',
  option: 'singleFlight',
  kind: 'around',
  allowed: 'true, false, or an object',
  schema: singleFlightSchema,
  events: ['shared', 'cache-bypass'],
  isStateful: () => true,
  validate,
  create({ key, share, isolate }, context) {
    if (context.has('shares-loads')) return undefined;
    const namespace = 'flight';
    const options: ResolvedCache = { ttl: Infinity, key, share, namespace, localTtl: 0, jitter: 0, isolate };
    const { root } = context;
    const guardOf = () => undefined;
    const keys = keysOf(options, context);
    const tags = tagsOf(context);
    const parts = {
      keys,
      flights: context.own.once('flights', () => new FlightTable()),
      pauses: pausesOf(context),
      tags,
      idsOf: idsOf(keys, tags),
      entries: undefined,
      guardOf,
      responses: undefined,
      root,
    };
    return new CacheStrategy(options, parts, context);
  },
});
