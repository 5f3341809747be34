import { describe, expect, it } from '@jest/globals';
import type { OpItemError, OpMapRunOptions } from '../../lib/map/index.js';
import { runItems, type OperoOptions } from '../../lib/runtime/index.js';
import * as v from 'valibot';
import { mapSchema } from '../../lib/map/index.js';
import { Harness } from '../support/harness.js';

/** How often the method ran, and what the items say of it. */
async function attempts(items: unknown[], options: OperoOptions, map: OpMapRunOptions = {}) {
  const harness = new Harness();
  const target = { fallbackArguments: new Map([[1, ['a', 'b', 'c']]]), parameters: 2 };
  const operation = harness.operation(options, options.argFallback ? target : {});
  let ran = 0;
  const method = async () => {
    ran++;
    throw new Error('down');
  };
  const run = runItems<never, unknown>(harness.runtime, items, {
    operation,
    options: v.parse(mapSchema, map),
    invocation: (item) => ({ self: undefined, method, args: [item] }),
  });
  const outcome = await harness.outcome(Promise.resolve(run as PromiseLike<OpItemError[]>));
  return { ran, attempts: (outcome.value ?? []).map((error) => error.attempts) };
}

describe('the attempts of a failed item', () => {
  it.each<[string, OperoOptions, number]>([
    ['without retries', {}, 1],
    ['with retries', { retry: { retries: 2, minDelay: 1 } }, 3],
    ['with alternatives', { argFallback: true }, 3],
    ['with alternatives in each retry', { argFallback: true, retry: { retries: 1, minDelay: 1 } }, 6],
    ['with hedges', { hedge: { delay: 5, maxHedges: 1, idempotent: true }, retry: 0 }, 2],
    ['with fallbacks that fail', { fallback: () => Promise.reject(new Error('down, too')) }, 1],
    ['loaded through a cache', { cache: true, retry: { retries: 2, minDelay: 1 } }, 3],
  ])('are how often the method ran for it, %s [hard 4.7]', async (_name, options, count) => {
    expect(await attempts(['x'], options)).toEqual({ ran: count, attempts: [count] });
  });

  it.each<[string, OperoOptions]>([
    ['', {}],
    [', by whichever load they share', { cache: true }],
  ])('are none for one that was rejected%s [hard 4.7]', async (_name, options) => {
    const circuitBreaker = { window: { type: 'consecutive', size: 1 } } as const;
    const map = { workers: 1 };
    expect(await attempts(['x', 'x'], { circuitBreaker, ...options }, map)).toEqual({
      ran: 1,
      attempts: [1, 0],
    });
  });

  it('are those of the load that it shared with others [hard 4.7]', async () => {
    const options = { cache: true, retry: { retries: 2, minDelay: 1 } };
    expect(await attempts(['x', 'x', 'x'], options)).toEqual({ ran: 3, attempts: [3, 3, 3] });
  });
});
