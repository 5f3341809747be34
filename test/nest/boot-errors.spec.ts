import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Module, Res, Sse, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FallbackArg, OpMap, Opero, OperoConfigurationError, OperoModule } from '../../lib/index.js';
import { BehaviorSubject, Observable, of, Subject } from 'rxjs';

const boot = (module: Type | object) =>
  NestFactory.createApplicationContext(module as Type, { logger: false, abortOnError: false });

const wrong = (options: unknown) => options as never;

@Injectable()
class Mistakes {
  @Opero(wrong({ retry: { retries: -1 } })) async m01() {}
  @Opero(wrong({ retry: 'often' })) async m02() {}
  @Opero(wrong({ retires: 3 })) async m03() {}
  @Opero(wrong({ retry: { bakoff: 'linear' } })) async m04() {}
  @Opero(wrong({ retry: { backoff: 'cubic' } })) async m05() {}
  @Opero({ retry: { minDelay: 500, maxDelay: 100 } }) async m06() {}
  @Opero(wrong({ timeout: 0 })) async m07() {}
  @Opero({ timeout: { attempt: 1_000, total: 10 } }) async m08() {}
  @Opero(wrong({ timeout: true })) async m09() {}
  @Opero('payments') async m10() {}
  @Opero({ fallback: 'missing' }) async m11() {}
  @Opero(wrong({ fallback: 7 })) async m12() {}
  @Opero(wrong({ cache: { ttl: '5m' } })) async m13() {}
  @Opero({ cache: true as boolean }) m14(): Observable<number> { return of(1); } // prettier-ignore
  @Opero({ timeout: 5 as number | false }) m15(): string { return ''; } // prettier-ignore
  @Opero(wrong({ rateLimit: true })) async m16() {}
  @Opero({ argFallback: 'gateway' }) async m17(_order: string) {}
  async m18(@FallbackArg('a') _key?: string) {}
  @OpMap({ workers: 0 }) async m19(_item: string) {}
}

@Controller()
class Routes {
  @Get()
  @Opero({ fallback: { value: 1 } })
  m20(@Res() response: { end(): void }): void {
    response.end();
  }
}

@Module({ imports: [OperoModule.forRoot()], providers: [Mistakes], controllers: [Routes] })
class FixtureModule {}

describe('wrong options', () => {
  it('end the boot with one error that names 20 mistakes in 20 lines', async () => {
    const error: OperoConfigurationError = await boot(FixtureModule).then(
      () => Promise.reject(new Error('it booted')),
      (thrown) => thrown,
    );
    expect(error).toBeInstanceOf(OperoConfigurationError);
    const lines = [...error.problems].sort();
    expect(lines).toHaveLength(20);
    for (const line of lines)
      expect(line).toMatch(/^(Mistakes|Routes)\.m\d\d \(FixtureModule\): .*got .*, allowed: .+/);
    expect(lines.map((line) => line.slice(0, line.indexOf(' ')).split('.')[1])).toEqual(
      Array.from({ length: 20 }, (_, index) => `m${String(index + 1).padStart(2, '0')}`),
    );
    expect(error.message).toContain('nestjs-opero found 20 problems');
    expect(lines[0]).toBe(
      'Mistakes.m01 (FixtureModule): retry.retries: got -1, allowed: a whole number from 0 to 1000',
    );
    expect(lines[3]).toContain(
      'retry.bakoff: got an unknown name (did you mean backoff?), allowed: retries, exhausted',
    );
    expect(lines[9]).toContain("profile: got 'payments', allowed: the name of a profile (none is defined)");
    expect(lines[15]).toContain('rateLimit.limit: got nothing, allowed: a whole number from 1 to 1000000');
    expect(lines[17]).toContain('got @FallbackArg() alone, allowed: together with @Opero() or @OpMap()');
  });

  it('are found in defaults, profiles and operations, each told once', async () => {
    @Injectable()
    class Service {
      @Opero('broken') async first() {}
      @Opero('broken') async second() {}
    }
    @Module({
      imports: [
        OperoModule.forRoot({
          defaults: wrong({ retry: -1 }),
          profiles: {
            broken: wrong({ timeout: -1 }),
            circle: { extends: 'circle' },
            orphan: { extends: 'nowhere' },
          },
          operations: { 'Service.frist': { retry: 1 } },
          cache: wrong({ maxEntries: 0 }),
          ...({ profile: {} } as object),
        }),
      ],
      providers: [Service],
    })
    class App {}
    const error: OperoConfigurationError = await boot(App).catch((thrown) => thrown);
    expect(error.problems.map((line) => line.replace('OperoModule.forRoot(): ', ''))).toEqual([
      expect.stringContaining(
        'profile: got an unknown name (did you mean profiles?), allowed: defaults, profiles',
      ),
      'cache.maxEntries: got 0, allowed: a whole number >= 1',
      'defaults.retry.retries: got -1, allowed: a whole number from 0 to 1000',
      'profiles.broken.timeout.attempt: got -1, allowed: a duration in ms, greater than 0',
      "profiles.circle.extends: got 'circle', which builds on 'circle' itself, allowed: a profile that does not",
      "profiles.orphan.extends: got 'nowhere', allowed: the name of a profile (broken, circle, orphan)",
      expect.stringContaining('operations.Service.frist: got an unknown name (did you mean Service.first?)'),
    ]);
  });

  it('refuse a second forRoot() in one app', async () => {
    @Module({ imports: [OperoModule.forRoot()] })
    class Feature {}
    @Module({ imports: [OperoModule.forRoot(), Feature] })
    class App {}
    await expect(boot(App)).rejects.toThrow('OperoModule: got forRoot() 2 times in one app, allowed: once');
  });

  it('refuse a call when nobody has asked for them yet', async () => {
    @Injectable()
    class Service {
      @Opero(wrong({ retry: -1 })) async method() {}
    }
    const { Test } = await import('@nestjs/testing');
    const reference = await Test.createTestingModule({
      imports: [OperoModule.forRoot()],
      providers: [Service],
    }).compile();
    await expect(reference.get(Service).method()).rejects.toBeInstanceOf(OperoConfigurationError);
  });

  it.each([
    [
      'a generator',
      () => {
        class Wrong {
          @Opero() *method() {
            yield 1;
          }
        }
        return Wrong;
      },
    ],
    [
      'an async generator',
      () => {
        class Wrong {
          @Opero() async *method() {
            yield 1;
          }
        }
        return Wrong;
      },
    ],
    [
      'a static method',
      () => {
        class Wrong {
          @Opero() static async method() {}
        }
        return Wrong;
      },
    ],
    [
      'an accessor',
      () => {
        class Wrong {
          @(Opero() as MethodDecorator) get method() {
            return 1;
          }
        }
        return Wrong;
      },
    ],
    [
      'a property',
      () => {
        class Wrong {
          @(Opero() as PropertyDecorator) method = async () => 1;
        }
        return Wrong;
      },
    ],
  ])('refuse %s when the class is defined', (given, define) => {
    // prettier-ignore
    expect(define).toThrow(`Wrong.method: @Opero(): got ${given}, allowed: an instance method`);
  });

  it('refuse a class decorator that covers nothing', async () => {
    @Opero({ retry: 1 })
    @Injectable()
    class Nothing {
      async method() {}
    }
    @Module({ imports: [OperoModule.forRoot()], providers: [Nothing] })
    class App {}
    await expect(boot(App)).rejects.toThrow('Nothing (App): got a class decorator alone');
  });
});

describe('a method that returns a Subject or an Observable', () => {
  it('is refused as a Subject, since its callers would get an Observable without next() [hard 3.1]', async () => {
    @Injectable()
    class Prices {
      @Opero({ retry: 1 }) current(): BehaviorSubject<number> { return new BehaviorSubject(1); } // prettier-ignore
      @OpMap() changes(_of: string): Subject<number> { return new Subject(); } // prettier-ignore
      @Opero({ retry: 1 }) fine(): Observable<number> { return new Subject(); } // prettier-ignore
    }
    @Module({ imports: [OperoModule.forRoot()], providers: [Prices] })
    class App {}
    const error: OperoConfigurationError = await boot(App).catch((thrown) => thrown);
    expect(error.problems).toEqual([
      'Prices.current (App): options: got the return type BehaviorSubject, allowed: Observable',
      'Prices.changes (App): options: got the return type Subject, allowed: Observable',
    ]);
  });

  it('is refused as one of @OpMap(), since a run over items would not subscribe [hard 3.1]', async () => {
    @Injectable()
    class Pages {
      @OpMap({ workers: 2 }) one(_url: string): Observable<string> { return of(''); } // prettier-ignore
    }
    @Module({ imports: [OperoModule.forRoot()], providers: [Pages] })
    class App {}
    await expect(boot(App)).rejects.toThrow(
      'Pages.one (App): options: got @OpMap() on a method that returns an Observable, allowed: a promise or a value',
    );
  });

  it('is a handler like any other, since Nest only subscribes [hard 3.1]', async () => {
    @Opero({ retry: 1 })
    @Controller()
    class Events {
      @Sse() events(): Subject<{ data: string }> { return new Subject(); } // prettier-ignore
    }
    @Module({ imports: [OperoModule.forRoot()], controllers: [Events] })
    class App {}
    await (await boot(App)).close();
  });
});
