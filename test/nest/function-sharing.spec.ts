import { afterEach, describe, expect, it } from '@jest/globals';
import { Test, type TestingModule } from '@nestjs/testing';
import { OperoService, type OperoModuleOptions } from '../../lib/index.js';
import { moduleWith } from '../support/apps.js';
import { RemoteStore } from '../support/remote-store.js';

const running: TestingModule[] = [];
afterEach(() => Promise.all(running.splice(0).map((app) => app.close())));

const start = async (options: OperoModuleOptions = {}): Promise<OperoService> => {
  const app = await Test.createTestingModule({ imports: [moduleWith({}, options)] })
    .setLogger({ log: () => undefined, warn: () => undefined, error: () => undefined })
    .compile();
  await app.init();
  running.push(app);
  return app.get(OperoService, { strict: false });
};

const user = async (id = 1) => `user ${id}`;
const order = async (id = 1) => `order ${id}`;
const profiles = { cached: { cache: 60_000 }, once: { singleFlight: true } };

describe('functions that are cached by hand', () => {
  it('are told apart in runs of one profile, also while they load [hard 2.1]', async () => {
    const opero = await start({ profiles });
    for (const profile of ['cached', 'once', 'cached']) {
      const apart = [opero.run(profile, user, { args: [1] }), opero.run(profile, order, { args: [1] })];
      expect(await Promise.all(apart)).toEqual(['user 1', 'order 1']);
    }
  });

  it('are told apart when they are bound, which all have one text [hard 2.1]', async () => {
    const opero = await start({ profiles });
    class Table {
      constructor(private readonly name: string) {}
      find(id = 1) {
        return `${this.name} ${id}`;
      }
    }
    const [users, orders] = [new Table('user'), new Table('order')].map((table) => table.find.bind(table));
    const ask = async () => [
      await opero.run('cached', users!, { args: [1] }),
      await opero.run('cached', orders!, { args: [1] }),
    ];
    expect([await ask(), await ask()]).toEqual(Array(2).fill(['user 1', 'order 1']));
  });

  it('are told apart in runs and maps of one name, and evicted together [hard 2.1]', async () => {
    const store = new RemoteStore();
    const opero = await start({ cache: { store } });
    const options = { name: 'one', cache: 60_000 };
    const both = async () => [
      await opero.run(options, user, { args: [1] }),
      await opero.run({ ...options }, order, { args: [1] }),
    ];
    expect([await both(), await both()]).toEqual([
      ['user 1', 'order 1'],
      ['user 1', 'order 1'],
    ]);
    let loads = 0;
    const counted = async (id: number) => `${id} ${++loads}`;
    const runCounted = () => opero.run({ ...options }, () => counted(1), { args: [1] });
    expect([await runCounted(), await runCounted()]).toEqual(['1 1', '1 1']);
    await opero.cache.evict({ operation: 'one', args: [1] });
    expect(await runCounted()).toBe('1 2');
    const map = { name: 'many', cache: 60_000 };
    expect(await opero.map([1], user, { ...map }).values()).toEqual(['user 1']);
    expect(await opero.map([1], order, { ...map }).values()).toEqual(['order 1']);
  });

  it.each(['cached', { cache: 60_000 }])(
    'keep what they answer in their process where their names are counted: %j [hard 2.1]',
    async (options) => {
      const store = new RemoteStore();
      const [here, there] = [
        await start({ profiles, cache: { store } }),
        await start({ profiles, cache: { store } }),
      ];
      const [users, orders] = [here.wrap(options, user), there.wrap(options, order)];
      expect([await users(1), await orders(1), await users(1)]).toEqual(['user 1', 'order 1', 'user 1']);
      expect(store.entries.size).toBe(0);
    },
  );
});
