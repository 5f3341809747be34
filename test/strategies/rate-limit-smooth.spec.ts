import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RateLimitExceededError } from '../../lib/index.js';
import { spacedStarts, SpacedStarts } from '../../lib/strategies/rate-limit/index.js';
import { Harness, settle } from '../support/harness.js';
import { ManualClock } from '../support/manual-clock.js';

/** Whether a start at `now` is far enough from all before it: `count` in a row take `(count - burst) * spacing` ms. */
const isFarEnough = (starts: readonly number[], now: number, spacing: number, burst: number): boolean =>
  starts.every((start, index) => now - start >= (starts.length - index + 1 - burst) * spacing);

describe('SpacedStarts', () => {
  it('permits a start exactly when a list of all starts says so, whenever permits are used or given back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 6 }),
        fc.array(
          fc.record({ gap: fc.integer({ min: 0, max: 60 }), then: fc.constantFrom('start', 'hold', 'drop', 'take back') }), // prettier-ignore
          { maxLength: 200 },
        ),
        (spacing, burst, steps) => {
          const state = new SpacedStarts(spacing, burst);
          let starts: number[] = [];
          let now = 0;
          for (const { gap, then } of steps) {
            now += gap;
            while (then !== 'hold' && state.held > 0) {
              state.start(now);
              starts.push(now);
            }
            // What is held counts as if it started now.
            const counted = [...starts, ...Array.from({ length: state.held }, () => now)];
            expect(state.earliestStart(0, now) <= now).toBe(isFarEnough(counted, now, spacing, burst));
            if (!state.tryTake(now) || then === 'hold') continue;
            if (then === 'drop') state.giveBack();
            else state.start(now);
            if (then === 'take back') state.takeBack(now);
            else if (then === 'start') starts.push(now);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('tells when the waiter behind others can start, to the ms', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 20 }),
        fc.nat(9),
        (spacing, burst, gaps, ahead) => {
          const state = new SpacedStarts(spacing, burst);
          let now = 0;
          for (const gap of gaps) {
            now += gap;
            if (state.tryTake(now)) state.start(now);
          }
          const told = state.earliestStart(ahead, now);
          for (let before = 0; before < ahead; before++) {
            now = state.earliestStart(0, now);
            expect(state.tryTake(now)).toBe(true);
            state.start(now);
          }
          expect(state.earliestStart(0, now)).toBe(told);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('does not permit a start too early when one that others followed is taken back', () => {
    const state = new SpacedStarts(100, 1);
    for (const now of [0, 100]) {
      state.tryTake(now);
      state.start(now);
    }
    state.takeBack(0);
    expect(state.earliestStart(0, 100)).toBe(200);
    state.takeBack(100);
    expect(state.earliestStart(0, 100)).toBe(100);
  });

  it('is idle when a new one in its place would permit the same', () => {
    const state = new SpacedStarts(100, 2);
    expect(state.isIdle(0)).toBe(true);
    state.tryTake(0);
    expect(state.isIdle(500)).toBe(false);
    state.start(500);
    expect(state.isIdle(599)).toBe(false);
    expect(state.isIdle(600)).toBe(true);
  });

  it.each([
    [1, 1_000, 1],
    [100, 1_000, 1],
    [101, 1_000, 0.99],
    [5_000, 1_000, 0.99],
    [1_000_000, 1_000, 0.99],
    [50, 100, 0.9],
    [3, 7, 0.9],
    [2, 0.5, 0.9],
  ])('keeps %d in every %d ms without a burst, and loses little of it', (limit, interval, share) => {
    const { spacing, burst } = spacedStarts(limit, interval, undefined);
    expect(Math.ceil(interval / spacing - 1e-6) + burst - 1).toBeLessThanOrEqual(limit);
    expect(interval / spacing / limit).toBeGreaterThanOrEqual(share - 1e-6);
  });
});

/** A clock whose timers are up to 7 ms late, as on a busy event loop. */
class LateClock extends ManualClock {
  override schedule(delay: number, fire: () => void) {
    const due = this.now() + delay;
    return super.schedule(Math.ceil(due / 7) * 7 - this.now(), fire);
  }
}

describe("a rate limit with the algorithm 'smooth'", () => {
  const starting = (harness: Harness) => {
    const starts: number[] = [];
    const from = harness.clock.now();
    return { starts, method: async () => void starts.push(harness.clock.now() - from) };
  };

  it('starts attempts evenly spaced, in the order of arrival', async () => {
    const harness = new Harness();
    const order: number[] = [];
    const { starts, method } = starting(harness);
    const call = harness.wrap({ rateLimit: { limit: 10, algorithm: 'smooth' } }, async (id: number) => {
      order.push(id);
      await method();
    });
    const all = [0, 1, 2, 3].map((id) => call(id));
    await harness.clock.advance(1_000);
    await Promise.all(all);
    expect(starts).toEqual([0, 100, 200, 300]);
    expect(order).toEqual([0, 1, 2, 3]);
  });

  it('starts a burst at once after a pause, and spaces the rest', async () => {
    const harness = new Harness();
    const { starts, method } = starting(harness);
    const call = harness.wrap({ rateLimit: { limit: 10, algorithm: 'smooth', burst: 3 } }, method);
    const first = Array.from({ length: 5 }, () => call());
    await harness.clock.advance(200);
    await Promise.all(first);
    expect(starts).toEqual([0, 0, 0, 100, 200]);
    // One of three came back meanwhile.
    await harness.clock.advance(100);
    const second = Array.from({ length: 3 }, () => call());
    await harness.clock.advance(200);
    await Promise.all(second);
    expect(starts.slice(5)).toEqual([300, 400, 500]);
    await harness.clock.advance(1_000);
    const third = Array.from({ length: 3 }, () => call());
    await harness.clock.settle();
    expect(starts.slice(8)).toEqual([1_500, 1_500, 1_500]);
    await Promise.all(third);
  });

  it('reaches a rate above what timers can keep apart, and never exceeds it', async () => {
    const clock = new LateClock();
    const harness = new Harness({ clock });
    const starts: number[] = [];
    const call = harness.wrap({ rateLimit: { limit: 1_000, algorithm: 'smooth' } }, async () => {
      starts.push(clock.now());
    });
    const all = Array.from({ length: 2_500 }, () => call());
    await clock.advance(3_000);
    await Promise.all(all);
    const within = (from: number) => starts.filter((start) => start >= from && start < from + 1_000).length;
    for (const start of starts) expect(within(start)).toBeLessThanOrEqual(1_000);
    expect(within(starts[0]! + 500)).toBeGreaterThan(950);
  });

  it('rejects at once who would wait longer than maxWait, and tells for how long', async () => {
    const harness = new Harness();
    const { starts, method } = starting(harness);
    const call = harness.wrap({ rateLimit: { limit: 10, algorithm: 'smooth', maxWait: 250 } }, method);
    const outcomes = Promise.all(Array.from({ length: 6 }, () => settle(call())));
    await harness.clock.advance(1_000);
    const refused = (await outcomes).filter(({ ok }) => !ok).map(({ error }) => error as unknown);
    expect(starts).toEqual([0, 100, 200]);
    expect(refused).toHaveLength(3);
    for (const error of refused)
      expect(error).toMatchObject({
        code: 'OPERO_RATE_LIMIT_EXCEEDED',
        retryAfter: 300,
        message: 'Test.method1 is limited to 10 per 1000 ms, evenly spaced, and the wait would be 300 ms',
      });
  });

  it('is always right in what it tells a rejected caller: one that comes then gets in', async () => {
    const harness = new Harness();
    const { method } = starting(harness);
    const call = harness.wrap({ rateLimit: { limit: 3, algorithm: 'smooth', mode: 'reject' } }, method);
    for (let round = 0; round < 5; round++) {
      await call();
      const { error } = await settle(call());
      expect(error).toBeInstanceOf(RateLimitExceededError);
      const { retryAfter } = error as RateLimitExceededError;
      await harness.clock.advance(Math.floor(retryAfter) - 1);
      expect((await settle(call())).ok).toBe(false);
      await harness.clock.advance(retryAfter - Math.floor(retryAfter) + 1);
    }
  });

  it('gives the turn of a waiter that is aborted to the next, and leaves no timer', async () => {
    const harness = new Harness();
    const { starts, method } = starting(harness);
    const operation = harness.operation({ rateLimit: { limit: 10, algorithm: 'smooth' } });
    const begin = () => operation.start({ self: undefined, method, args: [] }, harness.runtime.root);
    const [first, aborted, last] = [begin(), begin(), begin()];
    aborted.call.abort(new Error('enough'));
    await harness.clock.advance(100);
    expect((await settle(aborted.result)).ok).toBe(false);
    await Promise.all([first.result, last.result]);
    expect(starts).toEqual([0, 100]);
    expect(harness.clock.pending).toBe(0);
  });

  it('gives a permit that a full bulkhead further in left unused to the next', async () => {
    const harness = new Harness();
    const { method } = starting(harness);
    const release: (() => void)[] = [];
    const call = harness.wrap({ rateLimit: { limit: 10, algorithm: 'smooth' }, bulkhead: 1 }, async () => {
      await method();
      await new Promise<void>((resolve) => release.push(resolve));
    });
    const first = call();
    const rest = [settle(call()), settle(call())];
    await harness.clock.advance(100);
    // The second was rejected by the bulkhead at 100 ms; the third, that got its permit, too.
    expect((await Promise.all(rest)).map(({ ok }) => ok)).toEqual([false, false]);
    release[0]!();
    await first;
  });

  it('spaces the starts of each key, and of each name', async () => {
    const harness = new Harness();
    const { starts, method } = starting(harness);
    const rateLimit = { limit: 10, algorithm: 'smooth' as const, key: (key: string) => key };
    const call = harness.wrap({ rateLimit }, async (_key: string) => method());
    const all = ['a', 'a', 'b', 'b'].map((key) => call(key));
    await harness.clock.advance(100);
    await Promise.all(all);
    expect(starts).toEqual([0, 0, 100, 100]);
  });

  it('says in describe() what holds, and that it can cost its longest wait', () => {
    const harness = new Harness();
    const options = { rateLimit: { limit: 10, algorithm: 'smooth' as const, burst: 3, maxWait: 400 }, timeout: 100 };
    const { options: described, worstCase } = harness.operation(options).plan();
    expect(described['rateLimit.algorithm']).toEqual({ value: 'smooth', from: 'test' });
    expect(described['rateLimit.burst']).toEqual({ value: 3, from: 'test' });
    expect(worstCase.duration).toBe(500);
  }); // prettier-ignore

  it.each([
    [{ limit: 10, burst: 3 }, "rateLimit.burst: got 3 beside algorithm 'window', allowed: only together with algorithm 'smooth'"],
    [{ limit: 10, algorithm: 'smooth' as const, burst: 0 }, 'rateLimit.burst: got 0, allowed: a whole number from 1 to 1000000'],
    [{ limit: 10, algorithm: 'gcra' as never }, "rateLimit.algorithm: got 'gcra', allowed: one of 'window', 'smooth'"],
  ])('refuses %j at boot', (rateLimit, message) => {
    expect(() => new Harness().operation({ rateLimit })).toThrow(message);
  }); // prettier-ignore
});
