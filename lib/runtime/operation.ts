import type { Clock, Deadlines } from '../core/time/index.js';
import { Monitor, type OperationCounts } from '../core/events/index.js';
import {
  Call,
  linkSignal,
  captureCallSite,
  type CallKind,
  type CallOperation,
  type Invocation,
  type Scope,
} from '../core/call/index.js';
import type { DeclaredSnapshots } from '../core/declarations/index.js';
import type { SharedAnswers, Strategy, StrategySnapshot, Target } from '../core/strategy/index.js';
import { Pipeline } from '../core/pipeline/index.js';
import { factsOf, type Created, type ResolvedOptions } from './resolve.js';
import type { StrategySet } from './strategy-set.js';
import { worstCaseOf, type WorstCase } from './worst-case.js';

/** How an operation is doing. Times are ms; it holds no arguments, results or messages. */
export interface OperationSnapshot {
  readonly operation: string;
  /** `failing` while the last call failed, `idle` before the first one, else `healthy`. */
  readonly state: 'idle' | 'healthy' | 'failing';
  /** The enabled strategies, outermost first. */
  readonly order: readonly string[];
  /** What the strategies tell of their state, by option: of a circuit breaker its `state`. Absent where none does. */
  readonly strategies?: Readonly<Record<string, StrategySnapshot>> & DeclaredSnapshots;
  /** Calls running or waiting now. */
  readonly running: number;
  /** Failed calls since the last success. */
  readonly failureStreak: number;
  /** Ms since the last success; absent before the first. */
  readonly sinceLastSuccess?: number;
  /** Ms since the last failure; absent before the first. */
  readonly sinceLastFailure?: number;
  /** The class of the last error; absent before the first. */
  readonly lastError?: string;
  /** How often each thing happened. */
  readonly counts: Readonly<OperationCounts>;
}

/** Where an operation stands, for `describe()`. */
export interface OperationPlan {
  readonly operation: string;
  /** The enabled strategies, outermost first, and the method. */
  readonly order: readonly string[];
  /** Every option that was set, as `retry.retries`, with its value and the layer it came from; alternatives of arguments by position. */
  readonly options: Readonly<Record<string, { readonly value: unknown; readonly from: string }>>;
  /** The most that one call can cost. */
  readonly worstCase: WorstCase;
}

/** The parts of an operation. */
export interface OperationParts {
  readonly name: string;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly monitor: Monitor;
  readonly target: Target;
  readonly resolved: ResolvedOptions;
  /** All strategies there are. */
  readonly strategies: StrategySet;
  /** Those that are on, outermost first. */
  readonly created: readonly Created[];
  readonly callSites: boolean;
}

/** One decorated method, or one function run with options. */
export class Operation implements CallOperation {
  readonly name: string;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly monitor: Monitor;
  readonly callSites: boolean;
  readonly #parts: OperationParts;
  readonly #pipeline: Pipeline;
  readonly #order: readonly string[];
  readonly #answers: SharedAnswers | undefined;

  constructor(parts: OperationParts) {
    const { created } = parts;
    this.name = parts.name;
    this.clock = parts.clock;
    this.deadlines = parts.deadlines;
    this.monitor = parts.monitor;
    this.callSites = parts.callSites;
    this.#parts = parts;
    this.#order = created.map(({ definition }) => definition.name);
    const all = created.map(({ strategy }) => strategy);
    this.#pipeline = new Pipeline(all);
    this.#answers = all
      .filter((strategy) => strategy.kind === 'around')
      .find(({ answers }) => answers)?.answers;
  }

  /** Runs the method through the strategies. */
  run(invocation: Invocation, owner: Scope, kind: CallKind): unknown {
    return this.#pipeline.run(this, invocation, owner, kind);
  }

  /**
   * Like {@link run}, with a hand on the call, which `signal` aborts; one that has aborted does not let it begin. The items
   * of a run come from its engine: their call site tells nothing.
   */
  start(
    invocation: Invocation,
    owner: Scope,
    signal?: AbortSignal,
    ofRun = false,
  ): { readonly call: Call; readonly result: Promise<unknown> } {
    const call = new Call(this, invocation, owner);
    if (this.callSites && !ofRun) call.site = captureCallSite();
    const unlink = signal && linkSignal(signal, (reason) => call.abort(reason));
    const result = this.proceed(call) as Promise<unknown>;
    if (unlink) result.then(unlink, unlink);
    return { call, result };
  }

  /** A call that is about to {@link proceed}. */
  prepare(invocation: Invocation, owner: Scope, kind: CallKind): Call {
    const call = new Call(this, invocation, owner, undefined, kind);
    if (this.callSites) call.site = captureCallSite();
    return call;
  }

  proceed(call: Call): unknown {
    return this.#pipeline.start(call);
  }

  /** Forgets what is cached for these arguments. */
  async evict(args: readonly unknown[], identity: Invocation['identity']): Promise<void> {
    await this.#answers?.evict(args, identity);
  }

  /** Forgets everything that is cached. */
  async evictAll(): Promise<void> {
    await this.#answers?.evictAll();
  }

  /** The strategy that a definition made for this operation; `undefined` if it is not on. */
  strategyOf<S extends Strategy>(definition: { create(...made: never[]): S | undefined }): S | undefined {
    const found = this.#parts.created.find((created) => created.definition === definition);
    return found?.strategy as S | undefined;
  }

  get caches(): boolean {
    return this.#answers !== undefined;
  }

  /** How many loads of its cache are under way. */
  get loading(): number {
    return this.#answers?.loading ?? 0;
  }

  snapshot(): OperationSnapshot {
    const { running, failureStreak, lastSuccessAt, lastFailureAt, lastError, counts } = this.monitor;
    const now = this.clock.now();
    const used = lastSuccessAt > -Infinity || lastFailureAt > -Infinity;
    return {
      operation: this.name,
      state: failureStreak > 0 ? 'failing' : used ? 'healthy' : 'idle',
      order: this.#order,
      ...this.#snapshots(),
      running,
      failureStreak,
      ...(lastSuccessAt > -Infinity && { sinceLastSuccess: now - lastSuccessAt }),
      ...(lastFailureAt > -Infinity && { sinceLastFailure: now - lastFailureAt }),
      ...(lastFailureAt > -Infinity && { lastError: nameOf(lastError) }),
      counts: { ...counts },
    };
  }

  #snapshots(): Pick<OperationSnapshot, 'strategies'> {
    const told = this.#parts.created.filter(({ definition }) => definition.snapshot);
    if (told.length === 0) return {};
    const entries = told.map(({ definition, strategy }) => [
      definition.option,
      definition.snapshot!(strategy),
    ]);
    return { strategies: Object.fromEntries(entries) as OperationSnapshot['strategies'] };
  }

  plan(): OperationPlan {
    const { resolved, created, target, strategies: set } = this.#parts;
    const options: Record<string, { value: unknown; from: string }> = {};
    for (const [field, sourced] of resolved.merged.common) options[field] = { ...sourced };
    for (const [option, sourced] of resolved.merged.strategies) {
      const complete = resolved.strategies.get(option) as Record<string, unknown>;
      const shown = set.byOption.get(option)?.describe?.(complete) ?? complete;
      for (const [field, value] of Object.entries(shown)) {
        const path = `${option}.${field}`;
        if (value !== undefined) options[path] = { value, from: sourced.get(field)?.from ?? 'built-in' };
      }
    }
    const on = new Set(created.map(({ definition }) => definition.option));
    const running = new Map([...resolved.strategies].filter(([option]) => on.has(option)));
    const worstCase = worstCaseOf(factsOf(running, target, set));
    return { operation: this.name, order: [...this.#order, 'method'], options, worstCase };
  }
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.constructor.name : typeof error);
