import { Deadlines, systemClock, systemRandom, type Clock, type Random } from '../core/time/index.js';
import { OperoConfigurationError } from '../core/errors/index.js';
import type { Problem } from '../core/options/index.js';
import { Monitor, OperoEvents } from '../core/events/index.js';
import { currentScope, RootScope, type Scope } from '../core/call/index.js';
import type { CachingSettings, CreateContext, SharedResources, Target } from '../core/strategy/index.js';
import { unendingCall } from '../core/pipeline/index.js';
import { systemEventLoop, type EventLoop } from '../map/index.js';
import type { Layer } from './layers.js';
import { Operation } from './operation.js';
import { hooksOf } from './options.js';
import { createStrategies, resolve } from './resolve.js';
import { SharedNames } from './shared-names.js';
import { standardStrategies, type StrategySet } from './strategy-set.js';
import { closeRequests, drain, endStreams, stopAll } from './shutdown.js';

/** What a runtime takes from its surroundings. */
export interface RuntimeSettings {
  readonly clock?: Clock;
  readonly random?: Random;
  /** How runs over many items let others go first. */
  readonly eventLoop?: EventLoop;
  readonly caching?: Partial<CachingSettings>;
  /** The strategies there are. Default: the built-in ones. */
  readonly strategies?: StrategySet;
  /** Whether strategies run at all; without, only those stay whose definition says so. */
  readonly enabled?: boolean;
  /** Whether errors tell where their call came from. Default: unless `NODE_ENV` is `production`. */
  readonly callSites?: boolean;
  /** Where warnings go. */
  readonly warn?: (message: string) => void;
}

/** What an operation is made from. */
export interface OperationSpecification {
  /** Its name unless the options give another. */
  readonly name: string;
  /** All layers, the farthest first. */
  readonly layers: readonly Layer[];
  /** Those of them that only this operation has, to be checked with it. */
  readonly own: readonly Layer[];
  readonly target: Target;
  /** What its strategies remember, where others that are made after it are to remember the same. */
  readonly memory?: Map<string, unknown>;
  /** The operation that has this name already, whose counts it shares: it is not listed beside that one. */
  readonly variantOf?: Operation;
}

/** Warnings may hold texts from outside: no more than these are told, and remembered. */
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
  /** @internal Kept for the machine code of calls. */
  readonly unending: object;
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
    this.unending = unendingCall(this.clock, this.events);
    this.#random = settings.random ?? systemRandom;
    this.#deadlines = new Deadlines(this.clock);
    const caching = { store: () => undefined, maxEntries: 10_000, storeTimeout: 500 };
    this.#caching = { keySecret: undefined, tenant: undefined, ...caching, ...settings.caching };
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

  /** Makes an operation, or tells why it cannot be made. */
  define(specification: OperationSpecification, problems: Problem[]): Operation | undefined {
    const { layers, own, target, memory = new Map<string, unknown>(), variantOf } = specification;
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
    const hooks = hooksOf(resolved.common, resolved.strategies, this.strategies.byOption.values());
    const warn = (message: string) => this.warn(`${name} ${message}`);
    const monitor =
      variantOf?.monitor.withHooks(hooks) ?? new Monitor(name, this.clock, this.events, hooks, warn);
    const context = this.#context(name, monitor, target, resolved.strategies, memory);
    const created = createStrategies(resolved, context, this.strategies, this.#settings.enabled === false);
    const operation = new Operation(
      name,
      this.clock,
      this.#deadlines,
      monitor,
      target,
      resolved,
      this.strategies,
      created,
      this.#callSites,
    );
    if (!variantOf) this.#operations.set(name, operation);
    return operation;
  }

  /** Like {@link define}, for options that come at run time: throws what is wrong with them. */
  defineOrThrow(specification: OperationSpecification): Operation {
    const problems: Problem[] = [];
    const operation = this.define(specification, problems);
    if (operation) return operation;
    const lines = problems.map(({ path, message }) => `${specification.name}: ${path}: ${message}`);
    throw new OperoConfigurationError(lines, specification.name);
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
      // A logger that fails does not fail the call it is told about.
    }
  }

  /**
   * Ends what goes on: waits that would not be over by the deadline end at once, what is left at the deadline is
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

  #context(
    name: string,
    monitor: Monitor,
    target: Target,
    options: ReadonlyMap<string, unknown>,
    memory: Map<string, unknown>,
  ): CreateContext {
    return {
      operation: name,
      clock: this.clock,
      random: this.#random,
      deadlines: this.#deadlines,
      monitor,
      target,
      shared: onceIn(this.#shared),
      own: onceIn(memory),
      together: onceIn(new Map()),
      caching: this.#caching,
      root: this.root,
      has: (trait) =>
        [...options.keys()].some((option) => this.strategies.byOption.get(option)?.traits?.includes(trait)),
      warn: (message) => this.warn(`${name} ${message}`),
    };
  }
}

const onceIn = (made: Map<string, unknown>): SharedResources => ({
  once: <T>(key: string, make: () => T): T => {
    if (!made.has(key)) made.set(key, make());
    return made.get(key) as T;
  },
});
