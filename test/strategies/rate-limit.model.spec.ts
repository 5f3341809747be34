import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RateLimitExceededError, type RateLimitOptions } from '../../lib/index.js';
import { Harness, settle } from '../support/harness.js';

const RUNS = 10_000;

const common = {
  limit: fc.integer({ min: 1, max: 4 }),
  interval: fc.constantFrom(50, 100),
  maxWait: fc.constantFrom(0, 120, 10_000),
};

const window = fc.record(common);

/** Attempts that are evenly spaced. */
const smooth = fc.record({
  ...common,
  algorithm: fc.constant('smooth' as const),
  burst: fc.constantFrom(undefined, 1, 2, 5),
});

/** A bulkhead further in, whose queue keeps permits waiting. */
const further = fc.constantFrom(undefined, { concurrency: 1, queue: 9 }, { concurrency: 2, queue: 0 });

const step = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: 'call' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('abort' as const), which: fc.nat(20) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 70 }) }),
  },
);

const densest = (starts: readonly number[], interval: number): number =>
  Math.max(
    0,
    ...starts.map((from) => starts.filter((start) => start >= from && start < from + interval).length),
  );

/** Any `count` starts in a row take at least `(count - burst) * interval / limit` ms. */
function expectSpaced(starts: readonly number[], spacing: number, burst: number): void {
  for (const [from, first] of starts.entries())
    for (const [beyond, start] of starts.slice(from + burst).entries())
      if (start - first < (beyond + 1) * spacing - 0.001)
        throw new Error(`${beyond + burst + 1} starts in ${start - first} ms, at ${first}`);
}

it.each([
  ['keeps the limit in every interval', window],
  ['keeps the starts apart', smooth],
])(
  `%s and the order of arrival, and loses nobody, in ${RUNS} random schedules`,
  async (_, options) => {
    const seen = { waited: 0, refused: 0, aborted: 0 };
    await fc.assert(
      fc.asyncProperty(
        options as fc.Arbitrary<RateLimitOptions & { limit: number; interval: number }>,
        further,
        fc.array(step, { minLength: 5, maxLength: 40 }),
        async (rateLimit, bulkhead, steps) => {
          const { limit, interval, algorithm, burst = 1 } = rateLimit;
          const harness = new Harness();
          const operation = harness.operation({ rateLimit, bulkhead });
          const starts: number[] = [];
          const order: number[] = [];
          const calls: { abort: () => void; outcome: Promise<{ error?: unknown }> }[] = [];
          for (const [id, next] of steps.entries()) {
            if (next.kind === 'wait') await harness.clock.advance(next.ms);
            else if (next.kind === 'call') {
              const method = () => {
                starts.push(harness.clock.now());
                order.push(id);
                return new Promise<void>((resolve) => harness.clock.schedule(15, resolve));
              };
              const { call, result } = operation.start(
                { self: undefined, method, args: [] },
                harness.runtime.root,
              );
              calls.push({ abort: () => call.abort('enough'), outcome: settle(result) });
            } else if (calls.length > 0) calls[next.which % calls.length]!.abort();
          }
          // Everybody gets an answer, if only time goes by.
          const outcomes = Promise.all(calls.map(({ outcome }) => outcome));
          let over = false;
          void outcomes.then(() => (over = true));
          for (let second = 0; second < 60 && !over; second++) await harness.clock.advance(1_000);
          expect(over).toBe(true);
          expect(densest(starts, interval)).toBeLessThanOrEqual(limit + burst - 1);
          if (algorithm === 'smooth') expectSpaced(starts, interval / limit, burst);
          expect(order).toEqual([...order].sort((a, b) => a - b));
          const refused = (await outcomes).filter(
            ({ error }) => error instanceof RateLimitExceededError,
          ).length;
          seen.refused += refused;
          seen.waited += operation.monitor.counts['rate-limit-wait'];
          seen.aborted += operation.monitor.counts.abort;
          expect(operation.monitor.running).toBe(0);
          expect(harness.clock.pending).toBe(0);
        },
      ),
      { numRuns: RUNS },
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(RUNS / 500);
  },
  600_000,
);
