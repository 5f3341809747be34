import type { Clock, Deadlines } from '../core/time/index.js';
import { typeNameOf } from '../core/errors/index.js';
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
import type { Strategy, Target } from '../core/strategy/index.js';
import { Pipeline } from '../core/pipeline/index.js';
import { CacheStrategy, CircuitBreakerStrategy, type CircuitStateName } from '../strategies/index.js';
import type { ResolvedOptions } from './resolve.js';
import { worstCaseOf, type WorstCase } from './worst-case.js';

/** How an operation is doing. Times are ms; it holds no arguments, results or messages. */
export interface OperationSnapshot {
  readonly operation: string;
  /** `failing` while the last call failed, `idle` before the first one, else `healthy`. */
  readonly state: 'idle' | 'healthy' | 'failing';
  /** The enabled strategies, outermost first. */
  readonly order: readonly string[];
  /** The circuit breaker's state, of several circuits the worst; absent without one. */
  readonly circuit?: CircuitStateName;
  /** The circuit breaker measures only and lets every call through. */
  readonly circuitShadow?: true;
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

/** One decorated method, or one function run with options. */
export class Operation implements CallOperation {
  readonly #pipeline: Pipeline;
  readonly #order: readonly string[];
  /** The options of the strategies that are on. */
  readonly #options: ReadonlySet<string>;
  readonly #cache: CacheStrategy | undefined;
  readonly #breaker: CircuitBreakerStrategy | undefined;

  constructor(
    readonly name: string,
    readonly clock: Clock,
    readonly deadlines: Deadlines,
    readonly monitor: Monitor,
    readonly target: Target,
    private readonly resolved: ResolvedOptions,
    strategies: readonly {
      readonly name: string;
      readonly option: string;
      readonly strategy: Strategy;
    }[],
    readonly callSites = false,
  ) {
    this.#order = strategies.map((entry) => entry.name);
    this.#options = new Set(strategies.map(({ option }) => option));
    const all = strategies.map(({ strategy }) => strategy);
    this.#pipeline = new Pipeline(all);
    this.#cache = all.find((strategy) => strategy instanceof CacheStrategy);
    this.#breaker = all.find((strategy) => strategy instanceof CircuitBreakerStrategy);
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
    await this.#cache?.evict(args, identity);
  }

  /** Forgets everything that is cached. */
  async evictAll(): Promise<void> {
    await this.#cache?.evictAll();
  }

  get breaker(): CircuitBreakerStrategy | undefined {
    return this.#breaker;
  }

  get caches(): boolean {
    return this.#cache !== undefined;
  }

  /** How many loads of its cache are under way. */
  get loading(): number {
    return this.#cache?.loading ?? 0;
  }

  snapshot(): OperationSnapshot {
    const { running, failureStreak, lastSuccessAt, lastFailureAt, lastError, counts } = this.monitor;
    const now = this.clock.now();
    const used = lastSuccessAt > -Infinity || lastFailureAt > -Infinity;
    return {
      operation: this.name,
      state: failureStreak > 0 ? 'failing' : used ? 'healthy' : 'idle',
      order: this.#order,
      ...(this.#breaker && { circuit: this.#breaker.state() }),
      ...(this.#breaker?.shadow && { circuitShadow: true as const }),
      running,
      failureStreak,
      ...(lastSuccessAt > -Infinity && { sinceLastSuccess: now - lastSuccessAt }),
      ...(lastFailureAt > -Infinity && { sinceLastFailure: now - lastFailureAt }),
      ...(lastFailureAt > -Infinity && { lastError: typeNameOf(lastError) }),
      counts: { ...counts },
    };
  }

  plan(): OperationPlan {
    const options: Record<string, { value: unknown; from: string }> = {};
    for (const [field, sourced] of this.resolved.merged.common) options[field] = { ...sourced };
    for (const [option, sourced] of this.resolved.merged.strategies) {
      const complete = this.resolved.strategies.get(option) as Record<string, unknown>;
      for (const [field, value] of Object.entries(complete)) {
        const path = `${option}.${field}`;
        // Alternatives may be secrets, and plans are printed.
        const shown = path === 'argFallback.values' ? positionsOf(value) : value;
        if (value !== undefined)
          options[path] = { value: shown, from: sourced.get(field)?.from ?? 'built-in' };
      }
    }
    const { strategies } = this.resolved;
    const isOn = (option: string) => this.#options.has(option);
    const worstCase = worstCaseOf(new Map([...strategies].filter(([option]) => isOn(option))), this.target);
    return { operation: this.name, order: [...this.#order, 'method'], options, worstCase };
  }
}

const positionsOf = (values: unknown): unknown =>
  Array.isArray(values) ? values.map((_, index) => `#${index + 1}`) : values;
