import assert from 'node:assert/strict';
import type { Problem } from '../core/options/index.js';
import type { Target } from '../core/strategy/index.js';
import type { Operation, OperoOptions } from '../runtime/index.js';
import { CountedGates } from './counted-gates.js';
import { InnerGate } from './inner-gate.js';
import {
  linesOf,
  OperoConfigurationError,
  OperoRuntime,
  show,
  strategiesWith,
  StrategySet,
} from './internals.js';
import { ManualClock } from './manual-clock.js';

const target: Target = {
  answers: 'promise',
  prototype: undefined,
  parameters: 1,
  fallbackArguments: new Map(),
  parameterNames: ['item'],
  handler: false,
};

/** The outcome of a call. */
export type CallOutcome = { readonly ok: true } | { readonly ok: false; readonly error: unknown };

/** A call that was started, and its outcome so far. */
export interface BegunCall {
  outcome: CallOutcome | undefined;
}

/** One operation on a manual clock, whose gates are counted. */
export class Scenario {
  readonly clock = new ManualClock();
  readonly runtime: OperoRuntime;
  readonly operation: Operation;
  /** How often the method was called. */
  begun = 0;
  readonly innerGate = new InnerGate();
  readonly #failures: string[] = [];
  readonly #gates = new CountedGates();
  #calls = 0;

  /** @throws OperoConfigurationError if the strategies or the options are invalid */
  constructor(strategies: unknown, options: OperoOptions) {
    const problems: Problem[] = [];
    const { order: asked } = strategiesWith(strategies, problems);
    const innermost = asked.findLast(({ kind }) => kind === 'gate')!.name;
    const added = Array.isArray(strategies) ? strategies : [];
    const { order } = strategiesWith([...added, this.innerGate.definition(innermost)], problems);
    if (problems.length > 0) throw new OperoConfigurationError(linesOf('strategyContract()', problems));
    const counting = new StrategySet(order.map((definition) => this.#gates.counting(definition)));
    this.runtime = new OperoRuntime({
      clock: this.clock,
      random: () => 0.5,
      strategies: counting,
      callSites: false,
    });
    this.runtime.events.on('callback-error', ({ error }) => this.#failures.push(String(error)));
    const layer = { from: 'the contract', options };
    this.operation = this.runtime.defineOrThrow({
      name: 'Contract.method',
      layers: [layer],
      own: [layer],
      target,
    });
    const { order: running } = this.operation.snapshot();
    if (running.length === 1)
      throw new OperoConfigurationError([
        `options: got ${show(options)}, which turn no strategy on, allowed: options that do`,
      ]);
  }

  /** Starts calls, each with its own argument. */
  async begin(count: number, work: () => unknown, signal?: AbortSignal): Promise<BegunCall[]> {
    const calls = Array.from({ length: count }, () => this.#begin(work, signal));
    await this.clock.settle();
    return calls;
  }

  /** Advances the clock until all calls have ended. */
  async finish(calls: readonly BegunCall[]): Promise<void> {
    for (let steps = 0; calls.some(({ outcome }) => !outcome) && steps < 10_000; steps++) {
      if (!(await this.clock.step())) break;
    }
    const open = calls.filter(({ outcome }) => !outcome).length;
    assert.equal(open, 0, `${open} calls have not ended, however much time went by`);
  }

  /** Asserts that calls that have ended left nothing: no call, no timer, no gate that was not left. */
  async validateEnd(): Promise<void> {
    await this.clock.settle();
    assert.equal(this.runtime.root.children().length, 0, 'a call goes on after all have ended');
    assert.equal(this.operation.snapshot().running, 0, 'a call counts as running after all have ended');
    assert.equal(this.clock.pending, 0, `${this.clock.pending} timers are left after all calls have ended`);
    assert.deepEqual(this.#failures, [], 'a function of the strategy threw, or returned what is not allowed');
    this.#gates.validate();
  }

  #begin(work: () => unknown, signal: AbortSignal | undefined): BegunCall {
    const call: BegunCall = { outcome: undefined };
    const method = () => {
      this.begun++;
      return work();
    };
    const invocation = { self: undefined, method, args: [`item ${++this.#calls}`] };
    this.operation.start(invocation, this.runtime.scope, signal).result.then(
      () => (call.outcome = { ok: true }),
      (error: unknown) => (call.outcome = { ok: false, error }),
    );
    return call;
  }
}
