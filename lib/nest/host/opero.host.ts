import { Logger, type ExecutionContext } from '@nestjs/common';
import { HttpAdapterHost, LazyModuleLoader, ModuleRef, ModulesContainer } from '@nestjs/core';
import { OperoConfigurationError } from '../../core/errors/index.js';
import { linesOf, type Problem } from '../../core/options/index.js';
import type { CacheStore } from '../../core/strategy/index.js';
import { OperoRuntime, Profiles, strategiesWith, type Layer, type Operation } from '../../runtime/index.js';
import { InstanceBinder } from '../binding/instance-binder.js';
import { MethodRegistry } from '../binding/method-registry.js';
import { ResponseHeaders } from '../edge/response-headers.js';
import { appName } from './app-name.js';
import { findCache } from './find-cache.js';
import { missingMapped } from '../mapped/inject-mapped.js';
import { DrainFirst } from './drain-first.js';
import { checkModuleOptions, type OperoModuleOptions } from '../options/module-options.js';
import { FeatureProfiles } from '../options/feature-profiles.js';
import { TransportErrors } from '../edge/transport-errors.js';

const DEFAULT_DRAIN = 10_000;

/** The runtime, bindings and transport errors of one app. */
export class OperoHost {
  readonly transportErrors = new TransportErrors();
  readonly responseHeaders = new ResponseHeaders((context) => this.#operationOf(context)?.name);
  readonly bindings = new MethodRegistry((message) => this.#warn(message));
  readonly binder = new InstanceBinder(this.bindings, (message) => this.#warn(message));
  readonly #logger = new Logger('Opero');
  readonly #warned = new Set<string>();
  readonly #moduleProblems: string[] = [];
  readonly #drainFirst = new DrainFirst(() => this.drain());
  #runtime: OperoRuntime | undefined;
  #drainTimeout = DEFAULT_DRAIN;
  #http: OperoModuleOptions['http'];
  #where = '';
  #store: CacheStore | undefined;
  #modules: ModulesContainer | undefined;
  #layers: { readonly defaults: readonly Layer[]; readonly profiles: Profiles } = {
    defaults: [],
    profiles: new Profiles(),
  };

  get runtime(): OperoRuntime | undefined {
    return this.#runtime;
  }

  /** The layers under the options of ad-hoc operations. */
  get layers(): { readonly defaults: readonly Layer[]; readonly profiles: Profiles } {
    return this.#layers;
  }

  /** Whether errors of this package become HTTP exceptions. */
  get translatesHttp(): boolean {
    return this.#http?.translate ?? true;
  }

  /** The `abortOnDisconnect` option of a handler; `undefined` if not set. */
  abortsOnDisconnect(context: ExecutionContext): boolean | undefined {
    const operation = this.#operationOf(context);
    if (operation) return operation.common.abortOnDisconnect;
    return this.#layers.defaults.findLast(({ options }) => options.abortOnDisconnect !== undefined)?.options
      .abortOnDisconnect;
  }

  #operationOf(context: ExecutionContext): Operation | undefined {
    const { prototype } = context.getClass<object>() as { prototype: object };
    return this.bindings.findHandler(prototype, context.getHandler());
  }

  /** Starts to bind instances of the modules. */
  attach(modules: ModulesContainer): void {
    this.#modules ??= modules;
    this.binder.scan(modules);
  }

  /** Applies the options; from now on bound methods run through their operations. */
  configure(options: OperoModuleOptions, where = 'forRoot'): void {
    if (this.#runtime) return;
    this.#where = `OperoModule.${where}()`;
    const problems: Problem[] = [];
    const strategies = strategiesWith(options?.strategies, problems);
    problems.push(...checkModuleOptions(options, strategies));
    const profiles = new Profiles(strategies);
    problems.push(
      ...profiles.add(namedIn(options?.profiles), 'profiles'),
      ...this.#featureProfiles(profiles),
    );
    problems.push(...profiles.checkReferences());
    const sound = problems.length === 0 ? options : onlyNames(options);
    this.#moduleProblems.push(...linesOf(this.#where, problems));
    this.#drainTimeout = sound.shutdown?.drainTimeout ?? DEFAULT_DRAIN;
    this.#http = sound.http;
    this.responseHeaders.configure(sound.http);
    const { store, ...caching } = sound.cache ?? {};
    if (typeof store === 'object') this.#store = store;
    this.#layers = {
      defaults: sound.defaults ? [{ from: 'defaults', options: sound.defaults }] : [],
      profiles,
    };
    this.#runtime = new OperoRuntime({
      strategies,
      clock: sound.clock,
      random: sound.random,
      enabled: sound.enabled,
      caching: { ...caching, app: caching.app ?? appName(), store: () => this.#store },
      warn: (message) => this.#logger.warn(message),
    });
    this.bindings.configure({ runtime: this.#runtime, options: sound, profiles });
  }

  /** Called when all providers exist: finds the cache, follows lazy modules, and throws for invalid options. */
  async start(reference: ModuleRef): Promise<void> {
    this.#followLazyModules(reference);
    if (this.#modules) this.binder.scan(this.#modules);
    if (this.#servesRequests(reference)) await this.transportErrors.load();
    const problems = [
      ...this.#moduleProblems,
      ...this.bindings.problems,
      ...this.bindings.unknownOperations(this.#where),
      ...(this.#modules ? missingMapped(this.#modules) : []),
    ];
    if (problems.length > 0) throw new OperoConfigurationError(problems);
    this.#store ??= findCache(reference, (message) => this.#warn(message));
    this.responseHeaders.install(reference.get(HttpAdapterHost, { strict: false }).httpAdapter);
    this.#letDrainFirst();
  }

  /** Whether a transport may send errors to clients. Loading the packages of transports takes longer than all the rest. */
  #servesRequests(reference: ModuleRef): boolean {
    const modules = [...(this.#modules?.values() ?? [])];
    return (
      modules.some(({ controllers }) => controllers.size > 0) ||
      Boolean(reference.get(HttpAdapterHost, { strict: false }).httpAdapter)
    );
  }

  /** Waits for running calls, at most for the drain timeout. */
  async drain(): Promise<void> {
    await this.#runtime?.close(this.#drainTimeout);
  }

  /** Aborts calls made since the drain: the server waits for its requests. */
  async stop(): Promise<void> {
    await this.drain();
    this.#runtime?.stop();
  }

  /** Restores instances and the container. */
  async close(): Promise<void> {
    await this.stop();
    this.#drainFirst.close();
    this.binder.close();
  }

  #letDrainFirst(): void {
    for (const instance of this.binder.instances()) this.#drainFirst.apply(instance);
  }

  #featureProfiles(profiles: Profiles): ReturnType<Profiles['add']> {
    return [...(this.#modules?.values() ?? [])]
      .map(({ providers }) => providers.get(FeatureProfiles)?.instance as FeatureProfiles | undefined)
      .filter((feature) => feature !== undefined)
      .flatMap((feature) => profiles.add(feature.profiles, 'profiles'));
  }

  /** Nest runs no lifecycle hooks for modules that are loaded lazily. */
  #followLazyModules(reference: ModuleRef): void {
    const loader = reference.get(LazyModuleLoader, { strict: false });
    const load = loader.load;
    loader.load = async (...args: Parameters<typeof load>) => {
      const loaded = await load.apply(loader, args);
      if (this.#modules) this.binder.scan(this.#modules);
      this.#letDrainFirst();
      return loaded;
    };
    this.binder.onClose(() => delete (loader as { load?: unknown }).load);
  }

  #warn(message: string): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.#logger.warn(message);
  }
}

/** The named entries; a value that is no object is reported elsewhere. */
const namedIn = <T>(written: Record<string, T> | undefined): Record<string, T> =>
  typeof written === 'object' && written !== null && !Array.isArray(written) ? written : {};

/** Only the names of operations in invalid options, so that unknown names are reported in the same error. */
function onlyNames(options: OperoModuleOptions): OperoModuleOptions {
  const names = Object.keys(namedIn(options?.operations));
  return { operations: Object.fromEntries(names.map((name) => [name, {}])) };
}
