import { describe, expect, it } from '@jest/globals';
import type { CacheOptions } from '../../lib/index.js';
import { Harness } from '../support/harness.js';
import { RemoteStore } from '../support/remote-store.js';

interface Token {
  readonly id: number;
  readonly validFor: number;
}

const remote = () => {
  const store = new RemoteStore();
  return new Harness({ caching: { store: () => store } });
};

/** A cached method that counts its loads. */
function cached(harness: Harness, cache: CacheOptions, validFor = 100) {
  const loads: number[] = [];
  const call = harness.wrap({ cache }, async (id: number): Promise<Token> => {
    loads.push(id);
    return { id, validFor };
  });
  return { call, loads };
}

describe.each([
  ['in this process', () => new Harness()],
  ['in a store', remote],
])('a ttl that is a function of the result, %s', (_name, create) => {
  it('keeps each result as long as it says', async () => {
    const harness = create();
    const { call, loads } = cached(harness, { ttl: ({ validFor }: Token, id: number) => validFor * id });
    for (const id of [1, 3]) await harness.outcome(call(id));
    await harness.clock.advance(150);
    for (const id of [1, 3]) await harness.outcome(call(id));
    expect(loads).toEqual([1, 3, 1]);
    await harness.clock.advance(150);
    await harness.outcome(call(3));
    expect(loads).toEqual([1, 3, 1, 3]);
  });

  it('keeps a result for ever when it says Infinity, also with staleIfError beside it', async () => {
    const harness = create();
    const { call, loads } = cached(harness, { ttl: () => Infinity, staleIfError: 50 });
    await harness.outcome(call(1));
    await harness.clock.advance(10 ** 9);
    await harness.outcome(call(1));
    expect(loads).toEqual([1]);
  });

  it.each([
    ['throws', () => thrown()],
    ['answers NaN', () => NaN],
    ['answers 0', () => 0],
    ['answers a negative number', () => -1],
    ['answers nothing', () => undefined],
    ['answers a text', () => '1000'],
    ['answers a promise', async () => 1_000],
    ['answers a promise that rejects', async () => thrown()],
    ['answers an object that throws when looked at', () => hostile()],
  ])('does not store the result when it %s, and tells once [cache 18]', async (_what, ttl) => {
    const harness = create();
    let told = 0;
    harness.runtime.events.on('callback-error', () => told++);
    const { call, loads } = cached(harness, { ttl: ttl as () => number });
    for (const _ of [1, 2]) expect((await harness.outcome(call(7))).value).toEqual({ id: 7, validFor: 100 });
    expect([loads.length, told]).toEqual([2, 2]);
    expect(harness.warnings).toEqual([
      expect.stringContaining('cache.ttl failed, the result is not stored: '),
    ]);
  });

  it('voids the write when it evicts what it is asked about', async () => {
    const harness = create();
    let loads = 0;
    let evicting = Promise.resolve();
    const operation = harness.operation({
      cache: { ttl: () => ((evicting = operation.evict([1], undefined)), 1_000) },
    });
    const run = () =>
      operation.run(
        { self: undefined, method: async () => ++loads, args: [1] },
        harness.runtime.scope,
        'promise',
      );
    await harness.outcome(run());
    await evicting;
    await harness.clock.settle();
    expect((await harness.outcome(run())).value).toBe(2);
  });

  it('does not ask it about what unless keeps out', async () => {
    const harness = create();
    const asked: unknown[] = [];
    const { call } = cached(harness, { unless: () => true, ttl: (result) => (asked.push(result), 5) });
    await harness.outcome(call(1));
    expect(asked).toEqual([]);
  });
});

it('names what a ttl may be', () => {
  expect(() => new Harness().operation({ cache: { ttl: 0 } })).toThrow(
    'cache.ttl: got 0, allowed: a duration in ms, greater than 0, or Infinity, or a function of the result',
  );
});

function thrown(): never {
  throw new Error('no idea');
}

const hostile = () =>
  new Proxy(
    {},
    {
      get: () => thrown(),
      getPrototypeOf: () => thrown(),
      ownKeys: () => thrown(),
    },
  );
