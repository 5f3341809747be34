import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Call, seededRandom, type Target } from '../../lib/core/index.js';
import { OperoRuntime, type OperoOptions } from '../../lib/runtime/index.js';
import { anyTarget } from '../support/harness.js';
import { ManualClock } from '../support/manual-clock.js';

const RUNS = 10_000;

/** Everything a method can do wrong, and a few things it does right. */
const faults = [
  'answers',
  'answers at once',
  'answers with nothing',
  'throws',
  'rejects',
  'rejects with undefined',
  'rejects with null',
  'rejects with a string',
  'rejects late',
  'answers late',
  'never settles',
  'settles twice',
  'is a thenable without catch',
] as const;

type Fault = (typeof faults)[number];

function misbehave(fault: Fault, clock: ManualClock): unknown {
  const later = (settle: () => void) => clock.schedule(700, settle).unref();
  switch (fault) {
    case 'answers':
      return Promise.resolve('value');
    case 'answers at once':
      return 'value';
    case 'answers with nothing':
      return Promise.resolve(undefined);
    case 'throws':
      throw new Error('thrown');
    case 'rejects':
      return Promise.reject(new Error('rejected'));
    case 'rejects with undefined':
      return Promise.reject(undefined);
    case 'rejects with null':
      return Promise.reject(null);
    case 'rejects with a string':
      return Promise.reject('text');
    case 'rejects late':
      return new Promise((_, reject) => later(() => reject(new Error('late'))));
    case 'answers late':
      return new Promise((resolve) => later(() => resolve('late')));
    case 'never settles':
      return new Promise(() => undefined);
    case 'settles twice':
      return {
        then: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => (
          resolve(1),
          reject(2),
          resolve(3)
        ),
      };
    default:
      return { then: (resolve: (value: unknown) => void) => resolve('thenable') };
  }
}

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const optionSets: fc.Arbitrary<OperoOptions> = fc.record({
  retry: maybe(
    fc.record({
      retries: fc.integer({ min: 0, max: 3 }),
      minDelay: fc.constantFrom(0, 10, 200),
      backoff: fc.constantFrom(
        'exponential' as const,
        'linear' as const,
        'constant' as const,
        'fibonacci' as const,
      ),
      jitter: fc.constantFrom('full' as const, 'equal' as const, 'decorrelated' as const, 'none' as const),
      exhausted: fc.constantFrom('aggregate' as const, 'last' as const),
      retryOn: maybe(fc.constantFrom(() => true, () => false, () => { throw new Error('predicate'); })), // prettier-ignore
      onRetry: maybe(fc.constantFrom(() => { throw new Error('hook'); }, () => Promise.reject(null))), // prettier-ignore
    }),
  ),
  // Without an attempt limit a method that never settles waits for ever, as it would bare.
  timeout: fc.record({
    attempt: fc.constantFrom(50, 500, 1_000),
    total: maybe(fc.constantFrom(1_000, 2_500)),
  }),
  fallback: maybe(
    fc.constantFrom<OperoOptions['fallback']>({ value: 'fallback' }, () => Promise.reject(undefined), [
      () => { throw new Error('first'); }, // prettier-ignore
      () => new Promise(() => undefined),
    ]),
  ),
  cache: maybe(fc.constantFrom(true, 100, { key: () => { throw new Error('key'); } })), // prettier-ignore
  singleFlight: maybe(fc.boolean()),
  circuitBreaker: maybe(
    fc.constantFrom(true, {
      window: { type: 'consecutive' as const, size: 1 },
      openDuration: 100,
      halfOpenTimeout: 50,
    }),
  ),
  bulkhead: maybe(
    fc.record({
      concurrency: fc.integer({ min: 1, max: 2 }),
      queue: fc.constantFrom(1, 4),
      maxWait: maybe(fc.constantFrom(0, 300)),
    }),
  ),
  rateLimit: maybe(fc.record({ limit: fc.integer({ min: 1, max: 3 }), mode: fc.constantFrom('wait' as const, 'reject' as const), maxWait: fc.constantFrom(0, 500, 9_000) })), // prettier-ignore
});

const scenarios = fc.record({
  options: optionSets,
  alternatives: fc.boolean(),
  calls: fc.array(
    fc.record({
      faults: fc.array(fc.constantFrom(...faults), { minLength: 1, maxLength: 4 }),
      abortAfter: maybe(fc.constantFrom(0, 60, 800)),
    }),
    { minLength: 1, maxLength: 4 },
  ),
});

it(`leaves nothing behind, whatever a method does, in ${RUNS} random runs`, async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', onUnhandled);
  try {
    await fc.assert(
      fc.asyncProperty(scenarios, async ({ options, alternatives, calls }) => {
        const clock = new ManualClock();
        const runtime = new OperoRuntime({ clock, random: seededRandom(3), caching: { maxEntries: 4 } });
        const fallbackArguments = new Map(alternatives ? [[0, ['first', 'second']] as const] : []);
        const target: Target = { ...anyTarget, fallbackArguments };
        const layer = { from: 'test', options };
        const operation = runtime.defineOrThrow({
          name: 'Test.method',
          layers: [layer],
          own: [layer],
          target,
        });
        const outcomes = calls.map(({ faults: sequence, abortAfter }) => {
          let count = 0;
          const method = () => misbehave(sequence[count++ % sequence.length]!, clock);
          const { call, result } = operation.start({ self: undefined, method, args: [] }, runtime.root);
          if (abortAfter !== undefined) clock.schedule(abortAfter, () => call.abort('caller')).unref();
          return result.then(
            () => 'settled',
            () => 'settled',
          );
        });
        let settled = 0;
        for (const outcome of outcomes) void outcome.then(() => settled++);
        await clock.settle();
        for (let steps = 0; settled < outcomes.length && steps < 200; steps++) {
          if (!(await clock.step())) break;
        }
        if (settled < outcomes.length) {
          // A fallback that never answers is the only wait without a limit, unless its caller gives up.
          for (const child of runtime.root.children()) child.abort('end of the test');
        }
        await Promise.all(outcomes);
        await clock.settle();
        expect(runtime.root.children().filter((child) => child instanceof Call)).toHaveLength(0);
        expect(operation.monitor.running).toBe(0);
        expect(operation.loading).toBe(0);
        expect(clock.pending).toBe(0);
        // The late answers of the faults themselves.
        await clock.advance(10_000);
        await runtime.close(0);
        expect(clock.scheduled).toBe(0);
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  } finally {
    process.off('unhandledRejection', onUnhandled);
  }
}, 300_000);
