import assert from 'node:assert/strict';
import type { StrategyDefinition } from '../core/strategy/index.js';
import type { OperoOptions } from '../runtime/index.js';
import { Scenario, type BegunCall } from './scenario.js';

/** What is tested. */
export interface ContractSettings {
  /** Options that turn the strategy on, and have calls wait or be rejected where it does that. */
  readonly options: OperoOptions;
  /** The strategies of one's own that the options name. Default: none. */
  readonly strategies?: readonly StrategyDefinition<string, any, any>[];
  /** Whether a cancelled attempt that ran uses something up for good, as a quota does. Default false. */
  readonly consumes?: boolean;
}

/** One test of the contract: `run` rejects with what is not as it has to be. */
export interface ContractCase {
  readonly name: string;
  run(): Promise<void>;
}

/** Enough calls for somebody to wait, or to be rejected. */
const BURST = 20;
const HOUR = 3_600_000;

const never = () => new Promise<never>(() => undefined);
const answers = () => Promise.resolve('an answer');
const fails = () => Promise.reject(new Error('the downstream is down'));

/**
 * What every strategy has to keep, as tests for any runner. Each runs calls of one operation on a clock that stands still.
 *
 * @throws OperoConfigurationError out of `run` when the strategies or the options are wrong
 * @example
 * describe('quota', () => {
 *   for (const { name, run } of strategyContract({ strategies: [quota], options: { quota: 3 } })) it(name, run);
 * });
 */
export function strategyContract({
  options,
  strategies,
  consumes = false,
}: ContractSettings): readonly ContractCase[] {
  const scenario = () => new Scenario(strategies, options);
  const cases: ContractCase[] = [
    { name: 'leaves nothing behind when calls succeed', run: () => runAll(scenario(), answers) },
    { name: 'leaves nothing behind when calls fail', run: () => runAll(scenario(), fails) },
    { name: 'ends calls that are cancelled while the method runs', run: () => cancel(scenario(), never) },
    { name: 'ends calls that are cancelled while they wait', run: () => cancel(scenario(), fails) },
    { name: 'begins nothing for calls that were cancelled', run: () => stayCancelled(scenario()) },
    { name: 'ends all calls with the app, and leaves no timer', run: () => shutDown(scenario()) },
  ];
  if (consumes) return cases;
  return [
    ...cases,
    { name: 'lets in as many as before after all were cancelled', run: () => recover(scenario()) },
  ];
}

/** One call alone, then many at once. */
async function runAll(scenario: Scenario, work: () => unknown): Promise<void> {
  for (const count of [1, BURST, 1]) {
    await scenario.finish(await scenario.begin(count, work));
    await scenario.validateEnd();
  }
}

/** Begins calls, lets some of their time go by, and cancels what has not ended: that must end at once, with the reason. */
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
    'fewer or more attempts were let in than before: a permit was lost',
  );
}
