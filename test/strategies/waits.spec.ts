import { describe, expect, it } from '@jest/globals';
import { BulkheadFullError, RateLimitExceededError, type OperoOptions } from '../../lib/index.js';
import { deferred, Harness, settle } from '../support/harness.js';

const never = () => new Promise<never>(() => undefined);

describe('a wait that throws when it begins', () => {
  it('fails, and the next wait of its call is interrupted by an abort', async () => {
    const harness = new Harness();
    const { call, result } = harness
      .operation({})
      .start({ self: undefined, method: never, args: [] }, harness.runtime.root);
    result.catch(() => undefined);
    const begin = () => {
      throw new Error('boom');
    };
    await expect(call.wait(begin, 1_000)).rejects.toThrow('boom');
    expect(call.waitsUntil).toBe(0);
    call.abort('end');
  });
});

describe('a wait for a permit', () => {
  const limited = (more: OperoOptions = {}) => {
    const harness = new Harness();
    const options: OperoOptions = {
      rateLimit: { limit: 1, interval: 100, maxWait: 500 },
      bulkhead: { concurrency: 1, queue: 10 },
      ...more,
    };
    const operation = harness.operation(options);
    const begin = (method: () => unknown) =>
      operation.start({ self: undefined, method, args: [] }, harness.runtime.root);
    return { harness, begin, operation };
  };

  it('ends after maxWait where permits are held behind a full bulkhead [hard 1.9]', async () => {
    const { harness, begin, operation } = limited();
    const stuck = begin(never);
    await harness.clock.advance(100);
    const holding = begin(() => 'holds a permit');
    const waiting = settle(begin(() => 'waits').result);
    await harness.clock.advance(499);
    expect(operation.monitor.running).toBe(3);
    await harness.clock.advance(1);
    const { error } = await waiting;
    expect(error).toBeInstanceOf(RateLimitExceededError);
    expect(error.message).toContain('there was no permit within 500 ms');
    expect(error.retryAfter).toBeGreaterThan(0);
    expect(operation.monitor.counts['rate-limit-refusal']).toBe(1);
    stuck.call.abort('end');
    await settle(stuck.result);
    expect(await holding.result).toBe('holds a permit');
    expect(harness.clock.pending).toBe(0);
    expect(harness.runtime.root.busy).toBe(false);
  });

  it('is over with the permit that comes in the very moment in which maxWait is [hard 1.9]', async () => {
    const { harness, begin } = limited({ rateLimit: { limit: 1, interval: 500, maxWait: 500 } });
    await begin(() => 1).result;
    const waiting = settle(begin(() => 2).result);
    await harness.clock.advance(500);
    expect((await waiting).value).toBe(2);
  });

  it('that ended gives its place to those behind, in their order [hard 1.9]', async () => {
    const { harness, begin } = limited();
    const stuck = begin(never);
    await harness.clock.advance(100);
    const holding = begin(() => 'held');
    const early = settle(begin(() => 'early').result);
    await harness.clock.advance(300);
    const late = settle(begin(() => 'late').result);
    await harness.clock.advance(200);
    expect((await early).error).toBeInstanceOf(RateLimitExceededError);
    stuck.call.abort('end');
    await settle(stuck.result);
    await holding.result;
    await harness.clock.advance(100);
    expect((await late).value).toBe('late');
    expect(harness.clock.pending).toBe(0);
  });

  it('that is aborted leaves no timer behind [hard 1.9]', async () => {
    const { harness, begin } = limited({ bulkhead: false });
    await begin(() => 1).result;
    const waiting = begin(() => 2);
    waiting.call.abort('enough');
    await expect(waiting.result).rejects.toBe('enough');
    expect(harness.clock.pending).toBe(0);
  });
});

describe('a wait for a slot that would be for itself', () => {
  const queue = (concurrency: number, name?: string): OperoOptions => ({
    bulkhead: { concurrency, queue: 10, ...(name === undefined ? {} : { name }) },
  });

  it('is refused at once where a method calls itself with the last slot [hard 1.9]', async () => {
    const harness = new Harness();
    const call: (depth: number) => Promise<number> = harness.wrap(queue(2), async (depth: number) =>
      depth === 0 ? 0 : 1 + (await call(depth - 1)),
    );
    expect((await harness.outcome(call(1))).value).toBe(1);
    const { error } = await harness.outcome(call(2));
    expect(error).toBeInstanceOf(BulkheadFullError);
    expect(error.message).toContain('would wait for the calls it was made in');
    expect((await harness.outcome(call(1))).value).toBe(1);
    expect(harness.runtime.root.busy).toBe(false);
  });

  it('is refused through other operations, timers and shared names [hard 1.9]', async () => {
    const harness = new Harness();
    const last = harness.wrap(queue(1, 'db'), async () => 'last');
    const between = harness.wrap({ ...queue(1), timeout: 60_000, retry: 1 }, async () => {
      await harness.clock.settle(2);
      return last();
    });
    const first = harness.wrap(queue(1, 'db'), () => between());
    expect((await harness.outcome(first())).error).toBeInstanceOf(BulkheadFullError);
    expect((await harness.outcome(between())).value).toBe('last');
  });

  it('is refused inside a load that the call waits for [hard 1.9]', async () => {
    const harness = new Harness();
    const inner = harness.wrap(queue(1, 'db'), async () => 'inner');
    const cached = harness.wrap({ cache: { key: () => 'key', ttl: 1_000 } }, () => inner());
    const outer = harness.wrap(queue(1, 'db'), () => cached());
    expect((await harness.outcome(outer())).error).toBeInstanceOf(BulkheadFullError);
  });

  it('is refused where another has begun the load that waits for the slot of one who joins [hard 1.9]', async () => {
    const harness = new Harness();
    const bulkhead = { concurrency: 1, queue: 10, name: 'shared' };
    const load = harness.wrap({ singleFlight: true, bulkhead }, async (_key: string) => 'loaded');
    const gate = deferred();
    const outer = harness.wrap({ bulkhead }, async () => {
      await gate.promise;
      return load('key');
    });
    const [holding, other] = [outer(), load('key')].map((call) => settle(call));
    await harness.clock.settle();
    gate.resolve();
    expect((await holding!).error).toBeInstanceOf(BulkheadFullError);
    expect((await other!).value).toBe('loaded');
    expect(harness.runtime.root.busy).toBe(false);
  });

  it('is refused where one who holds the slot has joined the load before it waits [hard 1.9]', async () => {
    const harness = new Harness();
    const bulkhead = { concurrency: 1, queue: 10, name: 'shared' };
    const gate = deferred();
    let attempts = 0;
    const retry = { retries: 1, minDelay: 0, jitter: 'none' } as const;
    const inner = harness.wrap({ bulkhead }, async () => 'inner');
    const load = harness.wrap({ singleFlight: true, retry }, async (_key: string) => {
      await gate.promise;
      return ++attempts === 1 ? Promise.reject(new Error('once')) : inner();
    });
    const outer = harness.wrap({ bulkhead }, async () => load('key'));
    const [other, holding] = [load('key'), outer()].map((call) => settle(call));
    await harness.clock.settle();
    gate.resolve();
    expect((await harness.outcome(holding!)).value!.error).toBeInstanceOf(BulkheadFullError);
    expect((await harness.outcome(other!)).value!.error).toBeInstanceOf(BulkheadFullError);
    expect(harness.runtime.root.busy).toBe(false);
  });

  it('waits as usual where one who holds no slot shares the load [hard 1.9]', async () => {
    const harness = new Harness();
    const bulkhead = { concurrency: 1, queue: 10 };
    const gate = deferred();
    const busy = harness.wrap({ bulkhead: { ...bulkhead, name: 'other' } }, async () => load('key'));
    const slow = { ...bulkhead, name: 'slow' };
    const occupy = harness.wrap({ bulkhead: slow }, () => gate.promise);
    const load = harness.wrap({ singleFlight: true, bulkhead: slow }, async (_key: string) => 'loaded');
    const occupied = occupy();
    const both = [load('key'), busy()];
    await harness.clock.settle();
    gate.resolve();
    expect(await Promise.all(both)).toEqual(['loaded', 'loaded']);
    await occupied;
  });

  it('is refused where all who hold a slot wait for another of them [hard 1.9]', async () => {
    const harness = new Harness();
    const gate = deferred();
    const call: (nested: boolean) => Promise<string> = harness.wrap(queue(2), async (nested: boolean) => {
      if (!nested) return 'inner';
      await gate.promise;
      return call(false);
    });
    const calls = Promise.all([settle(call(true)), settle(call(true))]);
    gate.resolve();
    const outcomes = await harness.outcome(calls);
    expect(outcomes.value!.filter(({ ok }) => ok)).toHaveLength(1);
    expect(harness.runtime.root.busy).toBe(false);
  });

  it('is refused where two wait crosswise for what the other holds [hard 1.9]', async () => {
    const harness = new Harness();
    const gate = deferred();
    const x: (inner: boolean) => Promise<string> = harness.wrap(queue(1), async (inner: boolean) => {
      if (inner) return 'x';
      await gate.promise;
      return y(true);
    });
    const y: (inner: boolean) => Promise<string> = harness.wrap(queue(1), async (inner: boolean) => {
      if (inner) return 'y';
      await gate.promise;
      return x(true);
    });
    const calls = Promise.all([settle(x(false)), settle(y(false))]);
    gate.resolve();
    const outcomes = await harness.outcome(calls);
    expect(outcomes.value!.filter(({ ok }) => ok)).toHaveLength(1);
    expect(harness.runtime.root.busy).toBe(false);
  });

  it('waits as usual where another who holds a slot can still go on [hard 1.9]', async () => {
    const harness = new Harness();
    const work = deferred();
    const call: (kind: string) => Promise<string> = harness.wrap(queue(2), async (kind: string) => {
      if (kind === 'works') await work.promise;
      return kind === 'nested' ? call('inner') : kind;
    });
    const working = call('works');
    const nested = call('nested');
    await harness.clock.settle();
    work.resolve();
    expect(await harness.outcome(Promise.all([working, nested]))).toMatchObject({
      value: ['works', 'inner'],
    });
  });

  it('is refused where one who joins a load later holds the slot that is wanted [hard 1.9]', async () => {
    const harness = new Harness();
    const first = { concurrency: 1, queue: 9 };
    const second = { ...first, name: 'second' };
    const inFirst = harness.operation({ bulkhead: first });
    const inSecond = harness.operation({ bulkhead: second });
    const load = harness.operation({ bulkhead: second, cache: { key: () => 'one' } });
    const run = (operation: typeof load, method: () => unknown) =>
      operation.start({ self: undefined, method: method as never, args: [] }, harness.runtime.scope).result;
    const go = deferred();
    const holder = settle(run(inSecond, async () => (await go.promise, run(inFirst, () => 'never'))));
    const loading = settle(run(load, () => 'loaded'));
    const joined = settle(run(inFirst, () => run(load, () => 'loaded')));
    await harness.clock.settle();
    go.resolve();
    expect((await harness.outcome(holder)).value?.error).toBeInstanceOf(BulkheadFullError);
    expect([(await loading).value, (await joined).value]).toEqual(['loaded', 'loaded']);
  });

  describe('joined last, by one who holds what it waits for through others', () => {
    const chained = () => {
      const harness = new Harness();
      const operations = {
        first: harness.operation({ bulkhead: { concurrency: 1, queue: 9 } }),
        second: harness.operation({ bulkhead: { concurrency: 1, queue: 9 } }),
        x: harness.operation({ cache: { key: () => 'x' } }),
        y: harness.operation({ cache: { key: () => 'y' } }),
      };
      const run = (name: keyof typeof operations, method: () => unknown, signal?: AbortSignal) =>
        operations[name].start(
          { self: undefined, method: method as never, args: [] },
          harness.runtime.scope,
          signal,
        ).result;
      return { harness, run };
    };

    it('another bulkhead, ends [hard 1.9]', async () => {
      const { harness, run } = chained();
      const go = deferred();
      const load = () => run('x', () => run('second', () => 'loaded'));
      const joining = settle(run('first', async () => (await go.promise, load())));
      const between = settle(run('second', () => run('first', () => 'between')));
      const loading = settle(load());
      await harness.clock.settle();
      go.resolve();
      const outcomes = await harness.outcome(Promise.all([joining, between, loading]));
      expect(outcomes.value![0]!.error).toBeInstanceOf(BulkheadFullError);
      expect(outcomes.value!.slice(1).map(({ value }) => value)).toEqual(['between', 'loaded']);
      expect(harness.runtime.root.busy).toBe(false);
    });

    it('another load, ends [hard 1.4] [hard 1.9]', async () => {
      const { harness, run } = chained();
      const go = deferred();
      const loadY = () => run('y', () => run('first', () => 'loaded'));
      const loadX = () => run('x', loadY);
      const joining = settle(run('first', async () => (await go.promise, loadX())));
      const loading = [settle(loadY()), settle(loadX())];
      await harness.clock.settle();
      go.resolve();
      const outcomes = await harness.outcome(Promise.all([joining, ...loading]));
      expect(outcomes.value![0]!.error).toBeInstanceOf(BulkheadFullError);
      expect(outcomes.value!.slice(1).map(({ value }) => value)).toEqual(['loaded', 'loaded']);
      expect(harness.runtime.root.busy).toBe(false);
    });

    it('is not refused for the sake of one who began the load and has left [hard 1.9]', async () => {
      const { harness, run } = chained();
      const [go, more] = [deferred(), deferred()];
      const controller = new AbortController();
      const body = async () => (await go.promise, run('first', () => 'loaded'));
      const holding = run('first', async () => {
        await settle(run('x', body, controller.signal));
        await more.promise;
        return 'held';
      });
      await harness.clock.settle();
      const follower = run('x', body);
      await harness.clock.settle();
      controller.abort(new Error('enough'));
      await harness.clock.settle();
      go.resolve();
      await harness.clock.settle();
      more.resolve();
      expect((await harness.outcome(Promise.all([holding, follower]))).value).toEqual(['held', 'loaded']);
    });
  });

  it('waits as usual in one bulkhead while another is held [hard 1.9]', async () => {
    const harness = new Harness();
    const inner = harness.wrap(queue(1), () => harness.clock.settle(2).then(() => 'ok'));
    const outer = harness.wrap(queue(3), () => Promise.all([inner(), inner(), inner()]));
    const outcome = await settle(Promise.all([outer(), outer(), outer(), outer()]));
    expect(outcome.value).toHaveLength(4);
  });
});
