import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RateLimitExceededError } from '../../lib/index.js';
import { SlidingWindow } from '../../lib/strategies/rate-limit/index.js';
import { Harness, settle } from '../support/harness.js';

/** The most starts in any half-open interval of this length. */
const densest = (starts: readonly number[], interval: number): number =>
  Math.max(
    0,
    ...starts.map((from) => starts.filter((start) => start >= from && start < from + interval).length),
  );

describe('SlidingWindow', () => {
  it('keeps the limit in every interval, whatever is asked when [peers 6]', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 600 }),
        fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 300 }),
        (limit, interval, gaps) => {
          const window = new SlidingWindow(limit, interval);
          const starts: number[] = [];
          let now = 0;
          for (const gap of gaps) {
            now += gap;
            const earliest = window.earliestStart(0, now);
            const started = window.tryTake(now);
            expect(started).toBe(earliest <= now);
            if (!started) continue;
            window.start(now);
            starts.push(now);
          }
          expect(densest(starts, interval)).toBeLessThanOrEqual(limit);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('RateLimitStrategy', () => {
  it('queues before it tells of the wait: calls that a listener makes come later', async () => {
    const harness = new Harness();
    const order: string[] = [];
    const call = harness.wrap({ rateLimit: { limit: 1, interval: 100 } }, async (id: string) =>
      order.push(id),
    );
    await call('first');
    const stop = harness.runtime.events.on('rate-limit-wait', () => {
      stop();
      call('of the listener').catch(() => undefined);
    });
    await harness.outcome(call('second'));
    await harness.clock.advance(200);
    expect(order).toEqual(['first', 'second', 'of the listener']);
  });

  const starting = (harness: Harness) => {
    const starts: number[] = [];
    return { starts, method: async (id?: number) => (starts.push(harness.clock.now()), id) };
  };

  it('lets exactly the limit start when all come at once, the rest in the order of arrival [peers 5]', async () => {
    const harness = new Harness();
    const order: unknown[] = [];
    const { starts, method } = starting(harness);
    const call = harness.wrap({ rateLimit: 10 }, async (id: number) => (order.push(id), method()));
    const all = Array.from({ length: 100 }, (_, id) => call(id));
    await harness.clock.settle();
    expect(starts).toHaveLength(10);
    await harness.clock.advance(999);
    expect(starts).toHaveLength(10);
    await harness.clock.advance(1);
    expect(starts).toHaveLength(20);
    await harness.clock.advance(9_000);
    await Promise.all(all);
    expect(order).toEqual(Array.from({ length: 100 }, (_, id) => id));
    expect(densest(starts, 1_000)).toBe(10);
  });

  it('rejects at once who would wait too long, and tells for how long [peers 5]', async () => {
    const harness = new Harness();
    const { starts, method } = starting(harness);
    const call = harness.wrap({ rateLimit: { limit: 10, maxWait: 1_500 } }, method);
    const outcomes = Promise.all(Array.from({ length: 100 }, () => settle(call())));
    await harness.clock.advance(3_000);
    const refused = (await outcomes)
      .filter(({ ok }) => !ok)
      .map(({ error }) => error as RateLimitExceededError);
    expect(refused).toHaveLength(80);
    expect(refused[0]).toBeInstanceOf(RateLimitExceededError);
    expect(refused[0]).toMatchObject({ code: 'OPERO_RATE_LIMIT_EXCEEDED', retryAfter: 2_000 });
    expect(refused[0]!.stack).not.toContain('\n    at ');
    expect(starts).toHaveLength(20);
  });

  it('rejects instead of waiting in the mode for it, and a refused call consumes nothing', async () => {
    const harness = new Harness();
    const { starts, method } = starting(harness);
    const call = harness.wrap({ rateLimit: { limit: 2, mode: 'reject' } }, method);
    await Promise.all(Array.from({ length: 50 }, () => settle(call())));
    await harness.clock.advance(1_000);
    await Promise.all(Array.from({ length: 50 }, () => settle(call())));
    expect(starts).toHaveLength(4);
  });

  it('has no double burst at the edge of a window [peers 6]', async () => {
    const harness = new Harness();
    const { starts, method } = starting(harness);
    const call = harness.wrap({ rateLimit: { limit: 10, interval: 500 } }, method);
    const burst = (count: number) => Array.from({ length: count }, () => call());
    const all = [...burst(1)];
    await harness.clock.advance(485);
    all.push(...burst(9));
    await harness.clock.advance(20);
    all.push(...burst(10));
    harness.clock.offset += 3_600_000;
    await harness.clock.advance(5_000);
    harness.clock.offset -= 7_200_000;
    all.push(...burst(30));
    await harness.clock.advance(5_000);
    await Promise.all(all);
    expect(starts).toHaveLength(50);
    expect(densest(starts, 500)).toBe(10);
  });

  it("gives an aborted waiter's turn to the next", async () => {
    const harness = new Harness();
    const { starts, method } = starting(harness);
    const operation = harness.operation({ rateLimit: { limit: 1, interval: 100 } });
    const begin = () => operation.start({ self: undefined, method, args: [] }, harness.runtime.root);
    const [first, second, third] = [begin(), begin(), begin()];
    await first!.result;
    second!.call.abort('enough');
    await expect(second!.result).rejects.toBe('enough');
    await harness.clock.advance(100);
    await third!.result;
    expect(starts.map((start) => start - starts[0]!)).toEqual([0, 100]);
    expect(harness.clock.pending).toBe(0);
  });

  it('leaves no timer when the last waiter gives up', async () => {
    const harness = new Harness();
    const operation = harness.operation({ rateLimit: 1 });
    const begin = () =>
      operation.start({ self: undefined, method: async () => 1, args: [] }, harness.runtime.root);
    await begin().result;
    const waiting = begin();
    // For its turn, and for the longest it may wait.
    expect(harness.clock.pending).toBe(2);
    waiting.call.abort('enough');
    await expect(waiting.result).rejects.toBe('enough');
    expect(harness.clock.pending).toBe(0);
  });

  it('counts every attempt, not every call', async () => {
    const harness = new Harness();
    const { starts, method } = starting(harness);
    const call = harness.wrap(
      { rateLimit: { limit: 1, interval: 1_000 }, retry: { retries: 2, minDelay: 0 } },
      async () => {
        await method();
        throw new Error('down');
      },
    );
    await harness.outcome(call());
    expect(starts.map((start) => start - starts[0]!)).toEqual([0, 1_000, 2_000]);
  });

  it('keeps a limit for each key, and remembers a bounded number of them', async () => {
    const harness = new Harness();
    const call = harness.wrap(
      { rateLimit: { limit: 1, mode: 'reject', key: (id: number) => `user ${id}` } },
      async (_id: number) => 1,
    );
    for (let id = 0; id < 30_000; id++) {
      await call(id);
      if (id % 5_000 === 4_999) await harness.clock.advance(1_000);
    }
    expect((await settle(call(29_999))).ok).toBe(true);
    expect((await settle(call(29_999))).error).toBeInstanceOf(RateLimitExceededError);
  });

  it('is shared by the methods that name it, whose limits must be equal [peers 24]', async () => {
    const harness = new Harness();
    const shared = { rateLimit: { limit: 1, mode: 'reject', name: 'github' } } as const;
    const first = harness.wrap(shared, async () => 1);
    const second = harness.wrap(shared, async () => 2);
    await first();
    expect((await settle(second())).error).toBeInstanceOf(RateLimitExceededError);
    expect(() => harness.operation({ rateLimit: { ...shared.rateLimit, limit: 2 } })).toThrow(
      "rateLimit.name: got 'github'",
    );
  });

  it('is not shared by methods that only share an options object [peers 24]', async () => {
    const harness = new Harness();
    const options = { rateLimit: { limit: 1, mode: 'reject' as 'reject' | 'wait' } };
    const first = harness.wrap(options, async () => 1);
    const second = harness.wrap(options, async () => 2);
    options.rateLimit.limit = 0;
    await first();
    expect((await settle(second())).ok).toBe(true);
  });

  it('does not let a call wait beyond its total timeout', async () => {
    const harness = new Harness();
    const call = harness.wrap({ rateLimit: 1, timeout: { total: 500 } }, async () => 1);
    await call();
    const before = harness.clock.now();
    expect((await harness.outcome(call())).error).toBeInstanceOf(RateLimitExceededError);
    expect(harness.clock.now()).toBe(before);
  });
});
