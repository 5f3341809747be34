import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CircuitOpenError } from '../../lib/index.js';
import { deferred, Harness, httpError, settle } from '../support/harness.js';
import { NaiveCircuit, type NaiveOptions } from '../support/naive-circuit.js';

const RUNS = 10_000;

const options: fc.Arbitrary<NaiveOptions> = fc.record({
  window: fc.constantFrom<NaiveOptions['window']>(
    { type: 'count', size: 4 },
    { type: 'consecutive', size: 2 },
    { type: 'time', duration: 150 },
  ),
  minimumCalls: fc.integer({ min: 1, max: 3 }),
  failureRate: fc.constantFrom(0.5, 1),
  slowCall: fc.constantFrom(40, 10_000),
  slowCallRate: fc.constantFrom(0.5, 1),
  openDuration: fc.constantFrom(20, 60),
  halfOpenCalls: fc.integer({ min: 1, max: 3 }),
  halfOpenTimeout: fc.constantFrom(15, 40),
});

/** A call ends well, fails, says nothing (404), or its caller gives it up; one that no step ends hangs. */
const endings = ['succeed', 'fail', 'fail', 'fail', 'neutral', 'abort'] as const;

const step = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: 'call' as const }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom(...endings), which: fc.nat(20) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 90 }) }),
  },
);

it(`goes the way of the naive reference in ${RUNS} random schedules: no step by what is stale, given up or refused`, async () => {
  const seen = { opened: 0, probed: 0, refused: 0, stale: 0, cut: 0 };
  await fc.assert(
    fc.asyncProperty(
      options,
      fc.array(step, { minLength: 12, maxLength: 36 }),
      async (circuitBreaker, steps) => {
        const harness = new Harness();
        const events: string[] = [];
        const operation = harness.operation({
          circuitBreaker,
          onStateChange: ({ type }) => events.push(type),
        });
        const naive = new NaiveCircuit(circuitBreaker);
        const running: {
          id: number;
          startedAt: number;
          end: ReturnType<typeof deferred<void>>;
          abort: () => void;
        }[] = [];
        for (const [id, next] of steps.entries()) {
          if (next.kind === 'wait') await harness.clock.advance(next.ms);
          const now = harness.clock.now();
          if (next.kind === 'call') {
            const admitted = naive.enter(id, now);
            const end = deferred();
            const { call, result } = operation.start(
              { self: undefined, method: () => end.promise, args: [] },
              harness.runtime.root,
            );
            const outcome = settle(result);
            await harness.clock.settle(6);
            if (admitted) running.push({ id, startedAt: now, end, abort: () => call.abort('enough') });
            else expect((await outcome).error).toBeInstanceOf(CircuitOpenError);
            if (operation.monitor.running !== running.length) {
              expect(operation.monitor.running).toBe(running.length);
            }
            seen.refused += admitted ? 0 : 1;
          } else if (next.kind !== 'wait' && running.length > 0) {
            const [ended] = running.splice(next.which % running.length, 1);
            const { id: endedId, startedAt, end, abort } = ended!;
            seen.stale += naive.running.has(endedId) ? 0 : 1;
            const says = next.kind === 'succeed' || next.kind === 'fail';
            const slow = now - startedAt >= circuitBreaker.slowCall;
            naive.leave(endedId, now, says ? { failed: next.kind === 'fail', slow } : undefined);
            if (next.kind === 'abort') abort();
            else if (next.kind === 'succeed') end.resolve();
            else end.reject(next.kind === 'fail' ? new Error('down') : httpError(404));
            await harness.clock.settle(8);
          }
          // Matchers take longer than all they look at: they are asked only where something differs.
          const probes = naive.state === 'half-open' ? naive.running.size : 0;
          if (probes > circuitBreaker.halfOpenCalls) expect(probes).toBe(circuitBreaker.halfOpenCalls);
          if (events.join() !== naive.history.join()) expect(events).toEqual(naive.history);
        }
        seen.opened += naive.history.filter((state) => state === 'circuit-open').length;
        seen.probed += naive.history.filter((state) => state === 'circuit-half-open').length;
        seen.cut += naive.history.filter(
          (state, index) => state === 'circuit-open' && naive.history[index - 1] === 'circuit-half-open',
        ).length;
      },
    ),
    { numRuns: RUNS },
  );
  // The schedules reach what they are about.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(RUNS / 500);
}, 300_000);
