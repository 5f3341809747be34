import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { seededRandom } from '../../lib/core/time/index.js';
import { Call } from '../../lib/core/call/index.js';
import type { Target } from '../../lib/core/strategy/index.js';
import { OperoRuntime, type OperoOptions } from '../../lib/runtime/index.js';
import { faultSequence, misbehave, type Fault } from '../support/faults.js';
import { anyTarget } from '../support/harness.js';
import { hostileStore, storeAnswers } from '../support/hostile-store.js';
import { ManualClock } from '../support/manual-clock.js';
import { optionSets, type Misuse } from '../support/option-sets.js';

const RUNS = 10_000;

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const scenarios = fc.boolean().chain((limited) =>
  fc.record({
    options: optionSets(limited),
    other: optionSets(limited),
    alternatives: fc.boolean(),
    store: maybe(storeAnswers),
    otherFaults: faultSequence(limited),
    calls: fc.array(
      fc.record({
        faults: faultSequence(limited),
        abortAfter: maybe(fc.constantFrom(0, 60, 800)),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  }),
);

type Scenario = typeof scenarios extends fc.Arbitrary<infer S> ? S : never;

/** Runs one scenario, and checks that nothing of it is left. */
async function play({ options, other, alternatives, store, otherFaults, calls }: Scenario): Promise<void> {
  const clock = new ManualClock();
  const caching = { maxEntries: 4, ...(store && { store: () => shared }) };
  const shared = hostileStore(store ?? ['nothing'], clock);
  const runtime = new OperoRuntime({ clock, random: seededRandom(3), caching });
  const misuse: Misuse = { abort: () => undefined };
  const define = (name: string, given: OperoOptions, target: Target) => {
    const layer = { from: 'test', options: given };
    return runtime.defineOrThrow({ name, layers: [layer], own: [layer], target });
  };
  const fallbackArguments = new Map(alternatives ? [[0, ['first', 'second']] as const] : []);
  const operation = define('Test.method', options(misuse), { ...anyTarget, fallbackArguments });
  const second = define('Test.other', other(misuse), anyTarget);
  const bare = define('Test.bare', {}, anyTarget);
  const left: Promise<unknown>[] = [];
  const surroundings = {
    clock,
    unending: async () =>
      bare.run(
        { self: undefined, method: () => new Promise(() => undefined), args: [] },
        runtime.scope,
        'promise',
      ),
    leave: (call: Promise<unknown>) => left.push(settled(call)),
  };
  let depth = 0;
  /** A call of one of the two, made from inside of the other. */
  const nest = (into: typeof operation, faults: readonly Fault[], abort: () => void) => async () => {
    if (depth >= 3) return 'deep enough';
    depth++;
    let count = 0;
    const back = nest(into === second ? operation : second, otherFaults, abort);
    const around = { ...surroundings, abort, nested: back };
    const method = () => misbehave(faults[count++ % faults.length]!, around);
    return into.run({ self: undefined, method, args: [] }, runtime.scope, 'promise');
  };
  const outcomes = calls.map(({ faults, abortAfter }) => {
    const controller = new AbortController();
    const abort = () => controller.abort('caller');
    misuse.abort = abort;
    let count = 0;
    const nested = nest(second, otherFaults, abort);
    const around = { ...surroundings, abort, nested };
    const method = () => misbehave(faults[count++ % faults.length]!, around);
    const invocation = { self: undefined, method, args: [] };
    const { result } = operation.start(invocation, runtime.root, controller.signal);
    if (abortAfter !== undefined) clock.schedule(abortAfter, abort).unref();
    const call = { aborted: () => controller.signal.aborted, over: false };
    void settled(result).then(() => (call.over = true));
    return call;
  });
  await clock.settle();
  for (let steps = 0; outcomes.some((call) => !call.over) && steps < 10_000; steps++) {
    // Whoever was given up waits for nothing more, however many turns the news takes.
    await clock.settle(200);
    expect(outcomes.filter((call) => call.aborted() && !call.over)).toHaveLength(0);
    if (!(await clock.step())) await clock.advance(100);
  }
  const over = outcomes.filter((call) => call.over).length;
  expect(over).toBe(outcomes.length);
  // What goes to a store when the answer is there already has the store's own time.
  await clock.advance(600);
  // What was not waited for is still found, and ended, by a shutdown.
  const closed = runtime.close(100);
  await clock.advance(100);
  await closed;
  let leftOver = 0;
  for (const call of left) void call.then(() => leftOver++);
  await clock.settle();
  expect(leftOver).toBe(left.length);
  const running = runtime.root.descendants().filter((scope) => scope instanceof Call);
  expect(running).toHaveLength(0);
  expect([operation, second].map(({ monitor, loading }) => [monitor.running, loading])).toEqual([[0, 0], [0, 0]]); // prettier-ignore
  expect(clock.pending).toBe(0);
  // The late answers of the faults themselves.
  await clock.advance(10_000);
  expect(clock.scheduled).toBe(0);
}

const settled = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'settled',
    () => 'settled',
  );

it(`leaves nothing behind, whatever a method does, in ${RUNS} random runs [hard 1.14]`, async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', onUnhandled);
  try {
    await fc.assert(fc.asyncProperty(scenarios, play), { numRuns: RUNS, endOnFailure: true });
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  } finally {
    process.off('unhandledRejection', onUnhandled);
  }
}, 300_000);
