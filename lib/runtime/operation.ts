import { outsideCallers, type Clock, type Deadlines } from '../core/time/index.js';
import type { Monitor } from '../core/events/index.js';
import {
  Call,
  linkSignal,
  captureCallSite,
  type CallKind,
  type CallOperation,
  type Invocation,
  type Scope,
} from '../core/call/index.js';
import type { Strategy } from '../core/strategy/index.js';
import type { CommonOptions } from './options.js';
import { RunningOperation, type OperationParts } from './operation-parts.js';
import { planOf, sourcedOptionsOf, type OperationPlan } from './operation-plan.js';
import { snapshotOf, type OperationSnapshot } from './operation-snapshot.js';

/** One decorated method, or one function run with options. */
export class Operation implements CallOperation {
  readonly name: string;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly callSites: boolean;
  readonly #parts: OperationParts;
  #running: RunningOperation | undefined;

  constructor(parts: OperationParts) {
    this.name = parts.name;
    this.clock = parts.clock;
    this.deadlines = parts.deadlines;
    this.callSites = parts.callSites;
    this.#parts = parts;
  }

  get #ready(): RunningOperation {
    // What lives as long as the app must not keep the async context of its first caller.
    return (this.#running ??= outsideCallers(() => new RunningOperation(this.#parts.create())));
  }

  /** Creates its strategies now, and not only when they are first needed. */
  prepareStrategies(): void {
    void this.#ready;
  }

  get monitor(): Monitor {
    return this.#ready.monitor;
  }

  /** Options that belong to no strategy. */
  get common(): CommonOptions {
    return this.#parts.resolved.common;
  }

  /** The complete options of a strategy; `undefined` if it is off. */
  optionsOf(option: string): Readonly<Record<string, unknown>> | undefined {
    return this.#parts.resolved.strategies.get(option) as Readonly<Record<string, unknown>> | undefined;
  }

  /** Runs the method through the strategies. */
  run(invocation: Invocation, owner: Scope, kind: CallKind): unknown {
    return this.#ready.pipeline.run(this, invocation, owner, kind);
  }

  /**
   * Like {@link run}, with a hand on the call, which `signal` aborts; one that has aborted does not let it begin. The items
   * of a run come from its engine: they have no call site.
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
    return this.#ready.pipeline.start(call);
  }

  /** Forgets what is cached for these arguments. */
  async evict(args: readonly unknown[], identity: Invocation['identity']): Promise<void> {
    await this.#ready.answers?.evict(args, identity);
  }

  /** Forgets everything that is cached. */
  async evictAll(): Promise<void> {
    await this.#ready.answers?.evictAll();
  }

  /** Forgets everything in the app that is cached with any of these tags. */
  async evictTags(tags: readonly string[]): Promise<void> {
    await this.#ready.answers?.evictTags(tags);
  }

  /** The strategy that a definition made for this operation; `undefined` if it is not on. */
  strategyOf<S extends Strategy>(definition: { create(...made: never[]): S | undefined }): S | undefined {
    const found = this.#ready.created.find((created) => created.definition === definition);
    return found?.strategy as S | undefined;
  }

  get caches(): boolean {
    return this.#ready.answers !== undefined;
  }

  /** How many loads of its cache are under way. */
  get loading(): number {
    return this.#ready.answers?.loading ?? 0;
  }

  snapshot(): OperationSnapshot {
    return snapshotOf(this.#ready, this.clock.now());
  }

  /** Every option that was set, as `retry.retries`, with its value and the layer it came from. */
  get options(): OperationPlan['options'] {
    return sourcedOptionsOf(this.#parts);
  }

  plan(): OperationPlan {
    return planOf(this.#parts, this.#ready);
  }
}
