import { describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Opero, OperoModule, OperoService, type OperoModuleOptions } from '../../lib/index.js';

@Injectable()
@Opero({ retry: { minDelay: 3 } })
class Service {
  @Opero('payments', { retry: { retries: 2 } })
  async method() {}

  @Opero({ retry: false, timeout: { total: 9 } })
  async other() {}
}

const describeService = async (options: OperoModuleOptions, method: 'method' | 'other' = 'method') => {
  const imports = [OperoModule.forRoot({ profiles: { payments: {} }, ...options })];
  const reference = await Test.createTestingModule({ imports, providers: [Service] }).compile();
  await reference.init();
  const plan = reference.get(OperoService, { strict: false }).describe(Service, method);
  await reference.close();
  return plan;
};

describe('layers of options', () => {
  it('let the nearest win, field by field, and tell where each value came from', async () => {
    const plan = await describeService({
      defaults: { retry: { retries: 9, minDelay: 9, maxDelay: 99, backoffFactor: 9 }, timeout: 5 },
      profiles: {
        base: { retry: { maxDelay: 55, backoffFactor: 5 } },
        payments: { extends: 'base', retry: { backoffFactor: 4 } },
      },
      operations: { 'Service.method': { timeout: { total: 50 } } },
    });
    expect(plan.order).toEqual(['total timeout', 'retry', 'attempt timeout', 'method']);
    expect(plan.options).toMatchObject({
      'retry.retries': { value: 2, from: '@Opero() on the method' },
      'retry.minDelay': { value: 3, from: '@Opero() on the class' },
      'retry.backoffFactor': { value: 4, from: 'profile payments' },
      'retry.maxDelay': { value: 55, from: 'profile base' },
      'retry.jitter': { value: 'full', from: 'built-in' },
      'timeout.attempt': { value: 5, from: 'defaults' },
      'timeout.total': { value: 50, from: 'operations' },
    });
  });

  it('switch a strategy off with false', async () => {
    const plan = await describeService({ defaults: { retry: 3, timeout: 5 } }, 'other');
    expect(plan.order).toEqual(['total timeout', 'attempt timeout', 'method']);
  });

  it('can take a whole operation out', async () => {
    let calls = 0;
    @Injectable()
    class Down {
      @Opero({ retry: { minDelay: 0 } })
      async method() {
        calls++;
        throw new Error('bare');
      }
    }
    expect(() => OperoModule.forRootAsync({})).toThrow(
      'got none of them, allowed: useFactory, useClass or useExisting',
    );
    const imports = [OperoModule.forRoot({ operations: { 'Down.method': false } })];
    const reference = await Test.createTestingModule({ imports, providers: [Down] }).compile();
    await reference.init();
    await expect(reference.get(Down).method()).rejects.toThrow('bare');
    expect(calls).toBe(1);
    await reference.close();
  });

  it('leave only fallbacks when Opero is switched off', async () => {
    let calls = 0;
    @Injectable()
    class Down {
      @Opero({ retry: 3, cache: true, fallback: { value: 'fallback' } })
      async method() {
        calls++;
        throw new Error('down');
      }
    }
    const reference = await Test.createTestingModule({
      imports: [OperoModule.forRoot({ enabled: false })],
      providers: [Down],
    }).compile();
    await reference.init();
    await expect(reference.get(Down).method()).resolves.toBe('fallback');
    expect(calls).toBe(1);
    await reference.close();
  });

  it('have profiles from feature modules', async () => {
    @Module({ imports: [OperoModule.forFeature({ profiles: { payments: { timeout: 7 } } })] })
    class Feature {}
    const reference = await Test.createTestingModule({
      imports: [OperoModule.forRoot(), Feature],
      providers: [Service],
    }).compile();
    await reference.init();
    const plan = reference.get(OperoService, { strict: false }).describe(Service, 'method');
    expect(plan.options['timeout.attempt']).toEqual({ value: 7, from: 'profile payments' });
    await reference.close();
  });

  it('change nothing when an options object is changed later [peers 24]', async () => {
    const options = { retry: { retries: 1, minDelay: 0 } };
    let calls = 0;
    @Injectable()
    class Frozen {
      @Opero(options)
      async method() {
        calls++;
        throw new Error('down');
      }
    }
    const reference = await Test.createTestingModule({
      imports: [OperoModule.forRoot()],
      providers: [Frozen],
    }).compile();
    await reference.init();
    options.retry.retries = 50;
    await reference
      .get(Frozen)
      .method()
      .catch(() => undefined);
    expect(calls).toBe(2);
    await reference.close();
  });

  it.each(['useFactory', 'useClass', 'useExisting'] as const)(
    'come from forRootAsync with %s',
    async (kind) => {
      @Injectable()
      class Factory {
        createOperoOptions = async () => ({ profiles: { payments: { timeout: 8 } } });
      }
      @Module({ providers: [Factory], exports: [Factory] })
      class Config {}
      const async = {
        useFactory: OperoModule.forRootAsync({
          imports: [Config],
          inject: [Factory],
          useFactory: (factory: Factory) => factory.createOperoOptions(),
        }),
        useClass: OperoModule.forRootAsync({ useClass: Factory }),
        useExisting: OperoModule.forRootAsync({ imports: [Config], useExisting: Factory }),
      }[kind];
      const reference = await Test.createTestingModule({ imports: [async], providers: [Service] }).compile();
      await reference.init();
      const plan = reference.get(OperoService, { strict: false }).describe(Service, 'method');
      expect(plan.options['timeout.attempt']).toEqual({ value: 8, from: 'profile payments' });
      await reference.close();
    },
  );
});
