import { describe, expect, it } from '@jest/globals';
import type { Target } from '../../lib/core/strategy/index.js';
import type { OperoOptions } from '../../lib/runtime/index.js';
import { Harness } from '../support/harness.js';

const worst = (options: OperoOptions, target: Partial<Target> = {}) => {
  const { attempts, requests, duration } = new Harness().operation(options, target).plan().worstCase;
  return [attempts, requests, duration];
};

const quick = { minDelay: 100, maxDelay: 1_000, respectRetryAfter: false };
const two = { fallbackArguments: new Map([[0, ['a', 'b']]]) };
const six = { fallbackArguments: new Map([[0, ['a', 'b']], [1, [1, 2, 3]]]) }; // prettier-ignore

describe('the worst case of a call', () => {
  it.each<[string, OperoOptions, Partial<Target>, number[]]>([
    ['nothing', {}, {}, [1, 1, Infinity]],
    ['a limit on each attempt', { timeout: 50 }, {}, [1, 1, 50]],
    ['a limit on all', { timeout: { total: 70 } }, {}, [1, 1, 70]],
    ['retries without a limit', { retry: 2 }, {}, [3, 3, Infinity]],
    // 3 × 50, and a Retry-After may ask for maxDelay each time.
    [
      'retries, as long as Retry-After may ask',
      { retry: { retries: 2, maxDelay: 400 }, timeout: 50 },
      {},
      [3, 3, 950],
    ],
    // 4 × 50 + 100 + 150 + 225
    ['exponential backoff', { retry: { ...quick, retries: 3 }, timeout: 50 }, {}, [4, 4, 675]],
    // 4 × 50 + 100 + 200 + 300
    ['linear backoff', { retry: { ...quick, retries: 3, backoff: 'linear' }, timeout: 50 }, {}, [4, 4, 800]],
    [
      'constant backoff',
      { retry: { ...quick, retries: 3, backoff: 'constant' }, timeout: 50 },
      {},
      [4, 4, 500],
    ],
    // 4 × 50 + 100 + 100 + 200
    [
      'fibonacci backoff',
      { retry: { ...quick, retries: 3, backoff: 'fibonacci' }, timeout: 50 },
      {},
      [4, 4, 600],
    ],
    // 4 × 50 + 100 + 300 + 900
    [
      'decorrelated jitter',
      { retry: { ...quick, retries: 3, jitter: 'decorrelated' }, timeout: 50 },
      {},
      [4, 4, 1_500],
    ],
    // 4 × 50 + 3 × 1 000
    [
      'a backoff of its own',
      { retry: { ...quick, retries: 3, backoff: () => 1 }, timeout: 50 },
      {},
      [4, 4, 3_200],
    ],
    [
      'a backoff that grows at once',
      { retry: { ...quick, minDelay: 0, retries: 200, backoffFactor: 1e10 }, timeout: 1 },
      {},
      [201, 201, expect.any(Number) as never],
    ],
    ['retries within a limit on all', { retry: 3, timeout: { attempt: 50, total: 300 } }, {}, [4, 4, 300]],
    ['alternatives', { argFallback: true, timeout: 50 }, two, [1, 2, 100]],
    ['all combinations of alternatives', { argFallback: true, timeout: 50 }, six, [1, 6, 300]],
    // 3 × 2 × 50 + 2 × 100
    [
      'alternatives in each retry',
      { argFallback: true, timeout: 50, retry: { ...quick, retries: 2, backoff: 'constant' } },
      two,
      [3, 6, 500],
    ],
    [
      'alternatives in the options',
      { argFallback: { param: 0, values: [1, 2, 3] }, timeout: 50 },
      {},
      [1, 3, 150],
    ],
    // The hedges begin after 20 and 40.
    ['hedges', { hedge: { delay: 20, maxHedges: 2, idempotent: true }, timeout: 50 }, {}, [1, 3, 90]],
    ['hedges at a quantile', { hedge: { maxHedges: 1, idempotent: true }, timeout: 50 }, {}, [1, 2, 100]],
    ['hedges without a limit', { hedge: { delay: 20, idempotent: true } }, {}, [1, 2, Infinity]],
    // 2 × 2 × (20 + 50) + 100
    [
      'hedges of each alternative in each retry',
      {
        hedge: { delay: 20, idempotent: true },
        argFallback: true,
        timeout: 50,
        retry: { ...quick, retries: 1 },
      },
      two,
      [2, 8, 380],
    ],
    ['the wait for a rate limit', { rateLimit: { limit: 1, maxWait: 30 }, timeout: 50 }, {}, [1, 1, 80]],
    ['a rate limit that rejects', { rateLimit: { limit: 1, mode: 'reject' }, timeout: 50 }, {}, [1, 1, 50]],
    ['a rate limit on a handler', { rateLimit: 1, timeout: 50 }, { handler: true }, [1, 1, 50]],
    ['a bulkhead without a queue', { bulkhead: 1, timeout: 50 }, {}, [1, 1, 50]],
    [
      'the wait for a bulkhead',
      { bulkhead: { concurrency: 1, queue: 1, maxWait: 7 }, timeout: 50 },
      {},
      [1, 1, 57],
    ],
    [
      'a queue for as long as it takes',
      { bulkhead: { concurrency: 1, queue: 1 }, timeout: 50 },
      {},
      [1, 1, Infinity],
    ],
    [
      'a queue within a limit on all',
      { bulkhead: { concurrency: 1, queue: 1 }, timeout: { total: 90 } },
      {},
      [1, 1, 90],
    ],
    ['what is tuned and off', { retry: { enabled: false, retries: 9 }, timeout: 50 }, {}, [1, 1, 50]],
  ])('is told for %s [hard 4.8]', (_name, options, target, expected) => {
    const told = worst(options, target);
    expect(told).toEqual(expected);
    expect(told.some(Number.isNaN)).toBe(false);
  });

  it('is what a call that is as unlucky as can be takes, on the clock [hard 4.8]', async () => {
    const harness = new Harness({ random: () => 1 - Number.EPSILON });
    const options: OperoOptions = {
      retry: { ...quick, retries: 3 },
      argFallback: true,
      timeout: 50,
    };
    let requests = 0;
    const stuck = () => (requests++, new Promise(() => undefined));
    const began = harness.clock.now();
    const wrapped = harness.wrap(options, stuck, two);
    await harness.outcome(wrapped());
    expect(requests).toBe(8);
    expect(harness.clock.now() - began).toBeCloseTo(worst(options, two)[2]!);
  });

  it('counts only what stays when Opero is switched off [hard 4.8]', () => {
    const plan = new Harness({ enabled: false }).operation({ retry: 3, timeout: 50 }).plan();
    expect(plan.worstCase).toEqual({ attempts: 1, requests: 1, duration: Infinity });
  });
});
