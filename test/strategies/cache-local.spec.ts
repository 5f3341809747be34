import { describe, expect, it } from '@jest/globals';
import type { OperoOptions } from '../../lib/index.js';
import { Harness } from '../support/harness.js';
import { ManualClock } from '../support/manual-clock.js';
import { RemoteStore } from '../support/remote-store.js';

type Cache = Exclude<OperoOptions['cache'], boolean | number | undefined>;

/** Processes of one app with one store; each has a memory of its own. */
function processes(count: number, cache: Cache, load?: (id: number) => Promise<unknown>) {
  const store = new RemoteStore();
  let loads = 0;
  const one = () => {
    const harness = new Harness({ clock, caching: { store: () => store } });
    const name = 'Prices.of';
    const options = { name, cache: { share: true, jitter: 0, ...cache } };
    const operation = harness.operation(options);
    const method = load ?? (async (id: number) => ({ id, loads: ++loads }));
    const call = (id = 1) =>
      operation.run(
        { self: undefined, method: method as never, args: [id] },
        harness.runtime.scope,
        'promise',
      );
    const answer = async (id?: number): Promise<any> => {
      const value = await call(id);
      // What has loaded is stored by now.
      await clock.settle();
      return value;
    };
    return { operation, call: answer };
  };
  const clock = new ManualClock();
  const reads = () =>
    store.asked.filter((asked) => asked.startsWith('get') && !asked.includes('#epoch')).length;
  return { clock, store, reads, all: Array.from({ length: count }, one) };
}

describe('a local copy of what the store has', () => {
  it('answers without the store for localTtl, in the process that loaded and in those that have read it', async () => {
    const { clock, reads, all } = processes(2, { ttl: 60_000, localTtl: 1_000 });
    const [first, second] = all;
    await first!.call();
    expect(await first!.call()).toEqual({ id: 1, loads: 1 });
    expect(reads()).toBe(1);
    for (let turn = 0; turn < 3; turn++) expect(await second!.call()).toEqual({ id: 1, loads: 1 });
    expect(reads()).toBe(2);
    await clock.advance(1_000);
    for (const { call } of all) expect(await call()).toEqual({ id: 1, loads: 1 });
    expect(reads()).toBe(4);
  });

  it('is there only where it is asked for', async () => {
    const { reads, all } = processes(1, { ttl: 60_000 });
    for (let turn = 0; turn < 3; turn++) await all[0]!.call();
    expect(reads()).toBe(3);
  });

  it('never outlives the entry in the store [cache 16]', async () => {
    const { clock, all } = processes(2, { ttl: 200, localTtl: 10_000 });
    await all[0]!.call();
    await clock.advance(150);
    expect(await all[1]!.call()).toMatchObject({ loads: 1 });
    await clock.advance(49);
    expect(await all[1]!.call()).toMatchObject({ loads: 1 });
    await clock.advance(1);
    expect(await all[1]!.call()).toMatchObject({ loads: 2 });
  });

  it('is served for localTtl at most when another process evicts the entry, and for a second when all are evicted', async () => {
    const { clock, all } = processes(2, { ttl: 60_000, localTtl: 5_000 });
    const [first, second] = all;
    for (const { call } of all) await call();
    await first!.operation.evict([1], undefined);
    expect(await first!.call()).toMatchObject({ loads: 2 });
    await clock.advance(4_999);
    expect(await second!.call()).toMatchObject({ loads: 1 });
    await clock.advance(1);
    expect(await second!.call()).toMatchObject({ loads: 2 });
    await first!.operation.evictAll();
    await clock.advance(1_000);
    await second!.call();
    await clock.settle();
    expect(await second!.call()).toMatchObject({ loads: 3 });
  });

  it('is not served when its own process evicts it, also when the store does not delete', async () => {
    const { store, all } = processes(1, { ttl: 60_000, localTtl: 60_000 });
    const [only] = all;
    await only!.call();
    store.fault = (operation) => {
      if (operation === 'del') throw new Error('down');
    };
    await expect(only!.operation.evict([1], undefined)).rejects.toThrow();
    store.fault = () => undefined;
    expect(await only!.call()).toMatchObject({ loads: 2 });
  });

  it('is for each caller a copy of its own, from the loader and from the store', async () => {
    const { all } = processes(2, { ttl: 60_000, localTtl: 60_000 });
    for (const { call } of all) {
      for (let turn = 0; turn < 3; turn++) {
        const value = await call();
        expect(value).toEqual({ id: 1, loads: 1 });
        value.loads = 'changed';
      }
    }
  });

  it('holds every kind of value as the store does', async () => {
    const values: unknown[] = [undefined, null, 0, '', [new Date(7), new Map([[1, 2n]])]];
    const { all } = processes(2, { ttl: 60_000, localTtl: 60_000 }, async (id) => values[id]);
    for (const { call } of all)
      for (let id = 0; id < values.length; id++)
        for (let turn = 0; turn < 2; turn++) expect(await call(id)).toEqual(values[id]);
  });

  it('does not keep an answer that was evicted while it was read', async () => {
    const { store, clock, all } = processes(2, { ttl: 60_000, localTtl: 60_000 });
    const [first, second] = all;
    await first!.call();
    let release!: () => void;
    store.fault = (operation, key) =>
      operation === 'get' && !key.includes('#epoch')
        ? new Promise<void>((resolve) => (release = resolve))
        : undefined;
    const reading = second!.call();
    await clock.settle();
    store.fault = () => undefined;
    const evicting = second!.operation.evict([1], undefined);
    release();
    await evicting;
    await reading;
    expect((await second!.call()).loads).toBeGreaterThan(1);
  });

  it('is refreshed in the background like the entry itself', async () => {
    const { clock, all } = processes(1, { ttl: 100, localTtl: 1_000, staleWhileRevalidate: 10_000 });
    await all[0]!.call();
    await clock.advance(150);
    expect(await all[0]!.call()).toMatchObject({ loads: 1 });
    await clock.settle();
    expect(await all[0]!.call()).toMatchObject({ loads: 2 });
  });

  it('is bounded by maxEntries', async () => {
    const { reads, all } = processes(1, { ttl: 60_000, localTtl: 60_000 });
    for (let id = 0; id < 10_001; id++) await all[0]!.call(id);
    const before = reads();
    await all[0]!.call(10_000);
    expect(reads()).toBe(before);
    await all[0]!.call(0);
    expect(reads()).toBe(before + 1);
  });

  it('takes a duration', () => {
    const define = (localTtl: unknown) => () => new Harness().operation({ cache: { localTtl } as never });
    expect(define(-1)).toThrow('cache.localTtl: got -1, allowed: a duration in ms, 0 or more');
    expect(define('1s')).toThrow("cache.localTtl: got '1s'");
  });
});
