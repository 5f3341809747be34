import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EMPTY, Observable, of, take, type Subscriber } from 'rxjs';
import { currentCall } from '../../lib/index.js';
import { seededRandom } from '../../lib/core/time/index.js';
import { protect } from '../../lib/nest/edge/observables.js';
import { OperoRuntime } from '../../lib/runtime/index.js';
import { anyTarget } from '../support/harness.js';
import { ManualClock } from '../support/manual-clock.js';

const RUNS = 3_000;

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

/** What a source does next, `after` ms. */
const steps = fc.array(
  fc.record({
    what: fc.constantFrom(
      'value' as const,
      'value' as const,
      'complete' as const,
      'fail' as const,
      'abort' as const,
    ),
    after: fc.constantFrom(0, 0, 30, 400),
  }),
  { maxLength: 5 },
);

const scenarios = fc.record({
  sources: fc.array(fc.oneof(steps, fc.constantFrom('throws' as const, 'empty' as const)), { minLength: 1, maxLength: 3 }), // prettier-ignore
  consumers: fc.array(
    fc.record({
      take: maybe(fc.integer({ min: 1, max: 3 })),
      leaveAfter: maybe(fc.constantFrom(0, 10, 600)),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  retries: fc.integer({ min: 0, max: 2 }),
  timeout: maybe(fc.constantFrom(20, 200)),
  bulkhead: maybe(fc.record({ concurrency: fc.integer({ min: 1, max: 2 }), queue: fc.constantFrom(0, 4) })),
  fallback: maybe(fc.constantFrom({ value: 7 }, () => of(8), () => { throw new Error('fallback'); })), // prettier-ignore
  circuitBreaker: fc.boolean(),
});

type Scenario = typeof scenarios extends fc.Arbitrary<infer S> ? S : never;

class Source {
  listening = 0;

  constructor(
    private readonly clock: ManualClock,
    private readonly scripts: Scenario['sources'],
    private readonly abort: () => void,
  ) {}
  #count = 0;

  open(): Observable<unknown> {
    const script = this.scripts[this.#count++ % this.scripts.length]!;
    if (script === 'throws') throw new Error('not made');
    if (script === 'empty') return EMPTY;
    expect(currentCall().signal.aborted).toBe(false);
    return new Observable((subscriber) => {
      this.listening++;
      subscriber.add(() => this.listening--);
      this.#go(subscriber, script, 0);
    });
  }

  #go(
    subscriber: Subscriber<unknown>,
    script: Exclude<Scenario['sources'][number], string>,
    index: number,
  ): void {
    const step = script[index];
    if (!step || subscriber.closed) return;
    const act = () => {
      if (step.what === 'value') subscriber.next(index);
      else if (step.what === 'complete') subscriber.complete();
      else if (step.what === 'fail') subscriber.error(new Error('failed'));
      else this.abort();
      this.#go(subscriber, script, index + 1);
    };
    if (step.after === 0) return act();
    const timer = this.clock.schedule(step.after, act);
    subscriber.add(() => timer.cancel());
  }
}

async function play({ sources, consumers, retries, timeout, bulkhead, ...rest }: Scenario): Promise<void> {
  const clock = new ManualClock();
  const runtime = new OperoRuntime({ clock, random: seededRandom(3) });
  const options = { retry: { retries, minDelay: 0 }, timeout, bulkhead, ...rest } as object;
  const layer = { from: 'test', options };
  const operation = runtime.defineOrThrow({ name: 'Test.stream', layers: [layer], own: [layer], target: { ...anyTarget, answers: 'observable' } }); // prettier-ignore
  const subscriptions: { unsubscribe(): void }[] = [];
  const source = new Source(clock, sources, () => subscriptions.at(-1)?.unsubscribe());
  const ended: (() => boolean)[] = [];
  for (const consumer of consumers) {
    const invocation = { self: undefined, method: () => source.open(), args: [] };
    const stream = protect(runtime, operation, invocation).pipe(take(consumer.take ?? Infinity));
    const subscription = stream.subscribe({ error: () => undefined });
    subscriptions.push(subscription);
    ended.push(() => subscription.closed);
    if (consumer.leaveAfter !== undefined)
      clock.schedule(consumer.leaveAfter, () => subscription.unsubscribe()).unref();
  }
  await clock.advance(3_000);
  // A source that says nothing more is open until its reader leaves.
  for (const subscription of subscriptions) subscription.unsubscribe();
  await clock.settle();
  expect(ended.every((over) => over())).toBe(true);
  expect(source.listening).toBe(0);
  expect(operation.monitor.running).toBe(0);
  expect(runtime.root.busy).toBe(false);
  expect(clock.pending).toBe(0);
  // Every slot is free again.
  const slots = bulkhead?.concurrency ?? 1;
  const probes = Array.from({ length: slots }, () => ({
    self: undefined,
    method: () => Promise.resolve(1),
    args: [],
  }));
  const before = operation.monitor.counts['bulkhead-refusal'] + operation.monitor.counts['bulkhead-wait'];
  for (const probe of probes) operation.start(probe, runtime.root).result.catch(() => undefined);
  expect(operation.monitor.counts['bulkhead-refusal'] + operation.monitor.counts['bulkhead-wait']).toBe(
    before,
  );
  await clock.settle();
  await runtime.close(0);
  expect(clock.scheduled).toBe(0);
}

it(`leaves no stream, slot or timer behind, whatever sources and readers do, in ${RUNS} random runs [hard 1.11] [hard 1.14]`, async () => {
  await fc.assert(fc.asyncProperty(scenarios, play), { numRuns: RUNS, endOnFailure: true });
}, 300_000);
