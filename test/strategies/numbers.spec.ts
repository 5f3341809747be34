import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as v from 'valibot';
import type { RetryOptions } from '../../lib/index.js';
import { backoffDelay, retrySchema } from '../../lib/strategies/retry/index.js';
import { failing, Harness } from '../support/harness.js';

const down = new Error('down');

describe('a backoff', () => {
  const delayOf = (options: RetryOptions, attempt: number, previous = 0, chance = 0.5) =>
    backoffDelay(
      v.parse(retrySchema, options),
      { attempt, previous, error: down },
      () => chance,
      'Test.method',
    );

  it('is a number of ms up to maxDelay, whatever the options and however many attempts [hard 4.7]', () => {
    const size = fc.constantFrom(0, Number.MIN_VALUE, 1, 100, 1e10, 1e300, Number.MAX_VALUE);
    fc.assert(
      fc.property(
        fc.record({
          backoff: fc.constantFrom('exponential', 'linear', 'constant', 'fibonacci'),
          jitter: fc.constantFrom('full', 'equal', 'decorrelated', 'none'),
          backoffFactor: fc.constantFrom(1, 1.5, 1e10, Number.MAX_VALUE),
        }),
        fc.tuple(size, size).map(([a, b]) => ({ minDelay: Math.min(a, b), maxDelay: Math.max(a, b) })),
        fc.integer({ min: 1, max: 1_001 }),
        fc.constantFrom(0, 0.5, 1 - 2 ** -53, 1),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (options, bounds, attempt, chance, share) => {
          const previous = share * bounds.maxDelay;
          const delay = delayOf({ ...options, ...bounds } as RetryOptions, attempt, previous, chance);
          expect(Number.isFinite(delay)).toBe(true);
          expect(delay >= 0 && delay <= bounds.maxDelay).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('of a huge factor and no first wait retries at once, a thousand times [hard 4.7]', async () => {
    const harness = new Harness();
    const { method, calls } = failing(
      Array.from({ length: 1_000 }, () => down),
      'at last',
    );
    const call = harness.wrap(
      { retry: { retries: 1_000, minDelay: 0, backoffFactor: 1e10, budget: false } },
      method,
    );
    expect(await call()).toBe('at last');
    expect(calls()).toBe(1_001);
  });
});

describe('a budget', () => {
  const define = (budget: object) => () => new Harness().operation({ retry: { budget } });

  it('out of which no retry could be paid is refused at boot [hard 4.7]', () => {
    expect(define({ tokens: 3 })).toThrow(
      'Test.method1: retry.budget.tokens: got 3, allowed: at least what a retry costs (cost), 5',
    );
    expect(define({ tokens: 30, timeoutCost: 40 })).toThrow(
      'retry.budget.tokens: got 30, allowed: at least what a retry after a timeout costs (timeoutCost), 40',
    );
    expect(define({ tokens: 3, cost: 3 })).not.toThrow();
    expect(define({ cost: 1_000 })).not.toThrow();
  });

  it('pays for a retry after a timeout where it pays for one at all [hard 4.7]', async () => {
    const harness = new Harness();
    let bodies = 0;
    const call = harness.wrap(
      { timeout: 50, retry: { retries: 1, budget: { tokens: 5, refill: 0 } } },
      () => (bodies++, new Promise<never>(() => undefined)),
    );
    await harness.outcome(call());
    expect(bodies).toBe(2);
  });

  it('is large enough for one hedge, whatever that costs [hard 4.7]', async () => {
    const harness = new Harness();
    let bodies = 0;
    const call = harness.wrap(
      { hedge: { delay: 10, idempotent: true }, retry: { retries: 0, budget: { cost: 1_000 } } },
      () => (bodies++, new Promise<void>((resolve) => harness.clock.schedule(30, resolve))),
    );
    await harness.outcome(call());
    expect(bodies).toBe(2);
  });
});
