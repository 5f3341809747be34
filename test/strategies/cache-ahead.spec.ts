import { describe, expect, it } from '@jest/globals';
import { seededRandom, type CacheOptions } from '../../lib/index.js';
import { Harness } from '../support/harness.js';
import { RemoteStore } from '../support/remote-store.js';

const LOAD = 100;

const inProcess = (random: () => number) => new Harness({ random });
const inStore = (random: () => number) => {
  const store = new RemoteStore();
  return new Harness({ random, caching: { store: () => store } });
};

/** A cached method whose loads take 100 ms and count. */
function cached(harness: Harness, cache: CacheOptions) {
  let loads = 0;
  const call = harness.wrap({ cache }, async () => {
    const own = ++loads;
    await new Promise<void>((resolve) => harness.clock.schedule(LOAD, resolve));
    return own;
  });
  return { call, loads: () => loads };
}

describe.each([
  ['in this process', inProcess],
  ['in a store', inStore],
])('refresh ahead, %s', (_name, create) => {
  it.each([
    // A load of 100 ms and a random number of 1/e: due 100 ms before the end, with a beta of 3 300 ms before.
    [true, 890, 1],
    [true, 910, 2],
    [3, 690, 1],
    [3, 710, 2],
    [false, 990, 1],
  ])('with %p, %p ms after the load began to be kept, has loaded %p times', async (ahead, age, loads) => {
    const harness = create(() => Math.exp(-1));
    const method = cached(harness, { ttl: 1_000, refreshAhead: ahead });
    await harness.outcome(method.call());
    await harness.clock.advance(age);
    expect((await harness.outcome(method.call())).value).toBe(1);
    await harness.clock.advance(0);
    expect(method.loads()).toBe(loads);
  });

  it('never lets 200 callers a second wait after the first load', async () => {
    const harness = create(seededRandom(7));
    const method = cached(harness, { ttl: 1_000, refreshAhead: true });
    await harness.outcome(method.call());
    let waited = 0;
    for (let calls = 0; calls < 2_000; calls++) {
      let answered = false;
      void Promise.resolve(method.call()).then(() => (answered = true));
      await harness.clock.settle();
      if (!answered) waited++;
      await harness.clock.advance(5);
    }
    expect(waited).toBe(0);
    // 10 s of a ttl of 1 s: one load for each, and few before their time.
    expect(method.loads()).toBeGreaterThan(9);
    expect(method.loads()).toBeLessThan(25);
  });

  it('lets a call past the ttl wait for the refresh under way', async () => {
    const harness = create(() => Math.exp(-1));
    const method = cached(harness, { ttl: 1_000, refreshAhead: true });
    await harness.outcome(method.call());
    await harness.clock.advance(950);
    expect(await method.call()).toBe(1);
    await harness.clock.advance(60);
    expect((await harness.outcome(method.call())).value).toBe(2);
    expect(method.loads()).toBe(2);
  });
});

it('asks for a beta that can be', () => {
  for (const refreshAhead of [0, -1, NaN, Infinity, '1'] as never[])
    expect(() => new Harness().operation({ cache: { refreshAhead } })).toThrow(
      'allowed: true, false, or a number greater than 0',
    );
  expect(() => new Harness().operation({ cache: { ttl: Infinity, refreshAhead: 1 } })).toThrow(
    'cache.refreshAhead: got a ttl of Infinity beside it',
  );
});
