import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  FallbackArg,
  Opero,
  OperoModule,
  OperoService,
  type OperoModuleOptions,
  type OperoOptions,
} from '../../lib/index.js';

/** The plan of a method with these options, and with these on its class. */
async function planOf(method: OperoOptions, module: OperoModuleOptions = {}, onClass: OperoOptions = {}) {
  @Injectable()
  @Opero(onClass as Omit<OperoOptions, 'fallback'>)
  class Service {
    @Opero(method as Omit<OperoOptions, 'fallback'>)
    async method(_item: string): Promise<number> {
      return 1;
    }
  }
  const imports = [OperoModule.forRoot(module)];
  const reference = await Test.createTestingModule({ imports, providers: [Service] }).compile();
  await reference.init();
  const plan = reference.get(OperoService, { strict: false }).describe(Service, 'method');
  await reference.close();
  return plan;
}

const tuned: OperoOptions = {
  retry: { enabled: false, retries: 5, minDelay: 7 },
  timeout: { enabled: false, attempt: 50 },
  cache: { enabled: false, ttl: 1_000 },
  rateLimit: { enabled: false, limit: 9, mode: 'reject' },
  circuitBreaker: { enabled: false, minimumCalls: 4 },
  bulkhead: { enabled: false, concurrency: 3 },
  fallback: { enabled: false, value: 1 },
  hedge: { enabled: false, maxHedges: 2, idempotent: true, delay: 5 },
};

describe('tuning a strategy', () => {
  it('does not turn it on [hard 4.8]', async () => {
    expect((await planOf({}, { defaults: tuned })).order).toEqual(['method']);
    expect((await planOf({}, {}, tuned)).order).toEqual(['method']);
    expect((await planOf(tuned)).order).toEqual(['method']);
    expect((await planOf({}, { defaults: { singleFlight: { enabled: false } } })).order).toEqual(['method']);
  });

  it('is what a nearer layer turns on: with true, a short form, or an object [hard 4.8]', async () => {
    const short = await planOf(
      {
        retry: 2,
        timeout: 20,
        cache: true,
        rateLimit: { interval: 100 },
        circuitBreaker: true,
        bulkhead: {},
      },
      { defaults: tuned },
    );
    expect(short.order).toEqual([
      'cache', 'retry', 'circuit breaker', 'rate limit', 'bulkhead', 'attempt timeout', 'method',
    ]); // prettier-ignore
    expect(short.options).toMatchObject({
      'retry.retries': { value: 2, from: '@Opero() on the method' },
      'retry.minDelay': { value: 7, from: 'defaults' },
      'timeout.attempt': { value: 20 },
      'cache.ttl': { value: 1_000, from: 'defaults' },
      'rateLimit.limit': { value: 9, from: 'defaults' },
      'rateLimit.interval': { value: 100 },
      'circuitBreaker.minimumCalls': { value: 4, from: 'defaults' },
      'bulkhead.concurrency': { value: 3, from: 'defaults' },
    });
    expect(Object.keys(short.options).filter((name) => name.endsWith('.enabled'))).toEqual([]);
    const long = await planOf({ fallback: true, hedge: true, timeout: true }, { defaults: tuned });
    expect(long.order).toEqual(['fallback', 'hedge', 'attempt timeout', 'method']);
  });

  it('works in profiles, and turned on by name of the operation [hard 4.8]', async () => {
    const profiles = { base: { retry: { enabled: false, retries: 5 } }, mine: { extends: 'base' } };
    @Injectable()
    class Service {
      @Opero('mine')
      async method(): Promise<void> {}
    }
    const operations = { 'Service.method': { retry: true } };
    const imports = [OperoModule.forRoot({ profiles, operations })];
    const reference = await Test.createTestingModule({ imports, providers: [Service] }).compile();
    await reference.init();
    const plan = reference.get(OperoService, { strict: false }).describe(Service, 'method');
    expect(plan.options['retry.retries']).toEqual({ value: 5, from: 'profile base' });
    await reference.close();
  });

  it('in a nearer layer turns off what a farther one turned on, and keeps its fields [hard 4.8]', async () => {
    const off = { retry: { enabled: false } };
    expect((await planOf(off, { defaults: { retry: 3 } })).order).toEqual(['method']);
    const plan = await planOf({ retry: true }, { defaults: { retry: 4 } }, off);
    expect(plan.options['retry.retries']).toEqual({ value: 4, from: 'defaults' });
  });

  it('is dropped by false: a nearer true begins with the built-in values [hard 4.8]', async () => {
    const plan = await planOf({ retry: true }, { defaults: tuned }, { retry: false });
    expect(plan.options['retry.retries']).toEqual({ value: 3, from: 'built-in' });
  });

  it('holds for the alternatives that @FallbackArg() turns on [hard 4.8]', async () => {
    let calls = 0;
    @Injectable()
    class Service {
      @Opero()
      async method(@FallbackArg('a', 'b') _which?: string): Promise<void> {
        calls++;
        throw new RangeError('down');
      }
    }
    const defaults = { argFallback: { enabled: false, on: RangeError } };
    const imports = [OperoModule.forRoot({ defaults })];
    const reference = await Test.createTestingModule({ imports, providers: [Service] }).compile();
    await reference.init();
    const plan = reference.get(OperoService, { strict: false }).describe(Service, 'method');
    expect(plan.options['argFallback.on']).toEqual({ value: RangeError, from: 'defaults' });
    await expect(reference.get(Service).method()).rejects.toThrow();
    // A RangeError is a programming error, after which no other alternative is tried where nobody says so.
    expect(calls).toBe(2);
    await reference.close();
  });

  it('is checked like everything else [hard 4.8]', async () => {
    const wrong = { retry: { enabled: 'no', retry: 5 }, cache: { enabled: false, ttl: -1 } };
    const boot = planOf({}, { defaults: wrong as never });
    await expect(boot).rejects.toThrow(/defaults\.retry\.enabled: got 'no', allowed: true or false/);
    await expect(planOf({}, { defaults: wrong as never })).rejects.toThrow(
      /defaults\.retry\.retry: got an unknown/,
    );
    await expect(planOf({}, { defaults: wrong as never })).rejects.toThrow(/defaults\.cache\.ttl: got -1/);
  });

  it.each(['staleIfError', 'staleWhileRevalidate', 'cacheErrors', 'refreshAhead'] as const)(
    'is turned off by false, as cache.%s of a result that stays for ever',
    async (field) => {
      const defaults = { cache: { enabled: false, [field]: field === 'refreshAhead' || 5_000 } };
      const cache = { ttl: Infinity, [field]: false };
      const { options } = await planOf({ cache } as never, { defaults } as never);
      expect(options[`cache.${field}`]?.value).toBeUndefined();
      expect(options['cache.ttl']?.value).toBe(Infinity);
    },
  );
});
