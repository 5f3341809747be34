import { describe, expect, it } from '@jest/globals';
import { deferred, Harness, httpError, settle } from '../support/harness.js';
import { RemoteStore } from '../support/remote-store.js';

const cache = { ttl: 100, staleWhileRevalidate: 10_000 };

describe('a background refresh', () => {
  it('does not run for each call of a method that writes into its argument, and says so [cache 7]', async () => {
    const harness = new Harness();
    let loads = 0;
    const call = harness.wrap({ cache }, async (query: { limit?: number }) => {
      query.limit ??= 10;
      return ++loads;
    });
    await harness.outcome(call({}));
    await harness.clock.advance(200);
    for (let round = 0; round < 10; round++) {
      expect(await call({})).toBe(1);
      await harness.clock.settle();
    }
    expect(loads).toBe(2);
    expect(harness.warnings).toEqual([expect.stringContaining('changes its arguments')]);
  });

  it('does not run for each call while the store takes no writes [cache 7]', async () => {
    const store = new RemoteStore();
    const harness = new Harness({ caching: { store: () => store } });
    let loads = 0;
    const call = harness.wrap({ cache }, async () => ++loads);
    await harness.outcome(call());
    await harness.clock.advance(200);
    store.set = () => Promise.reject(new Error('READONLY'));
    for (let round = 0; round < 10; round++) {
      expect((await harness.outcome(call())).value).toBe(1);
      await harness.clock.settle();
    }
    expect(loads).toBe(2);
  });

  it('whose time is over answers the call that still waits for it with a stale result [hard 2.8]', async () => {
    const harness = new Harness();
    const loads: ReturnType<typeof deferred<number>>[] = [];
    const options = { ttl: 100, staleWhileRevalidate: 1_000, staleIfError: 60_000 };
    const call = harness.wrap({ cache: options }, () => {
      const load = deferred<number>();
      if (loads.push(load) === 1) load.resolve(1);
      return load.promise;
    });
    await harness.outcome(call());
    await harness.clock.advance(900);
    expect(await call()).toBe(1);
    await harness.clock.advance(300);
    const waiting = settle(call());
    await harness.clock.advance(900);
    loads[1]!.reject(httpError(503));
    expect(await waiting).toEqual({ ok: true, value: 1 });
  });

  it('that hangs is logged when its time is over [cache 7]', async () => {
    const harness = new Harness();
    let loads = 0;
    const call = harness.wrap({ cache }, () =>
      ++loads === 2 ? new Promise<number>(() => undefined) : Promise.resolve(loads),
    );
    await harness.outcome(call());
    await harness.clock.advance(200);
    await call();
    await harness.clock.advance(11_000);
    expect(harness.warnings).toEqual([expect.stringContaining('could not refresh a cached result')]);
  });
});
