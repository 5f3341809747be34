import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { failuresOf, type OperoOptions, type RetryBudgetOptions } from '../../lib/index.js';
import { RetryBudget } from '../../lib/core/strategy/index.js';
import { failing, Harness, settle } from '../support/harness.js';

const down = new Error('down');
const exact = { jitter: 'none', minDelay: 10 } as const;
const never = () => new Promise<never>(() => undefined);

/** Calls `method` with a small budget that does not fill by itself. */
function budgeted(budget: RetryBudgetOptions, method: () => unknown, more: OperoOptions = {}) {
  const harness = new Harness();
  let bodies = 0;
  const operation = harness.operation({ retry: { ...exact, budget: { refill: 0, ...budget } }, ...more });
  const call = () => {
    const counted = () => (bodies++, method());
    const { result } = operation.start({ self: undefined, method: counted, args: [] }, harness.runtime.root);
    return harness.outcome(result);
  };
  return { harness, call, bodies: () => bodies, counts: operation.monitor.counts };
}

describe('the retry budget', () => {
  it('is never met by light traffic: calls alone get all their retries', async () => {
    const { call, bodies } = budgeted({}, () => Promise.reject(down));
    for (let time = 0; time < 5; time++) expect((await call()).error).toBe(down);
    expect(bodies()).toBe(20);
  });

  it('is asked before the wait; when it is spent the real error is thrown at once', async () => {
    const { call, bodies, harness, counts } = budgeted({ tokens: 14 }, () => Promise.reject(down));
    const first = await call();
    expect(failuresOf(first.error)).toHaveLength(3);
    const before = harness.clock.now();
    expect((await call()).error).toBe(down);
    expect(harness.clock.now()).toBe(before);
    expect(bodies()).toBe(4);
    expect(counts).toMatchObject({ retry: 2, 'retry-refusal': 2 });
  });

  it('charges a retry after a timeout double', async () => {
    const { call, bodies } = budgeted({ tokens: 25 }, never, { timeout: 50 });
    await call();
    expect(bodies()).toBe(3);
  });

  it('gets the cost of a retry back that succeeds, and 1 for a call that succeeds at once', async () => {
    const { method } = failing([down, down], 'well');
    const helped = budgeted({ tokens: 10 }, method);
    expect((await helped.call()).value).toBe('well');
    // 10 - 5 - 5 + 5 for the one that helped.
    const budget = new RetryBudget(10, 0);
    expect([budget.take(5, 0), budget.take(5, 0), budget.take(1, 0)]).toEqual([true, true, false]);
    budget.give(5);
    expect(budget.tokensAt(0)).toBe(5);
    let well = true;
    const mixed = budgeted({ tokens: 5 }, () => (well ? Promise.resolve() : Promise.reject(down)), {});
    well = false;
    await mixed.call();
    expect(mixed.bodies()).toBe(2);
    well = true;
    for (let time = 0; time < 5; time++) await mixed.call();
    well = false;
    await mixed.call();
    expect(mixed.bodies()).toBe(2 + 5 + 2);
  });

  it('takes nothing for a retry after a refusal, and gives nothing back for it', async () => {
    const harness = new Harness();
    const operation = harness.operation({
      timeout: { total: 60_000 },
      retry: { retries: 3, ...exact, budget: { tokens: 10, refill: 0 } },
      rateLimit: { limit: 2, interval: 1_000, mode: 'reject' },
    });
    let bodies = 0;
    const call = (fails: number) => {
      let failed = 0;
      const method = async () => (bodies++, failed++ < fails ? Promise.reject(down) : 'well');
      const { result } = operation.start({ self: undefined, method, args: [] }, harness.runtime.root);
      return harness.outcome(result);
    };
    // Fails twice, is refused once, and succeeds: 10 - 5 - 5 for the two retries, nothing for the third and back.
    expect((await call(2)).value).toBe('well');
    await harness.clock.advance(1_000);
    expect((await call(1)).error).toBe(down);
    expect(bodies).toBe(4);
  });

  it('fills by itself with time, one token a second', () => {
    const budget = new RetryBudget(500, 1);
    for (let time = 0; time < 100; time++) expect(budget.take(5, 1_000)).toBe(true);
    expect(budget.take(5, 5_999)).toBe(false);
    expect(budget.take(5, 6_000)).toBe(true);
    expect(budget.tokensAt(1e9)).toBe(500);
  });

  it('never goes below nothing nor above its capacity, whatever happens when', () => {
    const step = fc.record({
      ms: fc.integer({ min: -50, max: 3_000 }),
      cost: fc.integer({ min: -20, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const budget = new RetryBudget(30, 2);
        let now = 0;
        for (const { ms, cost } of steps) {
          now += ms;
          if (cost < 0) budget.give(-cost);
          else budget.take(cost, now);
          const tokens = budget.tokensAt(now);
          expect(tokens >= 0 && tokens <= 30).toBe(true);
        }
      }),
    );
  });

  it('is large enough for all retries of one call, however many they are', async () => {
    const harness = new Harness();
    let bodies = 0;
    const call = harness.wrap(
      { retry: { retries: 300, ...exact, backoff: 'constant' }, timeout: 5 },
      () => (bodies++, never()),
    );
    await harness.outcome(call());
    expect(bodies).toBe(301);
  });

  it('is shared by name, and its settings must be equal then', async () => {
    const harness = new Harness();
    const budget = { name: 'upstream', tokens: 5, refill: 0 };
    const options: OperoOptions = { retry: { retries: 1, ...exact, budget } };
    let bodies = 0;
    const method = async () => (bodies++, Promise.reject(down));
    await harness.outcome(harness.wrap(options, method)());
    await harness.outcome(harness.wrap(options, method)());
    expect(bodies).toBe(3);
    expect(() => harness.wrap({ retry: { budget: { ...budget, tokens: 6 } } }, method)).toThrow(
      /retry\.budget\.name/,
    );
  });

  it('shared by name covers the retries of any of its methods, whichever is used first', async () => {
    const harness = new Harness();
    const budget = { name: 'upstream', refill: 0 };
    let bodies = 0;
    const method = async () => (bodies++, Promise.reject(down));
    const few = harness.wrap({ retry: { retries: 1, ...exact, budget } }, method);
    const many = harness.wrap({ retry: { retries: 150, ...exact, backoff: 'constant', budget } }, method);
    await harness.outcome(few());
    bodies = 0;
    await harness.outcome(many());
    expect(bodies).toBe(151);
  });

  it('can be switched off, and says what it takes', async () => {
    const harness = new Harness();
    const { method, calls } = failing(
      Array.from({ length: 200 }, () => down),
      'at last',
    );
    const call = harness.wrap(
      { retry: { retries: 200, ...exact, backoff: 'constant', budget: false } },
      method,
    );
    expect((await harness.outcome(call())).value).toBe('at last');
    expect(calls()).toBe(201);
    const wrong = (budget: unknown) => () => new Harness().operation({ retry: { budget: budget as never } });
    expect(wrong(3)).toThrow('retry.budget: got 3, allowed: true, false, or an object with tokens');
    expect(wrong({ tokens: 0 })).toThrow('retry.budget.tokens: got 0');
    expect(wrong({ token: 9 })).toThrow('retry.budget.token: got an unknown name (did you mean tokens?)');
  });
});

describe('a storm', () => {
  const CALLS = 10_000;

  it('of calls that all fail reaches the other side at most 1.2 times each, with 3 retries', async () => {
    const harness = new Harness();
    let bodies = 0;
    const call = harness.wrap({ retry: 3 }, async () => (bodies++, Promise.reject(down)));
    const calls = Array.from({ length: CALLS }, () => settle(call()));
    for (let second = 0; second < 100; second++) await harness.clock.advance(1_000);
    await Promise.all(calls);
    expect(bodies).toBeLessThanOrEqual(12_000);
    expect(bodies).toBeGreaterThan(CALLS);
  });

  it('does not multiply through three nested layers', async () => {
    const harness = new Harness();
    let bodies = 0;
    const inner = harness.wrap({ retry: 3 }, async () => (bodies++, Promise.reject(down)));
    const middle = harness.wrap({ retry: 3 }, () => inner());
    const outer = harness.wrap({ retry: 3 }, () => middle());
    const calls = Array.from({ length: CALLS }, () => settle(outer()));
    for (let second = 0; second < 100; second++) await harness.clock.advance(1_000);
    await Promise.all(calls);
    expect(bodies).toBeLessThanOrEqual(1.3 * CALLS);
  });
});

describe('what a nested call has tried in vain', () => {
  const nested = (
    inner: OperoOptions,
    outer: OperoOptions,
    between: (error: unknown) => unknown = (error) => error,
  ) => {
    const harness = new Harness();
    let bodies = 0;
    const innermost = harness.wrap(inner, async () => (bodies++, Promise.reject(down)));
    const call = harness.wrap(outer, () => innermost().catch((error) => Promise.reject(between(error))));
    return { run: async () => [(await harness.outcome(call())).error, bodies] as const };
  };
  const retry = { retries: 2, ...exact };

  it('is not tried anew further out, whether as AllFailedError, as the last error, or as the cause of another', async () => {
    const aggregate = { ...retry, exhausted: 'aggregate' } as const;
    expect((await nested({ retry: aggregate }, { retry }).run())[1]).toBe(3);
    const [error, bodies] = await nested({ retry: { ...retry, exhausted: 'last' } }, { retry }).run();
    expect([error, bodies]).toEqual([down, 3]);
    const wrap = (cause: unknown) => new Error('wrapped', { cause });
    expect((await nested({ retry: aggregate }, { retry }, wrap).run())[1]).toBe(3);
    expect((await nested({ retry: { ...retry, exhausted: 'last' } }, { retry }, wrap).run())[1]).toBe(3);
  });

  it('is known through a layer that does not retry, and through one that caches', async () => {
    const harness = new Harness();
    let bodies = 0;
    const innermost = harness.wrap(
      { retry: { ...retry, exhausted: 'last' } },
      async () => (bodies++, Promise.reject(down)),
    );
    const between = harness.wrap({ timeout: 60_000, cache: { key: () => 'key' } }, () => innermost());
    await harness.outcome(harness.wrap({ retry }, () => between())());
    expect(bodies).toBe(3);
  });

  it('is tried anew when asked, and where the same error came from elsewhere', async () => {
    expect((await nested({ retry }, { retry: { ...retry, retryOn: Error } }).run())[1]).toBe(9);
    const { run } = nested({ retry: { ...retry, exhausted: 'last' } }, { retry }, () => new Error('another'));
    expect((await run())[1]).toBe(9);
    const alone = nested({}, { retry });
    expect((await alone.run())[1]).toBe(3);
    expect((await alone.run())[1]).toBe(6);
  });
});
