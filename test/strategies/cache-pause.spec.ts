import { describe, expect, it } from '@jest/globals';
import type { OperoOptions } from '../../lib/index.js';
import { Harness, httpError, settle } from '../support/harness.js';
import { RemoteStore } from '../support/remote-store.js';

/** A method that is cached for 10 ms, and fails while `down` is set. */
function cached(staleIfError: unknown, more: object = {}, store?: RemoteStore) {
  const harness = new Harness({ caching: { store: () => store } });
  const state = { loads: 0, down: false };
  const cache = { ttl: 10, jitter: 0, staleIfError, ...more } as OperoOptions['cache'];
  const operation = harness.operation({ cache });
  const method = async () => {
    state.loads++;
    if (state.down) throw httpError(503);
    return state.loads;
  };
  const call = async () => {
    const invocation = { self: undefined, method, args: [] };
    const outcome = await settle(
      operation.run(invocation, harness.runtime.scope, 'promise') as Promise<number>,
    );
    await harness.clock.settle();
    return outcome;
  };
  return { harness, state, call, operation };
}

describe.each([
  ['this process', () => undefined],
  ['a store', () => new RemoteStore()],
])('a stale result in %s', (_where, store) => {
  it('is served without a load for the pause after a failure [cache 6]', async () => {
    const { harness, state, call, operation } = cached({ ttl: 10_000, pause: 500 }, {}, store());
    await call();
    state.down = true;
    await harness.clock.advance(50);
    for (let turn = 0; turn < 20; turn++) {
      expect((await call()).value).toBe(1);
      await harness.clock.advance(50);
    }
    expect(state.loads).toBe(3);
    expect(operation.monitor.counts['cache-stale']).toBe(20);
  });

  it('is loaded anew after the pause, and the original error is thrown when it may be served no more', async () => {
    const { harness, state, call } = cached(2_000, {}, store());
    await call();
    state.down = true;
    await harness.clock.advance(50);
    await call();
    state.down = false;
    await harness.clock.advance(999);
    expect((await call()).value).toBe(1);
    await harness.clock.advance(1);
    expect((await call()).value).toBe(3);
    state.down = true;
    await harness.clock.advance(2_011);
    expect((await call()).error).toMatchObject({ message: 'status 503' });
  });

  it('is not served after an eviction, pause or not', async () => {
    const { harness, state, call, operation } = cached(10_000, {}, store());
    await call();
    state.down = true;
    await harness.clock.advance(50);
    await call();
    await operation.evict([], undefined);
    expect((await call()).error).toMatchObject({ message: 'status 503' });
    state.down = false;
    expect((await call()).ok).toBe(true);
  });
});

describe('the pause of staleIfError', () => {
  it('can be left out', async () => {
    const { harness, state, call } = cached({ ttl: 10_000, pause: 0 });
    await call();
    state.down = true;
    await harness.clock.advance(50);
    for (let turn = 0; turn < 3; turn++) expect((await call()).value).toBe(1);
    expect(state.loads).toBe(4);
  });

  it('does not follow a failure that is passed on', async () => {
    const { harness, state, call } = cached({ ttl: 10_000, on: [404] });
    await call();
    state.down = true;
    await harness.clock.advance(50);
    for (let turn = 0; turn < 3; turn++) expect((await call()).ok).toBe(false);
    expect(state.loads).toBe(4);
  });

  it('takes a duration', () => {
    const define = () => new Harness().operation({ cache: { staleIfError: { ttl: 5, pause: -1 } } });
    expect(define).toThrow('cache.staleIfError.pause: got -1, allowed: a duration in ms, 0 or more');
  });
});
