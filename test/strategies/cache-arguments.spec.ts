import { describe, expect, it } from '@jest/globals';
import type { OperoOptions } from '../../lib/runtime/index.js';
import { Harness } from '../support/harness.js';
import { RemoteStore } from '../support/remote-store.js';

const withStore = () => new Harness({ caching: { store: () => store } });
const store = new RemoteStore();

interface Query {
  id: number;
  limit?: number;
}

const bulkhead = { concurrency: 1, queue: 10 };

describe('a caller that changes an argument', () => {
  it.each<[string, OperoOptions, () => Harness]>([
    ['the store', { cache: true }, withStore],
    ['the store, with a key of its own', { cache: { key: ({ id }: Query) => `${id}` } }, withStore],
    ['a slot', { cache: true, bulkhead }, () => new Harness()],
    ['a slot, without a cache', { singleFlight: true, bulkhead }, () => new Harness()],
  ])('while a load waits for %s leaves nothing under the old key [hard 2.1]', async (_, options, create) => {
    store.entries.clear();
    const harness = create();
    const find = harness.wrap(options, async ({ id }: Query) => `row ${id}`);
    const other = find({ id: 0 });
    const query = { id: 1 };
    const changed = find(query);
    const follower = find({ id: 1 });
    query.id = 2;
    const answers = await harness.outcome(Promise.all([other, changed, follower]));
    expect(answers.value).toEqual(['row 0', 'row 2', 'row 1']);
    const later = await harness.outcome(Promise.all([find({ id: 1 }), find({ id: 2 })]));
    expect(later.value).toEqual(['row 1', 'row 2']);
  });

  it.each<[string, OperoOptions]>([
    ['a hedge', { cache: true, hedge: { delay: 20, idempotent: true } }],
    ['another alternative', { cache: true, argFallback: { values: ['a', 'b'], param: 1 } }],
  ])('before %s begins leaves nothing under the old key [hard 2.1]', async (_, options) => {
    const harness = new Harness();
    let runs = 0;
    const method = async ({ id }: Query, which?: string) => {
      const isFirst = runs++ === 0;
      await new Promise<void>((resolve) => harness.clock.schedule(isFirst ? 200 : 5, resolve));
      if (which === 'a') throw new Error('down');
      return `row ${id}`;
    };
    const find = harness.wrap(options, method, { parameters: 2 });
    const query = { id: 1 };
    const first = find(query);
    await harness.clock.settle();
    query.id = 2;
    await harness.outcome(first);
    expect((await harness.outcome(find({ id: 1 }))).value).toBe('row 1');
  });

  it('before another attempt leaves nothing under the old key [hard 2.1]', async () => {
    const harness = new Harness();
    let calls = 0;
    const find = harness.wrap({ cache: true, retry: 1 }, async ({ id }: Query) => {
      if (++calls === 1) throw new Error('down');
      return `row ${id}`;
    });
    const query = { id: 1 };
    const changed = find(query);
    await harness.clock.settle();
    query.id = 2;
    await harness.outcome(changed);
    expect(await find({ id: 1 })).toBe('row 1');
  });

  it('in the method itself has its result cached as before [hard 2.1]', async () => {
    store.entries.clear();
    let calls = 0;
    const find = withStore().wrap({ cache: true }, async (query: Query) => {
      query.limit ??= 20;
      return ++calls;
    });
    expect([await find({ id: 1 }), await find({ id: 1 })]).toEqual([1, 1]);
  });
});
