import { afterEach, describe, expect, it } from '@jest/globals';
import { CacheModule } from '@nestjs/cache-manager';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Opero, OperoService } from '../../lib/index.js';
import { moduleWith } from '../support/apps.js';
import { RemoteStore } from '../support/remote-store.js';

const apps: TestingModule[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

interface Item {
  readonly id: string;
  readonly owner: string;
  readonly loads: number;
}

@Injectable()
class Items {
  loads = 0;

  @Opero({ cache: { ttl: 60_000, tags: (item: Item) => [`owner:${item.owner}`] } })
  async find(id: string, owner: string): Promise<Item> {
    return { id, owner, loads: ++this.loads };
  }

  @Opero({ cache: { ttl: Infinity, tags: (_list: Item[], owner: string) => [`owner:${owner}`, 'lists'] } })
  async list(owner: string): Promise<Item[]> {
    return [await this.find('a', owner)];
  }
}

@Injectable()
class Untagged {
  @Opero({ cache: true })
  async find(): Promise<string> {
    return 'found';
  }
}

async function start(metadata: Parameters<typeof moduleWith>[0], store?: RemoteStore) {
  const module = moduleWith(metadata, store && { cache: { store } });
  const app = await Test.createTestingModule({ imports: [module] }).compile();
  apps.push(app);
  await app.init();
  return { app, cache: app.get(OperoService, { strict: false }).cache };
}

describe('cache.evict({ tags })', () => {
  it('evicts what has any of them, in every kind of cache', async () => {
    for (const imports of [[], [CacheModule.register()]]) {
      const { app, cache } = await start({ imports, providers: [Items] });
      const items = app.get(Items);
      const all = async () => [
        (await items.find('a', 'ann')).loads,
        (await items.find('b', 'bob')).loads,
        (await items.list('ann'))[0]!.loads,
      ];
      expect(await all()).toEqual([1, 2, 1]);
      await cache.evict({ tags: ['owner:ann'] });
      expect(await all()).toEqual([3, 2, 3]);
      await cache.evict({ tags: ['lists'] });
      expect(await all()).toEqual([3, 2, 3]);
    }
  });

  it('reaches other processes within a second, before any of their methods was called here', async () => {
    const store = new RemoteStore();
    const { app } = await start({ providers: [Items] }, store);
    const items = app.get(Items);
    await items.find('a', 'ann');
    const other = await start({ providers: [Items] }, store);
    await other.cache.evict({ tags: ['owner:ann'] });
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    await items.find('a', 'ann');
    expect((await items.find('a', 'ann')).loads).toBe(2);
  });

  it.each<[unknown, string]>([
    [{ tags: [] }, 'evict(): tags: got [], allowed: a list of strings that are not empty'],
    [{ tags: [''] }, "evict(): tags: got [ '' ], allowed"],
    [{ tags: 'lists' }, "evict(): tags: got 'lists', allowed"],
    [{ tags: ['a'], operation: 'Items.find' }, 'evict(): tags: got operation beside it, allowed: tags alone'],
  ])('refuses what it cannot mean: %j', async (options, message) => {
    const { cache } = await start({ providers: [Items] });
    await expect(cache.evict(options as never)).rejects.toThrow(message);
  });

  it('says so where no operation has tags', async () => {
    const { cache } = await start({ providers: [Untagged] });
    await expect(cache.evict({ tags: ['a'] })).rejects.toThrow(
      'evict(): tags: got some, allowed: none, since no operation has cache.tags',
    );
  });
});
