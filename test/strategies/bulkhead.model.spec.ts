import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BulkheadFullError } from '../../lib/index.js';
import { deferred, Harness, settle } from '../support/harness.js';

const RUNS = 10_000;

const options = fc.record({
  concurrency: fc.integer({ min: 1, max: 3 }),
  queue: fc.integer({ min: 0, max: 4 }),
  maxWait: fc.constantFrom(undefined, 60),
  prioritized: fc.boolean(),
});

const PRIORITIES = ['critical', 'normal', 'sheddable'] as const;

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('call' as const), rank: fc.nat(2) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('succeed' as const, 'fail' as const, 'abort' as const),
      which: fc.nat(20),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40 }) }),
  },
);

/** Who runs and who waits, since when, as one would write it down. */
interface Reference {
  running: number[];
  waiting: { id: number; since: number; rank: number }[];
}

it(`runs never more than it may and in the order of priority and arrival, and loses nobody, in ${RUNS} random schedules`, async () => {
  const seen = { waited: 0, refused: 0, displaced: 0, leftQueue: 0, tooLong: 0 };
  await fc.assert(
    fc.asyncProperty(options, fc.array(step, { minLength: 5, maxLength: 30 }), async (chosen, steps) => {
      const { prioritized, ...bulkhead } = { ...chosen, prioritized: chosen.prioritized && chosen.queue > 0 };
      const harness = new Harness();
      const operation = harness.operation({
        bulkhead: {
          ...bulkhead,
          maxWait: bulkhead.queue > 0 ? bulkhead.maxWait : undefined,
          ...(prioritized && { priority: (rank: number) => PRIORITIES[rank]! }),
        },
      });
      const maxWait = bulkhead.queue > 0 ? bulkhead.maxWait : undefined;
      const reference: Reference = { running: [], waiting: [] };
      const started: number[] = [];
      const calls = new Map<
        number,
        {
          end: { resolve: () => void; reject: (reason: unknown) => void };
          abort: () => void;
          over: boolean;
          outcome: Promise<any>;
        }
      >();
      const free = () => {
        if (reference.running.length >= bulkhead.concurrency || reference.waiting.length === 0) return;
        // The first of those that matter most: sorting keeps the order of equals.
        const [next] = reference.waiting.toSorted((a, b) => a.rank - b.rank);
        reference.waiting = reference.waiting.filter((entry) => entry !== next);
        reference.running.push(next!.id);
      };
      const giveUpWaiting = (now: number) => {
        const late = reference.waiting.filter(({ since }) => maxWait !== undefined && since + maxWait <= now);
        seen.tooLong += late.length;
        reference.waiting = reference.waiting.filter((entry) => !late.includes(entry));
      };
      const begun: number[] = [];
      for (const [id, next] of steps.entries()) {
        if (next.kind === 'wait') {
          await harness.clock.advance(next.ms);
          giveUpWaiting(harness.clock.now());
        } else if (next.kind === 'call') {
          const end = deferred();
          const rank = prioritized ? next.rank : 0;
          const method = () => (started.push(id), end.promise);
          const { call, result } = operation.start(
            { self: undefined, method, args: [next.rank] },
            harness.runtime.root,
          );
          const own = { end, abort: () => call.abort('enough'), over: false, outcome: settle(result) };
          calls.set(id, own);
          void own.outcome.then(() => (own.over = true));
          if (reference.running.length < bulkhead.concurrency) reference.running.push(id);
          else if (reference.waiting.length < bulkhead.queue) {
            reference.waiting.push({ id, since: harness.clock.now(), rank });
            seen.waited++;
          } else if (reference.waiting.some((entry) => entry.rank > rank)) {
            const lowest = Math.max(...reference.waiting.map((entry) => entry.rank));
            const displaced = reference.waiting.findLast((entry) => entry.rank === lowest)!;
            reference.waiting = reference.waiting.filter((entry) => entry !== displaced);
            reference.waiting.push({ id, since: harness.clock.now(), rank });
            expect((await calls.get(displaced.id)!.outcome).error).toBeInstanceOf(BulkheadFullError);
            seen.displaced++;
          } else {
            expect((await own.outcome).error).toBeInstanceOf(BulkheadFullError);
            seen.refused++;
          }
        } else {
          const known = [...reference.running, ...reference.waiting.map((entry) => entry.id)];
          if (known.length === 0) continue;
          const chosen = known[next.which % known.length]!;
          const isRunning = reference.running.includes(chosen);
          if (next.kind !== 'abort' && !isRunning) continue;
          if (next.kind === 'abort') calls.get(chosen)!.abort();
          else if (next.kind === 'succeed') calls.get(chosen)!.end.resolve();
          else calls.get(chosen)!.end.reject(new Error('down'));
          seen.leftQueue += isRunning ? 0 : 1;
          reference.running = reference.running.filter((running) => running !== chosen);
          reference.waiting = reference.waiting.filter((entry) => entry.id !== chosen);
          free();
        }
        await harness.clock.settle(12);
        for (const running of reference.running) if (!begun.includes(running)) begun.push(running);
        // Matchers take longer than all they look at: they are asked only where something differs.
        if (started.join() !== begun.join()) expect(started).toEqual(begun);
        const open = [...calls.values()].filter(({ over }) => !over).length;
        const known = reference.running.length + reference.waiting.length;
        if (open !== known) expect(open).toBe(known);
      }
      for (const { abort } of calls.values()) abort();
      await harness.clock.settle();
      expect(operation.monitor.running).toBe(0);
      expect(harness.clock.scheduled).toBe(0);
    }),
    { numRuns: RUNS },
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(RUNS / 500);
}, 300_000);
