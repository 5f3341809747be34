import assert from 'node:assert/strict';
import type { StrategyDefinition } from '../core/strategy/index.js';
import type { OperoOptions } from '../runtime/index.js';
import { isOperoError } from './internals.js';
import { Scenario, type BegunCall } from './scenario.js';

/** What is tested. */
export interface ContractSettings {
  /** Options that turn the strategy on, with which calls wait or are rejected if it does that. */
  readonly options: OperoOptions;
  /**
   * The app's own strategies that the options use.
   * @default []
   */
  readonly strategies?: readonly StrategyDefinition<string, any, any>[];
  /**
   * Whether a cancelled attempt uses up a permit for good, as with a quota.
   * @default false
   */
  readonly consumes?: boolean;
  /**
   * Returns the error of calls that fail, for a strategy that acts on some errors only.
   * @default () => new Error('the downstream is down')
   */
  readonly failure?: () => unknown;
}

/** One test of the contract. `run` rejects with an `AssertionError` if the strategy violates it. */
export interface ContractCase {
  readonly name: string;
  run(): Promise<void>;
}

/** Enough concurrent calls for some to wait or to be rejected. */
const BURST = 20;
const HOUR = 3_600_000;

const never = () => new Promise<never>(() => undefined);
const succeeds = () => Promise.resolve('a result');
const isDown = (): unknown => new Error('the downstream is down');

/**
 * The contract of every strategy, as tests for any test runner. Each test runs calls of one operation on a manual clock.
 *
 * @throws OperoConfigurationError from `run` if the strategies or the options are invalid
 * @example
 * describe('quota', () => {
 *   for (const { name, run } of strategyContract({ strategies: [quota], options: { quota: 3 } })) it(name, run);
 * });
 */
export function strategyContract({
  options,
  strategies,
  consumes = false,
  failure = isDown,
}: ContractSettings): readonly ContractCase[] {
  const scenario = () => new Scenario(strategies, options);
  const fails = () => Promise.reject(failure());
  const cases: ContractCase[] = [
    { name: 'leaves nothing behind when calls succeed', run: () => succeedAll(scenario()) },
    {
      name: 'leaves nothing behind when calls fail',
      run: async () => void (await runAll(scenario(), fails)),
    },
    { name: 'ends calls that are cancelled while the method runs', run: () => cancel(scenario(), never) },
    { name: 'ends calls that are cancelled while they wait', run: () => cancel(scenario(), fails) },
    { name: 'begins nothing for calls that were cancelled', run: () => stayCancelled(scenario()) },
    { name: 'ends all calls with the app, and leaves no timer', run: () => shutDown(scenario()) },
    {
      name: 'admits as many as before after a gate further in rejected all',
      run: () => rejectFurtherIn(scenario),
    },
  ];
  if (consumes) return cases;
  return [
    ...cases,
    { name: 'admits as many as before after all were cancelled', run: () => recover(scenario()) },
  ];
}

/** Runs one call alone, then many concurrently. */
async function runAll(scenario: Scenario, work: () => unknown): Promise<BegunCall[]> {
  const all: BegunCall[] = [];
  for (const count of [1, BURST, 1]) {
    const calls = await scenario.begin(count, work);
    await scenario.finish(calls);
    await scenario.validateEnd();
    all.push(...calls);
  }
  return all;
}

/** A method that succeeds fails only if a strategy rejects the attempt. */
async function succeedAll(scenario: Scenario): Promise<void> {
  for (const { outcome } of await runAll(scenario, succeeds)) {
    if (outcome?.ok === false && !isOperoError(outcome.error))
      assert.fail(`a call whose method succeeded failed with ${String(outcome.error)}`);
  }
}

/** Starts calls and cancels those that have not ended: they must end at once, with the reason. */
async function cancelAll(scenario: Scenario, work: () => unknown): Promise<void> {
  const controller = new AbortController();
  const calls = await scenario.begin(BURST, work, controller.signal);
  const open = calls.filter(({ outcome }) => !outcome);
  const reason = new Error('cancelled');
  controller.abort(reason);
  await scenario.clock.settle();
  for (const call of open) validateCancelled(call, reason);
}

function validateCancelled({ outcome }: BegunCall, reason: Error): void {
  assert.ok(outcome, 'a cancelled call has not ended: wait with attempt.wait() or call.wait()');
  assert.ok(
    !outcome.ok && outcome.error === reason,
    'a cancelled call ended with something else than the reason',
  );
}

async function cancel(scenario: Scenario, work: () => unknown): Promise<void> {
  await cancelAll(scenario, work);
  await scenario.validateEnd();
}

async function stayCancelled(scenario: Scenario): Promise<void> {
  await cancelAll(scenario, never);
  const { begun } = scenario;
  await scenario.clock.advance(HOUR);
  assert.equal(scenario.begun, begun, 'the method began for a call that was cancelled');
}

async function shutDown(scenario: Scenario): Promise<void> {
  const calls = await scenario.begin(BURST, never);
  const closed = scenario.runtime.close(1_000);
  await scenario.clock.advance(1_000);
  await closed;
  await scenario.finish(calls);
  await scenario.validateEnd();
  scenario.runtime.stop();
  assert.equal(scenario.clock.scheduled, 0, `${scenario.clock.scheduled} timers are left after the shutdown`);
}

async function recover(scenario: Scenario): Promise<void> {
  await cancelAll(scenario, never);
  const first = scenario.begun;
  await scenario.clock.advance(HOUR);
  await cancelAll(scenario, never);
  assert.equal(
    scenario.begun - first,
    first,
    'fewer or more attempts were admitted than before: a permit was lost',
  );
}

/** Attempts that pass the strategy and then are rejected by another gate use nothing up. */
async function rejectFurtherIn(make: () => Scenario): Promise<void> {
  const first = make();
  await first.begin(BURST, never);
  const scenario = make();
  scenario.innerGate.closed = true;
  await scenario.finish(await scenario.begin(BURST, never));
  await scenario.validateEnd();
  scenario.innerGate.closed = false;
  await scenario.clock.advance(HOUR);
  await scenario.begin(BURST, never);
  assert.equal(
    scenario.begun,
    first.begun,
    'fewer or more attempts were admitted after others were rejected by a gate further in: leave() is called for these, too',
  );
}
