import { afterEach, describe, expect, it } from '@jest/globals';
import { CACHE_MANAGER, CacheModule } from '@nestjs/cache-manager';
import { Inject, Injectable, Module, Scope, type DynamicModule, type ModuleMetadata } from '@nestjs/common';
import { ContextIdFactory, REQUEST } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import KeyvRedis from '@keyv/redis';
import { createCache, type Cache } from 'cache-manager';
import { Opero, OperoModule, OperoService, type OperoModuleOptions } from '../../lib/index.js';
import { freePort } from '../support/transports.js';

let reference: TestingModule;
afterEach(() => reference.close());

const start = async (metadata: ModuleMetadata, options?: OperoModuleOptions): Promise<TestingModule> => {
  const imports = [OperoModule.forRoot(options), ...(metadata.imports ?? [])];
  reference = await Test.createTestingModule({ ...metadata, imports }).compile();
  await reference.init();
  return reference;
};

@Injectable()
class Counter {
  calls = 0;
  @Opero({ cache: 60_000 })
  async next(_id: number): Promise<number> {
    return ++this.calls;
  }
}

describe('the cache of an app [cache 19]', () => {
  @Module({ imports: [CacheModule.register()] })
  class Elsewhere {}
  const registrations: [string, ModuleMetadata['imports']][] = [
    ['is this process where there is none', []],
    ['is found in a module that is not global', [Elsewhere]],
    ['is found where it is global', [CacheModule.register({ isGlobal: true })]],
    [
      'is found where it is made later',
      [CacheModule.registerAsync({ useFactory: async () => ({ ttl: 5 }) })],
    ],
    ['is the last of two', [CacheModule.register(), Elsewhere]],
  ];
  it.each(registrations)('%s: two calls are one load', async (_name, imports) => {
    const app = await start({ imports, providers: [Counter] });
    expect([
      await app.get(Counter).next(1),
      await app.get(Counter).next(1),
      await app.get(Counter).next(2),
    ]).toEqual([1, 1, 2]);
  });

  it('is really used, under keys that hide the arguments', async () => {
    const app = await start({ imports: [CacheModule.register({ isGlobal: true })], providers: [Counter] });
    await app.get(Counter).next(1);
    const { stores } = app.get<Cache>(CACHE_MANAGER, { strict: false });
    const keys: string[] = [];
    for await (const [key] of stores[0]!.iterator!(undefined)) keys.push(key as string);
    expect(keys.join()).toMatch(/opero:nestjs-opero:Counter\.next:RootTestModule\/Counter:[\w-]{43}/);
  });

  it('can be one that is named', async () => {
    const store = createCache();
    const app = await start({ providers: [Counter] }, { cache: { store } });
    await app.get(Counter).next(1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    store.get = async () => ({ opero: 1, value: 77 }) as never;
    expect(await app.get(Counter).next(1)).toBe(77);
  });

  it('works with what keyv and cacheable offer as stores, through get, set and del alone', async () => {
    const entries = new Map<string, unknown>();
    const odd = {
      get: async (key: string) => entries.get(key),
      set: async (key: string, value: unknown) => void entries.set(key, value),
      del: async (key: string) => entries.delete(key),
      wrap: () => new Promise(() => undefined),
      ttl: () => NaN,
    };
    const app = await start({ providers: [Counter] }, { cache: { store: odd } });
    expect([await app.get(Counter).next(1), await app.get(Counter).next(1)]).toEqual([1, 1]);
  });

  it('does not keep the boot or a call waiting for a Redis that was never up [cache 3] [peers 25]', async () => {
    const unhandled: unknown[] = [];
    const onUnhandled = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', onUnhandled);
    const redis = new KeyvRedis(`redis://127.0.0.1:${await freePort()}`, { connectionTimeout: 50 } as never);
    redis.on('error', () => undefined);
    // Its own way of ending waits for the connection that never comes.
    redis.disconnect = async () => undefined;
    const imports = [CacheModule.register({ stores: [redis] as never, isGlobal: true }) as DynamicModule];
    const app = await start({ imports, providers: [Counter] }, { cache: { storeTimeout: 40 } });
    for (const expected of [1, 2, 3, 4]) {
      expect(await app.get(Counter).next(1)).toBe(expected);
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    process.off('unhandledRejection', onUnhandled);
    (redis.client as { destroy(): void }).destroy();
    expect(unhandled).toEqual([]);
  });

  it('forgets one call when told to', async () => {
    const app = await start({ imports: [CacheModule.register()], providers: [Counter] });
    const { cache } = app.get(OperoService, { strict: false });
    await app.get(Counter).next(1);
    await app.get(Counter).next(2);
    await cache.evict({ operation: 'Counter.next', args: [1] });
    expect([await app.get(Counter).next(1), await app.get(Counter).next(2)]).toEqual([3, 2]);
    await expect(cache.evict({ operation: 'Counter.nxt', args: [] })).rejects.toThrow(
      "no operation 'Counter.nxt'",
    );
  });
});

describe('entries are never shared [cache 13] [peers 1]', () => {
  @Injectable()
  class Client {
    constructor(readonly baseUrl: string) {}
    @Opero({ cache: 60_000 })
    async get(path: string): Promise<string> {
      return `${this.baseUrl}${path}`;
    }
    @Opero({ cache: { ttl: 60_000, share: true } })
    async shared(): Promise<string> {
      return this.baseUrl;
    }
  }

  const client = (baseUrl: string) => ({ provide: baseUrl, useFactory: () => new Client(baseUrl) });

  it('between two providers of one class, unless told', async () => {
    const app = await start({
      imports: [CacheModule.register()],
      providers: [client('http://a'), client('http://b')],
    });
    expect(await app.get('http://a').get('/')).toBe('http://a/');
    expect(await app.get('http://b').get('/')).toBe('http://b/');
    expect(await app.get('http://a').shared()).toBe('http://a');
    expect(await app.get('http://b').shared()).toBe('http://a');
  });

  it('between instances of a module that is imported twice', async () => {
    @Module({})
    class Tenant {
      static register(name: string): DynamicModule {
        return {
          module: Tenant,
          providers: [{ provide: 'client', useFactory: () => new Client(name) }],
          exports: [{ provide: 'client', useValue: 0 }].slice(1),
        };
      }
    }
    const app = await start({
      imports: [CacheModule.register(), Tenant.register('a'), Tenant.register('b')],
    });
    const clients = app.get<Client>('client', { strict: false, each: true } as never) as unknown as Client[];
    expect(clients).toHaveLength(2);
    const answers = await Promise.all(clients.map((one) => one.get('/')));
    expect(answers.sort()).toEqual(['a/', 'b/']);
  });

  it('between requests of a request-scoped provider', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {
      constructor(@Inject(REQUEST) readonly request: { user: string }) {}
      @Opero({ cache: 60_000 })
      async me(): Promise<string> {
        return this.request.user;
      }
    }
    const app = await start({ imports: [CacheModule.register()], providers: [PerRequest] });
    const answers: string[] = [];
    for (const user of ['alice', 'bob']) {
      const context = ContextIdFactory.create();
      app.registerRequestByContextId({ user }, context);
      const instance = await app.resolve(PerRequest, context);
      answers.push(await instance.me(), await instance.me());
    }
    expect(answers).toEqual(['alice', 'alice', 'bob', 'bob']);
  });
});
