import {
  defineStrategy,
  type CacheStore,
  type CallIdentity,
  type CreateContext,
  type Problem,
  type Target,
} from '../../core/index.js';
import { CacheKeys } from './cache.key.js';
import { cacheSchema, type CacheOptions, type ResolvedCache } from './cache.options.js';
import { CacheStrategy } from './cache.strategy.js';
import { FlightTable } from './flight.js';
import {
  singleFlightSchema,
  type ResolvedSingleFlight,
  type SingleFlightOptions,
} from './single-flight.options.js';
import { GuardedStore, MemoryStore } from './store.js';

export type { CacheOptions } from './cache.options.js';
export type { SingleFlightOptions } from './single-flight.options.js';
export { CacheStrategy } from './cache.strategy.js';
export { canonical, UnkeyableError } from './canonical.js';
export { GuardedStore, MemoryStore } from './store.js';

function prove(_resolved: unknown, { answers }: Target): Problem[] {
  if (answers !== 'observable' && answers !== 'direct') return [];
  const method = answers === 'direct' ? 'a synchronous method' : 'a method that returns an Observable';
  return [{ path: '', message: `got ${method}, allowed: a method that returns a promise` }];
}

/** Finds the store for a call: the app's, or one in this process for what no other process may use. */
function storesOf(
  context: CreateContext,
): (identity: CallIdentity | undefined) => GuardedStore | MemoryStore {
  const { caching, shared, clock, deadlines } = context;
  const memory = shared.once('cache memory', () => new MemoryStore(caching.maxEntries));
  const onError = (error: unknown) => context.warn(`goes without its cache store for now: ${String(error)}`);
  const guards = shared.once('cache guards', () => new WeakMap<CacheStore, GuardedStore>());
  return (identity) => {
    const store = identity?.shared === false ? undefined : caching.store();
    if (!store) return memory;
    let guard = guards.get(store);
    if (!guard)
      guards.set(store, (guard = new GuardedStore(store, clock, deadlines, caching.storeTimeout, onError)));
    return guard;
  };
}

/** Answers from the app's cache; equal calls share one load. */
export const cache = defineStrategy<'cache', number | CacheOptions, ResolvedCache>({
  name: 'cache',
  option: 'cache',
  allowed: 'true, a ttl in ms, false, or an object',
  shorthand: (raw) => (typeof raw === 'number' ? { ttl: raw } : undefined),
  schema: cacheSchema,
  prove(resolved, target) {
    const problems = prove(resolved, target);
    if (resolved.staleIfError !== undefined && resolved.ttl === undefined) {
      problems.push({
        path: 'staleIfError',
        message: 'got no ttl beside it, allowed: only together with ttl',
      });
    }
    return problems;
  },
  create(options, context) {
    const keys = new CacheKeys(context.operation, options, context.caching);
    const parts = {
      keys,
      flights: context.own.once('flights', () => new FlightTable()),
      store: storesOf(context),
      root: context.root,
    };
    return new CacheStrategy(options, parts, context);
  },
});

/** Lets equal calls share one run, and keeps nothing. The cache brings this along. */
export const singleFlight = defineStrategy<'singleFlight', SingleFlightOptions, ResolvedSingleFlight>({
  name: 'single-flight',
  option: 'singleFlight',
  allowed: 'true, false, or an object',
  shorthand: () => undefined,
  schema: singleFlightSchema,
  prove,
  create({ key, share }, context) {
    if (context.enabled('cache')) return undefined;
    const options: ResolvedCache = { key, share, namespace: 'flight', jitter: 0, isolate: false };
    const keys = new CacheKeys(context.operation, options, context.caching);
    const parts = {
      keys,
      flights: context.own.once('flights', () => new FlightTable()),
      store: undefined,
      root: context.root,
    };
    return new CacheStrategy(options, parts, context);
  },
});
