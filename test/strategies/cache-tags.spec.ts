import { describe, expect, it } from '@jest/globals';
import { EvictionFailedError, type OperoOptions } from '../../lib/index.js';
import { Tags } from '../../lib/strategies/cache/tags.js';
import { deferred, Harness } from '../support/harness.js';
import { ManualClock } from '../support/manual-clock.js';
import { RemoteStore } from '../support/remote-store.js';

type Cache = Exclude<OperoOptions['cache'], boolean | number | undefined>;

/** Processes of one app with one store, or with none. */
function processes(count: number, cache: Cache = {}, store: RemoteStore | null = new RemoteStore()) {
  const clock = new ManualClock();
  let loads = 0;
  const state = { tenant: undefined as string | undefined, held: undefined as Promise<void> | undefined };
  const one = () => {
    const tenant = cache.namespace === 'tenants' ? () => state.tenant : undefined;
    const harness = new Harness({ clock, caching: { store: () => store ?? undefined, tenant } });
    const method = async (_id: string) => {
      const own = ++loads;
      await state.held;
      return own;
    };
    const make = (name: string) => {
      const tags = (_result: unknown, id: string) => [`item:${id}`, name];
      const operation = harness.operation({
        name,
        cache: { ttl: 60_000, jitter: 0, tags, ...cache },
      } as OperoOptions);
      const call = async (id = 'a') => {
        const invocation = { self: undefined, method, args: [id] };
        const value = await operation.run(invocation, harness.runtime.scope, 'promise');
        await clock.settle();
        return value;
      };
      return { call, operation };
    };
    const [items, lists] = [make('items'), make('lists')];
    const evict = (...tags: string[]) => items.operation.evictTags(tags);
    return { harness, items: items.call, lists: lists.call, evict };
  };
  return { clock, store, state, loads: () => loads, all: Array.from({ length: count }, one) };
}

describe.each([
  ['a store', () => new RemoteStore()],
  ['this process', () => null],
])('results with tags in %s', (_where, store) => {
  it('are evicted by any of them, whatever the operation, and no others', async () => {
    const { all } = processes(1, {}, store());
    const { items, lists, evict } = all[0]!;
    expect([await items('a'), await items('b'), await lists('a'), await lists('b')]).toEqual([1, 2, 3, 4]);
    await evict('item:a');
    expect([await items('a'), await items('b'), await lists('a'), await lists('b')]).toEqual([5, 2, 6, 4]);
    await evict('lists', 'nothing');
    expect([await items('a'), await items('b'), await lists('a'), await lists('b')]).toEqual([5, 2, 7, 8]);
  });

  it('are cached again after an eviction', async () => {
    const { clock, all } = processes(1, {}, store());
    const { items, evict } = all[0]!;
    for (let turn = 1; turn < 4; turn++) {
      for (let call = 0; call < 3; call++) expect(await items()).toBe(turn);
      await clock.advance(10);
      await evict('item:a');
    }
  });

  it('that are loading when a tag is evicted are neither stored nor joined', async () => {
    const { state, clock, all } = processes(1, {}, store());
    const { items, evict } = all[0]!;
    const { promise, resolve } = deferred();
    state.held = promise;
    const first = items();
    await clock.settle();
    await evict('item:a');
    const second = items();
    resolve();
    expect([await first, await second]).toEqual([1, 2]);
    expect(await items()).toBe(2);
  });

  it('are not served past their ttl either', async () => {
    const { clock, all } = processes(
      1,
      { ttl: 100, staleWhileRevalidate: 10_000, staleIfError: 10_000 },
      store(),
    );
    const { items, evict } = all[0]!;
    await items();
    await clock.advance(200);
    await evict('item:a');
    expect(await items()).toBe(2);
  });
});

describe('a tag that another process evicts', () => {
  it.each([0, 60_000])('is noticed within a second, also with a localTtl of %d', async (localTtl) => {
    const { clock, all } = processes(2, { localTtl });
    const [first, second] = all;
    for (const { items } of all) expect(await items()).toBe(1);
    await first!.evict('item:a');
    await clock.advance(1_000);
    await second!.items();
    expect(await second!.items()).toBe(2);
    expect(await first!.items()).toBe(2);
    expect(await second!.items('b')).toBe(3);
    expect(await second!.items('b')).toBe(3);
  });

  it('voids what was loaded before, also by a process that did not know of it yet', async () => {
    const { state, clock, all } = processes(2);
    const [first, second] = all;
    const { promise, resolve } = deferred();
    state.held = promise;
    const old = second!.items();
    await clock.settle();
    await first!.evict('item:a');
    resolve();
    state.held = undefined;
    await old;
    await clock.advance(1_000);
    expect(await first!.items()).toBe(2);
    await clock.advance(1_000);
    expect(await second!.items()).toBe(2);
  });

  it('stays evicted when both evict at the same time', async () => {
    const { clock, store, all } = processes(2);
    for (const { items } of all) await items();
    store!.fault = () => new Promise((resolve) => setImmediate(resolve));
    await Promise.all(all.map(({ evict }, index) => evict(index === 0 ? 'item:a' : 'item:b')));
    store!.fault = () => undefined;
    await clock.advance(1_000);
    for (const { items } of all) expect(await items()).toBe(2);
    for (let turn = 0; turn < 3; turn++) for (const { items } of all) expect(await items()).toBe(2);
  });
});

describe('tags', () => {
  it('of tenants are apart', async () => {
    const { state, all } = processes(1, { namespace: 'tenants' });
    const { items, evict } = all[0]!;
    const call = (tenant: string) => ((state.tenant = tenant), items());
    expect([await call('one'), await call('two')]).toEqual([1, 2]);
    state.tenant = 'one';
    await evict('item:a');
    expect([await call('one'), await call('two')]).toEqual([3, 2]);
    state.tenant = undefined;
    await expect(evict('item:a')).rejects.toThrow('without a tenant');
  });

  it('are not shown to the store', async () => {
    const { store, all } = processes(1);
    await all[0]!.items('secret');
    await all[0]!.evict('item:secret');
    expect(JSON.stringify([...store!.entries])).not.toContain('secret');
  });

  it('whose eviction the store does not take are evicted here, and the eviction rejects', async () => {
    const { store, all } = processes(1);
    const { items, evict } = all[0]!;
    await items();
    store!.fault = (operation) => {
      if (operation === 'set') throw new Error('read-only');
    };
    await expect(evict('item:a')).rejects.toBeInstanceOf(EvictionFailedError);
    store!.fault = () => undefined;
    expect(await items()).toBe(2);
  });

  it.each([
    ['throws', () => { throw new Error('boom'); }],
    ['answers with a text', () => 'tag'],
    ['answers with an empty tag', () => ['']],
    ['answers with a promise', async () => ['tag']],
    ['answers with too many', () => Array.from({ length: 101 }, String)],
  ])('from a function that %s keep the result out, and that is reported', async (_title, tags) => {
    const { all } = processes(1, { tags: tags as never });
    const { harness, items } = all[0]!;
    expect([await items(), await items()]).toEqual([1, 2]);
    expect(harness.warnings.join()).toContain('cache.tags failed, the result is not stored');
  }); // prettier-ignore

  it('are bounded: when one is forgotten, what may have had it is loaded anew', async () => {
    const clock = new ManualClock();
    const tags = new Tags({ app: '', keySecret: undefined }, clock, 3);
    const entry = { tags: ['x'], generation: tags.generation };
    for (const id of ['x', '1', '2', '3', '4']) {
      await clock.advance(10);
      await tags.evict([id], undefined, () => undefined);
    }
    expect(tags.admits(entry)).toBe(false);
    expect(tags.admits({ tags: ['x'], generation: tags.generation })).toBe(true);
    expect(tags.admits({ tags: [], generation: 0 })).toBe(true);
  });

  it('survive nonsense in the store', async () => {
    for (const nonsense of [{ generation: 'x' }, { generation: 1e300 }, 7, null, { generation: NaN }]) {
      const { clock, store, all } = processes(1);
      const { items } = all[0]!;
      await items();
      for (const [key, value] of store!.entries)
        if (value.includes('generation')) store!.entries.set(key, JSON.stringify(nonsense));
      store!.entries.set('opero::#tag', JSON.stringify(nonsense));
      await clock.advance(1_000);
      for (let turn = 0; turn < 2; turn++) await items();
      expect(await items()).toBeLessThan(3);
    }
  });
});
