import { Injectable } from '@nestjs/common';
import { OperoConfigurationError } from '../../core/errors/index.js';
import { check, show, unknownName, type Problem } from '../../core/options/index.js';
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
import { proveRun, proveWork } from '../options/run-checks.js';

/** What a single run can be given. */
export interface RunOptions {
  /** Aborts the call: its attempt, its waits and what it calls. The call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** What the function is called with; keys of caches and limits are made from it. */
  readonly args?: readonly unknown[];
}

/** Opero by hand: for functions that are no decorated methods, and to look at those that are. */
@Injectable()
export class OperoService {
  readonly #functions: AdHocOperations;

  constructor(private readonly host: OperoHost) {
    this.#functions = new AdHocOperations(host);
    this.cache = new CacheControl(host, this.#functions, () => this.#runtime);
  }

  /** What happens to calls, as it happens. `on` returns the function that takes a listener back. */
  get events(): Pick<OperoEvents, 'on'> {
    return this.#runtime.events;
  }

  /** Whether the app is shutting down: a readiness probe should say no from the first signal on. */
  get closing(): boolean {
    return this.#runtime.closing;
  }

  /**
   * Runs `work` once, with options or a profile's name. Strategies with a memory (cache, rate limit, circuit breaker)
   * need a profile, or options with a `name`, whose memory and counts all runs with it share; or {@link wrap}. Each run
   * uses the functions in its own options (fallbacks, predicates, keys, hooks); their data must be the same under one
   * name. A cache's key is made from `args`, or by a `key` function in the options of the run, and of the function: what
   * one function answered is never another's, but closures written in one place, or alike, count as the same function.
   *
   * Without a name, runs of the same function (the same source text) share a retry budget, and nothing else.
   *
   * @throws OperoConfigurationError when the options are wrong, or with a cache or single-flight for a run that has
   * neither `args` nor a `key` of its own
   * @example
   * await opero.run({ retry: 2, timeout: seconds(1) }, () => fetch(url))
   */
  run<T>(options: OperoOptions | string, work: () => T | PromiseLike<T>, run: RunOptions = {}): Promise<T> {
    const runtime = this.#runtime;
    proveRun(options, work, run);
    const made = this.#functions.of(options, work, 'run');
    made.proveKey(run.args);
    const invocation = made.invocation(undefined, work, run.args ?? []);
    return made.operation.start(invocation, runtime.scope, run.signal).result as Promise<T>;
  }

  /**
   * Makes a function that runs `work` with options of its own, with their memory. `this` is passed on, and what is
   * cached is kept apart for each `this` unless `share` is true. Without a `name` it is kept in this process only.
   *
   * @example
   * const search = opero.wrap({ name: 'search', cache: minutes(1) }, (query: string) => client.search(query));
   */
  wrap<A extends unknown[], T>(
    options: OperoOptions | string,
    work: (...args: A) => T | PromiseLike<T>,
  ): (this: unknown, ...args: A) => Promise<T> {
    const runtime = this.#runtime;
    proveWork('wrap', options, work);
    const made = this.#functions.make(options, work);
    return function (this: unknown, ...args: A) {
      const invocation = made.invocation(this, work as (...given: never[]) => unknown, args);
      return made.operation.run(invocation, runtime.scope, 'promise') as Promise<T>;
    };
  }

  /**
   * Runs `work` over many items, as `mapped()` does with a decorated method.
   *
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
      throw new OperoConfigurationError(
        problems.map(({ path, message }) => `OperoService.map(): ${path}: ${message}`),
      );
    }
    proveWork('map', item, work);
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
   * Binds the decorated methods of an object that the app did not hand out. Returns the same object.
   *
   * @throws TypeError for what is no instance of a class: a primitive, a class, a plain object
   */
  bind<T extends object>(object: T): T {
    const prototype: unknown = typeof object === 'object' && object !== null && Object.getPrototypeOf(object);
    if (!prototype || prototype === Object.prototype) {
      throw new TypeError(`OperoService.bind(): got ${show(object)}, allowed: an instance of a class`);
    }
    return this.host.binder.bind(object);
  }

  /**
   * Tells how a decorated method is run: the strategies in order, and every option with the layer it came from.
   *
   * @throws TypeError when the method is not decorated, or its class is no provider of the app
   */
  describe(type: abstract new (...args: never[]) => unknown, method: string): OperationPlan {
    const operation = this.host.bindings.find(type.prototype as object, method);
    if (!operation) throw new TypeError(`${type.name}.${method} is not a decorated method of this app`);
    return operation.plan();
  }

  /**
   * The circuit breaker of an operation, or the one that several share under a `name`, to look at it and to work it by
   * hand. With `key`, only the circuits of that key, as `circuitBreaker.key` makes them.
   *
   * @throws TypeError when there is no such operation, or it has no circuit breaker
   * @throws OperoConfigurationError for a key where circuits have none
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

  /** How every operation is doing. */
  operations(): OperationSnapshot[] {
    return [...this.#runtime.operations.values()].map((operation) => operation.snapshot());
  }

  /** What is cached. */
  readonly cache: Pick<CacheControl, 'evict'>;

  get #runtime(): OperoRuntime {
    const { runtime } = this.host;
    if (!runtime) throw new Error('OperoService was used before the options of OperoModule were there');
    return runtime;
  }
}
