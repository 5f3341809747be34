import { describe, expect, it } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { currentCall, Opero, OperoService, type OperoOptions } from '../../lib/index.js';
import { moduleWith } from '../support/apps.js';
import { Harness, settle } from '../support/harness.js';

const down = new Error('down');
const never = () => new Promise<never>(() => undefined);

/** Where a call can be waiting when its caller gives it up. */
const waits: [name: string, options: OperoOptions, method: () => Promise<unknown>][] = [
  ['the method', {}, never],
  ['a backoff', { retry: { minDelay: 10_000, jitter: 'none' } }, () => Promise.reject(down)],
  ['the queue of a bulkhead', { bulkhead: { concurrency: 1, queue: 5 } }, never],
  ['a rate limit', { rateLimit: { limit: 1, interval: 9_000 } }, never],
  ['a shared load', { cache: true }, never],
  ['attempts and hedges', { hedge: { delay: 10, maxHedges: 3, idempotent: true } }, never],
  ['everything at once', { cache: true, timeout: { attempt: 5_000, total: 20_000 }, retry: true, circuitBreaker: true, rateLimit: 9, bulkhead: 9, fallback: { value: 1 } }, never],
]; // prettier-ignore

describe('a call that is given up by its caller [peers 13]', () => {
  it.each(waits)(
    'while it waits for %s ends in the same turn with the reason of the caller',
    async (_name, options, method) => {
      const harness = new Harness();
      const operation = harness.operation(options);
      let bodies = 0;
      const begin = () =>
        operation.start(
          { self: undefined, method: () => (bodies++, method()), args: [] },
          harness.runtime.root,
        );
      const [first, second] = [begin(), begin()];
      const outcomes = [first, second].map(({ result }) => settle(result));
      await harness.clock.advance(100);
      const before = bodies;
      const reason = new Error('the caller has had enough');
      for (const { call } of [second, first]) call.abort(reason);
      let over = 0;
      for (const outcome of outcomes) void outcome.then(() => over++);
      await harness.clock.settle();
      expect(over).toBe(2);
      for (const outcome of outcomes) expect((await outcome).error).toBe(reason);
      await harness.clock.advance(60_000);
      expect(bodies).toBe(before);
      expect(harness.clock.pending).toBe(0);
      expect(operation.monitor.running).toBe(0);
      expect(operation.monitor.counts).toMatchObject({ failure: 0, timeout: 0, fallback: 0 });
    },
  );

  it('before it began never begins [hard 1.12]', async () => {
    const harness = new Harness();
    const operation = harness.operation({ retry: 3, fallback: { value: 1 }, cache: { key: () => 'key' } });
    let bodies = 0;
    const invocation = { self: undefined, method: async () => bodies++, args: [] };
    const signal = AbortSignal.abort(down);
    const { result } = operation.start(invocation, harness.runtime.root, signal);
    expect((await settle(result)).error).toBe(down);
    await harness.clock.settle();
    expect([bodies, operation.monitor.running, operation.monitor.counts.abort]).toEqual([0, 0, 1]);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('ends what runs; a call that is begun afterwards runs [hard 3.6]', async () => {
    const harness = new Harness();
    const operation = harness.operation({ retry: 3, timeout: 500, bulkhead: 1 });
    const run = (method: () => Promise<unknown>) =>
      operation.run({ self: undefined, method, args: [] }, harness.runtime.scope, 'promise');
    const seen: unknown[] = [];
    const outer = harness.operation({}).start(
      {
        self: undefined,
        method: async () => {
          await Promise.resolve(run(never)).catch((error) => seen.push(error));
          // What a handler does to clean up after itself.
          seen.push(await run(async () => [currentCall().signal.aborted, currentCall().deadline < Infinity]));
        },
        args: [],
      },
      harness.runtime.root,
    );
    const outcome = settle(outer.result);
    await harness.clock.settle();
    outer.call.abort(down);
    expect((await outcome).error).toBe(down);
    await harness.clock.settle();
    expect(seen).toEqual([down, [false, true]]);
    expect(harness.runtime.root.busy).toBe(false);
  });
});

describe('the signal of a caller', () => {
  @Injectable()
  class Nested {
    signals: AbortSignal[] = [];
    deadlines: number[] = [];

    @Opero({ retry: { minDelay: 0 } })
    async inner(): Promise<void> {
      this.signals.push(currentCall().signal);
      this.deadlines.push(currentCall().deadline);
      await never();
    }

    @Opero({ timeout: { total: 60_000 } })
    async outer(): Promise<void> {
      await null;
      await this.inner();
    }
  }

  const start = async () => {
    const reference = await Test.createTestingModule({
      imports: [moduleWith({ providers: [Nested] }, { shutdown: { drainTimeout: 0 } })],
    }).compile();
    const app = await reference.init();
    return { app, nested: app.get(Nested), opero: app.get(OperoService) };
  };

  it('reaches nested decorated calls, with its own reason, and keeps no listener', async () => {
    const { app, nested, opero } = await start();
    const controller = new AbortController();
    const outcome = settle(opero.run({ retry: 3 }, () => nested.outer(), { signal: controller.signal }));
    await new Promise((resolve) => setImmediate(resolve));
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    const reason = new Error('mine');
    controller.abort(reason);
    expect(nested.signals[0]!.reason).toBe(reason);
    expect((await outcome).error).toBe(reason);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    expect(nested.signals).toHaveLength(1);
    await app.close();
  });

  it('can live long and serve many calls: one listener does, and goes with the last', async () => {
    const { app, opero } = await start();
    const { signal } = new AbortController();
    const all = Array.from({ length: 200 }, () => opero.run({ retry: 1 }, async () => 1, { signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await Promise.all(all);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    await app.close();
  });

  it('tells nested calls until when there is time', async () => {
    const { app, nested } = await start();
    const before = performance.now();
    const outcome = settle(nested.outer());
    await new Promise((resolve) => setImmediate(resolve));
    expect(nested.deadlines[0]! - before).toBeGreaterThanOrEqual(60_000);
    expect(nested.deadlines[0]! - before).toBeLessThan(90_000);
    await app.close();
    await outcome;
  });

  it('is one per attempt, made when it is read: a call that nobody asks has none', async () => {
    const made: AbortController[] = [];
    const { AbortController: Original } = globalThis;
    globalThis.AbortController = class extends Original {
      constructor() {
        super();
        made.push(this);
      }
    };
    try {
      const harness = new Harness();
      const options: OperoOptions = {
        retry: { retries: 2, minDelay: 0 },
        timeout: 100,
        circuitBreaker: true,
        hedge: { delay: 50, idempotent: true },
      };
      let attempts = 0;
      await harness.wrap(options, async () => (++attempts < 3 ? Promise.reject(down) : 1))();
      expect(made).toHaveLength(0);
      const signals = new Set<AbortSignal>();
      attempts = 0;
      await harness.wrap({ retry: { retries: 2, minDelay: 0 } }, async () => {
        signals.add(currentCall().signal).add(currentCall().signal);
        return ++attempts < 3 ? Promise.reject(down) : 1;
      })();
      expect([signals.size, made.length]).toEqual([3, 3]);
    } finally {
      globalThis.AbortController = Original;
    }
  });
});

describe('a call that is given up in the moment in which its wait ends', () => {
  it('does not begin the next wait', async () => {
    const harness = new Harness();
    const { schedule } = harness.clock;
    let afterTimer = () => undefined as unknown;
    harness.clock.schedule = (delay, fire) =>
      schedule.call(harness.clock, delay, () => {
        fire();
        afterTimer();
      });
    const operation = harness.operation({
      rateLimit: { limit: 1, interval: 100 },
      bulkhead: { concurrency: 1, queue: 5 },
    });
    const begin = () => operation.start({ self: undefined, method: never, args: [] }, harness.runtime.root);
    const first = begin();
    const second = begin();
    const reason = new Error('enough');
    afterTimer = () => second.call.abort(reason);
    const outcome = settle(second.result);
    await harness.clock.advance(100);
    expect(await Promise.race([outcome, harness.clock.settle()])).toMatchObject({ error: reason });
    first.call.abort(reason);
    await settle(first.result);
    expect(operation.monitor.running).toBe(0);
  });
});
