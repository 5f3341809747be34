import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Call } from '../../lib/core/call/index.js';
import type { AnyIterable, OpMapRunOptions, OpRun } from '../../lib/map/index.js';
import type { OperoOptions } from '../../lib/runtime/index.js';
import { hostileError } from '../support/faults.js';
import { Harness, settle } from '../support/harness.js';
import { runOver } from '../support/runs.js';

const RUNS = 3_000;

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

/** What working on an item, or deciding about it, comes to. */
const works = ['answers', 'answers at once', 'answers late', 'throws', 'rejects', 'hostile', 'aborts', 'aborts and never settles'] as const; // prettier-ignore
const decisions = ['yes', 'no', 'later yes', 'later no', 'throws', 'rejects', 'aborts'] as const;
const ends = ['done', 'throws', 'nonsense', 'hostile result', 'rejects', 'abort'] as const;

const scenarios = fc.record({
  works: fc.array(fc.constantFrom(...works), { minLength: 1, maxLength: 4 }),
  decisions: maybe(fc.array(fc.constantFrom(...decisions), { minLength: 1, maxLength: 4 })),
  source: fc.record({
    items: fc.integer({ min: 0, max: 12 }),
    asynchronous: fc.boolean(),
    pace: fc.constantFrom(0, 0, 40),
    end: fc.constantFrom(...ends),
    returns: fc.constantFrom('at once', 'never', 'throws'),
  }),
  options: fc.record({ workers: fc.integer({ min: 1, max: 3 }), window: maybe(fc.integer({ min: 1, max: 5 })), ordered: fc.boolean(), stopOnError: fc.boolean() }), // prettier-ignore
  itemOptions: fc.record({
    retry: maybe(fc.record({ retries: fc.integer({ min: 0, max: 2 }), minDelay: fc.constantFrom(0, 20) })),
    timeout: fc.constant(500),
    bulkhead: maybe(fc.constant({ concurrency: 1, queue: 9 })),
    cache: maybe(fc.constant({ ttl: 1_000, key: () => 'one' })),
    fallback: maybe(fc.constant({ value: 'fallback' })),
  }),
  reader: fc.constantFrom('awaits', 'reads', 'reads slowly', 'leaves after one', 'leaves after three'),
  abortAfter: maybe(fc.constantFrom(0, 30, 200)),
  closeAfter: maybe(fc.constantFrom(0, 50)),
});

type Scenario = typeof scenarios extends fc.Arbitrary<infer S> ? S : never;

/** A source that ends, fails or answers nonsense after its items. */
function sourceOf(
  { items, asynchronous, pace, end, returns }: Scenario['source'],
  harness: Harness,
  abort: () => void,
): AnyIterable<number> {
  let next = 0;
  const last = (): unknown => {
    if (end === 'throws') throw new Error('source');
    if (end === 'rejects') return Promise.reject(new Error('source'));
    if (end === 'nonsense') return 7;
    if (end === 'hostile result') return Object.defineProperty({}, 'done', { get: () => { throw new Error('done'); } }); // prettier-ignore
    if (end === 'abort') abort();
    return { done: true, value: undefined };
  };
  const answer = () => (next < items ? { done: false, value: next++ } : last());
  const paced = () =>
    pace === 0
      ? Promise.resolve().then(answer)
      : new Promise((resolve) => harness.clock.schedule(pace, () => resolve(Promise.resolve().then(answer))));
  const iterator = {
    next: asynchronous ? paced : answer,
    return: () => {
      if (returns === 'throws') throw new Error('return');
      return returns === 'never' ? new Promise(() => undefined) : { done: true, value: undefined };
    },
  };
  const open = () => iterator;
  return { [asynchronous ? Symbol.asyncIterator : Symbol.iterator]: open } as unknown as AnyIterable<number>;
}

function work(which: (typeof works)[number], { clock }: Harness, abort: () => void): unknown {
  switch (which) {
    case 'answers':
      return Promise.resolve('value');
    case 'answers late':
      return new Promise((resolve) => clock.schedule(100, () => resolve('late')).unref());
    case 'throws':
      throw new Error('thrown');
    case 'rejects':
      return Promise.reject(new Error('rejected'));
    case 'hostile':
      return Promise.reject(hostileError());
    case 'aborts':
      abort();
      return 'aborted';
    case 'aborts and never settles':
      abort();
      return new Promise(() => undefined);
    default:
      return 'value';
  }
}

function decide(
  which: (typeof decisions)[number],
  { clock }: Harness,
  abort: () => void,
): boolean | Promise<boolean> {
  if (which === 'throws') throw new Error('thrown');
  if (which === 'rejects') return Promise.reject(new Error('rejected'));
  if (which === 'aborts') abort();
  const answer = which.endsWith('yes') || which === 'aborts';
  return which.startsWith('later')
    ? new Promise((resolve) => clock.schedule(30, () => resolve(answer)).unref())
    : answer;
}

async function read(
  run: OpRun<unknown, number>,
  reader: Scenario['reader'],
  harness: Harness,
): Promise<void> {
  if (reader === 'awaits') return void (await run);
  const most = reader === 'leaves after one' ? 1 : reader === 'leaves after three' ? 3 : Infinity;
  let taken = 0;
  for await (const result of run) {
    expect(result.index).toBeLessThan(20);
    if (++taken >= most) break;
    if (reader === 'reads slowly')
      await new Promise<void>((resolve) => harness.clock.schedule(60, () => resolve()));
  }
}

async function play({
  source,
  options,
  itemOptions,
  reader,
  abortAfter,
  closeAfter,
  ...rest
}: Scenario): Promise<void> {
  const harness = new Harness();
  const { clock, runtime } = harness;
  let begun = 0;
  let decided = 0;
  let over = false;
  const abort = () => run.abort(new Error('enough'));
  const shouldProcess = rest.decisions && (() => decide(rest.decisions![decided++ % rest.decisions!.length]!, harness, () => abort())); // prettier-ignore
  const method = () => {
    expect(over).toBe(false);
    return work(rest.works[begun++ % rest.works.length]!, harness, () => abort()) as Promise<unknown>;
  };
  const run: OpRun<unknown, number> = runOver(harness, sourceOf(source, harness, () => abort()), method, { ...options, shouldProcess } as OpMapRunOptions, itemOptions as OperoOptions); // prettier-ignore
  const outcome = settle(read(run, reader, harness));
  void outcome.then(() => (over = true));
  if (abortAfter !== undefined) clock.schedule(abortAfter, abort).unref();
  const closing: Promise<void>[] = [];
  if (closeAfter !== undefined) clock.schedule(closeAfter, () => closing.push(runtime.close(100))).unref();
  for (let steps = 0; !over && steps < 400; steps++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!(await clock.step())) await clock.advance(10);
  }
  expect(over).toBe(true);
  await outcome;
  await clock.advance(2_000);
  await new Promise((resolve) => setImmediate(resolve));
  await Promise.all(closing);
  expect(runtime.root.descendants().filter((scope) => scope instanceof Call)).toHaveLength(0);
  expect(runtime.root.busy).toBe(false);
  expect([...runtime.operations.values()].map(({ monitor, loading }) => monitor.running + loading)).toEqual([
    0,
  ]);
  await runtime.close(0);
  expect(clock.pending).toBe(0);
}

it(`leaves no run, call or timer behind, whatever items, sources and readers do, in ${RUNS} random runs [hard 1.14]`, async () => {
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
