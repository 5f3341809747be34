import { Deadlines, systemClock, systemRandom, type Clock, type Random } from '../core/time/index.js';
import { OperoConfigurationError } from '../core/errors/index.js';
import { linesOf, type Problem } from '../core/options/index.js';
import { Monitor, OperoEvents } from '../core/events/index.js';
import { currentScope, RootScope, type Scope } from '../core/call/index.js';
import type { CachingSettings, CreateContext } from '../core/strategy/index.js';
import { unendingCall } from '../core/pipeline/index.js';
import { systemEventLoop, type EventLoop } from '../map/index.js';
import { collectFailure } from './app-strategies/definition-failure.js';
import { Operation } from './operation.js';
import type { OperationState } from './operation-parts.js';
import { hooksOf } from './options.js';
import { createStrategies, resolve, type ResolvedOptions } from './resolve.js';
import type { OperationSpecification, RuntimeSettings } from './runtime-settings.js';
import { SharedNames } from './shared-names.js';
import { onceIn } from './shared-resources.js';
import { isAdded, standardStrategies, type StrategySet } from './strategy-set.js';
import { closeRequests, drain, endStreams, stopAll } from './shutdown.js';

/** Warnings may contain texts from outside: no more than these are logged, and remembered. */
const MOST_WARNINGS = 1_000;

/** The operations of one app, with everything they share. Nothing of it is global. */
export class OperoRuntime {
  readonly clock: Clock;
  readonly eventLoop: EventLoop;
  readonly strategies: StrategySet;
  readonly events: OperoEvents;
  readonly root = new RootScope();
  readonly #random: Random;
  readonly #deadlines: Deadlines;
  readonly #caching: CachingSettings;
  readonly #operations = new Map<string, Operation>();
  readonly #shared = new Map<string, unknown>();
  readonly #names = new SharedNames();
  readonly #warned = new Set<string>();
  readonly #settings: RuntimeSettings;
  /** @internal Kept alive for the optimised code of calls. */
  unending: object | undefined;
  readonly #callSites: boolean;
  #closing: Promise<void> | undefined;
  #stopped = false;

  constructor(settings: RuntimeSettings = {}) {
    this.#settings = settings;
    this.strategies = settings.strategies ?? standardStrategies;
    this.events = new OperoEvents(this.strategies.events);
    this.clock = settings.clock ?? systemClock;
    this.eventLoop = settings.eventLoop ?? systemEventLoop;
    this.#callSites = settings.callSites ?? process.env.NODE_ENV !== 'production';
    this.#random = settings.random ?? systemRandom;
    this.#deadlines = new Deadlines(this.clock);
    const caching = { store: () => undefined, app: '', maxEntries: 10_000, storeTimeout: 500 };
    this.#caching = {
      keySecret: undefined,
      tenant: undefined,
      maxSize: undefined,
      ...caching,
      ...settings.caching,
    };
  }

  get operations(): ReadonlyMap<string, Operation> {
    return this.#operations;
  }

  /** Whether the runtime is shutting down, or has. */
  get closing(): boolean {
    return this.#closing !== undefined;
  }

  /** Whether requests are no longer worked on. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Creates an operation, or adds to `problems` why it cannot. */
  define(specification: OperationSpecification, problems: Problem[]): Operation | undefined {
    return collectFailure(problems, () => this.#define(specification, problems));
  }

  #define(specification: OperationSpecification, problems: Problem[]): Operation | undefined {
    const { layers, own, target, variantOf } = specification;
    const resolved = resolve(layers, own, target, this.strategies, problems);
    if (!resolved) return undefined;
    const name = resolved.common.name ?? specification.name;
    const before = problems.length;
    if (!variantOf && this.#operations.has(name)) {
      problems.push({
        path: 'name',
        message: `got '${name}', which another operation has, allowed: a name of its own`,
      });
    }
    problems.push(...this.#names.validate(resolved.strategies, this.strategies));
    if (problems.length > before) return undefined;
    const operation = this.#make(name, specification, resolved);
    // The code of an app may fail: better at boot than at the first call.
    if ([...resolved.strategies.keys()].some(isAdded)) operation.prepareStrategies();
    if (!variantOf) this.#operations.set(name, operation);
    return operation;
  }

  #make(name: string, specification: OperationSpecification, resolved: ResolvedOptions): Operation {
    const { target, layers } = specification;
    const { clock, strategies } = this;
    const parts = { name, clock, deadlines: this.#deadlines, target, layers, resolved, strategies };
    const create = () => this.#create(name, specification, resolved);
    return new Operation({ ...parts, callSites: this.#callSites, create });
  }

  #create(
    name: string,
    { target, memory = new Map(), variantOf }: OperationSpecification,
    resolved: ResolvedOptions,
  ): OperationState {
    const { clock, strategies, root } = this;
    // From the first call on Node tracks the async context of every promise: an app that makes none need not pay for it.
    this.unending ??= unendingCall(clock, this.events);
    const hooks = hooksOf(resolved.common, resolved.strategies, strategies.byOption.values());
    const warn = (message: string) => this.warn(`${name} ${message}`);
    const monitor = variantOf?.monitor.withHooks(hooks) ?? new Monitor(name, clock, this.events, hooks, warn);
    const context: CreateContext = {
      operation: name,
      clock,
      random: this.#random,
      deadlines: this.#deadlines,
      monitor,
      target,
      shared: onceIn(this.#shared),
      own: onceIn(memory),
      together: onceIn(new Map()),
      caching: this.#caching,
      root,
      has: (trait) => strategies.anyHas(trait, resolved.strategies.keys()),
      warn,
    };
    const switchedOff = this.#settings.enabled === false;
    return { monitor, created: createStrategies(resolved, context, strategies, switchedOff) };
  }

  /** Like {@link define}, for options that come at run time: throws what is wrong with them. */
  defineOrThrow(specification: OperationSpecification): Operation {
    const problems: Problem[] = [];
    const operation = this.define(specification, problems);
    if (operation) return operation;
    throw new OperoConfigurationError(linesOf(specification.name, problems), specification.name);
  }

  /** Forgets an operation that was made for the length of a run. */
  forget(operation: Operation): void {
    if (this.#operations.get(operation.name) === operation) this.#operations.delete(operation.name);
  }

  /** Where a call made now belongs: to the call or request it is made in, if that is of this app. */
  get scope(): Scope {
    const scope = currentScope();
    let top = scope;
    while (top?.owner) top = top.owner;
    return scope && top === this.root ? scope : this.root;
  }

  /** Logs a warning, the same one once. */
  warn(message: string): void {
    if (this.#warned.has(message) || this.#warned.size >= MOST_WARNINGS) return;
    this.#warned.add(message);
    try {
      this.#settings.warn?.(message);
    } catch {
      // A logger that throws must not fail the call.
    }
  }

  /**
   * Shuts down: waits that would not end by the deadline are cancelled at once, calls that still run at the deadline are
   * aborted with {@link OperoShutdownError}. Resolves when nothing runs and no timer is left.
   */
  close(drainTimeout: number): Promise<void> {
    return (this.#closing ??= this.#drain(drainTimeout));
  }

  /** After the drain: ends what was begun since, and whatever a request begins from now on. */
  stop(): void {
    this.#stopped = true;
    stopAll(this.root);
    closeRequests(this.root);
    endStreams(this.root);
    this.#deadlines.close();
    this.events.clear();
  }

  async #drain(drainTimeout: number): Promise<void> {
    await drain(this.root, this.clock, drainTimeout);
    this.#deadlines.close();
  }
}
