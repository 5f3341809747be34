import * as v from 'valibot';
import { systemClock } from '../../core/time/index.js';
import { OperoConfigurationError } from '../../core/errors/index.js';
import { linesOf, type Problem } from '../../core/options/index.js';
import type { CallIdentity } from '../../core/call/index.js';
import {
  Batches,
  mapSchema,
  MapRun,
  systemEventLoop,
  windowOf,
  workersOf,
  type AnyIterable,
  type OpRun,
  type ResolvedMap,
} from '../../map/index.js';
import { runItems } from '../../runtime/index.js';
import type { MethodRegistry, MapBinding } from '../binding/method-registry.js';
import { findDecorated, type DecoratedMethod } from '../metadata/decorated-methods.js';
import { ownIdentity } from '../binding/identities.js';
import { resolveMap } from '../metadata/map-metadata.js';
import { showProgress } from './progress-display.js';
import { hostOf } from '../binding/shadow-prototypes.js';

type Items = AnyIterable<unknown>;

/** Prepares the items of a run. */
export type Arrange = (items: Items, options: Partial<ResolvedMap>, name: string) => Items;

/** The many-items form of a method. */
export type ManyMethod = (items: Items, ...rest: unknown[]) => OpRun<unknown>;

/** The batch size for a mock of a service. */
const BATCH_OF_STAND_INS = 100;

/** Passes items on unchanged. */
export const asTheyAre: Arrange = (items) => items;

/** Groups items into lists. */
export const inLists: Arrange = (items, { batchSize }, name) => {
  if (batchSize === undefined) throw new TypeError(`${name} has no batchSize in its @OpMap() options`);
  return new Batches(items, batchSize);
};

/**
 * Creates the many-items form of `service[key]`. If the app has bound the method, it runs through the pipeline; for
 * mocks and spies only the run's own options from `@OpMap()` on `type` apply. `undefined` if there is no such method.
 *
 * @throws TypeError for a method of a bound service without `@OpMap()`
 */
export function manyForm(
  service: object,
  key: string,
  type: object | null,
  arrange: Arrange,
): ManyMethod | undefined {
  const method: unknown = (service as Record<string, unknown>)[key];
  if (typeof method !== 'function') return undefined;
  const name = `${nameOf(service)}.${key}`;
  const host = hostOf(service) as MethodRegistry | undefined;
  const binding = host?.mapBinding(service, key);
  if (host && !binding) throw new TypeError(`${name} cannot be mapped: it has no @OpMap()`);
  const bound: unknown = host && (Object.getPrototypeOf(service) as Record<string, unknown>)[key];
  if (binding && method === bound)
    return (items, ...rest) => runBound(service, binding, arrange, items, rest);
  return (items, ...rest) => runStandIn({ service, key, name, type, arrange }, items, rest);
}

function runBound(
  service: object,
  { operation, options, runtime, identity, method }: MapBinding,
  arrange: Arrange,
  items: Items,
  rest: unknown[],
): OpRun<unknown> {
  rejectText(items, operation.name);
  const own = identity ?? identityOf(service);
  const run = runItems(runtime, arrange(items, options, operation.name), {
    operation,
    options,
    invocation: (item) => ({ self: service, method: method(), args: [item, ...rest], identity: own }),
  });
  if (options.progress) showProgress(run, operation.name);
  return run;
}

interface StandIn {
  readonly service: object;
  readonly key: string;
  readonly name: string;
  readonly type: object | null;
  readonly arrange: Arrange;
}

function runStandIn(
  { service, key, name, type, arrange }: StandIn,
  items: Items,
  rest: unknown[],
): OpRun<unknown> {
  rejectText(items, name);
  const decorated = decoratedOf(type, key);
  const options = optionsOf(decorated, name);
  const run = new MapRun(arrange(items, options, name), {
    clock: systemClock,
    loop: systemEventLoop,
    workers: workersOf(options),
    window: windowOf(options),
    ordered: options.ordered,
    stopOnError: options.stopOnError,
    shouldProcess: options.shouldProcess as ((item: unknown, index: number) => unknown) | undefined,
    begin: (item) => ({ result: call(service, key, [item, ...rest]), attempts: () => 1 }),
    // Without a call there is no signal to abort: running items finish.
    abortRunning: () => undefined,
    onStart: () => undefined,
    onEnd: () => undefined,
  });
  if (options.progress) showProgress(run, name);
  return run;
}

async function call(service: object, key: string, args: unknown[]): Promise<unknown> {
  return (service as Record<string, (...args: unknown[]) => unknown>)[key]!(...args);
}

/** The `@OpMap()` declaration of a class; `undefined` if this method has none. */
function decoratedOf(type: object | null, key: string): DecoratedMethod | undefined {
  const { prototype } = (type ?? {}) as { prototype?: object };
  if (!prototype) return undefined;
  return findDecorated(prototype, type).methods.find(
    (method) => method.key === key && method.declarations.some(({ declaration }) => declaration.map),
  );
}

function optionsOf(decorated: DecoratedMethod | undefined, name: string): ResolvedMap {
  if (!decorated) return v.parse(mapSchema, { batchSize: BATCH_OF_STAND_INS });
  const problems: Problem[] = [];
  const options = resolveMap(decorated, problems);
  if (options) return options;
  const lines = linesOf(name, problems);
  throw new OperoConfigurationError(lines, name);
}

const identities = new WeakMap<object, CallIdentity>();

/** A Proxy around a service has an identity of its own. */
function identityOf(service: object): CallIdentity {
  let identity = identities.get(service);
  if (!identity) identities.set(service, (identity = ownIdentity()));
  return identity;
}

function rejectText(items: Items, name: string): void {
  if (typeof items === 'string')
    throw new TypeError(`${name}: a string is one item: pass [item], or an iterable of items`);
}

/** The name of an object's class, for messages. */
export function nameOf(service: object): string {
  const { constructor } = service as { constructor?: { name?: string } };
  return constructor?.name || 'an object';
}
