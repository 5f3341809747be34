import { afterEach, describe, expect, it } from '@jest/globals';
import { CacheModule } from '@nestjs/cache-manager';
import { Injectable, Scope } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { EvictionFailedError, Opero, OperoService } from '../../lib/index.js';
import { moduleWith } from '../support/apps.js';
import { RemoteStore } from '../support/remote-store.js';

const apps: TestingModule[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

@Injectable()
class Prices {
  loads = 0;
  @Opero({ cache: 60_000 })
  async of(currency: string): Promise<string> {
    return `${currency}${++this.loads}`;
  }
}

class Client {
  loads = 0;
  constructor(readonly base: string) {}
  @Opero({ cache: 60_000 })
  async get(path: string): Promise<string> {
    return `${this.base}${path}${++this.loads}`;
  }
}

async function start(
  metadata: Parameters<typeof moduleWith>[0],
  store?: RemoteStore,
): Promise<TestingModule> {
  const module = moduleWith(metadata, store && { cache: { store } });
  const app = await Test.createTestingModule({ imports: [module] }).compile();
  apps.push(app);
  return app.init();
}

const evictor = (app: TestingModule) => app.get(OperoService, { strict: false }).cache;

describe('cache.evict()', () => {
  it('without args forgets the whole operation, in every kind of cache [hard 3.10]', async () => {
    for (const imports of [[], [CacheModule.register()]]) {
      const app = await start({ imports, providers: [Prices] });
      const prices = app.get(Prices);
      expect([await prices.of('a'), await prices.of('b'), await prices.of('a')]).toEqual(['a1', 'b2', 'a1']);
      await evictor(app).evict({ operation: 'Prices.of' });
      expect([await prices.of('a'), await prices.of('b'), await prices.of('b')]).toEqual(['a3', 'b4', 'b4']);
    }
  });

  it('reaches what an earlier process stored, before anybody has called [hard 2.10]', async () => {
    const store = new RemoteStore();
    const before = await start({ providers: [Prices] }, store);
    await before.get(Prices).of('a');
    const after = await start({ providers: [Prices] }, store);
    expect(await after.get(Prices).of('a')).toBe('a1');
    const admin = await start({ providers: [Prices] }, store);
    await evictor(admin).evict({ operation: 'Prices.of', args: ['a'] });
    expect(store.entries.size).toBe(0);
  });

  it('reaches each of several instances of a class, and one alone where it is given [hard 2.10]', async () => {
    const provider = (base: string) => ({ provide: base, useFactory: () => new Client(base) });
    const app = await start({ providers: [provider('x'), provider('y')] });
    const [x, y] = [app.get<Client>('x'), app.get<Client>('y')];
    const ask = async () => [await x.get('/'), await y.get('/')];
    expect(await ask()).toEqual(['x/1', 'y/1']);
    await evictor(app).evict({ operation: 'Client.get', args: ['/'] });
    expect(await ask()).toEqual(['x/2', 'y/2']);
    await evictor(app).evict({ operation: 'Client.get', args: ['/'], instance: y });
    expect(await ask()).toEqual(['x/2', 'y/3']);
  });

  it('reaches instances that nobody knows by forgetting everything [hard 2.10]', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class Passing extends Client {
      constructor() {
        super('p');
      }
    }
    const app = await start({ providers: [Passing] });
    const one = await app.resolve(Passing);
    expect([await one.get('/'), await one.get('/')]).toEqual(['p/1', 'p/1']);
    await evictor(app).evict({ operation: 'Passing.get', args: ['/'] });
    expect(await one.get('/')).toBe('p/2');
  });

  it('rejects when the store does not delete, and is tried for all all the same [hard 2.10]', async () => {
    const store = new RemoteStore();
    const app = await start({ providers: [Prices] }, store);
    await app.get(Prices).of('a');
    store.fault = (operation) => (operation === 'get' ? undefined : Promise.reject(new Error('read only')));
    for (const args of [['a'], undefined]) {
      const evicting = evictor(app).evict({ operation: 'Prices.of', args });
      await expect(evicting).rejects.toBeInstanceOf(EvictionFailedError);
    }
    expect(await app.get(Prices).of('a')).toBe('a2');
  });

  it('refuses what it cannot mean [hard 2.10]', async () => {
    const app = await start({ providers: [Prices] });
    const { evict } = evictor(app);
    await expect(evict({ operation: 'Prices.of', args: 'a' as never })).rejects.toThrow("args: got 'a'");
    await expect(evict({ operation: 'Prices.of', args: [], instance: new Client('z') })).rejects.toThrow(
      'instance: got an object that is not bound',
    );
    await expect(evict({ operation: 'Prices.of', instance: app.get(Prices) })).rejects.toThrow(
      'instance: got no args beside it',
    );
    await expect(evict({ operation: 'Prices.of', args: ['a'], principal: 'alice' })).rejects.toThrow(
      'principal: got one, allowed: none, since cache.principal is not used',
    );
    await expect(evict({ operation: 'Nobody.here' })).rejects.toThrow("no operation 'Nobody.here'");
  });
});

class Filter {
  constructor(public name?: string) {}
}

class Customer {
  constructor(
    readonly name: string,
    private readonly password: string,
  ) {}
  toJSON(): object {
    return { name: this.name };
  }
  check(password: string): boolean {
    return this.password === password;
  }
}

@Injectable()
class Customers {
  loads = 0;
  @Opero({ cache: 60_000 })
  async all(_filter: Filter): Promise<{ page: Customer[]; when: Date }> {
    this.loads++;
    return { page: [new Customer('ada', 'secret')], when: new Date(7) };
  }
}

describe('entities behind a cache', () => {
  it.each([
    ["Nest's cache", { imports: [CacheModule.register()] }, undefined],
    ['a store that serialises', {}, new RemoteStore()],
    ['no cache at all', {}, undefined],
  ])('stay entities, and DTOs make keys, with %s [hard 2.3] [hard 2.7]', async (_name, metadata, store) => {
    const app = await start({ ...metadata, providers: [Customers] }, store);
    const customers = app.get(Customers);
    await customers.all(new Filter('a'));
    const { page, when } = await customers.all(new Filter('a'));
    expect(customers.loads).toBe(1);
    expect(page[0]).toBeInstanceOf(Customer);
    expect(page[0]!.check('secret')).toBe(true);
    expect(JSON.stringify(page)).toBe('[{"name":"ada"}]');
    expect(when).toEqual(new Date(7));
    expect([...(store?.entries.values() ?? [])].join()).not.toContain('secret');
    await customers.all(new Filter('b'));
    expect(customers.loads).toBe(2);
  });
});
