import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { order } from '../../lib/strategies/index.js';
import { Harness } from '../support/harness.js';

describe('the one order', () => {
  it('is this, outermost first', () => {
    expect(order.map(({ name }) => name)).toEqual([
      'fallback',
      'cache',
      'single-flight',
      'total timeout',
      'retry',
      'argument fallback',
      'hedge',
      'circuit breaker',
      'rate limit',
      'bulkhead',
      'attempt timeout',
    ]);
  });

  it('does not depend on how the options are written', () => {
    const options = {
      timeout: { total: 9, attempt: 5 },
      bulkhead: 1,
      circuitBreaker: true,
      rateLimit: 1,
      hedge: { delay: 2, idempotent: true },
      argFallback: { param: 0, values: [1] },
      retry: 1,
      cache: true,
      fallback: { value: 1 },
    };
    const reversed = Object.fromEntries(Object.entries(options).reverse());
    const plans = [options, reversed].map((written) => new Harness().operation(written).plan().order);
    expect(plans[0]).toEqual([
      ...order.map(({ name }) => name).filter((name) => name !== 'single-flight'),
      'method',
    ]);
    expect(plans[1]).toEqual(plans[0]);
  });

  it('is what the README says', () => {
    const [, line] = /\*\*(fallback →[\s\S]*?method)\*\*/.exec(readFileSync('README.md', 'utf8'))!;
    const told = line!
      .replace(/\s+/g, ' ')
      .replace('cache and single-flight', 'cache → single-flight')
      .split(' → ');
    expect(told).toEqual([...order.map(({ name }) => name), 'method']);
  });
});
