import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BulkheadFullError, type OperoEvent, type OperoOptions } from '../../lib/index.js';
import { judge } from '../../lib/terminus/operation-health.js';
import { deferred, Harness, settle } from '../support/harness.js';

/** An operation whose method takes as long as `latencyOf` says for the calls that run with it. */
function serving(options: OperoOptions, latencyOf: (running: number) => number) {
  const harness = new Harness();
  const operation = harness.operation(options);
  let running = 0;
  const method = () =>
    new Promise<void>((resolve) => {
      running++;
      harness.clock.schedule(latencyOf(running), () => (running--, resolve()));
    });
  const begin = () => operation.start({ self: undefined, method, args: [] }, harness.runtime.root);
  /** Keeps all slots taken for so long. */
  const saturate = async (duration: number) => {
    const until = harness.clock.now() + duration;
    while (harness.clock.now() < until) {
      for (;;) {
        const { result } = begin();
        if (
          (await Promise.race([settle(result), harness.clock.settle(3).then(() => undefined)]))?.ok === false
        )
          break;
      }
      await harness.clock.advance(5);
    }
    await harness.clock.advance(60_000);
  };
  const snapshot = () => operation.snapshot().strategies!.bulkhead!;
  return { harness, operation, method, begin, saturate, snapshot };
}

const adaptive = (options: object = {}): OperoOptions => ({
  bulkhead: { concurrency: 'adaptive', ...options },
});
const queueing = (workers: number) => (running: number) => 40 * Math.max(1, running / workers);

describe('an adaptive bulkhead', () => {
  it('tells its limit in snapshots, in health checks, and in an event when it changes', async () => {
    const { harness, operation, saturate, snapshot } = serving(adaptive(), queueing(4));
    const told: OperoEvent[] = [];
    harness.runtime.events.on('bulkhead-limit', (event) => told.push(event));
    expect(operation.snapshot().strategies!.bulkhead).toEqual({ running: 0, waiting: 0 });
    await saturate(6_000);
    const { limit } = snapshot();
    expect(limit).toBeLessThan(10);
    expect(told.at(-1)).toMatchObject({ operation: operation.name, limit });
    for (const [index, event] of told.entries()) expect(event.limit).not.toBe(told[index - 1]?.limit ?? 20);
    expect(operation.monitor.counts['bulkhead-limit']).toBe(told.length);
    expect(judge([operation.snapshot()], {}).details[operation.name]).toMatchObject({ limit });
  });

  it('says how many run and wait, adaptive or not', async () => {
    const harness = new Harness();
    const operation = harness.operation({ bulkhead: { concurrency: 2, queue: 5 } });
    const work = deferred();
    const calls = [1, 2, 3].map(
      () =>
        operation.start({ self: undefined, method: () => work.promise, args: [] }, harness.runtime.root)
          .result,
    );
    expect(operation.snapshot().strategies!.bulkhead).toEqual({ running: 2, waiting: 1 });
    expect(judge([operation.snapshot()], {}).details[operation.name]).not.toHaveProperty('limit');
    work.resolve();
    await Promise.all(calls);
    expect(operation.snapshot().strategies!.bulkhead).toEqual({ running: 0, waiting: 0 });
  });

  it('learns nothing from calls that are cancelled, nor from those that fail', async () => {
    const { harness, operation, snapshot } = serving(adaptive(), () => 0);
    for (let round = 0; round < 100; round++) {
      const calls = Array.from({ length: 20 }, (_, id) => {
        const method = () =>
          new Promise((_, reject) => harness.clock.schedule(1 + round * 5, () => reject(new Error('down'))));
        const { call, result } = operation.start({ self: undefined, method, args: [] }, harness.runtime.root);
        if (id % 2) harness.clock.schedule(round, () => call.abort('enough'));
        return settle(result);
      });
      await harness.clock.advance(600);
      await Promise.all(calls);
    }
    expect(operation.monitor.counts['bulkhead-limit']).toBe(0);
    expect(snapshot().limit).toBe(20);
  });

  it.each<[string, OperoOptions]>([
    ['of an attempt', { timeout: { attempt: 100 } }],
    ['of the call', { timeout: { total: 100 } }],
  ])('lowers its limit where the time limit %s is reached', async (_, timeout) => {
    const { harness, saturate, snapshot } = serving({ ...adaptive(), ...timeout }, () => 10_000);
    await saturate(3_000);
    expect(snapshot().limit).toBeLessThan(10);
    expect(harness.clock.pending).toBe(0);
  });

  it('gives slots that are new to those who wait, in the order of arrival', async () => {
    const { harness, operation, snapshot } = serving(adaptive({ queue: 1_000 }), () => 0);
    const started: number[] = [];
    const calls = Array.from({ length: 600 }, (_, id) => {
      const method = () => (
        started.push(id),
        new Promise<void>((resolve) => harness.clock.schedule(40, resolve))
      );
      return operation.start({ self: undefined, method, args: [] }, harness.runtime.root).result;
    });
    let most = 0;
    for (let step = 0; step < 60; step++) {
      await harness.clock.advance(30);
      most = Math.max(most, snapshot().running);
    }
    expect(most).toBeGreaterThan(40);
    await harness.clock.advance(2_000);
    await Promise.all(calls);
    expect(started).toEqual(Array.from({ length: 600 }, (_, id) => id));
    expect(snapshot()).toMatchObject({ running: 0, waiting: 0 });
  });

  it('never runs more than its limit of the moment, and is free again, in random schedules', async () => {
    let changes = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.record({ initial: fc.integer({ min: 1, max: 12 }), min: fc.constant(1), max: fc.constant(30) }),
        fc.constantFrom(0, 5),
        fc.array(fc.record({ workers: fc.integer({ min: 1, max: 20 }), calls: fc.integer({ min: 1, max: 40 }) }), { minLength: 10, maxLength: 30 }), // prettier-ignore
        async (bounds, queue, phases) => {
          let workers = 1;
          const { harness, operation, begin, snapshot } = serving(
            adaptive({ adaptive: bounds, queue, ...(queue > 0 && { maxWait: 100 }) }),
            (running) => 40 * Math.max(1, running / workers),
          );
          const outcomes: Promise<{ ok: boolean }>[] = [];
          for (const [index, phase] of phases.entries()) {
            ({ workers } = phase);
            for (let left = phase.calls; left > 0; left--) {
              const before = snapshot().running;
              const { call, result } = begin();
              outcomes.push(settle(result));
              const { running, limit = bounds.initial } = snapshot();
              if (running > before) expect(running).toBeLessThanOrEqual(limit);
              if ((left + index) % 7 === 0) call.abort('enough');
            }
            await harness.clock.advance(100);
          }
          await harness.clock.advance(60_000);
          const ok = (await Promise.all(outcomes)).filter((outcome) => outcome.ok).length;
          expect(ok).toBeGreaterThan(0);
          expect(snapshot()).toMatchObject({ running: 0, waiting: 0 });
          expect(snapshot().limit).toBeGreaterThanOrEqual(1);
          expect(snapshot().limit).toBeLessThanOrEqual(30);
          expect(operation.monitor.running).toBe(0);
          expect(harness.clock.pending).toBe(0);
          changes += operation.monitor.counts['bulkhead-limit'];
        },
      ),
      { numRuns: 100 },
    );
    expect(changes).toBeGreaterThan(100);
  }, 60_000);

  it('is not harmed by a listener that throws, and begins calls of the same operation', async () => {
    const { harness, begin, saturate, snapshot } = serving(adaptive({ queue: 3, maxWait: 50 }), queueing(4));
    let nested = 0;
    harness.runtime.events.on('bulkhead-limit', () => {
      nested++;
      void settle(begin().result);
      throw new Error('a listener');
    });
    await saturate(4_000);
    expect(nested).toBeGreaterThan(3);
    expect(snapshot()).toMatchObject({ running: 0, waiting: 0 });
    expect(harness.clock.pending).toBe(0);
  });

  it('rejects a nested call that would wait for a slot of its own caller, whatever the limit becomes', async () => {
    const harness = new Harness();
    const operation = harness.operation(adaptive({ queue: 10, adaptive: { initial: 2 } }));
    const run = (method: () => unknown) =>
      operation.run(
        { self: undefined, method, args: [] },
        harness.runtime.scope,
        'promise',
      ) as Promise<unknown>;
    const others = deferred();
    const other = run(() => others.promise);
    const outcome = await harness.outcome(run(() => run(() => Promise.resolve('inner'))));
    expect(outcome.error).toBeInstanceOf(BulkheadFullError);
    others.resolve();
    await other;
    await expect(run(() => run(() => Promise.resolve('inner')))).resolves.toBe('inner');
  });

  it('has a limit for each key, and one for all methods that use its name', async () => {
    const { harness, operation, snapshot } = serving(
      adaptive({ key: (key: string) => key, adaptive: { initial: 3 } }),
      () => 0,
    );
    const begin = (key: string) =>
      operation.start(
        { self: undefined, method: () => new Promise(() => undefined), args: [key] },
        harness.runtime.root,
      );
    const outcomes = ['a', 'a', 'a', 'b', 'a'].map((key) => settle(begin(key).result));
    expect((await outcomes.at(-1)!).error.message).toContain('runs 3 at a time already');
    expect(snapshot()).toEqual({ running: 4, waiting: 0, limit: 3 });
    const named = () =>
      harness.wrap(adaptive({ name: 'one', adaptive: { initial: 1 } }), () => deferred().promise);
    void named()();
    expect((await settle(named()())).error).toBeInstanceOf(BulkheadFullError);
  });

  it('is proved before the first call', () => {
    const define = (bulkhead: unknown) => () => new Harness().operation({ bulkhead } as OperoOptions);
    expect(define({ concurrency: 'automatic' })).toThrow(
      "bulkhead.concurrency: got 'automatic', allowed: a whole number from 1 to 1000000, or 'adaptive'",
    );
    expect(define({ concurrency: 5, adaptive: { min: 2 } })).toThrow(
      "bulkhead.adaptive: got concurrency 5 beside it, allowed: only with concurrency 'adaptive'",
    );
    expect(define({ concurrency: 'adaptive', adaptive: { min: 9, max: 8 } })).toThrow(
      'bulkhead.adaptive.min: got 9, allowed: at most max, 8',
    );
    expect(define({ concurrency: 'adaptive', adaptive: { initial: 9, max: 8 } })).toThrow(
      'bulkhead.adaptive.initial: got 9, allowed: from min, 1, to max, 8',
    );
    expect(define({ concurrency: 'adaptive', adaptive: { initial: 0 } })).toThrow(
      'bulkhead.adaptive.initial: got 0, allowed: a whole number from 1 to 1000000',
    );
    expect(define({ concurrency: 'adaptive', adaptive: { most: 8 } })).toThrow(
      'bulkhead.adaptive.most: got an unknown name',
    );
    for (const bounds of [{ min: 500 }, { initial: 500 }, { max: 5 }, {}])
      expect(define({ concurrency: 'adaptive', adaptive: bounds })).not.toThrow();
  });

  it('says in describe() what it is', () => {
    const operation = new Harness().operation(adaptive({ adaptive: { max: 50 } }));
    expect(operation.plan().options).toMatchObject({
      'bulkhead.concurrency': { value: 'adaptive', from: 'test' },
      'bulkhead.adaptive': { value: { max: 50 }, from: 'test' },
    });
    expect(operation.plan().worstCase.duration).toBe(Infinity);
  });
});
