import { describe, expect, it, jest } from '@jest/globals';
import { Injectable, Logger, Module, Scope } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  batched,
  getMappedToken,
  InjectMapped,
  mapped,
  OperoModule,
  OpMap,
  Opero,
  type Mapped,
} from '../../lib/index.js';

let calls = 0;

@Injectable()
class Pages {
  @OpMap({ workers: 2, shouldProcess: (item: number) => item !== 13, retry: { retries: 1, minDelay: 0 } })
  async item(item: number, by = 2): Promise<number> {
    calls++;
    if (item < 0) throw new Error('negative');
    return item * by;
  }

  @OpMap({ batchSize: 2 })
  async list(items: number[]): Promise<number> {
    return items.length;
  }

  @Opero()
  async alone(item: number): Promise<number> {
    return item;
  }
}

@Injectable()
class Reader {
  constructor(@InjectMapped(Pages) readonly pages: Mapped<Pages>) {}
}

const compile = (
  change: (builder: ReturnType<typeof Test.createTestingModule>) => typeof builder = (b) => b,
) =>
  change(
    Test.createTestingModule({ imports: [OperoModule.forRoot()], providers: [Pages, Reader] }),
  ).compile();

const moduleOf = (providers: unknown[], imports: unknown[] = []) => {
  class TestModule {}
  Module({ imports: [OperoModule.forRoot(), ...imports] as never, providers: providers as never })(
    TestModule,
  );
  return TestModule;
};

const boot = async (providers: unknown[]) => {
  const reference = await Test.createTestingModule({ imports: [moduleOf(providers)] }).compile();
  return reference.init();
};

describe('what stands in for a service is mapped', () => {
  it.each<[string, () => Pick<Pages, 'item'>]>([
    ['a plain object with a mock', () => ({ item: jest.fn(async (item: number) => item * 2) })],
    ['a mock that answers at once', () => ({ item: jest.fn((item: number) => item * 2) as never })],
    [
      'an object without a prototype',
      () => Object.assign(Object.create(null), { item: async (i: number) => i * 2 }),
    ],
    ['an instance made by hand', () => new Pages()],
    ['an instance of a subclass', () => new (class Fake extends Pages {})()],
    [
      'a subclass with a method of its own',
      () =>
        new (class Fake extends Pages {
          override async item(item: number): Promise<number> {
            return item * 2;
          }
        })(),
    ],
    ['a Proxy around an instance', () => new Proxy(new Pages(), {})],
    [
      'a class whose methods are mocks, as jest.mock() makes it',
      () => {
        class Automock {}
        const item = jest.fn(async (item: number) => item * 2);
        Object.assign(Automock.prototype, { item });
        return new Automock() as never;
      },
    ],
  ])('%s [hard 3.9]', async (_name, make) => {
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const service = make();
    expect(await mapped(service).item([1, 2, 3])).toEqual([2, 4, 6]);
    const indexes: number[] = [];
    for await (const { index, ok } of mapped(service).item([1, 2])) if (ok) indexes.push(index);
    expect(indexes).toEqual([0, 1]);
    jest.restoreAllMocks();
  });

  it('with its errors in their places, and its arguments [hard 3.9]', async () => {
    const item = jest.fn(async (number: number, by?: number) => {
      if (number === 2) throw new Error('two');
      return number * (by ?? 1);
    });
    const results = await mapped({ item }).item([1, 2, 3], 10);
    expect(results[0]).toBe(10);
    expect(results[1]).toMatchObject({ index: 1, attempts: 1, cause: { message: 'two' } });
    expect(item.mock.calls).toEqual([
      [1, 10],
      [2, 10],
      [3, 10],
    ]);
    const stuck = { item: (_item: number) => new Promise<number>(() => undefined) };
    const run = mapped(stuck).item([1]);
    const outcome = run.then(undefined, (error: unknown) => error);
    run.abort(new Error('enough'));
    await expect(outcome).resolves.toMatchObject({ cause: { message: 'enough' } });
  });

  it('with the options of the run that @OpMap() has on its class, and a warning that it is bare [hard 3.9]', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    class Bare {
      @OpMap({ shouldProcess: (item: number) => item !== 13, retry: { retries: 1, minDelay: 0 } })
      async item(item: number): Promise<number> {
        return item * 2;
      }
    }
    const results = await mapped(new Bare()).item([1, 13]);
    await mapped(new Bare()).item([1]);
    expect(results[1]).toMatchObject({ reason: 'skipped' });
    const told = warn.mock.calls
      .map(([message]) => String(message))
      .filter((text) => text.includes('Bare.item'));
    expect(told).toEqual([expect.stringContaining('bind one made by hand with OperoService.bind(object)')]);
    warn.mockRestore();
  });

  it('in lists, for batched() [hard 3.9]', async () => {
    const list = jest.fn(async (items: number[]) => items.length);
    expect(await batched({ list }).list([1, 2, 3])).toEqual([3]);
    expect(await batched(Object.assign(new Pages(), { list })).list([1, 2, 3])).toEqual([2, 1]);
  });

  it('but nothing that is none, and no method of a bound service without @OpMap() [hard 3.9]', async () => {
    const reference = await compile();
    const service = reference.get(Pages);
    const view = mapped(service) as unknown as { alone(items: number[]): void; missing?: unknown };
    expect(() => view.alone([1])).toThrow('Pages.alone cannot be mapped: it has no @OpMap()');
    expect(view.missing).toBeUndefined();
    expect(String(view)).toBe('[object Object]');
    expect(() => mapped(undefined as never)).toThrow('mapped(): got undefined, allowed: a service');
    await reference.close();
  });

  it('when a spy stands on a bound instance, whose own method goes through the pipeline once [hard 3.9]', async () => {
    const reference = await compile();
    const service = reference.get(Pages);
    calls = 0;
    const spy = jest.spyOn(service, 'item');
    expect(await mapped(service).item([1, -1])).toMatchObject([2, { reason: 'failed' }]);
    expect(spy).toHaveBeenCalledTimes(2);
    expect(calls).toBe(3);
    spy.mockResolvedValue(7);
    expect(await mapped(service).item([1, 2])).toEqual([7, 7]);
    spy.mockRestore();
    calls = 0;
    const around = new Proxy(service, {});
    expect(await mapped(around).item([1, -1])).toMatchObject([2, { reason: 'failed', attempts: 2 }]);
    expect(calls).toBe(3);
    await reference.close();
  });
});

describe('@InjectMapped()', () => {
  it('maps what overrides its service [hard 3.9]', async () => {
    const item = jest.fn(async (number: number) => number + 1);
    const reference = await compile((builder) => builder.overrideProvider(Pages).useValue({ item }));
    expect(await reference.get(Reader).pages.item([1, 13, 2])).toMatchObject([2, { reason: 'skipped' }, 3]);
    expect(item).toHaveBeenCalledTimes(2);
    await reference.init();
    await reference.close();
  });

  it('is overridden by its token [hard 3.9]', async () => {
    const fake = { item: jest.fn() };
    const reference = await Test.createTestingModule({
      imports: [OperoModule.forRoot()],
      providers: [Reader],
    })
      .overrideProvider(getMappedToken(Pages))
      .useValue(fake)
      .compile();
    await reference.init();
    expect(reference.get(Reader).pages).toBe(fake);
    await reference.close();
  });

  it('fails the boot for a class that nobody provides, and says where [hard 3.9]', async () => {
    class Missing {
      @OpMap()
      async item(item: number): Promise<number> {
        return item;
      }
    }
    class ByConstructor {
      constructor(@InjectMapped(Missing) readonly missing: Mapped<Missing>) {}
    }
    Injectable()(ByConstructor);
    class ByProperty {
      @InjectMapped(Missing) readonly missing!: Mapped<Missing>;
    }
    Injectable()(ByProperty);
    const factory = { provide: 'made', inject: [getMappedToken(Missing)], useFactory: () => 1 };
    const error = await boot([ByConstructor, ByProperty, factory]).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    for (const where of ['ByConstructor', 'ByProperty', 'made|useFactory'])
      expect(error?.message).toMatch(
        new RegExp(
          `(${where}): @InjectMapped\\(Missing\\): got Missing, which no module provides, allowed: a prov`,
        ),
      );
    // Another app of the same process that does not use it boots.
    await (await boot([Pages, Reader])).close();
    await (await boot([ByConstructor, Missing])).close();
  });

  it('fails the boot for a class that is made anew for each request [hard 3.9]', async () => {
    class PerRequest {
      @OpMap()
      async item(item: number): Promise<number> {
        return item;
      }
    }
    Injectable({ scope: Scope.REQUEST })(PerRequest);
    class User {
      constructor(@InjectMapped(PerRequest) readonly many: Mapped<PerRequest>) {}
    }
    Injectable()(User);
    await expect(boot([PerRequest, User])).rejects.toThrow('PerRequest, which is made anew for each request');
  });

  it('finds the class that is provided for an abstract one [hard 3.9]', async () => {
    abstract class AnyPages {
      abstract item(item: number): Promise<number>;
    }
    class User {
      constructor(@InjectMapped(AnyPages) readonly many: Mapped<AnyPages>) {}
    }
    Injectable()(User);
    const reference = await boot([{ provide: AnyPages, useClass: Pages }, User]);
    calls = 0;
    expect(await reference.get(User).many.item([1, -1])).toMatchObject([2, { attempts: 2 }]);
    await reference.close();
  });

  it('refuses what is no class where it stands [hard 3.9]', () => {
    expect(() => InjectMapped(undefined as never)).toThrow(
      '@InjectMapped(): got undefined, allowed: a class',
    );
  });
});
