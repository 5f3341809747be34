import { describe, expect, it } from '@jest/globals';
import { RateLimitExceededError, RefusedError, type OperoOptions } from '../../lib/index.js';
import { deferred, Harness, settle } from '../support/harness.js';

const down = new Error('down');
const exact = { jitter: 'none', minDelay: 10 } as const;
const patient = { timeout: { total: 600_000 } } as const;

describe('a refusal that a method met inside', () => {
  /** A limit that is spent, and a method that runs into it. */
  function refusing(retry: OperoOptions['retry'], interval = 1_000) {
    const harness = new Harness();
    const inner = harness.wrap({ rateLimit: { limit: 1, interval, mode: 'reject' } }, async () => 'inner');
    let bodies = 0;
    const operation = harness.operation({ ...patient, retry });
    const method = () => (bodies++, inner());
    const call = () => operation.start({ self: undefined, method, args: [] }, harness.runtime.root).result;
    return { harness, inner, call, bodies: () => bodies, counts: operation.monitor.counts };
  }

  it('costs budget: a thousand calls do not run four thousand times [hard 4.3]', async () => {
    const { harness, inner, call, bodies } = refusing(
      { retries: 3, retryOn: RateLimitExceededError },
      20_000,
    );
    await inner();
    const outcomes = Array.from({ length: 1_000 }, () => settle(call()));
    for (let second = 0; second < 600; second++) await harness.clock.advance(1_000);
    await Promise.all(outcomes);
    expect(bodies()).toBeLessThanOrEqual(1_200);
  });

  it('is not retried before it says, and not at all beyond maxDelay [hard 4.3] [hard 4.4]', async () => {
    const early = refusing({ retries: 1, ...exact, retryOn: RateLimitExceededError });
    await early.inner();
    const before = early.harness.clock.now();
    expect((await early.harness.outcome(early.call())).value).toBe('inner');
    expect(early.harness.clock.now() - before).toBe(1_000);
    const late = refusing({ retries: 1, ...exact, retryOn: RateLimitExceededError, maxDelay: 999 });
    await late.inner();
    expect((await late.harness.outcome(late.call())).error).toBeInstanceOf(RateLimitExceededError);
    expect(late.bodies()).toBe(1);
  });

  it('costs the same budget when it asks for no wait, and is not retried once that is spent [hard 4.3]', async () => {
    const harness = new Harness();
    let bodies = 0;
    const retry = { retries: 5, ...exact, retryOn: RefusedError, budget: { tokens: 10, refill: 0 } };
    const call = harness.wrap({ retry }, () => {
      bodies++;
      return Promise.reject(new RateLimitExceededError('x', 'elsewhere', 0));
    });
    await harness.outcome(call());
    expect(bodies).toBe(3);
  });
});

describe('a refusal of our own', () => {
  it('is not retried before its time, respectRetryAfter or not [hard 4.4]', async () => {
    for (const respectRetryAfter of [true, false]) {
      const harness = new Harness();
      const starts: number[] = [];
      const call = harness.wrap(
        {
          ...patient,
          rateLimit: { limit: 1, interval: 5_000, mode: 'reject' },
          retry: { retries: 1, ...exact, respectRetryAfter },
        },
        async () => void starts.push(harness.clock.now()),
      );
      await call();
      expect((await harness.outcome(call())).ok).toBe(true);
      expect(starts[1]! - starts[0]!).toBe(5_010);
    }
  });

  it('beyond maxDelay ends the call with it, at once [hard 4.4]', async () => {
    const harness = new Harness();
    const call = harness.wrap(
      {
        ...patient,
        rateLimit: { limit: 1, interval: 5_000, mode: 'reject' },
        retry: { retries: 3, ...exact, maxDelay: 4_999 },
      },
      async () => 1,
    );
    await call();
    const before = harness.clock.now();
    expect((await harness.outcome(call())).error).toMatchObject({ retryAfter: 5_000 });
    expect(harness.clock.now()).toBe(before);
  });

  it('does not keep the alternatives waiting that were let through [hard 4.4]', async () => {
    const harness = new Harness();
    const flaky = new Error('flaky');
    const options: OperoOptions = {
      ...patient,
      circuitBreaker: {
        window: { type: 'consecutive', size: 1 },
        openDuration: 20_000,
        failureOn: (error) => error === down,
      },
      retry: { retries: 2, ...exact },
    };
    const tried: unknown[] = [];
    const method = async (provider?: string) => {
      tried.push(provider);
      if (provider === 'primary') throw down;
      if (tried.length < 4) throw flaky;
      return 'backup';
    };
    const target = { fallbackArguments: new Map([[0, ['primary', 'backup']]]) };
    const before = harness.clock.now();
    expect((await harness.outcome(harness.wrap(options, method, target)())).value).toBe('backup');
    expect(tried).toEqual(['primary', 'backup', 'backup', 'backup']);
    expect(harness.clock.now() - before).toBe(10 + 15);
  });
});

describe('those who wait for one load', () => {
  const shared = (options: OperoOptions, between: (error: unknown) => unknown = (error) => error) => {
    const harness = new Harness();
    let bodies = 0;
    const work = deferred();
    const load = harness.wrap(
      { singleFlight: { key: () => 'key' }, ...options } as OperoOptions,
      async () => {
        bodies++;
        await work.promise;
        throw down;
      },
    );
    const outer = harness.wrap({ retry: { retries: 2, ...exact } }, () =>
      load().catch((error: unknown) => Promise.reject(between(error))),
    );
    return { harness, outer, bodies: () => bodies, work };
  };

  it('know that its attempts are spent: three callers make three attempts, not nine [hard 4.3]', async () => {
    for (const exhausted of ['last', 'aggregate'] as const) {
      const { harness, outer, bodies, work } = shared({ retry: { retries: 2, exhausted, ...exact } });
      const calls = Promise.all([outer(), outer(), outer()].map((call) => settle(call)));
      work.resolve();
      const outcome = await harness.outcome(calls);
      expect(outcome.value!.map(({ ok }) => ok)).toEqual([false, false, false]);
      expect(bodies()).toBe(3);
    }
  });

  it('know it where the method has wrapped what it was told [hard 4.3]', async () => {
    const wrap = (cause: unknown) => new Error('wrapped', { cause });
    const { harness, outer, bodies, work } = shared(
      { retry: { retries: 2, exhausted: 'last', ...exact } },
      wrap,
    );
    const calls = Promise.all([outer(), outer(), outer()].map((call) => settle(call)));
    work.resolve();
    await harness.outcome(calls);
    expect(bodies()).toBe(3);
  });
});

it('counts a call that loads once among those that run [hard 4.7]', async () => {
  const harness = new Harness();
  const work = deferred<number>();
  const operation = harness.operation({ cache: { key: () => 'key', ttl: 1_000 } });
  const begin = () =>
    operation.start({ self: undefined, method: () => work.promise, args: [] }, harness.runtime.root).result;
  const calls = [begin(), begin()];
  await harness.clock.settle();
  expect(operation.snapshot().running).toBe(2);
  work.resolve(1);
  await Promise.all(calls);
  await harness.clock.settle();
  expect(operation.snapshot().running).toBe(0);
});
