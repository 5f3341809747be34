import { afterEach, describe, expect, it } from '@jest/globals';
import KeyvRedis from '@keyv/redis';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import { Opero } from '../../lib/index.js';
import { moduleWith } from '../support/apps.js';
import { hasRedis, PrivateRedis } from '../support/redis.js';

const suite = hasRedis ? describe : describe.skip;

const STORE_TIMEOUT = 50;
const SLACK = 2_000;

@Injectable()
class Loader {
  loads = 0;
  @Opero({ cache: 60_000 })
  async load(_id: number): Promise<unknown> {
    this.loads++;
    return { when: new Date(7), many: new Map([[1, 10n]]), none: undefined };
  }

  @Opero({ cache: 60_000 })
  async unstorable(): Promise<unknown> {
    return { call: () => 1 };
  }
}

suite('on a real Redis', () => {
  let redis: PrivateRedis;
  let reference: TestingModule;
  let adapter: KeyvRedis<unknown>;

  const start = async (): Promise<Loader> => {
    redis = await PrivateRedis.start();
    adapter = new KeyvRedis(redis.url);
    adapter.on('error', () => undefined);
    const store = createCache({ stores: [new Keyv({ store: adapter })] });
    const module = moduleWith({ providers: [Loader] }, { cache: { store, storeTimeout: STORE_TIMEOUT } });
    reference = await Test.createTestingModule({ imports: [module] }).compile();
    await reference.init();
    return reference.get(Loader);
  };

  afterEach(async () => {
    redis.thaw();
    await reference.close();
    (adapter.client as { destroy(): void }).destroy();
    await redis.kill();
  });

  /** Calls, and fails if that takes longer than a store may. */
  const bounded = async (call: () => Promise<unknown>): Promise<unknown> => {
    const late = new Promise((_, reject) =>
      setTimeout(() => reject(new Error('too late')), STORE_TIMEOUT * 2 + SLACK).unref(),
    );
    return Promise.race([call(), late]);
  };

  it('gives back what was stored as it was, to one load', async () => {
    const loader = await start();
    const [first, second] = [await loader.load(1), await loader.load(1)];
    await new Promise((resolve) => setTimeout(resolve, 50));
    const third = await loader.load(1);
    expect([first, second, third]).toEqual(
      Array(3).fill({ when: new Date(7), many: new Map([[1, 10n]]), none: undefined }),
    );
    expect(loader.loads).toBe(1);
  });

  it('that freezes delays a call by its time at most, and hits again when it thaws [cache 2]', async () => {
    const loader = await start();
    await loader.load(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    redis.freeze();
    for (let call = 0; call < 5; call++) await bounded(() => loader.load(1));
    redis.thaw();
    const loads = loader.loads;
    // The store is left alone for five seconds after three failures.
    await new Promise((resolve) => setTimeout(resolve, 5_200));
    await bounded(() => loader.load(1));
    expect(loader.loads).toBe(loads);
  }, 15_000);

  it('that dies fails no call, and is used again once it is back [cache 4]', async () => {
    const loader = await start();
    for (let call = 0; call < 3; call++) await loader.load(1);
    await redis.kill();
    for (let call = 0; call < 3; call++) await bounded(() => loader.load(1));
    await redis.start();
    await new Promise((resolve) => setTimeout(resolve, 5_200));
    await bounded(() => loader.load(2));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const loads = loader.loads;
    await bounded(() => loader.load(2));
    expect(loader.loads).toBe(loads);
  }, 20_000);

  it('takes what it cannot store for what it is: a result of the method', async () => {
    const loader = await start();
    expect(await loader.unstorable()).toEqual({ call: expect.any(Function) });
  });
});
