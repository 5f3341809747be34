import { Injectable } from '@nestjs/common';
import {
  check,
  linkSignal,
  OperoConfigurationError,
  show,
  unknownName,
  type CallIdentity,
  type OperoEvents,
  type Problem,
} from '../core/index.js';
import { mapSchema, type AnyIterable, type OpRun } from '../map/index.js';
import {
  runItems,
  type Operation,
  type OperationPlan,
  type OperationSnapshot,
  type OperoOptions,
  type OperoRuntime,
} from '../runtime/index.js';
import type { CircuitSelection } from '../strategies/index.js';
import { controlOf, type CircuitControl } from './circuit-control.js';
import { FunctionOperations } from './function-operations.js';
import { splitMapOptions, type OpMapOptions } from './map-metadata.js';
import { OperoHost } from './opero.host.js';
import { showProgress } from './progress-display.js';
import { boundIdentityOf } from './shadows.js';

/** What a single run can be given. */
export interface RunOptions {
  /** Aborts the call: its try, its waits and what it calls. The call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** What the function is called with; keys of caches and limits are made from it. */
  readonly args?: readonly unknown[];
}

/** Which cached results to forget. */
export interface EvictOptions {
  /** An operation by name. */
  readonly operation: string;
  /** The arguments of the call to forget. Default: whatever they were, everything of the operation is forgotten. */
  readonly args?: readonly unknown[];
  /** The instance, where a class has several; default: the entries of all of them. Only with `args`. */
  readonly instance?: object;
}

/** Opero by hand: for functions that are no decorated methods, and to look at those that are. */
@Injectable()
export class OperoService {
  readonly #functions: FunctionOperations;

  constructor(private readonly host: OperoHost) {
    this.#functions = new FunctionOperations(host);
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
   * Runs `work` once, with options or a profile's name. Strategies with a memory (cache, rate limit) need a profile, or
   * options with a `name`, whose memory all runs with it share; or {@link wrap}.
   *
   * @throws OperoConfigurationError when the options are wrong
   * @example
   * await opero.run({ retry: 2, timeout: seconds(1) }, () => fetch(url))
   */
  run<T>(options: OperoOptions | string, work: () => T | PromiseLike<T>, run: RunOptions = {}): Promise<T> {
    const operation = this.#functions.of(options, work.name);
    const invocation = { self: undefined, method: work, args: run.args ?? [] };
    const { call, result } = operation.start(invocation, this.#runtime.scope);
    if (!run.signal) return result as Promise<T>;
    const unlink = linkSignal(run.signal, (reason) => call.abort(reason));
    return (result as Promise<T>).finally(unlink);
  }

  /**
   * Makes a function that runs `work` with options of its own, with their memory.
   *
   * @example
   * const search = opero.wrap({ name: 'search', cache: minutes(1) }, (query: string) => client.search(query));
   */
  wrap<A extends unknown[], T>(
    options: OperoOptions | string,
    work: (...args: A) => T | PromiseLike<T>,
  ): (this: unknown, ...args: A) => Promise<T> {
    const operation = this.#functions.make(options, work.name);
    const runtime = this.#runtime;
    return function (this: unknown, ...args: A) {
      const invocation = { self: this, method: work as (...given: never[]) => unknown, args };
      return operation.run(invocation, runtime.scope, 'promise') as Promise<T>;
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
    const operation = this.#functions.of(item, work.name || 'map');
    const invocation = (one: I) => ({
      self: undefined,
      method: work as (item: never) => unknown,
      args: [one],
    });
    const run = runItems<Awaited<R>, I>(this.#runtime, items, {
      operation,
      options: resolved,
      invocation,
      signal,
    });
    if (resolved.progress) showProgress(run, operation.name);
    return run;
  }

  /** Binds the decorated methods of an object that the app did not hand out. Returns the same object. */
  bind<T extends object>(object: T): T {
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
    const breakers = operations.map(({ breaker }) => breaker).filter((breaker) => breaker !== undefined);
    const breaker = this.#runtime.operations.get(name)?.breaker ?? breakers.find((own) => own.name === name);
    if (breaker) return controlOf(breaker, selection);
    const known = operations.filter((operation) => operation.breaker).map((operation) => operation.name);
    throw new TypeError(`there is no circuit breaker '${name}': ${unknownName(name, known)}`);
  }

  /** How every operation is doing. */
  operations(): OperationSnapshot[] {
    return [...this.#runtime.operations.values()].map((operation) => operation.snapshot());
  }

  /** What is cached. */
  readonly cache = {
    /**
     * Forgets the result of one call, or without `args` all results of an operation; also what is being loaded right
     * now. This process serves none of it from now on. Of a whole operation, other processes know within a second of
     * a hit; results with class instances are kept by each process, and only this form reaches those of others. Where
     * entries are kept apart by who asks, or by instance (transient, of one request, several of a class) and none is
     * given, the whole operation is evicted.
     *
     * @throws TypeError when there is no such operation, it caches nothing, or the instance is not bound
     * @throws EvictionFailedError when the store did not take part: other processes may go on serving what they have
     * @example
     * await opero.cache.evict({ operation: 'Prices.of', args: ['EUR'] });
     * await opero.cache.evict({ operation: 'Prices.of' });
     */
    evict: async ({ operation: name, args, instance }: EvictOptions): Promise<void> => {
      const operation = this.#runtime.operations.get(name);
      if (!operation?.caches) throw new TypeError(`there is no operation '${name}' with a cache`);
      if (args !== undefined && !Array.isArray(args)) {
        throw new TypeError(`evict(): args: got ${show(args)}, allowed: the list of the call's arguments`);
      }
      if (instance && !args) {
        throw new TypeError('evict(): instance: got no args beside it, allowed: only together with args');
      }
      const identities = this.#identitiesFor(operation, instance);
      // Of instances that are their own, more may live than are known.
      const unknown =
        identities.length === 0 || (!instance && identities.some((one) => one?.shared === false));
      if (!args || unknown) return operation.evictAll();
      const outcomes = await Promise.allSettled(
        identities.map((identity) => operation.evict(args, identity)),
      );
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed) throw failed.reason;
    },
  };

  /** Whose results are meant. None is known of instances that live as long as a request. */
  #identitiesFor(operation: Operation, instance: object | undefined): (CallIdentity | undefined)[] {
    const { binder, bindings } = this.host;
    if (!instance) return [...bindings.identitiesOf(operation, binder.instances())];
    const identity = boundIdentityOf(instance);
    if (!identity) throw new TypeError('evict(): instance: got an object that is not bound to this app');
    return [identity];
  }

  get #runtime(): OperoRuntime {
    const { runtime } = this.host;
    if (!runtime) throw new Error('OperoService was used before the options of OperoModule were there');
    return runtime;
  }
}
