import { Injectable } from '@nestjs/common';
import { OperoConfigurationError } from '../../core/errors/index.js';
import { linesOf, check, show, unknownName, type Problem } from '../../core/options/index.js';
import type { OperoEvents } from '../../core/events/index.js';
import { mapSchema, type AnyIterable, type OpRun } from '../../map/index.js';
import {
  runItems,
  type OperationPlan,
  type OperationSnapshot,
  type OperoOptions,
  type OperoRuntime,
} from '../../runtime/index.js';
import { circuitBreaker, type CircuitSelection } from '../../strategies/index.js';
import { CacheControl } from './cache-control.js';
import { controlOf, type CircuitControl } from './circuit-control.js';
import { AdHocOperations } from './ad-hoc-operations.js';
import { splitMapOptions, type OpMapOptions } from '../metadata/map-metadata.js';
import { OperoHost } from '../host/opero.host.js';
import { showProgress } from '../mapped/progress-display.js';
import { validateRun, validateWork } from '../options/run-checks.js';

/** Options of a single run. */
export interface RunOptions {
  /**
   * Aborts the call with its attempt and waits. The call rejects with the signal's reason.
   * @default none
   */
  readonly signal?: AbortSignal;
  /**
   * Arguments from which keys of caches and limits are made.
   * @default []
   */
  readonly args?: readonly unknown[];
}

/**
 * Runs functions that are not decorated methods, and inspects and controls operations.
 * @example
 * @Injectable()
 * class Prices {
 *   constructor(private readonly opero: OperoService) {}
 *   load(url: string) { return this.opero.run({ retry: 2, timeout: seconds(1) }, () => fetch(url)); }
 * }
 */
@Injectable()
export class OperoService {
  readonly #functions: AdHocOperations;

  constructor(private readonly host: OperoHost) {
    this.#functions = new AdHocOperations(host);
    this.cache = new CacheControl(host, this.#functions, () => this.#runtime);
  }

  /**
   * The events of all operations. `on` returns a function that removes the listener.
   * @example
   * const stop = opero.events.on('circuit-open', ({ operation }) => logger.warn(`${operation} is unavailable`));
   */
  get events(): Pick<OperoEvents, 'on'> {
    return this.#runtime.events;
  }

  /** Whether the app is shutting down: a readiness probe should fail from then on. */
  get closing(): boolean {
    return this.#runtime.closing;
  }

  /**
   * Runs `work` once, with options or the name of a profile. Strategies with state (cache, rate limit, circuit
   * breaker) need a profile or options with a `name`: all runs with that name share state and counts. Alternatively
   * use {@link wrap}. Each run uses the functions in its own options (fallbacks, predicates, keys, hooks); all other
   * options must be equal under one name. A cache key is made from `args` or by a `key` function, and from the source
   * text of the function: different functions never share results, but closures with the same text do.
   *
   * Without a name, runs of the same function (the same source text) share only a retry budget.
   * @throws OperoConfigurationError for invalid options, or with a cache or single-flight for a run without `args`
   * and `key`
   * @example
   * const response = await opero.run({ retry: 2, timeout: seconds(1) }, () => fetch(url));
   */
  run<T>(options: OperoOptions | string, work: () => T | PromiseLike<T>, run: RunOptions = {}): Promise<T> {
    const runtime = this.#runtime;
    validateRun(options, work, run);
    const made = this.#functions.of(options, work, 'run');
    made.validateKey(run.args);
    const invocation = made.invocation(undefined, work, run.args ?? []);
    return made.operation.start(invocation, runtime.scope, run.signal).result as Promise<T>;
  }

  /**
   * Returns a function that runs `work` through an operation with its own state. `this` is passed on, and cache
   * entries are separate for each `this` unless `share` is true. Without a `name`, results are cached in this process
   * only.
   * @throws OperoConfigurationError for invalid options
   * @example
   * const search = opero.wrap({ name: 'search', cache: minutes(1) }, (query: string) => client.search(query));
   */
  wrap<A extends unknown[], T>(
    options: OperoOptions | string,
    work: (...args: A) => T | PromiseLike<T>,
  ): (this: unknown, ...args: A) => Promise<T> {
    const runtime = this.#runtime;
    validateWork('wrap', options, work);
    const made = this.#functions.make(options, work);
    return function (this: unknown, ...args: A) {
      const invocation = made.invocation(this, work as (...given: never[]) => unknown, args);
      return made.operation.run(invocation, runtime.scope, 'promise') as Promise<T>;
    };
  }

  /**
   * Runs `work` over many items, like `mapped()` for a decorated method.
   * @throws OperoConfigurationError for invalid options
   * @example
   * const pages = await opero.map(urls, fetchPage, { workers: 5, retry: 2 }).values();
   */
  map<I, R>(
    items: AnyIterable<I>,
    work: (item: I) => R | PromiseLike<R>,
    options: OpMapOptions & { signal?: AbortSignal } = {},
  ): OpRun<Awaited<R>, I> {
    const { signal, ...rest } = options;
    const { item, map } = splitMapOptions(rest);
    const problems: Problem[] = [];
    const resolved = check(mapSchema, map, '', problems);
    if (!resolved) {
      throw new OperoConfigurationError(linesOf('OperoService.map()', problems));
    }
    validateWork('map', item, work);
    const made = this.#functions.of(item, work, 'map');
    const { operation } = made;
    const invocation = (one: I) => made.invocation(undefined, work as (item: never) => unknown, [one]);
    const run = runItems<Awaited<R>, I>(this.#runtime, items, {
      operation,
      options: resolved,
      invocation,
      signal,
    });
    if (resolved.progress) showProgress(run, operation.name);
    return run;
  }

  /**
   * Binds the decorated methods of an object that was not created by the app. Returns the same object.
   * @throws TypeError if `object` is no instance of a class: a primitive, a class, a plain object
   * @example
   * const prices = opero.bind(new Prices(client));
   */
  bind<T extends object>(object: T): T {
    const prototype: unknown = typeof object === 'object' && object !== null && Object.getPrototypeOf(object);
    if (!prototype || prototype === Object.prototype) {
      throw new TypeError(`OperoService.bind(): got ${show(object)}, allowed: an instance of a class`);
    }
    return this.host.binder.bind(object);
  }

  /**
   * Describes how a decorated method runs: the strategies in order, and every option with the layer it came from.
   * @throws TypeError if the method is not decorated, or its class is no provider of the app
   * @example
   * console.table(opero.describe(Prices, 'of').options.retry);
   */
  describe(type: abstract new (...args: never[]) => unknown, method: string): OperationPlan {
    const operation = this.host.bindings.find(type.prototype as object, method);
    if (!operation) throw new TypeError(`${type.name}.${method} is not a decorated method of this app`);
    return operation.plan();
  }

  /**
   * Returns the control of the circuit breaker of an operation, or of one that several operations share under a
   * `name`. With `key`, only of the circuits of that `circuitBreaker.key`.
   * @throws TypeError if there is no such operation, or it has no circuit breaker
   * @throws OperoConfigurationError for a key if circuits have none
   * @example
   * opero.circuit('Payments.charge').isolate();
   */
  circuit(name: string, selection: CircuitSelection = {}): CircuitControl {
    const operations = [...this.#runtime.operations.values()];
    const breakers = operations.map((operation) => ({
      operation: operation.name,
      breaker: operation.strategyOf(circuitBreaker),
    }));
    const chosen =
      breakers.find(({ operation, breaker }) => operation === name && breaker) ??
      breakers.find(({ breaker }) => breaker?.name === name);
    if (chosen?.breaker) return controlOf(chosen.breaker, selection);
    const known = breakers.filter(({ breaker }) => breaker).map(({ operation }) => operation);
    throw new TypeError(`there is no circuit breaker '${name}': ${unknownName(name, known)}`);
  }

  /**
   * Returns a snapshot of every operation.
   * @example
   * const failing = opero.operations().filter(({ failureStreak }) => failureStreak > 3);
   */
  operations(): OperationSnapshot[] {
    return [...this.#runtime.operations.values()].map((operation) => operation.snapshot());
  }

  /** Evicts cached results. */
  readonly cache: Pick<CacheControl, 'evict'>;

  get #runtime(): OperoRuntime {
    const { runtime } = this.host;
    if (!runtime) throw new Error('OperoService was used before the options of OperoModule were there');
    return runtime;
  }
}
