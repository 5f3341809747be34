import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { currentCall, type OperoOptions } from '../../lib/index.js';
import type { RuntimeSettings } from '../../lib/runtime/index.js';
import { deferred, Harness, httpError, settle } from '../support/harness.js';
import { RemoteStore } from '../support/remote-store.js';

const cache = { ttl: 100, staleWhileRevalidate: 1_000 };

const inProcess = (settings: RuntimeSettings = {}) => new Harness(settings);
const inStore = ({ caching, ...settings }: RuntimeSettings = {}) => {
  const store = new RemoteStore();
  return new Harness({ ...settings, caching: { store: () => store, ...caching } });
};

/** A method whose loads after the first are answered by hand. */
function byHand(harness: Harness, options: OperoOptions = { cache }) {
  const loads: ReturnType<typeof deferred<number>>[] = [];
  const call = harness.wrap(options, (_id: number) => {
    const load = deferred<number>();
    loads.push(load);
    if (loads.length === 1) load.resolve(1);
    return load.promise;
  });
  const primed = async () => {
    await harness.outcome(call(1));
    await harness.clock.advance(200);
  };
  return { call, loads, primed };
}

describe.each([
  ['in this process', inProcess],
  ['in a store', inStore],
])('stale while revalidate, %s', (_name, create) => {
  it('answers 20 calls past the ttl at once, with one refresh [cache 7]', async () => {
    const harness = create();
    const { call, loads, primed } = byHand(harness);
    await primed();
    const answers = Array.from({ length: 20 }, () => call(1));
    await harness.clock.settle();
    expect(await Promise.all(answers)).toEqual(Array(20).fill(1));
    expect(await call(1)).toBe(1);
    expect(loads).toHaveLength(2);
    loads[1]!.resolve(2);
    await harness.clock.settle();
    expect(await call(1)).toBe(2);
    expect(loads).toHaveLength(2);
  });

  it('keeps the old result when a refresh fails, with an event, one log line, and a pause [cache 7]', async () => {
    const harness = create();
    const failures: unknown[] = [];
    harness.runtime.events.on('cache-refresh-failure', ({ error }) => failures.push(error));
    const { call, loads, primed } = byHand(harness);
    await primed();
    for (let round = 1; round <= 3; round++) {
      expect(await call(1)).toBe(1);
      await harness.clock.settle();
      loads[1]?.reject(httpError(503));
      await harness.clock.settle();
    }
    expect([loads.length, failures.length]).toEqual([2, 1]);
    await turn();
    // After the pause the next call tries again.
    await harness.clock.advance(850);
    const {
      call: other,
      loads: others,
      primed: primedToo,
    } = byHand(harness, {
      cache: { ttl: 100, staleWhileRevalidate: 10_000 },
    });
    await primedToo();
    for (let refresh = 1; refresh <= 2; refresh++) {
      expect(await other(1)).toBe(1);
      await harness.clock.settle();
      others[refresh]!.reject(httpError(503));
      await harness.clock.advance(1_100);
    }
    expect(others).toHaveLength(3);
    expect(harness.warnings.filter((line) => line.includes('could not refresh'))).toHaveLength(2);
  });

  it('ends a refresh that hangs, and begins another [cache 7]', async () => {
    const harness = create();
    const signals: AbortSignal[] = [];
    let loads = 0;
    const call = harness.wrap({ cache: { ttl: 100, staleWhileRevalidate: 500 } }, () => {
      signals.push(currentCall()!.signal);
      return ++loads === 2 ? new Promise<number>(() => undefined) : Promise.resolve(loads);
    });
    await harness.outcome(call());
    await harness.clock.advance(200);
    expect(await call()).toBe(1);
    await harness.clock.advance(600);
    expect(signals[1]!.aborted).toBe(true);
    expect((await harness.outcome(call())).value).toBe(3);
    expect(harness.clock.pending).toBe(0);
  });

  it('lets a call past the window wait for the refresh under way, which then goes on for it', async () => {
    const harness = create();
    const { call, loads, primed } = byHand(harness);
    await primed();
    await harness.clock.advance(700);
    expect(await call(1)).toBe(1);
    await harness.clock.advance(300);
    const waiting = settle(call(1));
    await harness.clock.advance(900);
    loads[1]!.resolve(2);
    expect(await waiting).toEqual({ ok: true, value: 2 });
    expect(loads).toHaveLength(2);
  });

  it('loads while the caller waits when the window is over', async () => {
    const harness = create();
    const { call, loads, primed } = byHand(harness);
    await primed();
    await harness.clock.advance(900);
    const answer = call(1);
    await harness.clock.settle();
    loads[1]!.resolve(2);
    expect(await answer).toBe(2);
  });

  it('runs in no request: without the context, signal and correlation id of the caller', async () => {
    const harness = create();
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    let parent = '';
    const inner = harness.wrap({ cache }, async () => {
      seen.push([storage.getStore(), currentCall()!.correlationId === parent, currentCall()!.deadline]);
    });
    const outer = harness.wrap({ timeout: { total: 5_000 } }, () => {
      parent = currentCall()!.correlationId;
      return inner();
    });
    await harness.outcome(storage.run('first', outer));
    await harness.clock.advance(200);
    await storage.run('second', outer);
    await harness.clock.settle();
    expect(seen).toEqual([
      ['first', true, expect.any(Number)],
      [undefined, false, Infinity],
    ]);
  });

  it('goes through the strategies further in', async () => {
    const harness = create();
    let loads = 0;
    const call = harness.wrap({ cache, retry: { retries: 1, minDelay: 10, jitter: 'none' } }, async () => {
      if (++loads === 2) throw httpError(503);
      return loads;
    });
    await harness.outcome(call());
    await harness.clock.advance(200);
    expect(await call()).toBe(1);
    await harness.clock.advance(20);
    expect(await call()).toBe(3);
  });

  it('does not store a refresh that an eviction came before', async () => {
    const harness = create();
    const operation = harness.operation({ cache });
    const loads: ReturnType<typeof deferred<number>>[] = [];
    const method = () => {
      loads.push(deferred<number>());
      return loads.at(-1)!.promise;
    };
    const run = () =>
      operation.run(
        { self: undefined, method, args: [1] },
        harness.runtime.scope,
        'promise',
      ) as Promise<number>;
    const first = run();
    await harness.clock.settle();
    loads[0]!.resolve(1);
    await first;
    await harness.clock.advance(200);
    expect(await run()).toBe(1);
    await harness.clock.settle();
    await operation.evict([1], undefined);
    loads[1]!.resolve(2);
    await harness.clock.settle();
    const next = run();
    await harness.clock.settle();
    loads[2]!.resolve(3);
    expect(await next).toBe(3);
  });

  it('does not store under the old key what a changed argument has given', async () => {
    const harness = create();
    const gate = deferred();
    let loads = 0;
    const call = harness.wrap({ cache }, async (filter: { page: number }) => {
      if (++loads > 1) await gate.promise;
      return filter.page;
    });
    await harness.outcome(call({ page: 1 }));
    await harness.clock.advance(200);
    const filter = { page: 1 };
    expect(await call(filter)).toBe(1);
    await harness.clock.settle();
    filter.page = 2;
    gate.resolve();
    await harness.clock.settle();
    expect(await call({ page: 1 })).toBe(1);
  });

  it('reloads while the caller waits where the key needs the context of the caller', async () => {
    const storage = new AsyncLocalStorage<string>();
    for (const settings of [{ caching: { tenant: () => storage.getStore() } }, {}]) {
      const harness = create(settings as RuntimeSettings);
      const key = () => String(storage.getStore());
      const call = harness.wrap({ cache: { ...cache, ...(!('caching' in settings) && { key }) } }, async () =>
        storage.getStore(),
      );
      for (const user of ['ann', 'bob', 'ann', 'bob']) {
        expect((await harness.outcome(storage.run(user, call))).value).toBe(user);
        await harness.clock.advance(80);
      }
      expect(harness.warnings).toEqual([expect.stringContaining('is not refreshed in the background')]);
    }
  });

  it('is ended by a shutdown, and not begun again [cache 20]', async () => {
    const harness = create();
    const { call, loads, primed } = byHand(harness);
    await primed();
    expect(await call(1)).toBe(1);
    await harness.clock.settle();
    const closed = settle(harness.runtime.close(300));
    await harness.clock.advance(400);
    expect((await closed).ok).toBe(true);
    loads[1]!.resolve(2);
    await harness.clock.settle();
    expect(await call(1)).toBe(1);
    await harness.clock.settle();
    expect(loads).toHaveLength(2);
    await turn();
  });

  it('begins nothing once a shutdown has begun', async () => {
    const harness = create();
    const { call, loads, primed } = byHand(harness);
    await primed();
    await harness.runtime.close(300);
    expect(await call(1)).toBe(1);
    await harness.clock.settle();
    expect(loads).toHaveLength(1);
  });

  it('gives each caller a copy of its own', async () => {
    const harness = create();
    const call = harness.wrap({ cache }, async () => ({ tags: ['a'] }));
    await harness.outcome(call());
    await harness.clock.advance(200);
    const [one, two] = await Promise.all([call(), call()]);
    one.tags.push('b');
    expect(two).toEqual({ tags: ['a'] });
    expect(one.tags).toEqual(['a', 'b']);
    expect(await call()).toEqual({ tags: ['a'] });
  });
});

it('needs a ttl that ends', () => {
  expect(() => new Harness().operation({ cache: { ttl: Infinity, staleWhileRevalidate: 5 } })).toThrow(
    'cache.staleWhileRevalidate: got a ttl of Infinity beside it',
  );
});
