import { afterEach, describe, expect, it } from '@jest/globals';
import { CacheModule } from '@nestjs/cache-manager';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Cacheable } from 'cacheable';
import { Keyv as Keyv6 } from 'keyv-6';
import { Opero } from '../../lib/index.js';
import { moduleWith } from '../support/apps.js';

@Injectable()
class Counter {
  calls = 0;
  @Opero({ cache: 60_000 })
  async next(): Promise<{ call: number; when: Date }> {
    return { call: ++this.calls, when: new Date(7) };
  }
}

let reference: TestingModule;
afterEach(() => reference.close());

describe('stores whose wrap never hits [cache 19]', () => {
  it.each([
    ['keyv 6', () => new Keyv6()],
    ['Cacheable', () => new Cacheable()],
  ])('%s: two calls are one load', async (_name, store) => {
    const imports = [CacheModule.register({ stores: [store()] as never })];
    reference = await Test.createTestingModule({
      imports: [moduleWith({ imports, providers: [Counter] })],
    }).compile();
    await reference.init();
    const counter = reference.get(Counter);
    expect([await counter.next(), await counter.next()]).toEqual(
      Array(2).fill({ call: 1, when: new Date(7) }),
    );
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await counter.next()).toEqual({ call: 1, when: new Date(7) });
  });
});
